//! TLS, by rustls.

mod certificate;
mod client;

pub use certificate::TlsError;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use provkey::authority::Authority;
use provkey::key::Host;
use rustls::crypto::ring;
use rustls::{ServerConfig, version};

use certificate::{Certificates, Source};

/// How often the certificate is checked for renewal.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// The server's certificate with its private key, and the source of the next one.
///
/// A client may show a certificate. TLS checks possession of the private key and nothing else: the
/// authority decides about the certificate.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Uses a certificate that the authority issues for one of its hosts, under its root, which
    /// connectors trust by the pin in their key text. It is renewed in time.
    ///
    /// # Errors
    /// [`TlsError`] if the authority issues none.
    pub fn issued_by(authority: Authority, host: Host) -> Result<Self, TlsError> {
        Self::new(Source::Authority { authority, host })
    }

    /// Uses a certificate with its issuers, and its private key, from files in PEM. They are read
    /// again when they change.
    ///
    /// # Errors
    /// [`TlsError`] if a file cannot be read or used.
    pub fn from_files(certificate: PathBuf, private_key: PathBuf) -> Result<Self, TlsError> {
        Self::new(Source::Files { certificate, private_key })
    }

    fn new(source: Source) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::new(source)?);
        let provider = Arc::new(ring::default_provider());
        let verifier = client::AnyClient::new(&provider);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| TlsError::new(&error))?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::clone(&certificates) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new().map_err(|error| TlsError::new(&error))?;
        Ok(Self { config: Arc::new(config), certificates })
    }

    /// Reads the certificate and its private key from their files again, now. A certificate that
    /// the authority issues is only renewed if it is due.
    ///
    /// # Errors
    /// [`TlsError`]; the server then keeps its certificate.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.certificates.reload()
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Renews the certificate in time. Never returns.
    pub(crate) async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(REFRESH_INTERVAL).await;
            let certificates = Arc::clone(&self.certificates);
            let refreshed = tokio::task::spawn_blocking(move || certificates.refresh()).await;
            match refreshed {
                Ok(Ok(true)) => tracing::info!("the server has a new certificate"),
                Ok(Err(error)) => tracing::error!(%error, "the server keeps its old certificate"),
                Ok(Ok(false)) | Err(_) => {}
            }
        }
    }
}
