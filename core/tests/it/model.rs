//! Random histories, compared after every step with a model of a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use provkey::authority::{
    Authority, Compromise, ConnectorFilter, ConnectorId, Enrolled, KeyUpdate, PageRequest,
};
use provkey::key::{Keyring, ProvisioningKey};
use provkey::limits::FORMER_CERTIFICATES_MAX;
use provkey::x509::{RevocationList, RevocationReason};

use crate::common::{DAY, TestConnector, World, code, master, renewal};

const KEYS: usize = 2;
const CONNECTORS: usize = 5;
/// The first ones are those that the connectors begin with.
const KEY_PAIRS: usize = CONNECTORS + 3;
const LEAF_VALIDITY: Duration = Duration::from_secs(365 * 86_400);
const GRACE: Duration = Duration::from_secs(30 * 86_400);

#[derive(Clone, Debug)]
enum Step {
    Enroll {
        key: usize,
        connector: usize,
        bearer: bool,
    },
    SetMaxUses {
        key: usize,
        max_uses: u64,
    },
    Enable {
        key: usize,
        enabled: bool,
    },
    Delete {
        key: usize,
    },
    /// Renews the certificate that is `back` before the connector's own, for a key pair that may
    /// be anybody's. Whoever renews from one before has lost the answers since.
    Renew {
        connector: usize,
        back: usize,
        key_pair: usize,
    },
    Revoke {
        connector: usize,
    },
    Compromise {
        key: usize,
        dry_run: bool,
    },
    Copy {
        key: usize,
    },
    Wait {
        days: u32,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (key, connector) = (0..KEYS, 0..CONNECTORS);
    prop_oneof![
        12 => (key.clone(), connector.clone(), any::<bool>())
            .prop_map(|(key, connector, bearer)| Step::Enroll { key, connector, bearer }),
        3 => (key.clone(), 1..4_u64).prop_map(|(key, max_uses)| Step::SetMaxUses { key, max_uses }),
        2 => (key.clone(), any::<bool>()).prop_map(|(key, enabled)| Step::Enable { key, enabled }),
        1 => key.clone().prop_map(|key| Step::Delete { key }),
        8 => (connector.clone(), prop_oneof![5 => Just(0), 4 => Just(1), 1 => Just(2)], 0..KEY_PAIRS)
            .prop_map(|(connector, back, key_pair)| Step::Renew { connector, back, key_pair }),
        1 => connector.prop_map(|connector| Step::Revoke { connector }),
        1 => (key.clone(), any::<bool>())
            .prop_map(|(key, dry_run)| Step::Compromise { key, dry_run }),
        2 => key.prop_map(|key| Step::Copy { key }),
        1 => (1..300_u32).prop_map(|days| Step::Wait { days }),
        1 => Just(Step::Reopen),
    ]
}

/// What a key should be. `None` once it is deleted.
#[derive(Clone, Debug)]
struct ModelKey {
    max_uses: u64,
    used: u64,
    enabled: bool,
}

#[derive(Clone, Debug)]
struct ModelEnrollment {
    key: usize,
    id: ConnectorId,
    revoked: bool,
    /// The connector's certificate is the last.
    certificates: Vec<ModelCertificate>,
}

#[derive(Clone, Debug)]
struct ModelCertificate {
    key_pair: usize,
    ends: Duration,
    serial: String,
    leaf: Vec<u8>,
}

impl ModelEnrollment {
    fn current(&self) -> &ModelCertificate {
        self.certificates.last().unwrap()
    }
}

#[derive(Default)]
struct Model {
    keys: Vec<Option<ModelKey>>,
    enrollments: BTreeMap<usize, ModelEnrollment>,
    /// Which connector a key pair belongs to.
    owners: BTreeMap<usize, usize>,
    now: Duration,
}

impl Model {
    /// What an enrollment should come to.
    fn enroll(&self, key: usize, connector: usize) -> &'static str {
        let Some(state) = &self.keys[key] else { return "key_deleted" };
        match self.enrollments.get(&connector) {
            _ if !state.enabled => "key_disabled",
            Some(enrollment) if enrollment.key != key => "public_key_in_use",
            Some(enrollment) if enrollment.revoked => "connector_revoked",
            Some(enrollment) if enrollment.current().key_pair != connector => "certificate_renewed",
            Some(enrollment) if self.now > enrollment.current().ends => "certificate_expired",
            Some(_) => "replayed",
            None if self.owners.contains_key(&connector) => "public_key_in_use",
            None if state.used >= state.max_uses => "key_exhausted",
            None => "enrolled",
        }
    }

