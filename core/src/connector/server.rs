//! Whether a server is the one that a provisioning key is for.

use super::{Error, Identity, KeyReference, ShownCertificate};
use crate::time::Timestamp;
use crate::x509::{Certificate, Chain, ChainError, ChainUse};

impl KeyReference {
    /// Checks the certificates that a TLS server at the key's host has shown, its own one first, and
    /// gives the moment to go on with. `now` is what the machine's clock says; one that is behind
    /// is no reason to refuse, for the root has signed that the certificate's first moment is past.
    ///
    /// Only the root that the key pins is trusted. The server's certificate must be signed by it
    /// directly, be for TLS servers, and name the host. That the server has the private key is what
    /// the TLS handshake shows.
    ///
    /// # Errors
    /// `server_wrong_host`; `chain_path_too_long` if an authority stands between; any other
    /// [`ChainError`] except `chain_not_yet_valid`. Of these `chain_untrusted_root` says that it is
    /// another authority's server, or one with a certificate of a public CA; `chain_expired` that
    /// the certificate was not renewed, or that the clock is ahead.
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

impl Identity {
    /// Checks a server as [`KeyReference::check_server`] does, under the key that this identity asked
    /// with last.
    ///
    /// # Errors
    /// `answer_without_request` if it has not asked with any; those of
    /// [`KeyReference::check_server`].
    pub fn check_server(
        &self,
        certificates: &[Certificate],
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let key = self.asked_with().or(self.enrolled_with());
        key.ok_or(Error::AnswerWithoutRequest)?.check_server(certificates, now)
    }
}
