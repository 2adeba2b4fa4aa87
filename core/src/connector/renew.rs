//! Asking for the renewal of a certificate.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::identity::Renewal;
use super::key_pair::KeyPair;
use super::{Error, Identity, Request};
use crate::key::Fingerprint;
use crate::x509::{KeyAlgorithm, RenewalProof, Signer, build_csr};

/// Which key pair a renewed certificate is to be for.
#[derive(Clone)]
pub enum RenewalKey {
    /// The one that the identity has.
    Same,
    /// A new one of this algorithm: P-256, P-384 or Ed25519.
    New(KeyAlgorithm),
    /// Another one that lives elsewhere.
    Elsewhere(Arc<dyn Signer>),
}

impl fmt::Debug for RenewalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("Same"),
            Self::New(algorithm) => f.debug_tuple("New").field(algorithm).finish(),
            Self::Elsewhere(signer) => {
                f.debug_tuple("Elsewhere").field(signer.public_key()).finish()
            }
        }
    }
}

impl Identity {
    /// Asks for a new certificate in place of the one that it has, which proves itself with a
    /// signature; no provisioning key takes part. Save the identity before the request is sent:
    /// a certificate is renewed once, for one key pair.
    ///
    /// Ask as often as needed until an answer is [accepted](Self::accept). The renewal that is
    /// under way goes on, whatever `key` says then. Until there is an answer, the identity keeps
    /// its certificate and its key pair. The authority wants the `fingerprint` of the enrollment.
    ///
    /// # Errors
    /// `renewal_without_certificate`; those of the signer. Then no renewal is under way that was
    /// not before.
    pub fn renew_request(
        &mut self,
        key: RenewalKey,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Request, Error> {
        let enrolled = self.enrolled.as_ref().ok_or(Error::RenewalWithoutCertificate)?;
        let fresh = match (&self.renewal, key) {
            (None, RenewalKey::Same) => Some(Renewal::SameKey),
            (None, RenewalKey::New(algorithm)) => {
                Some(Renewal::NewKey(Box::new(KeyPair::generate(algorithm)?)))
            }
            (None, RenewalKey::Elsewhere(signer)) => {
                Some(Renewal::NewKey(Box::new(KeyPair::elsewhere(signer))))
            }
            (Some(_), _) => None,
        };
        let renewal = fresh.as_ref().or(self.renewal.as_ref());
        let new = renewal.and_then(Renewal::new_key_pair).unwrap_or(&self.key_pair);
        let (host, certificate) = (enrolled.with.host(), enrolled.chain.leaf());
        let (old, spki) = (self.signer(), new.public_key().spki());
        let proof = RenewalProof::make(host, certificate, old, spki, fingerprint)?;
        let request = Request::new(build_csr(&*new.signer, &[&proof.to_attribute()])?);
        if fresh.is_some() {
            self.renewal = fresh;
        }
        Ok(request)
    }

    /// Drops the renewal that is under way, and its new key pair with it. The next
    /// [`renew_request`](Self::renew_request) begins another. Save the identity afterwards. Without one
    /// nothing changes.
    ///
    /// Do this only if the authority refused the renewal with `public_key_in_use`: another connector
    /// has the new public key, so this certificate was never renewed with it. After any other error the
    /// authority may have renewed it, and a certificate renews for one key pair only.
    pub fn drop_renewal(&mut self) {
        self.renewal = None;
    }

    /// Whether a renewal was asked for and has not been answered.
    pub fn is_renewing(&self) -> bool {
        self.renewal.is_some()
    }
}
