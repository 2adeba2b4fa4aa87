//! Certificates for the servers of the authority.

use std::time::Duration;

use provkey::authority::Action;
use provkey::connector::KeyReference;
use provkey::key::Host;
use provkey::testing::TestAuthority;
use provkey::time::Clock as _;
use provkey::x509::{Certificate, KeyAlgorithm, PublicKey, Signer as _, SoftwareSigner};

use crate::common::{DAY, HOST};

fn public_key() -> PublicKey {
    SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap().0.public_key().clone()
}

#[test]
fn a_connector_trusts_the_server_of_its_authority_by_the_pin_alone() {
    let world = TestAuthority::new();
    let host = Host::parse(HOST).unwrap();
    let issued = world.authority.issue_server_certificate(&host, &public_key(), 90 * DAY).unwrap();
    assert_eq!(issued.not_after, world.clock.now().plus(90 * DAY));
    let shown = Certificate::parse_all(issued.chain_pem().as_bytes()).unwrap();
    let key = KeyReference::from(&world.provisioning_key(&world.key("k", 1)));
    assert_eq!(key.check_server(&shown, world.clock.now()), Ok(world.clock.now()));
    world.clock.advance(91 * DAY);
    assert_eq!(key.check_server(&shown, world.clock.now()).unwrap_err().code(), "chain_expired");

    let audit = world.audit();
    let record = audit.iter().find(|record| record.action == Action::ServerCertificateIssued);
    let details = record.unwrap().details.as_deref().unwrap();
    let serial: String = shown[0].serial().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(details, format!("{HOST} {serial}"));
}

#[test]
fn no_server_certificate_is_issued_for_another_host() {
    let world = TestAuthority::new();
    let check = |host: &str, public_key: &PublicKey, validity, code| {
        let host = Host::parse(host).unwrap();
        let error = world.authority.issue_server_certificate(&host, public_key, validity);
        assert_eq!(error.unwrap_err().code(), code);
    };
    check("h.example", &public_key(), DAY, "host_unknown");
    check(HOST, &public_key(), Duration::from_secs(59), "validity_invalid");
    let root = world.authority.root().public_key().unwrap();
    check(HOST, &root, DAY, "public_key_of_authority");
    assert!(world.audit().iter().all(|record| record.action != Action::ServerCertificateIssued));
}
