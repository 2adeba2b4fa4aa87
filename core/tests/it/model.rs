//! Random histories, compared after every step with a model of a few lines.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use provkey::authority::{Authority, Compromise, ConnectorFilter, KeyUpdate, PageRequest};
use provkey::key::{Keyring, ProvisioningKey};
use provkey::x509::RevocationReason;

use crate::common::{DAY, TestConnector, World, code, master};

const KEYS: usize = 2;
const CONNECTORS: usize = 5;
const LEAF_VALIDITY: Duration = Duration::from_secs(365 * 86_400);

#[derive(Clone, Debug)]
enum Step {
    Enroll { key: usize, connector: usize, bearer: bool },
    SetMaxUses { key: usize, max_uses: u64 },
    Enable { key: usize, enabled: bool },
    Delete { key: usize },
    Revoke { connector: usize },
    Compromise { key: usize, dry_run: bool },
    Copy { key: usize },
    Wait { days: u32 },
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
    ends: Duration,
    revoked: bool,
    serial: String,
}

#[derive(Default)]
struct Model {
    keys: Vec<Option<ModelKey>>,
    enrollments: BTreeMap<usize, ModelEnrollment>,
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
            Some(enrollment) if self.now > enrollment.ends => "certificate_expired",
            Some(_) => "replayed",
            None if state.used >= state.max_uses => "key_exhausted",
            None => "enrolled",
        }
    }
}

/// The authority and the model side by side.
struct Both {
    world: World,
    authority: Authority,
    keys: Vec<(provkey::key::KeyId, ProvisioningKey)>,
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
        let connectors = (0..CONNECTORS).map(|_| TestConnector::new()).collect();
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
            let ends = self.model.now + LEAF_VALIDITY;
            let serial = enrolled.serial.clone();
            let enrollment = self.model.enrollments.entry(connector).or_insert(ModelEnrollment {
                key,
                ends,
                revoked: false,
                serial,
            });
            assert_eq!(enrollment.serial, enrolled.serial, "one connector, one certificate");
        }
        assert_eq!(code(answer), expected);
        if expected == "enrolled"
            && let Some(state) = &mut self.model.keys[key]
        {
            state.used += 1;
        }
    }

    fn update(&self, key: usize, update: &KeyUpdate) {
        let updated = self.authority.update_key(self.keys[key].0, update);
        assert_eq!(updated.is_ok(), self.model.keys[key].is_some());
    }

    fn revoke(&mut self, connector: usize) {
        if let Some(enrollment) = self.model.enrollments.get_mut(&connector) {
            let filter = ConnectorFilter::default();
            let all = self.authority.list_connectors(&filter, &PageRequest::default()).unwrap();
            let found = all.items.iter().find(|one| one.serial == enrollment.serial).unwrap();
            self.authority.revoke_connector(found.id, RevocationReason::default()).unwrap();
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

    /// All that can be seen of the keys and connectors is as the model says.
    fn compare(&self) {
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
