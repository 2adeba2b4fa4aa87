//! Renewal: who may renew, with which proof, how often, and what is recorded.

use std::time::Duration;

use provkey::authority::{
    Action, AddressRange, AuditFilter, Authority, EnrollRequest, Enrolled, Error, Event,
    KeyDetails, KeyUpdate, NewCertificate, PageRequest, RenewRequest, Retention,
};
use provkey::key::{Fingerprint, Host, Keyring, Proof};
use provkey::store::ScanRange;
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;
use provkey::x509::{
    Certificate, KeyAlgorithm, RENEWAL_OID_DER, RenewalProof, RevocationReason, Signer,
    SoftwareSigner, build_csr,
};

use crate::common::{DAY, HOST, TestConnector, code, master, name, renewal};

fn new_key() -> SoftwareSigner {
    SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0
}

/// A connector that has enrolled.
struct Fleet {
    world: TestAuthority,
    key: KeyDetails,
    connector: TestConnector,
    first: Enrolled,
}

impl Fleet {
    fn new() -> Self {
        Self::with(TestConnector::new())
    }

    fn with(connector: TestConnector) -> Self {
        let world = TestAuthority::new();
        let key = world.key("fleet", 2);
        let first =
            world.authority.enroll(&connector.proof(&world.provisioning_key(&key))).unwrap();
        Self { world, key, connector, first }
    }

    fn renew(&self, request: &RenewRequest) -> Result<Enrolled, Error> {
        self.world.authority.renew(request)
    }

    /// Renews the first certificate for another key pair.
    fn renew_first(&self, new_key: &SoftwareSigner) -> Result<Enrolled, Error> {
        self.renew(&self.request(new_key))
    }

    fn request(&self, new_key: &SoftwareSigner) -> RenewRequest {
        let TestConnector { signer, fingerprint } = &self.connector;
        renewal(&self.first.chain[0], signer, new_key, *fingerprint)
    }

    /// The same, with the certificate vouched for by the application.
    fn over_tls(&self, new_key: &SoftwareSigner) -> RenewRequest {
        RenewRequest::new(build_csr(new_key, &[]).unwrap())
            .client_certificate(self.first.chain[0].clone())
            .fingerprint(self.connector.fingerprint)
    }
}

#[track_caller]
fn check(answer: Result<Enrolled, Error>, expected: &str) {
    assert_eq!(code(answer), expected);
}

#[test]
fn a_renewal_is_the_same_connector_with_another_certificate_and_costs_no_use() {
    for by_signature in [true, false] {
        for same_key in [true, false] {
            let mut connector = TestConnector::new();
            connector.fingerprint = Some(Fingerprint::of_raw(b"this machine"));
            let fleet = Fleet::with(connector);
            fleet.world.clock.advance(300 * DAY);
            let other = new_key();
            let key = if same_key { &fleet.connector.signer } else { &other };
            let request = if by_signature { fleet.request(key) } else { fleet.over_tls(key) };
            let second = fleet.renew(&request).unwrap();
            assert!(!second.replay && second.serial != fleet.first.serial);
            assert_eq!(second.connector, fleet.first.connector);
            assert_eq!((second.key, second.group), (fleet.first.key, fleet.first.group));
            assert!(second.not_after > fleet.first.not_after);
            let leaf = Certificate::parse(&second.chain[0]).unwrap();
            assert_eq!(leaf.spki(), key.public_key().spki());
            assert_eq!(leaf.common_name(), Some(fleet.first.connector.as_str()));
            assert_eq!(fleet.world.used(&fleet.key), 1);
            let seen = fleet.world.authority.connector(second.connector).unwrap();
            assert_eq!((seen.renewals, seen.serial), (1, second.serial.clone()));
            assert_eq!(seen.leaf, second.chain[0]);
            // A replay gets the stored answer, whichever way it is proven.
            for again in [fleet.request(key), fleet.over_tls(key)] {
                let again = fleet.renew(&again).unwrap();
                assert_eq!((again.replay, again.chain), (true, second.chain.clone()));
            }
        }
    }
}

