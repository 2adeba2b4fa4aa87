//! Chains of certificates, from a leaf to a pinned root (RFC 5280, 6.1).

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use super::Certificate;
use super::extensions::{KeyUsage, Purposes};
use super::signature::{self, SignatureError};
use crate::error_family::error_family;
use crate::limits::CHAIN_CERTIFICATES_MAX;
use crate::time::Timestamp;

error_family! {
    /// Why certificates do not form a valid chain.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum ChainError {
        /// More than [`CHAIN_CERTIFICATES_MAX`] certificates.
        #[error("there are more than {CHAIN_CERTIFICATES_MAX} certificates")]
        TooMany => "chain_too_many_certificates",
        /// No certificate has the leaf's public key.
        #[error("none of the certificates has the expected public key")]
        NoLeaf => "chain_no_leaf",
        /// No certificate has the pinned key.
        #[error("none of the certificates is the pinned root")]
        UntrustedRoot => "chain_untrusted_root",
        /// An issuer is missing.
        #[error("a certificate between the leaf and the root is missing")]
        Incomplete => "chain_incomplete",
        /// A signature does not verify with the issuer's key.
        #[error("a signature in the chain is wrong")]
        BadSignature => "chain_bad_signature",
        /// A signature was made with an algorithm or a key that is not accepted.
        #[error("a certificate in the chain has a weak or unsupported key or signature algorithm")]
        UnacceptableAlgorithm => "chain_unacceptable_algorithm",
        /// The issuer of a certificate is not a CA.
        #[error("the issuer of a certificate in the chain is not a CA")]
        NotAnAuthority => "chain_not_an_authority",
        /// More CAs are below one than its path length allows.
        #[error("the chain is longer than the path length of one of its CAs allows")]
        PathTooLong => "chain_path_too_long",
        /// The leaf, or a CA above it, is not for this use.
        #[error("a certificate in the chain is not meant for this use")]
        WrongUsage => "chain_wrong_usage",
        /// A certificate has a critical extension that this library does not know.
        #[error("a certificate in the chain has an unknown critical extension")]
        UnknownCriticalExtension => "chain_unknown_critical_extension",
        /// A certificate is not valid yet.
        #[error("a certificate in the chain is valid only from {not_before}; it is {now}")]
        NotYetValid {
            /// The time of the check.
            now: Timestamp,
            /// From when the certificate is valid.
            not_before: Timestamp,
        } => "chain_not_yet_valid" (retryable = true),
        /// A certificate has expired.
        #[error("a certificate in the chain expired at {not_after}; it is {now}")]
        Expired {
            /// The time of the check.
            now: Timestamp,
            /// Until when the certificate was valid.
            not_after: Timestamp,
        } => "chain_expired",
    }
}

/// The use of a chain's leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainUse {
    /// A TLS client.
    ClientAuth,
    /// A TLS server.
    ServerAuth,
}

impl ChainUse {
    /// RFC 5280, 4.2.1.12: a certificate without the extension, or for any purpose, allows this
    /// use.
    fn allowed_by(self, purposes: Option<Purposes>) -> bool {
        purposes.is_none_or(|purposes| {
            purposes.any
                || match self {
                    Self::ClientAuth => purposes.client_auth,
                    Self::ServerAuth => purposes.server_auth,
                }
        })
    }
}

/// Certificates from a leaf to its root, each signed by the next, with everything checked except
/// the time.
///
/// [`check_time`](Self::check_time) is separate, because a machine that does not know the time
/// learns from a chain that it is at least [`not_before`](Self::not_before).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    certificates: Vec<Certificate>,
}

