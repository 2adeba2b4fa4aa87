//! Verifies that a TLS server is the one that a key pins.

use std::sync::{Arc, Mutex, PoisonError};

use provkey::connector::{Error, KeyReference};
use provkey::time::{Clock as _, SystemClock};
use provkey::x509::Certificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

/// Accepts the server that the key pins, or one that the other verifier accepts.
#[derive(Debug)]
pub(super) struct PinnedServerVerifier {
    key: KeyReference,
    other: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    /// Why the last server was refused.
    refusal: Mutex<Option<Error>>,
}

impl PinnedServerVerifier {
    pub(super) fn new(
        key: &KeyReference,
        other: Option<Arc<WebPkiServerVerifier>>,
        provider: &CryptoProvider,
    ) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { key: key.clone(), other, algorithms, refusal: Mutex::default() }
    }

    /// Why the last server was refused, if the verification failed.
    pub(super) fn take_refusal(&self) -> Option<Error> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn check(&self, shown: &[&CertificateDer<'_>]) -> Result<(), Error> {
        let parsed: Result<Vec<_>, _> = shown.iter().map(|der| Certificate::parse(der)).collect();
        self.key.check_server(&parsed?, SystemClock.now()).map(drop)
    }
}

impl ServerCertVerifier for PinnedServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown: Vec<_> = [end_entity].into_iter().chain(intermediates).collect();
        let Err(error) = self.check(&shown) else { return Ok(ServerCertVerified::assertion()) };
        if let Some(other) = &self.other {
            let accepted = other.verify_server_cert(end_entity, intermediates, name, ocsp, now);
            if accepted.is_ok() {
                return accepted;
            }
        }
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
