//! The PKCS #11 token that holds keys of enrollment certificates, if there is one.

use std::path::{Path, PathBuf};
use std::str;
use std::sync::Arc;

use clap::Args;
use provkey::authority::Authority;
use provkey::x509::{KeyAlgorithm, Signer};
use provkey_pkcs11::{KeySelector, Token, TokenError, TokenPin, TokenSelector};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::files;

/// The options that say which token, and its PIN.
#[derive(Args)]
pub(crate) struct Pkcs11Token {
    /// The PKCS #11 module of a token that holds keys of enrollment certificates
    #[arg(long, global = true, env = "PROVKEY_TOKEN_MODULE")]
    #[arg(value_name = "FILE")]
    token_module: Option<PathBuf>,
    /// The label of the token
    #[arg(long, global = true, env = "PROVKEY_TOKEN_LABEL")]
    #[arg(value_name = "LABEL")]
    token_label: Option<String>,
    /// The file that holds the PIN of the token, on its first line
    #[arg(long, global = true, env = "PROVKEY_TOKEN_PIN_FILE")]
    #[arg(value_name = "FILE")]
    token_pin_file: Option<PathBuf>,
}

impl Pkcs11Token {
    fn open(&self) -> Result<Token, Failure> {
        let (Some(module), Some(label), Some(pin_file)) =
            (&self.token_module, &self.token_label, &self.token_pin_file)
        else {
            return Err(Failure::usage(
                "no token is named: pass --token-module FILE, --token-label LABEL and --token-pin-file \
                 FILE, or set PROVKEY_TOKEN_MODULE, PROVKEY_TOKEN_LABEL and PROVKEY_TOKEN_PIN_FILE",
            ));
        };
        Ok(Token::open(module, TokenSelector::Label(label.clone()), read_pin(pin_file)?)?)
    }

    /// Attaches all keys of the token to the authority, if there is a token.
    pub(crate) fn attach(&self, authority: &Authority) -> Result<(), Failure> {
        if self.token_module.is_none() {
            return Ok(());
        }
        for signer in self.open()?.signers()? {
            authority.attach_signer(Arc::new(signer))?;
        }
        Ok(())
    }

    /// The key with this label. If there is none, it is made in the token.
    pub(crate) fn key(
        &self,
        label: &str,
        algorithm: KeyAlgorithm,
    ) -> Result<Arc<dyn Signer>, Failure> {
        let token = self.open()?;
        match token.signer(KeySelector::Label(label.into())) {
            Err(TokenError::KeyNotFound(_)) => Ok(Arc::new(token.generate(label, algorithm)?)),
            found => Ok(Arc::new(found?)),
        }
    }
}

/// The first line of the file.
fn read_pin(file: &Path) -> Result<TokenPin, Failure> {
    let bytes = files::read(file)?;
    let line = bytes.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let pin = str::from_utf8(line)
        .map_err(|_| Failure::new("file_unreadable", format!("{} holds no PIN", file.display())))?;
    Ok(TokenPin::new(Zeroizing::new(pin.to_owned())))
}
