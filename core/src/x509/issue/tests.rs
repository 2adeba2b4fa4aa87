//! Parameters and signers that are refused, and why.

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::sync::Arc;

use super::*;
use crate::time::Timestamp;
use crate::x509::tests::{NOW, YEAR, at, ca, enrollment, leaf, root, signer};
use crate::x509::{KeyAlgorithm, SignerError, SoftwareSigner};

const ALGORITHM: KeyAlgorithm = KeyAlgorithm::Ed25519;

#[test]
fn a_leaf_never_outlives_its_issuer() {
    let issuer = enrollment(&root(ALGORITHM), ALGORITHM);
    let connector = signer(ALGORITHM);
    let issue = |not_before, not_after| {
        let parameters = LeafParameters { not_before, not_after, ..leaf(connector.public_key()) };
        issue_leaf(&issuer, &parameters).map(|issued| {
            let certificate = Certificate::parse(&issued.der).unwrap();
            assert_eq!(certificate.not_before(), issued.not_before);
            assert_eq!(certificate.not_after(), issued.not_after);
            (issued.not_before, issued.not_after)
        })
    };
    let (first, last) = (issuer.certificate().not_before(), issuer.certificate().not_after());
    assert_eq!(issue(at(0), Timestamp::MAX), Ok((first, last)));
    assert_eq!(issue(at(NOW), at(NOW + 1)), Ok((at(NOW), at(NOW + 1))));
    let half = Timestamp::from_unix_ms(NOW * 1000 + 500);
    assert_eq!(issue(half, half), Ok((at(NOW), at(NOW))));
    let past = issue(at(NOW + 20 * YEAR), at(NOW + 21 * YEAR));
    assert_eq!(past, Err(IssueError::OutsideIssuerValidity));
    assert_eq!(issue(at(NOW + 1), at(NOW)), Err(IssueError::OutsideIssuerValidity));
}

#[test]
fn names_need_no_quoting() {
    let issuer = enrollment(&root(ALGORITHM), ALGORITHM);
    let connector = signer(ALGORITHM);
    let good = leaf(connector.public_key());
    let check = |parameters: LeafParameters<'_>| {
        assert_eq!(issue_leaf(&issuer, &parameters), Err(IssueError::BadName));
    };
    let long = "x".repeat(65);
    for id in ["", ".", "..", "a/b", "a b", "ä", "a%2f", "a\0", &long] {
        check(LeafParameters { connector_id: id, ..good });
        check(LeafParameters { group_id: id, ..good });
    }
    for trust_domain in ["", "Example.com", "[::1]", "a:443", "a/b", "ä"] {
        check(LeafParameters { trust_domain, ..good });
    }
    let root = issue_root(&signer(ALGORITHM), &ca("under_score", 1));
    assert_eq!(root, Err(IssueError::BadName));
}

#[test]
fn the_longest_names_are_issued() {
    let issuer = enrollment(&root(ALGORITHM), ALGORITHM);
    let connector = signer(ALGORITHM);
    let (id, domain) = ("x".repeat(64), "d".repeat(255));
    let good = leaf(connector.public_key());
    let longest =
        LeafParameters { connector_id: &id, group_id: &id, trust_domain: &domain, ..good };
    assert!(issue_leaf(&issuer, &longest).is_ok());
}

#[test]
fn an_issuer_is_an_authority_with_its_own_key() {
    let root = root(ALGORITHM);
    let check = |certificate: &Certificate, signer: SoftwareSigner, expected| {
        let issuer = Issuer::new(certificate.clone(), Arc::new(signer));
        assert_eq!(issuer.err(), Some(expected));
    };
    check(root.certificate(), signer(ALGORITHM), IssueError::WrongSigner);
    let connector = signer(ALGORITHM);
    let enrollment = enrollment(&root, ALGORITHM);
    let issued = issue_leaf(&enrollment, &leaf(connector.public_key())).unwrap();
    let certificate = Certificate::parse(&issued.der).unwrap();
    check(&certificate, connector, IssueError::NotAnIssuer);
    let below = signer(ALGORITHM);
    let refused = issue_enrollment_certificate(&enrollment, below.public_key(), &ca("below", 1));
    assert_eq!(refused, Err(IssueError::NotAnIssuer));
}

/// Signs with a key other than its public one, or not at all.
struct Faulty {
    shown: SoftwareSigner,
    used: Option<SoftwareSigner>,
}

impl Signer for Faulty {
    fn public_key(&self) -> &PublicKey {
        self.shown.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        match &self.used {
            Some(signer) => signer.sign(message),
            None => Err(SignerError::Unavailable("unplugged".into())),
        }
    }
}

#[test]
fn a_faulty_signer_is_noticed() {
    let root = |used| {
        let faulty: Box<dyn Signer> = Box::new(Faulty { shown: signer(ALGORITHM), used });
        issue_root(&*faulty, &ca("root", 1)).unwrap_err()
    };
    assert_eq!(root(Some(signer(ALGORITHM))), IssueError::BadSignature);
    let unplugged = root(None);
    assert_eq!(unplugged.code(), "signer_unavailable");
    assert!(unplugged.retryable());
    assert_eq!(unplugged.to_string(), "the signing key cannot be reached: unplugged");
}
