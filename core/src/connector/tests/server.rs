//! Checking servers.

use std::string::ToString as _;
use std::{format, panic};

use super::{DAY, NOW, Pki, at, signer};
use crate::connector::{Error, Identity, KeyReference};
use crate::key::Host;
use crate::random::SystemRandom;
use crate::x509::{
    Certificate, IssueError, Issuer, KeyAlgorithm, SerialNumber, ServerParameters, Signer as _,
    issue_server,
};

const END: u64 = NOW + 90 * DAY;

/// A certificate for the server under this host.
fn server(issuer: &Issuer, host: &str) -> Certificate {
    try_server(issuer, host).unwrap()
}

fn try_server(issuer: &Issuer, host: &str) -> Result<Certificate, IssueError> {
    let (host, signer) = (Host::parse(host).unwrap(), signer());
    let parameters = ServerParameters {
        host: &host,
        public_key: signer.public_key(),
        serial: SerialNumber::random(&SystemRandom, at(NOW)).unwrap(),
        not_before: at(NOW - 300),
        not_after: at(END),
    };
    issue_server(issuer, &parameters)
}

fn check(pki: &Pki, shown: &[Certificate], seconds: u64) -> Result<u64, &'static str> {
    let key = KeyReference::from(&pki.key());
    let checked = key.check_server(shown, at(seconds));
    checked.map(|now| now.unix_seconds()).map_err(|error| error.code())
}

#[test]
fn a_server_with_a_certificate_of_the_root_is_accepted() {
    let pki = Pki::new();
    let root = pki.root.certificate().clone();
    // The port does not matter.
    for host in ["api.private.example.com", "api.private.example.com:8443"] {
        let shown = [server(&pki.root, host), root.clone()];
        assert_eq!(check(&pki, &shown, NOW), Ok(NOW));
        assert_eq!(check(&pki, &shown, END), Ok(END));
        // A clock that is behind is corrected.
        assert_eq!(check(&pki, &shown, 0), Ok(NOW - 300));
        assert_eq!(check(&pki, &shown, END + 1), Err("chain_expired"));
    }
}

#[test]
fn an_identity_checks_its_own_server() {
    let (pki, asked) = super::asked();
    let shown = [server(&pki.root, "api.private.example.com"), pki.root.certificate().clone()];
    assert_eq!(asked.check_server(&shown, at(NOW)), Ok(at(NOW)));
    let identity = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
    let error = identity.check_server(&shown, at(NOW)).unwrap_err();
    assert_eq!(error.code(), "answer_without_request");
}

#[test]
fn any_other_server_is_refused() {
    let (pki, other) = (Pki::new(), Pki::new());
    let host = "api.private.example.com";
    let good = server(&pki.root, host);
    let (root, others) = (pki.root.certificate().clone(), other.root.certificate().clone());
    let check = |shown: &[Certificate]| check(&pki, shown, NOW).unwrap_err();
    assert_eq!(check(&[]), "chain_no_leaf");
    assert_eq!(check(core::slice::from_ref(&good)), "chain_untrusted_root");
    assert_eq!(check(&[server(&other.root, host), others.clone()]), "chain_untrusted_root");
    let shown = server(&other.root, host);
    let key = KeyReference::from(&pki.key());
    let error = key.check_server(core::slice::from_ref(&shown), at(NOW)).unwrap_err();
    let Error::ServerUntrusted(found) = &error else { panic!("{error}") };
    assert_eq!(found.sha256, shown.sha256());
    let common_name = |text: Option<&str>| format!("CN={}", text.unwrap());
    assert!(found.subject.contains(&common_name(shown.common_name())), "{error}");
    assert!(found.issuer.contains(&common_name(others.common_name())), "{error}");
    assert!(error.to_string().contains(&found.subject), "{error}");
    assert_eq!(check(&[server(&other.root, host), others, root.clone()]), "chain_bad_signature");
    assert_eq!(check(&[server(&other.root, host), root.clone()]), "chain_incomplete");
    assert_eq!(check(&[server(&pki.root, "h.example"), root.clone()]), "server_wrong_host");
    assert_eq!(check(&[root.clone(), good]), "chain_wrong_usage");
    // A connector of the same authority is not a server.
    let connector = pki.leaf(signer().public_key());
    let issuer = pki.enrollment.certificate().clone();
    assert_eq!(check(&[connector, issuer, root]), "chain_wrong_usage");
    // Nor may an enrollment certificate sign for a server.
    assert_eq!(try_server(&pki.enrollment, host), Err(IssueError::NotAnIssuer));
}