/// The list is about who may use the key. A renewal uses none: the key may be gone, and fleets
/// move.
#[test]
fn a_renewal_is_not_bound_to_the_addresses_of_the_key() {
    let fleet = Fleet::new();
    let allowed_addresses = Some(vec![AddressRange::parse("10.0.0.0/8").unwrap()]);
    let update = KeyUpdate::default().allowed_addresses(allowed_addresses);
    fleet.world.authority.update_key(fleet.key.id, &update).unwrap();
    let text = fleet.world.provisioning_key(&fleet.key);
    let elsewhere = Some("192.0.2.1".parse().unwrap());
    let request = TestConnector::new().proof(&text).address(elsewhere);
    check(fleet.world.authority.enroll(&request), "address_not_allowed");
    let replay = fleet.connector.proof(&text).address(elsewhere);
    check(fleet.world.authority.enroll(&replay), "address_not_allowed");
    let signer = &fleet.connector.signer;
    let mut leaf = fleet.first.chain[0].clone();
    for address in [elsewhere, None] {
        let renewed = fleet.renew(&renewal(&leaf, signer, signer, None).address(address));
        leaf = renewed.unwrap().chain.remove(0);
    }
    let connector = fleet.world.authority.connector(fleet.first.connector).unwrap();
    assert_eq!(connector.renewals, 2);
}

#[test]
fn a_certificate_renews_once_and_the_new_one_renews_next() {
    let fleet = Fleet::new();
    let (second_key, third_key) = (new_key(), new_key());
    let second = fleet.renew_first(&second_key).unwrap();
    check(fleet.renew_first(&third_key), "certificate_renewed");
    let third = renewal(&second.chain[0], &second_key, &third_key, None);
    check(fleet.renew(&third), "enrolled");
    check(fleet.renew(&third), "replayed");
    // The new certificate renewed, so it had arrived.
    check(fleet.renew_first(&second_key), "certificate_renewed");
    assert_eq!(fleet.world.authority.connector(second.connector).unwrap().renewals, 2);
}

/// What the attributes of a request say that it is for decides before anything else does: whose key
/// or certificate vouches for it makes no difference, nor whether the attribute can be read.
#[test]
fn a_request_serves_only_the_purpose_that_it_was_made_for() {
    let fleet = Fleet::new();
    let (authority, text) = (&fleet.world.authority, fleet.world.provisioning_key(&fleet.key));
    let next = new_key();
    let before = fleet.world.audit();
    fleet.world.observer.take();
    let enroll = |csr: &[u8], key_text| {
        let request = EnrollRequest::new(csr.to_vec()).key_text(key_text);
        check(authority.enroll(&request), "request_wrong_purpose");
    };
    let renew = |csr: &[u8], client_certificate| {
        let csr = csr.to_vec();
        let request = RenewRequest::new(csr).client_certificate(client_certificate);
        check(fleet.renew(&request), "request_wrong_purpose");
    };
    let renewal = fleet.request(&next).csr;
    let enrollment = TestConnector::new().proof(&text).csr;
    let proof = Proof::make(&text, next.public_key().spki(), None).to_attribute();
    let unreadable = {
        let oid = [&[6, RENEWAL_OID_DER.len() as u8], RENEWAL_OID_DER].concat();
        let contents = [&oid[..], &[0x31, 2, 5, 0]].concat();
        [&[0x30, contents.len() as u8], &contents[..]].concat()
    };
    let both = build_csr(&next, &[&proof, &unreadable]).unwrap();
    for csr in [&renewal, &both, &build_csr(&next, &[&unreadable]).unwrap()] {
        enroll(csr, None);
        enroll(csr, Some(text.to_text()));
    }
    for csr in [&enrollment, &both] {
        renew(csr, None);
        renew(csr, Some(fleet.first.chain[0].clone()));
    }
    // Nothing is proven, so nothing is stored. Only the observer is notified.
    authority.flush().unwrap();
    assert_eq!(fleet.world.audit(), before);
    let told = fleet.world.observer.take();
    let wrong = Event::Refused { code: "request_wrong_purpose", key: None, address: None };
    assert_eq!(told, vec![wrong; 10]);
    assert_eq!(fleet.world.used(&fleet.key), 1);
    // The connector that made the request is unchanged.
    check(fleet.renew_first(&next), "enrolled");
}

