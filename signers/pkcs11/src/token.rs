//! A token: logging in, generating and finding keys.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use provkey::x509::KeyAlgorithm;

use crate::module::Module;
use crate::pool::{Access, Pool};
use crate::{KeySelector, LABEL_BYTES_MAX, Pkcs11Signer, TokenError, TokenPin, TokenSelector, key};

/// A token that is logged in.
pub struct Token {
    pool: Arc<Pool>,
}

impl Token {
    /// Loads a PKCS #11 module, and logs in to one of its tokens as user.
    ///
    /// A process logs in to a token once: while one `Token` is open, many modules do not check
    /// the PIN of a second one.
    ///
    /// # Errors
    /// `token_module_unusable`, `token_not_found`, `token_ambiguous`, `token_pin_wrong`,
    /// `token_pin_locked`, `token_pin_not_set`, `token_unavailable` or `token_failed`.
    pub fn open(module: &Path, selector: TokenSelector, pin: TokenPin) -> Result<Self, TokenError> {
        let pool = Pool::open(Module::load(module)?, selector, pin)?;
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Generates a key pair in the token. The private key can only sign. It is marked sensitive
    /// and not extractable, so it never leaves the token. RSA keys have 3072 bits.
    ///
    /// Two keys get the same label only if two processes generate them at the same moment.
    ///
    /// # Errors
    /// `token_label_invalid`, `token_key_exists`, `token_algorithm_unsupported`,
    /// `token_key_exposed`, `token_busy`, `token_unavailable` or `token_failed`. After
    /// `token_unavailable` the key may exist; [`signer`](Self::signer) finds it then.
    pub fn generate(
        &self,
        label: &str,
        algorithm: KeyAlgorithm,
    ) -> Result<Pkcs11Signer, TokenError> {
        if !(1..=LABEL_BYTES_MAX).contains(&label.len()) {
            return Err(TokenError::LabelInvalid);
        }
        let id = self.pool.call(Access::Write, |session| {
            match key::find(&session.inner, &KeySelector::Label(label.into())) {
                Err(TokenError::KeyNotFound(_)) => key::generate(&session.inner, label, algorithm),
                Err(error) if error.is_lost() => Err(error),
                _ => Err(TokenError::KeyExists),
            }
        })?;
        let signer = self.signer(KeySelector::Id(id.clone()))?;
        if !signer.never_extractable() {
            self.pool.call(Access::Write, |session| key::destroy(&session.inner, &id))?;
            return Err(TokenError::KeyExposed);
        }
        Ok(signer)
    }

    /// Finds a key pair. Reads and checks the public key; a test signature shows that the
    /// private key belongs to it.
    ///
    /// # Errors
    /// `token_key_not_found`, `token_key_ambiguous`, `token_key_unsupported`,
    /// `token_key_rejected`, `token_key_mismatch`, `token_busy`, `token_unavailable` or
    /// `token_failed`.
    pub fn signer(&self, selector: KeySelector) -> Result<Pkcs11Signer, TokenError> {
        Pkcs11Signer::find(Arc::clone(&self.pool), selector)
    }

    /// Finds all key pairs that can sign certificates, each as [`signer`](Self::signer) does,
    /// and skips the rest.
    ///
    /// # Errors
    /// `token_busy` or `token_unavailable`.
    pub fn signers(&self) -> Result<Vec<Pkcs11Signer>, TokenError> {
        let ids = self.pool.call(Access::Read, |session| key::private_key_ids(&session.inner))?;
        let found = ids.into_iter().map(|id| self.signer(KeySelector::Id(id)));
        found
            .filter(|signer| signer.as_ref().map_or_else(TokenError::retryable, |_| true))
            .collect()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.pool.selector())
    }
}
