//! The folder of a connector's identity: its files, and what is written when an answer is accepted.

mod replace;

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;
use nix::fcntl::Flock;
use provkey::connector::{Accepted, Identity};
use provkey::random::SystemRandom;
use provkey::time::{Clock, Rounded, SystemClock};
use provkey::x509::{Chain, KeyAlgorithm, Pkcs8};
use zeroize::Zeroizing;

use crate::failure::{Failure, warn};
use crate::files::{self, Content, Destination};

/// The identity: private key, certificates, and the key that it asked with.
const IDENTITY: &str = "identity";
/// The CSR for the authority.
const REQUEST: &str = "request.csr";
/// The certificates for other programs.
const CHAIN: &str = "chain.pem";
/// The private key for other programs, unless the identity is sealed.
const PRIVATE_KEY: &str = "key.pem";

/// The options that say where the identity is, and what opens it.
#[derive(Args)]
pub(crate) struct IdentityFolder {
    /// The folder of the identity
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// A text that only this machine knows, which seals the identity and opens it again. Other
    /// users of this machine can read arguments: prefer the variable
    #[arg(long, value_name = "TEXT", env = "PROVKEY_FINGERPRINT", hide_env_values = true)]
    fingerprint: Option<String>,
}

impl IdentityFolder {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn request_file(&self) -> PathBuf {
        self.file(REQUEST)
    }

    pub(crate) fn material(&self) -> Option<&[u8]> {
        self.fingerprint.as_deref().map(str::as_bytes)
    }

    pub(crate) fn open(&self) -> Result<Identity, Failure> {
        self.open_file(IDENTITY)
    }

    fn open_file(&self, name: &str) -> Result<Identity, Failure> {
        let path = self.file(name);
        let bytes = files::read(&path)?;
        let opened = match self.material() {
            Some(material) => Identity::open(&bytes, material),
            None => Identity::from_bytes(&bytes),
        };
        opened.map_err(|error| {
            Failure::new(error.code(), format_args!("{}: {error}", path.display()))
        })
    }

    pub(crate) fn save(&self, identity: &Identity) -> Result<(), Failure> {
        self.save_file(IDENTITY, identity)
    }

    fn save_file(&self, name: &str, identity: &Identity) -> Result<(), Failure> {
        let bytes = match self.material() {
            Some(material) => Zeroizing::new(identity.seal(material, &SystemRandom)?),
            None => identity.to_bytes(),
        };
        files::replace_secret(&self.file(name), &bytes)
    }

    pub(crate) fn make_folder(&self) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(|error| {
            let sentence = format!("{} cannot be created: {error}", self.dir.display());
            Failure::new("file_unwritable", sentence)
        })
    }

    /// Keeps other processes from changing the folder until the lock is dropped.
    pub(crate) fn lock(&self) -> Result<Flock<File>, Failure> {
        files::lock(&self.dir)
    }

    /// The identity, if there is one.
    pub(crate) fn open_if_any(&self) -> Result<Option<Identity>, Failure> {
        self.file(IDENTITY).exists().then(|| self.open()).transpose()
    }

    /// Accepts an answer, and writes the identity and the files for other programs.
    pub(crate) fn accept(&self, identity: &mut Identity, answer: &[u8]) -> Result<(), Failure> {
        let old_private_key = private_key_pem(identity);
        let accepted = identity.accept(answer, SystemClock.now())?;
        warn_of_clock(&accepted);
        let chain_file = Destination::prepare(&self.file(CHAIN), Content::Certificates)?;
        let private_key = private_key_pem(identity);
        let private_key_file = prepare_private_key(self, &private_key, &old_private_key)?;
        // The identity comes after the private key: if it stays as it was, the next run still knows
        // whose private key the file has.
        if let Some(file) = private_key_file {
            file.write(private_key.as_bytes())?;
        }
        self.save(identity)?;
        chain_file.write(identity.chain().map(Chain::to_pem).unwrap_or_default().as_bytes())
    }

    /// Writes the certificates for other programs if they are missing: an earlier run may have been
    /// killed after it wrote the identity.
    pub(crate) fn settle(&self, identity: &Identity) -> Result<(), Failure> {
        let chain = identity.chain().map(Chain::to_pem).unwrap_or_default();
        let path = self.file(CHAIN);
        if fs::read(&path).is_ok_and(|written| written == chain.as_bytes()) {
            return Ok(());
        }
        Destination::prepare(&path, Content::Certificates)?.write(chain.as_bytes())
    }

    /// The identity in the folder, which must not have a certificate yet, or a new one.
    pub(crate) fn open_or_generate(&self) -> Result<Identity, Failure> {
        if !self.file(IDENTITY).exists() {
            return Ok(Identity::generate(KeyAlgorithm::EcdsaP256)?);
        }
        let identity = self.open()?;
        match identity.certificate() {
            None => Ok(identity),
            Some(_) => Err(Failure::new(
                "identity_exists",
                format!("{} holds an identity that has a certificate already", self.dir.display()),
            )),
        }
    }
}

/// The private key in PEM; empty if it is not in the identity.
fn private_key_pem(identity: &Identity) -> Zeroizing<String> {
    identity.private_key().map(Pkcs8::to_pem).unwrap_or_default()
}

/// Where the private key is written for other programs: nowhere if the identity is sealed, has no
/// private key, or the file holds it already. Only the private key before a renewal is replaced.
fn prepare_private_key(
    folder: &IdentityFolder,
    pem: &str,
    old_pem: &str,
) -> Result<Option<Destination>, Failure> {
    let path = folder.file(PRIVATE_KEY);
    if folder.material().is_some() || pem.is_empty() {
        return Ok(None);
    }
    if path.exists() {
        match &**files::read(&path)? {
            written if written == pem.as_bytes() => return Ok(None),
            written if written == old_pem.as_bytes() => {
                return Destination::prepare_replacing(&path).map(Some);
            }
            _ => {}
        }
    }
    Destination::prepare(&path, Content::Secret).map(Some)
}

/// Warns of a clock that is behind. The certificate, which proves what time it is at least, is
/// accepted all the same.
fn warn_of_clock(accepted: &Accepted) {
    if let Some(behind) = accepted.clock_behind {
        let behind = Rounded(behind);
        warn(format_args!("the clock of this machine is at least {behind} behind"));
    }
}