impl Chain {
    /// Finds the chain among certificates in any order, and leaves the others out.
    ///
    /// The leaf is a certificate with the SubjectPublicKeyInfo `leaf_spki`. The root is a
    /// self-signed certificate whose SubjectPublicKeyInfo `is_anchor` accepts. Nothing else is
    /// trusted.
    ///
    /// # Errors
    /// Any [`ChainError`] except `chain_not_yet_valid` and `chain_expired`.
    pub fn build(
        certificates: &[Certificate],
        leaf_spki: &[u8],
        usage: ChainUse,
        is_anchor: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, ChainError> {
        if certificates.len() > CHAIN_CERTIFICATES_MAX {
            return Err(ChainError::TooMany);
        }
        if !certificates.iter().any(|certificate| is_anchor(certificate.spki())) {
            return Err(ChainError::UntrustedRoot);
        }
        let mut failure = None;
        for leaf in certificates.iter().filter(|certificate| certificate.spki() == leaf_spki) {
            let path = check_leaf(leaf, usage)
                .and_then(|()| find_path(certificates, leaf, usage, &is_anchor));
            match path {
                Ok(path) => return Ok(Self { certificates: path.into_iter().cloned().collect() }),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or(ChainError::NoLeaf))
    }

    /// Checks that all certificates are valid at this time.
    ///
    /// # Errors
    /// `chain_not_yet_valid` or `chain_expired`.
    pub fn check_time(&self, now: Timestamp) -> Result<(), ChainError> {
        let (not_before, not_after) = (self.not_before(), self.not_after());
        // RFC 5280, 4.1.2.5: both ends are included, and are whole seconds.
        if now.unix_seconds() < not_before.unix_seconds() {
            return Err(ChainError::NotYetValid { now, not_before });
        }
        if now.unix_seconds() > not_after.unix_seconds() {
            return Err(ChainError::Expired { now, not_after });
        }
        Ok(())
    }

    /// The first moment at which all of them are valid.
    pub fn not_before(&self) -> Timestamp {
        self.certificates.iter().map(Certificate::not_before).max().unwrap_or_default()
    }

    /// The last moment at which all of them are valid.
    pub fn not_after(&self) -> Timestamp {
        self.certificates.iter().map(Certificate::not_after).min().unwrap_or_default()
    }

    /// The leaf.
    pub fn leaf(&self) -> &Certificate {
        self.certificates.first().expect("a chain begins with its leaf")
    }

    /// The leaf, then its issuers, up to the root.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// All of them in PEM, the leaf first.
    pub fn to_pem(&self) -> String {
        self.certificates.iter().map(Certificate::to_pem).collect()
    }
}

/// The shortest path from a leaf to an anchor. Each certificate is reached once, so at most one
/// signature per pair of certificates is verified. Without a path, the first failure is returned.
fn find_path<'a>(
    certificates: &'a [Certificate],
    leaf: &'a Certificate,
    usage: ChainUse,
    is_anchor: &impl Fn(&[u8]) -> bool,
) -> Result<Vec<&'a Certificate>, ChainError> {
    let mut reached = Vec::from([leaf]);
    let mut paths = VecDeque::from([(leaf, Vec::new())]);
    let mut failure = None;
    while let Some((last, below)) = paths.pop_front() {
        let path = [below.as_slice(), &[last]].concat();
        if is_anchor(last.spki()) {
            // Only the root's own signature counts, not one of another CA.
            match check_signature(last, last) {
                Ok(()) => return Ok(path),
                Err(error) => failure = failure.or(Some(error)),
            }
            continue;
        }
        for issuer in certificates.iter().filter(|issuer| named_by(last, issuer)) {
            if reached.contains(&issuer) {
                continue;
            }
            match check_issuer(issuer, below.len(), usage)
                .and_then(|()| check_signature(last, issuer))
            {
                Ok(()) => {
                    reached.push(issuer);
                    paths.push_back((issuer, path.clone()));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
    }
    Err(failure.unwrap_or(ChainError::Incomplete))
}

/// Whether `certificate` names `issuer` as its issuer: RFC 5280, 6.1.3(a)(4) and 4.2.1.1.
pub(super) fn named_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer() == issuer.subject()
        && certificate.authority_key_id().is_none_or(|id| Some(id) == issuer.subject_key_id())
}

fn check_leaf(leaf: &Certificate, usage: ChainUse) -> Result<(), ChainError> {
    let signs = leaf.key_usage().is_none_or(|bits| bits.contains(KeyUsage::DIGITAL_SIGNATURE));
    // A leaf must have an extended key usage. A certificate without one was not made as a leaf.
    if leaf.purposes().is_none() || !usage.allowed_by(leaf.purposes()) || !signs {
        return Err(ChainError::WrongUsage);
    }
    if leaf.basic_constraints().ca {
        return Err(ChainError::WrongUsage);
    }
    check_extensions(leaf)
}

/// RFC 5280, 6.1.4(k) to (n): checks a CA with `below` other CAs below it.
fn check_issuer(issuer: &Certificate, below: usize, usage: ChainUse) -> Result<(), ChainError> {
    let signs = issuer.key_usage().is_none_or(|bits| bits.contains(KeyUsage::KEY_CERT_SIGN));
    let constraints = issuer.basic_constraints();
    if !constraints.ca || !signs {
        return Err(ChainError::NotAnAuthority);
    }
    if constraints.path_length.is_some_and(|allowed| below as u64 > u64::from(allowed)) {
        return Err(ChainError::PathTooLong);
    }
    if !usage.allowed_by(issuer.purposes()) {
        return Err(ChainError::WrongUsage);
    }
    check_extensions(issuer)
}

/// RFC 5280, 4.2: a certificate with an unknown critical extension is refused.
fn check_extensions(certificate: &Certificate) -> Result<(), ChainError> {
    if certificate.has_unknown_critical_extension() {
        return Err(ChainError::UnknownCriticalExtension);
    }
    Ok(())
}

fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
    let key = issuer.public_key().map_err(|_| ChainError::UnacceptableAlgorithm)?;
    signature::verify(certificate.signed(), &key).map_err(|error| match error {
        SignatureError::Malformed
        | SignatureError::WeakAlgorithm
        | SignatureError::UnsupportedAlgorithm
        | SignatureError::OffCurve => ChainError::UnacceptableAlgorithm,
        SignatureError::AlgorithmMismatch | SignatureError::BadSignature => {
            ChainError::BadSignature
        }
    })
}

#[cfg(test)]
mod tests;
