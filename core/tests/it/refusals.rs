//! Every reason to refuse an enrollment: its code, and that it costs nothing.

use std::sync::Arc;

use provkey::authority::{
    AddressRange, Compromise, ConnectorFilter, EnrollRequest, Enrolled, KeyDetails, KeyUpdate,
    NewCertificate, Refusal,
};
use provkey::key::{Fingerprint, KeyText};
use provkey::testing::TestAuthority;
use provkey::time::Clock;
use provkey::x509::{KeyAlgorithm, RevocationReason, SoftwareSigner, build_csr};

use crate::common::{DAY, TestConnector, code, name, renewal};

/// The count and the enrollments on record. A deleted key has no counter.
fn cost(world: &TestAuthority, key: &KeyDetails) -> (Option<u64>, usize) {
    let filter = ConnectorFilter::default().key(key.id);
    let used = world.authority.key(key.id).ok().map(|key| key.used);
    (used, world.authority.connectors(&filter).count())
}

/// A request that is refused for this reason, although the key has a free use where that can be.
fn provoke(world: &TestAuthority, key: &KeyDetails, refusal: Refusal) -> EnrollRequest {
    let authority = &world.authority;
    let text = world.provisioning_key(key);
    let update = |update: KeyUpdate| {
        authority.update_key(key.id, &update).unwrap();
    };
    let mut connector = TestConnector::new();
    let proof = connector.proof(&text);
    let enroll = |request: &EnrollRequest| -> Enrolled { authority.enroll(request).unwrap() };
    let another_enrolls = || drop(enroll(&TestConnector::new().proof(&text)));
    match refusal {
        Refusal::KeyInvalid => {
            let upper = KeyText::new(text.to_text().expose().to_uppercase());
            connector.bearer(&text).key_text(upper)
        }
        Refusal::KeyMissing => EnrollRequest::new(build_csr(&connector.signer, &[]).unwrap()),
        Refusal::RequestWrongPurpose => {
            let leaf = &enroll(&proof).chain[0];
            let renewal = renewal(leaf, &connector.signer, &connector.signer, None);
            EnrollRequest::new(renewal.csr).key_text(text.to_text())
        }
        Refusal::CredentialsDisagree => {
            let other = world.provisioning_key(&world.key("another", 1));
            proof.key_text(other.to_text())
        }
        Refusal::KeyDeleted => {
            another_enrolls();
            authority.delete_key(key.id).unwrap();
            proof
        }
        Refusal::KeyCompromised => {
            another_enrolls();
            authority.compromise_key(key.id, &Compromise::default()).unwrap();
            proof
        }
        Refusal::KeyDisabled => {
            update(KeyUpdate::default().enabled(false));
            proof
        }
        Refusal::ProofRequired => {
            update(KeyUpdate::default().proof_only(true));
            connector.bearer(&text)
        }
        Refusal::AddressNotAllowed => {
            let allowed = vec![AddressRange::parse("10.0.0.0/8").unwrap()];
            update(KeyUpdate::default().allowed_addresses(allowed));
            proof.address(Some("192.0.2.1".parse().unwrap()))
        }
        Refusal::PublicKeyInUse => {
            let other = world.provisioning_key(&world.key("the first", 1));
            enroll(&connector.proof(&other));
            proof
        }
        Refusal::PublicKeyOfAuthority => {
            let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
            let csr = build_csr(&signer, &[]).unwrap();
            let mut new = NewCertificate::new(name("key elsewhere"));
            new.signer = Some(Arc::new(signer));
            let certificate = authority.create_certificate(&new).unwrap().id;
            update(KeyUpdate::default().certificate(certificate));
            EnrollRequest::new(csr).key_text(text.to_text())
        }
        Refusal::ConnectorRevoked => {
            let connector = enroll(&proof).connector;
            authority.revoke_connector(connector, RevocationReason::default()).unwrap();
            proof
        }
        Refusal::FingerprintMismatch => {
            enroll(&proof);
            connector.fingerprint = Some(Fingerprint::of_raw(b"another machine"));
            connector.proof(&text)
        }
        Refusal::CertificateExpired => {
            enroll(&proof);
            world.clock.advance(400 * DAY);
            proof
        }
        Refusal::KeyExpired => {
            update(KeyUpdate::default().expires_at(Some(world.clock.now().plus(DAY))));
            world.clock.advance(2 * DAY);
            proof
        }
        Refusal::CertificateRetired => {
            let new = NewCertificate::new(name("retired"));
            let certificate = authority.create_certificate(&new).unwrap().id;
            update(KeyUpdate::default().certificate(certificate));
            authority.retire_certificate(certificate).unwrap();
            proof
        }
        Refusal::KeyExhausted => {
            another_enrolls();
            another_enrolls();
            proof
        }
        other => panic!("{} is refused, and no test provokes it", other.code()),
    }
}

/// Reasons that only a renewal has: see `renewing.rs`.
fn is_of_a_renewal(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::RenewalMissing
            | Refusal::RenewalInvalid
            | Refusal::RenewalTooLate
            | Refusal::RenewalTooEarly
            | Refusal::CertificateRenewed
            | Refusal::CertificateUnknown
    )
}

#[test]
fn each_refusal_has_its_code_and_costs_nothing() {
    for refusal in Refusal::ALL.iter().filter(|refusal| !is_of_a_renewal(**refusal)) {
        let world = TestAuthority::new();
        let key = world.key("fleet", 2);
        let request = provoke(&world, &key, *refusal);
        let before = cost(&world, &key);
        assert_eq!(code(world.authority.enroll(&request)), refusal.code());
        assert_eq!(cost(&world, &key), before, "{}", refusal.code());
    }
}
