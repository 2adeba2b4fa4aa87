//! A store whose records are damaged: errors with a code, never a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use provkey::authority::{
    AuditFilter, Authority, ConnectorFilter, EnrollRequest, Environment, KeyFilter, KeyUpdate,
    PageRequest, Retention,
};
use provkey::key::Keyring;
use provkey::store::{Memory, Operation, Record, RecordKey, ScanRange, Store, Unit, Value};
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::common::{DAY, TestConnector, master, name};

fn records(store: &dyn Store) -> Vec<Record> {
    store.scan(&ScanRange::prefix(""), 1000).unwrap()
}

fn store_of(records: &[Record]) -> Arc<Memory> {
    let store = Memory::new();
    for Record { key, value, .. } in records {
        let (key, body) = match value {
            Value::Body(body) => (key.clone(), Some(body.clone())),
            Value::Counter(_) => (key.clone(), None),
        };
        let first = match (body, value) {
            (Some(body), _) => Operation::Put { key: key.clone(), body },
            (None, Value::Counter(counter)) => {
                Operation::SetLimit { counter: key.clone(), limit: counter.limit }
            }
            (None, Value::Body(_)) => continue,
        };
        store.apply(&[Unit::new(vec![first])]).unwrap();
        if let Value::Counter(counter) = value
            && counter.used > 0
        {
            let by = counter.used as i64;
            let count = Operation::Count { counter: key, by, at_ms: 1 };
            store.apply(&[Unit::new(vec![count])]).unwrap();
        }
    }
    Arc::new(store)
}

/// The body with each of its fields replaced by wrong values.
fn damaged_bodies(body: &[u8]) -> Vec<Vec<u8>> {
    let mut bodies = vec![Vec::new(), b"{".to_vec(), vec![0xff; 300]];
    let Ok(Json::Object(fields)) = serde_json::from_slice(body) else {
        return bodies;
    };
    for field in fields.keys() {
        for odd in [json!(u64::MAX), json!("f".repeat(600)), json!("")] {
            let mut fields = fields.clone();
            fields.insert(field.clone(), odd);
            bodies.push(serde_json::to_vec(&fields).unwrap());
        }
    }
    bodies
}

/// Every call that an application can make. Its result does not matter here.
fn use_it(environment: &Environment, world: &TestAuthority, requests: &[EnrollRequest]) {
    let Ok(authority) = Authority::open(environment.clone(), Keyring::new(master(1))) else {
        return;
    };
    let page = PageRequest::default();
    for request in requests {
        let _ = authority.enroll(request);
    }
    let _ = authority.flush();
    let _ = authority.list_groups(&page);
    let _ = authority.list_certificates(&page);
    if let Ok(audit) = authority.list_audit(&AuditFilter::default(), &page) {
        audit.items.iter().for_each(|record| drop(record.at.to_string()));
    }
    if let Ok(connectors) = authority.list_connectors(&ConnectorFilter::default(), &page) {
        connectors.items.iter().for_each(|one| drop(one.not_after.to_string()));
    }
    if let Ok(keys) = authority.list_keys(&KeyFilter::default(), &page) {
        keys.items.iter().for_each(|key| drop(key.created_at.to_string()));
        for key in keys.items {
            let update = KeyUpdate::default().expires_at(None);
            let _ = authority.update_key(key.id, &update);
            let _ = authority.download_key(key.id);
            let _ = authority.delete_key(key.id);
        }
    }
    let _ = authority.add_host(&provkey::key::Host::parse("other.example.com").unwrap());
    let _ = authority.prune(
        &Retention::default()
            .audit_before(Timestamp::from_unix_ms(1))
            .expired_before(Timestamp::MAX),
    );
    let _ = authority.delete_certificate(world.certificate.id);
    let _ = authority.delete_group(world.group.id);
    let _ = authority.create_group(&name("Another"));
}

#[test]
fn no_damage_causes_a_panic() {
    let store = Arc::new(Memory::new());
    let world = TestAuthority::over(store.clone());
    let key = world.key("fleet", 5);
    let gone = world.key("gone", 5);
    let requests =
        [&key, &gone].map(|key| TestConnector::new().proof(&world.provisioning_key(key)));
    for request in requests.iter().chain(&requests) {
        world.authority.enroll(request).unwrap();
    }
    world.authority.delete_key(gone.id).unwrap();
    world.clock.advance(800 * DAY);

    let sound = records(&*store);
    let control = world.environment.clone().store(store_of(&sound));
    use_it(&control, &world, &requests);
    let used = Authority::open(control, Keyring::new(master(1))).unwrap();
    used.find_group("Another").expect("what is sound is used to the end");
    for index in 0..sound.len() {
        let bodies = match &sound[index].value {
            Value::Body(body) => damaged_bodies(body),
            Value::Counter(_) => vec![b"no counter".to_vec()],
        };
        for body in bodies {
            let mut damaged = sound.clone();
            damaged[index].value = Value::Body(body.clone());
            let environment = world.environment.clone().store(store_of(&damaged));
            let used = AssertUnwindSafe(|| use_it(&environment, &world, &requests));
            let (key, body) = (&sound[index].key, body.escape_ascii());
            assert!(catch_unwind(used).is_ok(), "{key:?}: {body}");
        }
    }
}

#[test]
fn damage_is_reported_and_not_retryable() {
    let store = Arc::new(Memory::new());
    let world = TestAuthority::over(store.clone());
    let key = world.key("fleet", 5);
    let request = TestConnector::new().proof(&world.provisioning_key(&key));
    let counter = RecordKey::new(format!("group-users/{}", world.group.id)).unwrap();
    let count = Operation::Count { counter, by: -1, at_ms: 1 };
    store.apply(&[Unit::new(vec![count])]).unwrap();
    assert_eq!(world.authority.delete_key(key.id).unwrap_err().code(), "store_corrupt");

    let counter = RecordKey::new(format!("key-uses/{}", key.id)).unwrap();
    store.apply(&[Unit::new(vec![Operation::Delete { key: counter }])]).unwrap();
    assert_eq!(world.authority.key(key.id).unwrap_err().code(), "store_corrupt");
    assert_eq!(world.authority.enroll(&request).unwrap_err().code(), "store_corrupt");
}
