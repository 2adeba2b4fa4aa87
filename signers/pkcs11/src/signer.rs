//! A signer whose key is in a token.

use std::fmt;
use std::sync::Arc;

use cryptoki::object::ObjectHandle;
use provkey::x509::{Csr, PublicKey, Signer, SignerError, build_csr};

use crate::pool::{Access, Pool, Session};
use crate::{KeySelector, TokenError, key};

/// A private key in a token that signs certificates.
///
/// It keeps the token logged in. After the token was away, it looks the key up again, and signs
/// only if that is the same key.
pub struct Pkcs11Signer {
    pool: Arc<Pool>,
    selector: KeySelector,
    public_key: PublicKey,
    never_extractable: bool,
}

impl Pkcs11Signer {
    pub(crate) fn find(pool: Arc<Pool>, selector: KeySelector) -> Result<Self, TokenError> {
        let pair = pool.call(Access::Read, |session| key::find(&session.inner, &selector))?;
        let (public_key, never_extractable) = (pair.public_key, pair.never_extractable);
        let signer = Self { pool, selector, public_key, never_extractable };
        signer.check()?;
        Ok(signer)
    }

    /// A test signature, because the keys of a pair share nothing but an id: a request for the
    /// public key, signed by the private key, proves that they belong together.
    fn check(&self) -> Result<(), TokenError> {
        let request = build_csr(self, &[]).map_err(|error| match error {
            SignerError::Unavailable(reason) => TokenError::Unavailable(reason),
            error => TokenError::Failed(error.to_string()),
        })?;
        let verified = Csr::parse(&request).and_then(Csr::verify);
        verified.map(drop).map_err(|_| TokenError::KeyMismatch)
    }

    /// Whether the token reports that the key was generated inside and was never readable: so
    /// are all keys of [`generate`](crate::Token::generate), but no imported ones.
    pub fn never_extractable(&self) -> bool {
        self.never_extractable
    }

    /// The private key in this session. Looked up again after the token was away.
    fn locate(&self, session: &mut Session) -> Result<ObjectHandle, TokenError> {
        let name = self.public_key.sha256();
        if let Some(&known) = session.keys.get(&name) {
            return Ok(known);
        }
        let pair = key::find(&session.inner, &self.selector).map_err(|error| match error {
            TokenError::KeyNotFound(_) => TokenError::Unavailable(error.to_string()),
            error => error,
        })?;
        if pair.public_key != self.public_key {
            return Err(TokenError::KeyMismatch);
        }
        session.keys.insert(name, pair.private);
        Ok(pair.private)
    }
}

impl Signer for Pkcs11Signer {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.pool.call(Access::Read, |session| {
            let private = self.locate(session)?;
            key::sign(&session.inner, private, self.public_key.algorithm(), message)
        })?)
    }
}

impl fmt::Debug for Pkcs11Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Signer({}, {:?})", self.selector, self.public_key)
    }
}
