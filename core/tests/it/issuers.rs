//! Enrollment certificates in use: retired ones, and those whose key lives elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use provkey::authority::{
    Authority, CertificateWarning, ConnectorFilter, EnrollmentCertificate, KeyUpdate,
    NewCertificate, NewKey, PageRequest,
};
use provkey::key::{KeyId, Keyring, ProvisioningKey, Slot};
use provkey::testing::TestAuthority;
use provkey::x509::{KeyAlgorithm, PublicKey, Signer, SignerError, SoftwareSigner};

use crate::common::{DAY, TestConnector, code, master, name};

const WORKS: u8 = 0;
const IS_AWAY: u8 = 1;
const SIGNS_WRONGLY: u8 = 2;

/// A key in a token that can be unplugged or broken.
struct Token {
    signer: SoftwareSigner,
    state: AtomicU8,
}

impl Token {
    fn new(algorithm: KeyAlgorithm) -> Arc<Self> {
        let (signer, _) = SoftwareSigner::generate(algorithm).unwrap();
        Arc::new(Self { signer, state: AtomicU8::new(WORKS) })
    }

    fn becomes(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }
}

impl Signer for Token {
    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        match self.state.load(Ordering::SeqCst) {
            IS_AWAY => Err(SignerError::Unavailable("the token is gone".into())),
            SIGNS_WRONGLY => self.signer.sign(b"something else"),
            _ => self.signer.sign(message),
        }
    }
}

fn create(world: &TestAuthority, token: &Arc<Token>) -> EnrollmentCertificate {
    let mut new = NewCertificate::new(name("In a token"));
    new.signer = Some(token.clone());
    world.authority.create_certificate(&new).unwrap()
}

fn key_under(
    world: &TestAuthority,
    certificate: &EnrollmentCertificate,
) -> (KeyId, ProvisioningKey) {
    let new = NewKey::new(name("fleet"), world.group.id, certificate.id, 5);
    let key = world.authority.create_key(&new).unwrap();
    (key.id, world.provisioning_key(&key))
}

#[test]
fn a_key_elsewhere_signs_while_its_signer_is_there() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let world = TestAuthority::new();
        let token = Token::new(algorithm);
        let certificate = create(&world, &token);
        assert!(certificate.key_elsewhere && !world.certificate.key_elsewhere);
        let (id, text) = key_under(&world, &certificate);
        let check = |authority: &Authority, expected: &str, used| {
            let outcome = authority.enroll(&TestConnector::new().proof(&text));
            assert_eq!(outcome.as_ref().err().is_some_and(|e| e.retryable()), expected == AWAY);
            assert_eq!(code(outcome), expected);
            assert_eq!(authority.key(id).unwrap().used, used);
        };
        check(&world.authority, "enrolled", 1);
        token.becomes(IS_AWAY);
        check(&world.authority, AWAY, 1);
        token.becomes(SIGNS_WRONGLY);
        check(&world.authority, "signer_bad_signature", 1);
        token.becomes(WORKS);
        check(&world.authority, "enrolled", 2);

        let opened = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
        check(&opened, "signer_missing", 2);
        opened.attach_signer(Token::new(algorithm)).unwrap();
        check(&opened, "signer_missing", 2);
        opened.attach_signer(token).unwrap();
        check(&opened, "enrolled", 3);
    }
}

const AWAY: &str = "signer_unavailable";

#[test]
fn a_replay_needs_no_signer() {
    let world = TestAuthority::new();
    let (_, text) = key_under(&world, &create(&world, &Token::new(KeyAlgorithm::Ed25519)));
    let connector = TestConnector::new();
    let first = world.authority.enroll(&connector.proof(&text)).unwrap();
    let opened = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    let again = opened.enroll(&connector.proof(&text)).unwrap();
    assert_eq!((again.replay, again.chain), (true, first.chain));
}

#[test]
fn a_key_elsewhere_needs_no_master_key() {
    let world = TestAuthority::new();
    let token = Token::new(KeyAlgorithm::Ed25519);
    let certificate = create(&world, &token);
    let slot = Slot::new(1).unwrap();
    let keyring = Keyring::new(master(1)).with(slot, master(2)).with_current(slot).unwrap();
    world.authority.rotate_master(keyring).unwrap();
    world.authority.remove_master(Slot::new(0).unwrap()).unwrap();
    let (id, text) = key_under(&world, &certificate);
    assert_eq!(code(world.authority.enroll(&TestConnector::new().proof(&text))), "enrolled");
    world.authority.delete_key(id).unwrap();
    let refused = world.authority.delete_certificate(certificate.id).unwrap_err();
    assert_eq!(refused.code(), "certificate_in_use");
}