    /// What a renewal should come to.
    fn renew(&self, connector: usize, back: usize, key_pair: usize) -> &'static str {
        let enrollment = &self.enrollments[&connector];
        let certificates = &enrollment.certificates;
        let (old, current) = (&certificates[certificates.len() - 1 - back], enrollment.current());
        let valid = certificates.iter().filter(|one| one.ends >= self.now).count();
        let owner = self.owners.get(&key_pair);
        match back {
            // Once it has expired it may be forgotten, or not.
            2 if self.now > old.ends => "either",
            _ if enrollment.revoked => "connector_revoked",
            2 => "certificate_renewed",
            1 if key_pair != current.key_pair => "certificate_renewed",
            1 if self.now <= current.ends => "replayed",
            _ if valid > FORMER_CERTIFICATES_MAX => "renewal_too_early",
            _ if owner.is_some_and(|owner| *owner != connector) => "public_key_in_use",
            _ if self.now > old.ends + GRACE => "renewal_too_late",
            _ => "enrolled",
        }
    }
}

/// The authority and the model side by side.
struct Both {
    world: World,
    authority: Authority,
    keys: Vec<(provkey::key::KeyId, ProvisioningKey)>,
    /// One for each key pair.
    connectors: Vec<TestConnector>,
    model: Model,
}

