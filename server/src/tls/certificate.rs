//! The server's certificate, and the source of the next one.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use std::{fmt, fs};

use provkey::authority::{Authority, Error};
use provkey::key::Host;
use provkey::time::Timestamp;
use provkey::x509::{KeyAlgorithm, Signer as _, SoftwareSigner};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The validity of a certificate that the authority issues for its server.
const VALIDITY: Duration = Duration::from_secs(90 * 86_400);
/// How long before its end it is renewed.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 86_400);

/// Why a server has no usable certificate.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The authority issued none.
    Authority(Error),
    /// `server_certificate_invalid`: it cannot be read or used.
    Certificate(String),
}

impl TlsError {
    pub(super) fn new(sentence: &dyn Display) -> Self {
        Self::Certificate(sentence.to_string())
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authority(error) => error.code(),
            Self::Certificate(_) => "server_certificate_invalid",
        }
    }
}

impl Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(error) => write!(f, "the server has no certificate: {error}"),
            Self::Certificate(sentence) => {
                write!(f, "the server's certificate cannot be used: {sentence}")
            }
        }
    }
}

impl std::error::Error for TlsError {}

impl From<Error> for TlsError {
    fn from(error: Error) -> Self {
        Self::Authority(error)
    }
}

/// The source of certificates.
pub(super) enum Source {
    Authority { authority: Authority, host: Host },
    Files { certificate: PathBuf, private_key: PathBuf },
}

/// The certificate in use, and when the next one is due.
struct Current {
    key: Arc<CertifiedKey>,
    due: Due,
}

/// When the next certificate is due.
#[derive(PartialEq)]
enum Due {
    At(Timestamp),
    /// When the modification times of the files differ from these.
    Changed(Vec<Option<SystemTime>>),
}

/// The certificate in use and its source.
pub(super) struct Certificates {
    source: Source,
    current: RwLock<Current>,
}

impl Certificates {
    pub(super) fn new(source: Source) -> Result<Self, TlsError> {
        let current = RwLock::new(source.load()?);
        Ok(Self { source, current })
    }

    /// Replaces the certificate if the next one is due, and returns whether it was.
    pub(super) fn refresh(&self) -> Result<bool, TlsError> {
        let due = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            self.source.is_due(&current.due)
        };
        if due {
            self.replace()?;
        }
        Ok(due)
    }

    /// Replaces the certificate by that of the files, even if they seem unchanged.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        match self.source {
            Source::Files { .. } => self.replace(),
            Source::Authority { .. } => self.refresh().map(drop),
        }
    }

    fn replace(&self) -> Result<(), TlsError> {
        let loaded = self.source.load()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.key))
    }
}

impl Source {
    fn load(&self) -> Result<Current, TlsError> {
        match self {
            Self::Authority { authority, host } => issue(authority, host),
            Self::Files { certificate, private_key } => {
                let dates = dates(&[certificate, private_key]);
                let key = Arc::new(read(certificate, private_key)?);
                Ok(Current { key, due: Due::Changed(dates) })
            }
        }
    }

    fn is_due(&self, due: &Due) -> bool {
        match (self, due) {
            (_, Due::At(moment)) => Timestamp::from(SystemTime::now()) >= *moment,
            (Self::Files { certificate, private_key }, Due::Changed(before)) => {
                dates(&[certificate, private_key]) != *before
            }
            (Self::Authority { .. }, Due::Changed(_)) => false,
        }
    }
}

/// Issues a certificate for a new key pair, whose private key never leaves this process.
fn issue(authority: &Authority, host: &Host) -> Result<Current, TlsError> {
    let made = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256);
    let (signer, private_key) = made.map_err(|error| TlsError::new(&error))?;
    let issued = authority.issue_server_certificate(host, signer.public_key(), VALIDITY)?;
    let chain = issued.chain.into_iter().map(CertificateDer::from).collect();
    let private_key = PrivatePkcs8KeyDer::from(private_key.expose());
    let key = any_supported_type(&private_key.into()).map_err(|error| TlsError::new(&error))?;
    let due = Due::At(issued.not_after.minus(RENEWED_BEFORE));
    Ok(Current { key: Arc::new(CertifiedKey::new(chain, key)), due })
}

