//! The authority of a run: how large it is, its keys and its enrollment certificates.

use std::time::Duration;

use provkey::authority::{
    Authority, CertificateId, Environment, Name, NewAuthority, NewCertificate, NewKey,
};
use provkey::key::{Host, KeyId, Keyring, MasterKey};
use provkey::x509::KeyAlgorithm;

use super::chance::Chance;

pub(super) const NODES: usize = 3;
pub(super) const KEYS: usize = 2;
pub(super) const CERTIFICATES: usize = 3;
const LEAF_VALIDITY: Duration = Duration::from_secs(72 * 3600);
pub(super) const RENEWAL_GRACE: Duration = Duration::from_secs(24 * 3600);
pub(super) const HOUR_MS: usize = 3_600_000;

/// A provisioning key.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) text: String,
}

/// What the operations refer to by number.
pub(super) struct Fixture {
    pub(super) keys: Vec<Key>,
    pub(super) certificates: Vec<CertificateId>,
}

impl Fixture {
    /// Creates the authority in an empty store.
    pub(super) fn create(environment: Environment, chance: &Chance) -> Self {
        let host = Host::parse("api.example.com").expect("it is canonical");
        let new = NewAuthority::new(host).algorithm(KeyAlgorithm::Ed25519);
        let authority = Authority::create(environment, keyring(), &new);
        let authority = authority.expect("the store is empty");
        let name = |name: &str| Name::parse(name).expect("it is a name");
        let group = authority.create_group(&name("group")).expect("it is the first").id;
        let certificate = |number: usize| {
            let new = NewCertificate::new(name(&format!("certificate {number}")))
                .algorithm(KeyAlgorithm::Ed25519)
                .leaf_validity(LEAF_VALIDITY)
                .renewal_grace(RENEWAL_GRACE);
            authority.create_certificate(&new).expect("its name is new").id
        };
        let certificates: Vec<_> = (0..CERTIFICATES).map(certificate).collect();
        let key = |number: usize| {
            let max_uses = 1 + chance.below(4) as u64;
            let new = NewKey::new(name(&format!("key {number}")), group, certificates[0], max_uses);
            let id = authority.create_key(&new).expect("its name is new").id;
            let text = authority.copy_key(id).expect("it has uses").expose().to_owned();
            Key { id, text }
        };
        Self { keys: (0..KEYS).map(key).collect(), certificates }
    }
}

pub(super) fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_bytes([7; 32]))
}