impl Both {
    fn new() -> Self {
        let world = World::new();
        let mut model = Model::default();
        let keys = (0..KEYS).map(|index| {
            let details = world.key(&format!("key {index}"), 2);
            model.keys.push(Some(ModelKey { max_uses: 2, used: 0, enabled: true }));
            (details.id, world.provisioning_key(&details))
        });
        let keys = keys.collect();
        let connectors = (0..KEY_PAIRS).map(|_| TestConnector::new()).collect();
        Self { authority: world.authority.clone(), world, keys, connectors, model }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Enroll { key, connector, bearer } => self.enroll(key, connector, bearer),
            Step::SetMaxUses { key, max_uses } => {
                self.update(key, &KeyUpdate { max_uses: Some(max_uses), ..KeyUpdate::default() });
                if let Some(state) = &mut self.model.keys[key] {
                    state.max_uses = max_uses;
                }
            }
            Step::Enable { key, enabled } => {
                self.update(key, &KeyUpdate { enabled: Some(enabled), ..KeyUpdate::default() });
                if let Some(state) = &mut self.model.keys[key] {
                    state.enabled = enabled;
                }
            }
            Step::Delete { key } => {
                let deleted = self.authority.delete_key(self.keys[key].0);
                assert_eq!(deleted.is_ok(), self.model.keys[key].take().is_some());
            }
            Step::Renew { connector, back, key_pair } => self.renew(connector, back, key_pair),
            Step::Revoke { connector } => self.revoke(connector),
            Step::Compromise { key, dry_run } => self.compromise(key, dry_run),
            Step::Copy { key } => self.copy(key),
            Step::Wait { days } => {
                self.world.clock.advance(days * DAY);
                self.model.now += days * DAY;
            }
            Step::Reopen => {
                let environment = self.world.environment.clone();
                self.authority = Authority::open(environment, Keyring::new(master(1))).unwrap();
            }
        }
    }

    fn enroll(&mut self, key: usize, connector: usize, bearer: bool) {
        let (text, asks) = (&self.keys[key].1, &self.connectors[connector]);
        let request = if bearer { asks.bearer(text) } else { asks.proof(text) };
        let answer = self.authority.enroll(&request);
        let expected = self.model.enroll(key, connector);
        if let Ok(enrolled) = &answer {
            let certificate = self.certificate(connector, enrolled);
            let enrollment = self.model.enrollments.entry(connector).or_insert(ModelEnrollment {
                key,
                id: enrolled.connector,
                revoked: false,
                certificates: vec![certificate],
            });
            self.model.owners.insert(connector, connector);
            let serial = &enrollment.current().serial;
            assert_eq!(*serial, enrolled.serial, "one connector, one certificate");
        }
        assert_eq!(code(answer), expected);
        if expected == "enrolled"
            && let Some(state) = &mut self.model.keys[key]
        {
            state.used += 1;
        }
    }

    /// The certificate of a new answer, for this key pair.
    fn certificate(&self, key_pair: usize, answer: &Enrolled) -> ModelCertificate {
        let ends = self.model.now + LEAF_VALIDITY;
        let (serial, leaf) = (answer.serial.clone(), answer.chain[0].clone());
        ModelCertificate { key_pair, ends, serial, leaf }
    }

    fn renew(&mut self, connector: usize, back: usize, key_pair: usize) {
        let Some(enrollment) = self.model.enrollments.get(&connector) else { return };
        let Some(at) = enrollment.certificates.len().checked_sub(1 + back) else { return };
        let old = &enrollment.certificates[at];
        let [old_key, new_key] =
            [old.key_pair, key_pair].map(|index| &self.connectors[index].signer);
        let answer = self.authority.renew(&renewal(&old.leaf, old_key, new_key, None));
        let expected = self.model.renew(connector, back, key_pair);
        if let Ok(renewed) = &answer {
            assert_eq!(renewed.connector, enrollment.id);
            let new = self.certificate(key_pair, renewed);
            let enrollment = self.model.enrollments.get_mut(&connector).unwrap();
            if renewed.replay {
                assert_eq!(new.serial, enrollment.current().serial, "a certificate renews once");
            } else {
                // An answer that expired before anybody had it makes room for another.
                let last = enrollment.certificates.len() - 1;
                enrollment.certificates.swap(last, last - back);
                enrollment.certificates.push(new);
                self.model.owners.insert(key_pair, connector);
            }
        }
        match code(answer) {
            "certificate_renewed" | "certificate_unknown" | "connector_revoked"
                if expected == "either" => {}
            seen => assert_eq!(seen, expected),
        }
    }

    fn update(&self, key: usize, update: &KeyUpdate) {
        let updated = self.authority.update_key(self.keys[key].0, update);
        assert_eq!(updated.is_ok(), self.model.keys[key].is_some());
    }

    fn revoke(&mut self, connector: usize) {
        if let Some(enrollment) = self.model.enrollments.get_mut(&connector) {
            self.authority.revoke_connector(enrollment.id, RevocationReason::default()).unwrap();
            enrollment.revoked = true;
        }
    }

    fn compromise(&mut self, key: usize, dry_run: bool) {
        let what = Compromise { since: None, dry_run };
        let done = self.authority.compromise_key(self.keys[key].0, &what).unwrap();
        let of_key = self.model.enrollments.values_mut().filter(|one| one.key == key);
        let (mut connectors, mut revoked) = (0, 0);
        for enrollment in of_key {
            connectors += 1;
            revoked += u64::from(!enrollment.revoked);
            enrollment.revoked |= !dry_run;
        }
        assert_eq!((done.connectors, done.revoked), (connectors, revoked));
        if let (Some(state), false) = (&mut self.model.keys[key], dry_run) {
            state.enabled = false;
        }
    }

    fn copy(&self, key: usize) {
        let expected = match &self.model.keys[key] {
            None => "key_deleted",
            Some(state) if state.used >= state.max_uses => "key_exhausted",
            Some(_) => "copied",
        };
        let copied = self.authority.copy_key(self.keys[key].0);
        assert_eq!(copied.map_or_else(|error| error.code(), |_| "copied"), expected);
    }

    /// The CRL has what was revoked, as long as it has not expired.
    fn compare_crl(&self) {
        let crl = self.authority.crl(self.world.certificate.id).unwrap();
        let list = RevocationList::parse(&crl.der).unwrap();
        let serials: Vec<_> = list.revoked.iter().map(|one| one.serial.to_string()).collect();
        for enrollment in self.model.enrollments.values() {
            for certificate in &enrollment.certificates {
                let listed = serials.contains(&certificate.serial);
                assert!(enrollment.revoked || !listed);
                if self.model.now <= certificate.ends {
                    assert_eq!(listed, enrollment.revoked);
                }
            }
        }
    }

    /// All that can be seen of the keys and connectors is as the model says.
    fn compare(&self) {
        self.compare_crl();
        for (index, ((id, _), expected)) in self.keys.iter().zip(&self.model.keys).enumerate() {
            let seen = self.authority.key(*id).ok();
            let seen = seen.map(|key| (key.max_uses, key.used, key.enabled, key.copyable()));
            let expected = expected
                .as_ref()
                .map(|key| (key.max_uses, key.used, key.enabled, key.used < key.max_uses));
            assert_eq!(seen, expected);
            let filter = ConnectorFilter { key: Some(*id), ..ConnectorFilter::default() };
            let listed = self.authority.list_connectors(&filter, &PageRequest::default()).unwrap();
            let enrolled = self.model.enrollments.values().filter(|one| one.key == index).count();
            assert_eq!(listed.items.len(), enrolled, "every counted use has its record");
        }
        for expected in self.model.enrollments.values() {
            let seen = self.authority.connector(expected.id).unwrap();
            assert_eq!(seen.serial, expected.current().serial);
            assert_eq!(seen.renewals, expected.certificates.len() as u64 - 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("PROVKEY_TEST_DEEP").is_some() { 2000 } else { 60 }
    ))]

    #[test]
    fn any_history_is_as_the_model_says(steps in vec(step(), 1..40)) {
        let mut both = Both::new();
        for step in &steps {
            both.take(step);
            both.compare();
        }
    }
}