#[test]
fn a_public_key_of_a_renewal_stays_with_its_connector() {
    let fleet = Fleet::new();
    let authority = &fleet.world.authority;
    let other = fleet.world.key("other", 9);
    let texts = [&fleet.key, &other].map(|key| fleet.world.provisioning_key(key));
    let [stranger, second, third] = [(); 3].map(|()| TestConnector::new());
    check(authority.enroll(&stranger.proof(&texts[1])), "enrolled");
    check(fleet.renew_first(&stranger.signer), "public_key_in_use");
    let renewed = fleet.renew_first(&second.signer).unwrap();
    let next = renewal(&renewed.chain[0], &second.signer, &third.signer, None);
    let third_certificate = fleet.renew(&next).unwrap();
    for known in [&second, &third] {
        for text in &texts {
            check(authority.enroll(&known.proof(text)), "public_key_in_use");
        }
    }
    // Nor does another connector get it.
    let stranger_leaf = authority.enroll(&stranger.proof(&texts[1])).unwrap();
    let theirs = renewal(&stranger_leaf.chain[0], &stranger.signer, &second.signer, None);
    check(fleet.renew(&theirs), "public_key_in_use");
    // The key pair that enrolled does not get a certificate of another key pair.
    check(authority.enroll(&fleet.connector.proof(&texts[0])), "certificate_renewed");
    // But the connector may return to it.
    let leaf = &third_certificate.chain[0];
    check(fleet.renew(&renewal(leaf, &third.signer, &fleet.connector.signer, None)), "enrolled");
    check(authority.enroll(&fleet.connector.proof(&texts[0])), "replayed");
    assert_eq!((fleet.world.used(&fleet.key), fleet.world.used(&other)), (1, 1));
}

#[test]
fn a_renewal_does_not_depend_on_the_provisioning_key() {
    let fleet = Fleet::new();
    let authority = &fleet.world.authority;
    let new = NewCertificate::new(name("CA 2"));
    let second_ca = authority.create_certificate(&new).unwrap().id;
    let update = KeyUpdate::default().certificate(second_ca).enabled(false);
    authority.update_key(fleet.key.id, &update).unwrap();
    // The enrollment certificate that the key names now signs.
    let second = fleet.renew_first(&fleet.connector.signer).unwrap();
    assert_eq!(second.certificate, second_ca);
    authority.delete_key(fleet.key.id).unwrap();
    // Then the earlier one signs again.
    let next = renewal(&second.chain[0], &fleet.connector.signer, &new_key(), None);
    assert_eq!(fleet.renew(&next).unwrap().certificate, second_ca);
    let refused = authority.delete_certificate(second_ca).unwrap_err();
    assert_eq!(refused.code(), "certificate_in_use");
}

#[test]
fn a_host_that_another_node_added_serves_renewals_at_once() {
    let fleet = Fleet::new();
    let (leaf, new) = (&fleet.first.chain[0], new_key());
    let host = Host::parse("elsewhere.example.com").unwrap();
    let leaf = Certificate::parse(leaf).unwrap();
    let spki = new.public_key().spki();
    let proof = RenewalProof::make(&host, &leaf, &fleet.connector.signer, spki, None).unwrap();
    let request = RenewRequest::new(build_csr(&new, &[&proof.to_attribute()]).unwrap());
    check(fleet.renew(&request), "renewal_invalid");

    let environment = fleet.world.environment.clone();
    let other = Authority::open(environment, Keyring::new(master(1))).unwrap();
    other.add_host(&host).unwrap();
    check(fleet.renew(&request), "enrolled");
}

#[test]
fn an_invalid_proof_reveals_nothing() {
    let fleet = Fleet::new();
    let (leaf, key) = (&fleet.first.chain[0], &fleet.connector.signer);
    let (new, stranger) = (new_key(), new_key());
    let csr = |attributes: &[&[u8]]| RenewRequest::new(build_csr(&new, attributes).unwrap());
    let proof = |host: &str, leaf: &[u8], signer: &SoftwareSigner, spki: &[u8]| {
        let (host, leaf) = (Host::parse(host).unwrap(), Certificate::parse(leaf).unwrap());
        RenewalProof::make(&host, &leaf, signer, spki, None).unwrap().to_attribute()
    };
    let spki = new.public_key().spki();
    check(fleet.renew(&csr(&[])), "renewal_missing");
    check(fleet.renew(&csr(&[&proof("other.example", leaf, key, spki)])), "renewal_invalid");
    check(fleet.renew(&csr(&[&proof(HOST, leaf, &stranger, spki)])), "renewal_invalid");
    let for_another = proof(HOST, leaf, key, stranger.public_key().spki());
    check(fleet.renew(&csr(&[&for_another])), "renewal_invalid");
    let good = proof(HOST, leaf, key, spki);
    check(fleet.renew(&csr(&[&good, &good])), "csr_attribute_not_single");
    let oid = [&[6, RENEWAL_OID_DER.len() as u8], RENEWAL_OID_DER].concat();
    let empty = [&[0x30, oid.len() as u8 + 4], &oid[..], &[0x31, 2, 5, 0]].concat();
    check(fleet.renew(&csr(&[&empty])), "renewal_invalid");
    // A self-made certificate, or one of another authority, does not belong to it.
    let elsewhere = Fleet::new();
    let theirs = renewal(&elsewhere.first.chain[0], &elsewhere.connector.signer, &new, None);
    check(fleet.renew(&theirs), "certificate_unknown");
    for not_a_leaf in [fleet.first.chain[1].clone(), b"not DER".to_vec()] {
        let client_certificate = Some(not_a_leaf);
        check(fleet.renew(&csr(&[]).client_certificate(client_certificate)), "certificate_unknown");
    }
    let client_certificate = Some(elsewhere.first.chain[0].clone());
    let disagreeing = csr(&[&good]).client_certificate(client_certificate);
    check(fleet.renew(&disagreeing), "credentials_disagree");
    // Nothing is in the audit trail. Only the observer was notified.
    fleet.world.authority.flush().unwrap();
    assert!(fleet.world.audit().iter().all(|record| record.action != Action::RenewalRefused));
    let refused = |event: &Event| matches!(event, Event::Refused { key: None, .. });
    assert_eq!(fleet.world.observer.take().iter().filter(|event| refused(event)).count(), 10);
    check(fleet.renew(&csr(&[&good])), "enrolled");
}

