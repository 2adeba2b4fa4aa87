//! Checks that a TLS server belongs to the authority of a provisioning key.

use super::{Error, Identity, KeyReference, ShownCertificate};
use crate::time::Timestamp;
use crate::x509::{Certificate, Chain, ChainError, ChainUse};

impl KeyReference {
    /// Checks the certificates that a TLS server at the key's host showed, its own one first. `now`
    /// is the time of the machine's clock. Returns the time to continue with: a clock that is
    /// behind is not an error, because the root vouches that the certificate's `not_before` is
    /// past.
    ///
    /// Only the root that the key pins is trusted. It must have signed the server's certificate
    /// directly, for TLS servers and for this host. The TLS handshake must prove that the server
    /// has the private key.
    ///
    /// # Errors
    /// `server_wrong_host`; `chain_path_too_long` if another CA is in between; any other
    /// [`ChainError`] except `chain_not_yet_valid`. `chain_untrusted_root` means that the server
    /// belongs to another authority or has a certificate of a public CA; `chain_expired` that its
    /// certificate was not renewed, or that the clock is ahead.
    pub fn check_server(
        &self,
        certificates: &[Certificate],
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let leaf = certificates.first().ok_or(Error::Server(ChainError::NoLeaf))?;
        let is_anchor = |spki: &[u8]| self.pin().matches_spki(spki);
        let chain = Chain::build(certificates, leaf.spki(), ChainUse::ServerAuth, is_anchor)
            .map_err(|error| match error {
                ChainError::UntrustedRoot => Error::ServerUntrusted(ShownCertificate::of(leaf)),
                error => Error::Server(error),
            })?;
        if chain.certificates().len() != 2 || chain.leaf() != leaf {
            return Err(Error::Server(ChainError::PathTooLong));
        }
        if !leaf.names_host(self.host()) {
            return Err(Error::ServerWrongHost(self.host().clone()));
        }
        let now = now.max(chain.not_before());
        chain.check_time(now).map_err(Error::Server)?;
        Ok(now)
    }
}

/// # Checking the server
impl Identity {
    /// Like [`KeyReference::check_server`], with the key of this identity's last request.
    ///
    /// # Errors
    /// `answer_without_request` if it made no request; those of [`KeyReference::check_server`].
    pub fn check_server(
        &self,
        certificates: &[Certificate],
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let key = self.asked_with().or(self.enrolled_with());
        key.ok_or(Error::AnswerWithoutRequest)?.check_server(certificates, now)
    }
}