fn dates(paths: &[&Path]) -> Vec<Option<SystemTime>> {
    let date = |path: &&Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    paths.iter().map(date).collect()
}

fn read(certificate: &Path, private_key: &Path) -> Result<CertifiedKey, TlsError> {
    let of = |path: &Path, error: &dyn Display| {
        TlsError::new(&format_args!("{}: {error}", path.display()))
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)
        .map_err(|error| of(certificate, &error))?
        .collect();
    let chain = chain.map_err(|error| of(certificate, &error))?;
    if chain.is_empty() {
        return Err(of(certificate, &"it contains no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(private_key).map_err(|error| of(private_key, &error))?;
    let key = any_supported_type(&key).map_err(|error| of(private_key, &error))?;
    let certified = CertifiedKey::new(chain, key);
    certified.keys_match().map_err(|error| of(private_key, &error))?;
    Ok(certified)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use provkey::authority::{Environment, NewAuthority};
    use provkey::key::{Keyring, MasterKey};
    use provkey::store::Memory;
    use provkey::x509::{Certificate, PublicKey};

    use super::*;

    fn authority(host: &Host) -> Authority {
        let environment = Environment::system(Arc::new(Memory::new()));
        let keyring = Keyring::new(MasterKey::from_bytes([1; 32]));
        Authority::create(environment, keyring, &NewAuthority::new(host.clone())).unwrap()
    }

    fn shown(certificates: &Certificates) -> PublicKey {
        let current = certificates.current.read().unwrap();
        Certificate::parse(&current.key.cert[0]).unwrap().public_key().unwrap()
    }

    #[test]
    fn files_are_read_again_when_they_change() {
        let host = Host::parse("api.example.com").unwrap();
        let (authority, folder) = (authority(&host), tempfile::tempdir().unwrap());
        let (certificate, private_key) =
            (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        let write = |age: u64| {
            let (signer, pkcs8) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
            let issued = authority.issue_server_certificate(&host, signer.public_key(), VALIDITY);
            fs::write(&certificate, issued.unwrap().chain_pem()).unwrap();
            fs::write(&private_key, pkcs8.to_pem().as_bytes()).unwrap();
            let date = SystemTime::now() - Duration::from_secs(age);
            for path in [&certificate, &private_key] {
                fs::File::options().write(true).open(path).unwrap().set_modified(date).unwrap();
            }
            signer.public_key().clone()
        };
        let first = write(100);
        let source =
            Source::Files { certificate: certificate.clone(), private_key: private_key.clone() };
        let certificates = Certificates::new(source).unwrap();
        assert!(!certificates.refresh().unwrap());
        assert_eq!(shown(&certificates), first);
        let second = write(50);
        assert!(certificates.refresh().unwrap());
        assert_eq!(shown(&certificates), second);
        // An unusable file is refused, and the certificate stays.
        fs::write(&certificate, "nothing").unwrap();
        let error = certificates.refresh().unwrap_err();
        assert_eq!(error.code(), "server_certificate_invalid");
        assert_eq!(shown(&certificates), second);
    }

    #[test]
    fn the_authority_issues_a_certificate_and_renews_it() {
        let host = Host::parse("api.example.com").unwrap();
        let source = Source::Authority { authority: authority(&host), host };
        let certificates = Certificates::new(source).unwrap();
        let first = shown(&certificates);
        assert!(!certificates.refresh().unwrap());
        certificates.current.write().unwrap().due = Due::At(Timestamp::default());
        assert!(certificates.refresh().unwrap());
        assert_ne!(shown(&certificates), first);
    }
}