#[test]
fn a_revoked_connector_and_other_hardware_do_not_renew() {
    let mut connector = TestConnector::new();
    connector.fingerprint = Some(Fingerprint::of_raw(b"this machine"));
    let fleet = Fleet::with(connector);
    let (leaf, signer, new) = (&fleet.first.chain[0], &fleet.connector.signer, new_key());
    let other = Some(Fingerprint::of_raw(b"another machine"));
    check(fleet.renew(&renewal(leaf, signer, &new, None)), "fingerprint_mismatch");
    check(fleet.renew(&renewal(leaf, signer, &new, other)), "fingerprint_mismatch");
    let beside = fleet.request(&new).fingerprint(other);
    check(fleet.renew(&beside), "fingerprint_mismatch");
    let unsaid = fleet.over_tls(&new).fingerprint(None);
    check(fleet.renew(&unsaid), "fingerprint_mismatch");
    check(fleet.renew_first(&new), "enrolled");
    fleet
        .world
        .authority
        .revoke_connector(fleet.first.connector, RevocationReason::default())
        .unwrap();
    check(fleet.renew_first(&new), "connector_revoked");
    // Both of its certificates are.
    let range = ScanRange { prefix: "revoked/".into(), after: None, reverse: false };
    assert_eq!(fleet.world.environment.store.scan(&range, 100).unwrap().len(), 2);
    let filter = AuditFilter::default();
    let page = PageRequest { limit: 1000, after: None };
    let trail = fleet.world.authority.list_audit(&filter, &page).unwrap().items;
    let of = |action| trail.iter().filter(|one| one.action == action).collect::<Vec<_>>();
    let [renewed] = of(Action::ConnectorRenewed)[..] else { panic!("renewed once") };
    assert_eq!(renewed.connector, Some(fleet.first.connector));
    let codes: Vec<_> = of(Action::RenewalRefused).iter().map(|one| one.code.clone()).collect();
    assert_eq!(codes.len(), 2, "one for each reason: {codes:?}");
}

#[test]
fn an_expired_certificate_renews_by_signature_within_its_grace() {
    let renew_after = |past_its_end: Duration, by_signature: bool| {
        let fleet = Fleet::new();
        fleet.world.clock.advance(365 * DAY + past_its_end);
        let key = &fleet.connector.signer;
        fleet.renew(&if by_signature { fleet.request(key) } else { fleet.over_tls(key) })
    };
    check(renew_after(Duration::ZERO, false), "enrolled");
    check(renew_after(DAY, false), "certificate_expired");
    check(renew_after(DAY, true), "enrolled");
    check(renew_after(30 * DAY, true), "enrolled");
    check(renew_after(31 * DAY, true), "renewal_too_late");
}