#[test]
fn a_retired_certificate_enrolls_no_connector_until_the_key_is_moved() {
    let world = TestAuthority::new();
    let key = world.key("fleet", 5);
    let text = world.provisioning_key(&key);
    let early = TestConnector::new();
    world.authority.enroll(&early.proof(&text)).unwrap();
    // Another process has opened the issuer before it is retired here.
    let other = Authority::open(world.environment.clone(), Keyring::new(master(1))).unwrap();
    other.enroll(&TestConnector::new().proof(&text)).unwrap();
    let retired = world.authority.retire_certificate(world.certificate.id).unwrap();
    assert_eq!(world.authority.retire_certificate(world.certificate.id).unwrap(), retired);
    assert!(retired.retired_at.is_some());

    for authority in [&world.authority, &other] {
        let refused = authority.enroll(&TestConnector::new().proof(&text));
        assert_eq!(code(refused), "certificate_retired");
        assert_eq!(code(authority.enroll(&early.proof(&text))), "replayed");
    }
    assert_eq!(world.used(&key), 2);
    let refused = world.authority.create_key(&world.new_key("another", 1)).unwrap_err();
    assert_eq!(refused.code(), "certificate_retired");

    let new = world.authority.create_certificate(&NewCertificate::new(name("CA 2"))).unwrap();
    let update = KeyUpdate::default().certificate(new.id);
    world.authority.update_key(key.id, &update).unwrap();
    assert_eq!(code(other.enroll(&TestConnector::new().proof(&text))), "enrolled");
    let back = KeyUpdate::default().certificate(world.certificate.id);
    let refused = world.authority.update_key(key.id, &back).unwrap_err();
    assert_eq!(refused.code(), "certificate_retired");
    assert_eq!(world.used(&key), 3);
}

#[test]
fn what_depends_on_a_certificate_is_counted_and_listed() {
    let world = TestAuthority::new();
    let text = world.provisioning_key(&world.key("fleet", 5));
    let mut ids: Vec<_> = (0..3)
        .map(|_| world.authority.enroll(&TestConnector::new().proof(&text)).unwrap().connector)
        .collect();
    let other = world.authority.create_certificate(&NewCertificate::new(name("CA 2"))).unwrap();
    let check = |certificate, expected: &[_]| {
        let filter = ConnectorFilter::default().certificate(certificate);
        let listed = world.authority.list_connectors(&filter, &PageRequest::default()).unwrap();
        let mut listed: Vec<_> = listed.items.iter().map(|connector| connector.id).collect();
        listed.sort();
        assert_eq!(listed, expected);
        let count = world.authority.count_connectors(certificate).unwrap();
        assert_eq!(count, expected.len() as u64);
    };
    ids.sort();
    check(world.certificate.id, &ids);
    check(other.id, &[]);
}

#[test]
fn an_operator_is_warned_in_time() {
    let world = TestAuthority::new();
    let mut new = NewCertificate::new(name("Short"));
    (new.validity, new.leaf_validity) = (200 * DAY, 30 * DAY);
    let certificate = world.authority.create_certificate(&new).unwrap();
    let now = provkey::time::Clock::now(&*world.clock);
    let check = |after: Duration, expected: &[CertificateWarning]| {
        assert_eq!(certificate.warnings(now.plus(after)), expected);
    };
    check(DAY, &[]);
    check(120 * DAY, &[CertificateWarning::ExpiresSoon]);
    check(180 * DAY, &[CertificateWarning::ExpiresSoon, CertificateWarning::LeavesCutShort]);
    check(201 * DAY, &[CertificateWarning::Expired]);
    assert_eq!(certificate.warnings(now.minus(DAY)), [CertificateWarning::NotYetValid]);
    let retired = world.authority.retire_certificate(certificate.id).unwrap();
    assert_eq!(retired.warnings(now), [CertificateWarning::Retired]);
}
