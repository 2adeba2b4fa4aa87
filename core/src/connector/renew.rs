//! Requests for the renewal of a certificate.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use super::identity::Renewal;
use super::key_pair::KeyPair;
use super::{Error, Identity, Request};
use crate::key::Fingerprint;
use crate::x509::{KeyAlgorithm, RenewalProof, Signer, build_csr};

/// The key pair of the renewed certificate.
///
/// ```
/// use provkey::authority::{EnrollRequest, RenewRequest};
/// use provkey::connector::{Identity, RenewalKey};
/// use provkey::testing::TestAuthority;
/// use provkey::time::Clock;
/// use provkey::x509::KeyAlgorithm;
///
/// let test = TestAuthority::new();
/// let key = test.provisioning_key(&test.key("first floor", 1));
/// let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
/// let request = identity.request(&key, None)?;
/// let answer = test.authority.enroll(&EnrollRequest::new(request.der()))?;
/// identity.accept(answer.chain_pem().as_bytes(), test.clock.now())?;
///
/// let request = identity.renew_request(RenewalKey::New(KeyAlgorithm::Ed25519), None)?;
/// let answer = test.authority.renew(&RenewRequest::new(request.der()))?;
/// identity.accept(answer.chain_pem().as_bytes(), test.clock.now())?;
/// assert_eq!(identity.public_key().algorithm(), KeyAlgorithm::Ed25519);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum RenewalKey {
    /// The current key pair of the identity.
    Same,
    /// A new key pair of this algorithm: P-256, P-384 or Ed25519.
    New(KeyAlgorithm),
    /// Another key pair whose private key is elsewhere.
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

/// # Renewing
impl Identity {
    /// Makes a request for the certificate's successor. A signature with the current key proves
    /// possession; a provisioning key is not needed. Save the identity before the request is sent:
    /// a certificate is renewed only once, for one key pair.
    ///
    /// Repeat it until an answer is [accepted](Self::accept). While a renewal is pending, `key` is
    /// ignored and the same renewal is requested again. The identity keeps its certificate and its
    /// key pair until there is an answer. The authority requires the `fingerprint` of the
    /// enrollment.
    ///
    /// # Errors
    /// `renewal_without_certificate`; those of the signer. The identity is unchanged then.
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

    /// Drops the pending renewal and its new key pair, if there is one. The next
    /// [`renew_request`](Self::renew_request) starts another. Save the identity afterwards.
    ///
    /// Call this only if the authority refused the renewal with `public_key_in_use`: another
    /// connector has the new public key, so this certificate was never renewed with it. After any
    /// other error the authority may have renewed it, and it renews for one key pair only.
    pub fn drop_renewal(&mut self) {
        self.renewal = None;
    }

    /// Whether a renewal is pending: requested and not answered.
    pub fn is_renewing(&self) -> bool {
        self.renewal.is_some()
    }
}