/// RFC 7030, 4.2.2: a client repeats the names of its certificate.
#[test]
fn a_renewal_may_ask_for_the_names_that_the_certificate_has() {
    let fleet = Fleet::new();
    let uri = Certificate::parse(&fleet.first.chain[0]).unwrap().uris()[0].clone();
    let renew = |names: &[(u8, &str)]| {
        let key = new_key();
        let csr = build_csr(&key, &[&asking_for_names(names)]).unwrap();
        fleet.renew(&fleet.over_tls(&key).csr(csr))
    };
    const URI: u8 = 0x86;
    const DNS: u8 = 0x82;
    for other in [&[(URI, "spiffe://x/y")][..], &[(URI, &uri), (DNS, "x")], &[(DNS, &uri)]] {
        check(renew(other), "csr_requests_names");
    }
    check(renew(&[(URI, &uri), (URI, &uri)]), "csr_requests_names");
    check(renew(&[(URI, &uri)]), "enrolled");
}

/// The attribute extensionRequest (RFC 2985, 5.4.2) with alternative names of these tags.
fn asking_for_names(names: &[(u8, &str)]) -> Vec<u8> {
    let wrapped = |tag: u8, contents: Vec<u8>| -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        let long: &[u8] = if length < 128 { &[] } else { &[0x81] };
        [&[tag], long, &[length], &contents].concat()
    };
    let names =
        names.iter().flat_map(|(tag, name)| wrapped(*tag, name.as_bytes().to_vec())).collect();
    let value = wrapped(0x04, wrapped(0x30, names));
    let extension = wrapped(0x30, [&[0x06, 3, 0x55, 0x1d, 0x11], &*value].concat());
    let oid = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
    wrapped(0x30, [&oid, &*wrapped(0x31, wrapped(0x30, extension))].concat())
}

/// With certificates of an hour, the answer to a renewal may expire before it is fetched.
#[test]
fn an_answer_that_expired_before_it_arrived_is_issued_again() {
    let world = TestAuthority::new();
    let mut new = NewCertificate::new(name("CA 2"));
    new.leaf_validity = Duration::from_secs(3600);
    let certificate = world.authority.create_certificate(&new).unwrap();
    let world = TestAuthority { certificate, ..world };
    let key = world.key("fleet", 1);
    let connector = TestConnector::new();
    let first = world.authority.enroll(&connector.proof(&world.provisioning_key(&key))).unwrap();
    let fleet = Fleet { world, key, connector, first };
    let next = new_key();
    let lost = fleet.renew_first(&next).unwrap();
    fleet.world.clock.advance(DAY);
    let second = fleet.renew_first(&next).unwrap();
    assert!(!second.replay && second.serial != lost.serial);
    check(fleet.renew_first(&next), "replayed");
    check(fleet.renew(&renewal(&lost.chain[0], &next, &next, None)), "certificate_renewed");
    check(fleet.renew(&renewal(&second.chain[0], &next, &next, None)), "enrolled");
}

#[test]
fn a_connector_has_a_bounded_number_of_valid_certificates() {
    let fleet = Fleet::new();
    let signer = &fleet.connector.signer;
    let mut leaf = fleet.first.chain[0].clone();
    let mut renew = || {
        let answer = fleet.renew(&renewal(&leaf, signer, signer, None));
        if let Ok(renewed) = &answer {
            leaf = renewed.chain[0].clone();
        }
        code(answer)
    };
    for _ in 0..16 {
        assert_eq!(renew(), "enrolled");
    }
    assert_eq!(renew(), "renewal_too_early");
    fleet.world.clock.advance(366 * DAY);
    assert_eq!(renew(), "enrolled");
}

#[test]
fn pruning_removes_everything_of_a_connector() {
    let fleet = Fleet::new();
    let authority = &fleet.world.authority;
    let (second_key, third_key) = (new_key(), new_key());
    let second = fleet.renew_first(&second_key).unwrap();
    let third = renewal(&second.chain[0], &second_key, &third_key, None);
    // The first replay is stored at once, the second later.
    let [third, _, _] = [(); 3].map(|()| fleet.renew(&third).unwrap());
    authority.delete_key(fleet.key.id).unwrap();
    fleet.world.clock.advance(800 * DAY);
    let retention =
        Retention::default().expired_before(Timestamp::MAX).audit_before(Timestamp::MAX);
    assert_eq!(authority.prune(&retention).unwrap().enrollments, 1);
    authority.flush().unwrap();
    for prefix in ["enrollment", "replays"] {
        let range = ScanRange { prefix: prefix.into(), after: None, reverse: false };
        assert_eq!(fleet.world.environment.store.scan(&range, 100).unwrap(), []);
    }
    authority.delete_certificate(fleet.world.certificate.id).unwrap();
    check(
        fleet.renew(&renewal(&third.chain[0], &third_key, &third_key, None)),
        "certificate_unknown",
    );
}
