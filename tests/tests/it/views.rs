//! The views of SQLite and PostgreSQL show what the library shows, to the same queries.

use std::sync::Arc;
use std::time::Duration;

use provkey::authority::{
    AuditFilter, Authority, Compromise, ConnectorFilter, EnrollRequest, Environment, NewAuthority,
    NewCertificate, NewKey, PageRequest, RenewRequest,
};
use provkey::key::{Host, Keyring, MasterKey, ProvisioningKey};
use provkey::store::{QueryLimits, QueryValue, Store};
use provkey::testing::TestClock;
use provkey::time::Timestamp;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
use provkey_postgres::PostgresStore;
use provkey_sqlite::SqliteStore;
use provkey_tests::PostgresServer;
use tempfile::TempDir;

use crate::site::{connector, name, request};

/// 2020-01-01T00:00:00.123Z. In the past, for the views read the clock of the machine.
const BEGINNING: Timestamp = Timestamp::from_unix_ms(1_577_836_800_123);

#[test]
fn views_on_sqlite_show_what_the_library_shows() {
    let folder = TempDir::new().unwrap();
    check(Arc::new(SqliteStore::create(folder.path().join("store.db")).unwrap()));
}

#[test]
fn views_on_postgresql_show_what_the_library_shows() {
    let server = PostgresServer::start();
    let url = server.new_database();
    let store = PostgresStore::create(&url).unwrap();
    let role = "CREATE ROLE provkey_query; GRANT USAGE ON SCHEMA provkey TO provkey_query;
        GRANT SELECT ON provkey.provisioning_keys, provkey.enrollments, provkey.audit,
            provkey.connector_groups, provkey.enrollment_certificates TO provkey_query";
    server.sql(url.rsplit('/').next().unwrap(), role);
    check(Arc::new(store));
}

/// All rows, with a bar between the cells, as text.
fn rows(authority: &Authority, sql: &str) -> Vec<String> {
    let cell = |value: &QueryValue| match value {
        QueryValue::Null => "-".into(),
        QueryValue::Text(text) => text.clone(),
        QueryValue::Integer(number) => number.to_string(),
        other => panic!("{other:?} in {sql}"),
    };
    let found = authority.query(sql, &QueryLimits::default()).unwrap();
    found.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" | ")).collect()
}

fn moment(at: Option<Timestamp>) -> String {
    at.map_or("-".into(), |at| at.to_string())
}

/// Enrolls a connector, and renews its certificate for another key pair.
fn enroll_and_renew(authority: &Authority, key: &ProvisioningKey) {
    let mut identity = connector();
    let csr = request(&mut identity, key);
    let address = Some("192.0.2.7".parse().unwrap());
    let enrolled = authority.enroll(&EnrollRequest::new(csr).address(address)).unwrap();
    let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
    let renewal = RenewRequest::new(build_csr(&signer, &[]).unwrap())
        .client_certificate(enrolled.chain[0].clone());
    authority.renew(&renewal).unwrap();
}

fn check(store: Arc<dyn Store>) {
    let clock = Arc::new(TestClock::new(BEGINNING));
    let environment = Environment::system(store).clock(clock.clone());
    let new = NewAuthority::new(Host::parse("api.private.example.com").unwrap());
    let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
    let authority = Authority::create(environment, keyring, &new).unwrap();
    let group = authority.create_group(&name("Branch offices")).unwrap();
    let certificate = authority.create_certificate(&NewCertificate::new(name("CA 1"))).unwrap();
    let new = |text, uses| NewKey::new(name(text), group.id, certificate.id, uses);
    let expired = Some(Timestamp::from_unix_seconds(1_577_836_801));
    let keys = [
        new("usable", 2),
        new("exhausted", 1),
        new("disabled", 1).enabled(false),
        new("expired", 1).expires_at(expired),
        new("compromised", 1),
    ]
    .map(|new| authority.create_key(&new).unwrap().id);
    authority.compromise_key(keys[4], &Compromise::default()).unwrap();
    for key in &keys[..2] {
        let text = authority.copy_key(*key).unwrap();
        let key = ProvisioningKey::read(text.expose().as_bytes()).unwrap();
        enroll_and_renew(&authority, &key);
    }
    clock.advance(Duration::from_secs(60));

    let check = |sql: &str, mut wanted: Vec<String>| {
        let mut found = rows(&authority, sql);
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{sql}");
    };
    let page = PageRequest { limit: 100, after: None };
    for (view, id, name) in [
        ("connector_groups", group.id.to_string(), "Branch offices"),
        ("enrollment_certificates", certificate.id.to_string(), "CA 1"),
    ] {
        check(
            &format!("SELECT id, name, created_at, keys FROM {view}"),
            vec![format!("{id} | {name} | 2020-01-01T00:00:00.123Z | 5")],
        );
    }
    let wanted = keys.iter().map(|key| {
        let key = authority.key(*key).unwrap();
        let (last, expires) = (moment(key.last_used_at), moment(key.expires_at));
        let (compromised, state) = (moment(key.compromised_at), key.state.as_str());
        let (id, name, used, max_uses) = (key.id, key.name, key.used, key.max_uses);
        format!(
            "{id} | {name} | {used} | {max_uses} | {state} | {last} | {expires} | {compromised}"
        )
    });
    check(
        "SELECT id, name, used, max_uses, state, last_used_at, expires_at, compromised_at
         FROM provisioning_keys",
        wanted.collect(),
    );
    check(
        "SELECT DISTINCT host, group_name, certificate_name FROM provisioning_keys",
        vec!["api.private.example.com | Branch offices | CA 1".into()],
    );
    let connectors = authority.list_connectors(&ConnectorFilter::default(), &page).unwrap().items;
    assert_eq!(connectors.len(), 2);
    let wanted = connectors.iter().map(|one| {
        let (id, key, serial, replays) = (&one.id, &one.key, &one.serial, one.replays);
        let (enrolled, ends) = (one.enrolled_at, one.not_after);
        format!("{id} | {key} | {serial} | {enrolled} | 192.0.2.7 | {ends} | - | {replays}")
    });
    check(
        "SELECT connector, key, serial, enrolled_at, address, not_after, revoked_at, replays
         FROM enrollments",
        wanted.collect(),
    );
    let audit = authority.list_audit(&AuditFilter::default(), &page).unwrap().items;
    let wanted = audit.iter().map(|record| {
        let (at, action) = (record.at, record.action.as_str());
        let key = record.key.map_or("-".into(), |key| key.to_string());
        let connector = record.connector.map_or("-".into(), |connector| connector.to_string());
        format!("{at} | {action} | {key} | {connector}")
    });
    check("SELECT at, action, key, connector FROM audit", wanted.collect());
}
