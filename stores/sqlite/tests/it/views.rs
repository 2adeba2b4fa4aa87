//! The views for people say what the library says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use provkey::authority::{
    AuditFilter, Authority, Compromise, ConnectorFilter, EnrollRequest, Enrolled, Environment,
    Name, NewAuthority, NewCertificate, NewKey, PageRequest, RenewRequest,
};
use provkey::key::{Host, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::random::{Random, RandomError};
use provkey::store::{QueryLimits, QueryValue};
use provkey::time::{Clock, Timestamp};
use provkey::x509::{KeyAlgorithm, Signer, SoftwareSigner, build_csr};
use provkey_sqlite::SqliteStore;

use crate::temporary;

/// In the past, for the views look at the clock of the machine.
struct Past(AtomicU64);

impl Clock for Past {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Each call gives other bytes.
struct Different(AtomicU64);

impl Random for Different {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let next = self.0.fetch_add(1, Ordering::SeqCst);
        bytes.fill(next as u8);
        Ok(())
    }
}

fn authority(store: SqliteStore, clock: Arc<Past>) -> Authority {
    let environment = Environment {
        store: Arc::new(store),
        clock,
        random: Arc::new(Different(1.into())),
        observer: None,
    };
    let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
    let host = Host::parse("api.private.example.com").unwrap();
    Authority::create(environment, keyring, &NewAuthority::new(host)).unwrap()
}

fn enroll(authority: &Authority, key: &ProvisioningKey) -> Enrolled {
    let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
    let proof = Proof::make(key, signer.public_key().spki(), None);
    let csr = build_csr(&signer, &[&proof.to_attribute()]).unwrap();
    let address = Some("192.0.2.7".parse().unwrap());
    authority.enroll(&EnrollRequest { csr, address, ..EnrollRequest::default() }).unwrap()
}

/// Renews with another key pair.
fn renew(authority: &Authority, mut enrolled: Enrolled) {
    let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
    let csr = build_csr(&signer, &[]).unwrap();
    let client_certificate = Some(enrolled.chain.remove(0));
    authority.renew(&RenewRequest { csr, client_certificate, ..RenewRequest::default() }).unwrap();
}

/// All rows of some columns, as text.
fn rows(authority: &Authority, sql: &str) -> Vec<String> {
    let found = authority.query(sql, &QueryLimits::default()).unwrap();
    let cell = |value: &QueryValue| match value {
        QueryValue::Null => "-".into(),
        QueryValue::Text(text) => text.clone(),
        other => panic!("{other:?} in {sql}"),
    };
    let text = |row: &Vec<QueryValue>| row.iter().map(cell).collect::<Vec<String>>().join(" | ");
    found.rows.iter().map(text).collect()
}

#[test]
fn views_show_what_the_library_shows() {
    let (_folder, path) = temporary();
    let clock = Arc::new(Past(AtomicU64::new(1_577_836_800_123)));
    let authority = authority(SqliteStore::create(&path).unwrap(), clock.clone());
    let name = |text| Name::new(text).unwrap();
    let group = authority.create_group(&name("Branch offices")).unwrap();
    let certificate = authority.create_certificate(&NewCertificate::new(name("CA 1"))).unwrap();
    let new = |text, uses| NewKey::new(name(text), group.id, certificate.id, uses);
    let expired = Some(Timestamp::from_unix_seconds(1_577_836_801));
    let keys = [
        new("usable", 2),
        new("exhausted", 1),
        NewKey { enabled: false, ..new("disabled", 1) },
        NewKey { expires_at: expired, ..new("expired", 1) },
        new("compromised", 1),
    ]
    .map(|new| authority.create_key(&new).unwrap());
    authority.compromise_key(keys[4].id, &Compromise::default()).unwrap();
    for key in &keys[..2] {
        let text = authority.copy_key(key.id).unwrap();
        let key = ProvisioningKey::read(text.expose().as_bytes()).unwrap();
        renew(&authority, enroll(&authority, &key));
    }

    clock.0.fetch_add(60_000, Ordering::SeqCst);

    let check = |sql, wanted: Vec<String>| assert_eq!(rows(&authority, sql), wanted, "{sql}");
    let page = PageRequest { limit: 100, after: None };
    check(
        "SELECT id, name, created_at, CAST(keys AS TEXT) FROM connector_groups",
        vec![format!("{} | Branch offices | 2020-01-01T00:00:00.123Z | 5", group.id)],
    );
    check(
        "SELECT id, name, created_at, CAST(keys AS TEXT) FROM enrollment_certificates",
        vec![format!("{} | CA 1 | 2020-01-01T00:00:00.123Z | 5", certificate.id)],
    );
    let told = keys.iter().map(|key| {
        let key = authority.key(key.id).unwrap();
        let moment = |at: Option<Timestamp>| at.map_or("-".into(), |at| at.to_string());
        let (last, expires) = (moment(key.last_used_at), moment(key.expires_at));
        let compromised = moment(key.compromised_at);
        let (used, most, state) = (key.used, key.max_uses, key.state.as_str());
        format!(
            "{} | {} | {used} | {most} | {state} | {last} | {expires} | {compromised}",
            key.id, key.name
        )
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    check(
        "SELECT id, name, CAST(used AS TEXT), CAST(max_uses AS TEXT), state, last_used_at, expires_at,
                compromised_at
         FROM provisioning_keys ORDER BY id",
        told,
    );
    check(
        "SELECT DISTINCT host, group_name, certificate_name FROM provisioning_keys",
        vec!["api.private.example.com | Branch offices | CA 1".into()],
    );
    let connectors = authority.list_connectors(&ConnectorFilter::default(), &page).unwrap().items;
    let told = connectors.iter().map(|connector| {
        format!(
            "{} | {} | {} | {} | 192.0.2.7 | {} | - | {}",
            connector.id,
            connector.key,
            connector.serial,
            connector.enrolled_at,
            connector.not_after,
            connector.replays
        )
    });
    check(
        "SELECT connector, key, serial, enrolled_at, address, not_after, revoked_at,
                CAST(replays AS TEXT)
         FROM enrollments ORDER BY connector",
        told.collect(),
    );
    let audit = authority.list_audit(&AuditFilter::default(), &page).unwrap().items;
    let mut seen = rows(&authority, "SELECT at, key, connector FROM audit");
    seen.sort();
    let mut told: Vec<String> = audit
        .iter()
        .map(|record| {
            let key = record.key.map_or("-".into(), |key| key.to_string());
            let connector = record.connector.map_or("-".into(), |connector| connector.to_string());
            format!("{} | {key} | {connector}", record.at)
        })
        .collect();
    told.sort();
    assert_eq!(seen, told);
    let actions = rows(&authority, "SELECT DISTINCT action FROM audit ORDER BY action");
    assert!(actions.contains(&"authority_created".into()), "{actions:?}");
}
