//! The views of SQLite and PostgreSQL show what the library shows, to the same queries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use provkey::authority::{
    Actor, AddressRange, AdminRole, AuditFilter, Authority, Compromise, ConnectorFilter,
    EnrollRequest, Environment, KeyFilter, KeyState, NewAdminToken, NewAuthority, NewCertificate,
    NewKey, RenewRequest,
};
use provkey::key::{Fingerprint, Host, Keyring, MasterKey, ProvisioningKey};
use provkey::store::{QueryLimits, QueryValue, Store};
use provkey::testing::TestClock;
use provkey::time::Timestamp;
use provkey::x509::{KeyAlgorithm, RevocationReason, SoftwareSigner, build_csr};
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

/// The names of the columns, then all rows in the order of their texts, a bar between the cells.
fn shown(authority: &Authority, view: &str) -> (String, Vec<String>) {
    let cell = |value: &QueryValue| match value {
        QueryValue::Null => "-".into(),
        // In PostgreSQL, a text in a column of JSON has quotes.
        QueryValue::Text(text) => text.trim_matches('"').into(),
        QueryValue::Integer(number) => number.to_string(),
        other => panic!("{other:?} in {view}"),
    };
    let sql = format!("SELECT * FROM {view}");
    let found = authority.query(&sql, &QueryLimits::default()).unwrap();
    let mut rows: Vec<_> = found.rows.iter().map(|row| line(row.iter().map(cell))).collect();
    rows.sort();
    (found.columns.join(" "), rows)
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().collect::<Vec<_>>().join(" | ")
}

fn text(value: &dyn ToString) -> String {
    value.to_string()
}

fn optional(value: Option<&(impl ToString + ?Sized)>) -> String {
    value.map_or("-".into(), ToString::to_string)
}

/// Enrolls a connector twice, and renews its certificate for another key pair.
fn enroll_and_renew(authority: &Authority, key: &ProvisioningKey) {
    let mut identity = connector();
    let csr = identity.request(key, Some(Fingerprint::of_raw(b"machine"))).unwrap();
    let address = Some("192.0.2.7".parse().unwrap());
    let request = EnrollRequest::new(csr.der()).address(address);
    let enrolled = authority.enroll(&request).unwrap();
    assert!(authority.enroll(&request).unwrap().replay);
    let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
    let renewal = RenewRequest::new(build_csr(&signer, &[]).unwrap())
        .client_certificate(enrolled.chain[0].clone())
        .fingerprint(Some(Fingerprint::of_raw(b"machine")));
    authority.renew(&renewal).unwrap();
}

fn check(store: Arc<dyn Store>) {
    let clock = Arc::new(TestClock::new(BEGINNING));
    let environment = Environment::system(store).clock(clock.clone());
    let new = NewAuthority::new(Host::parse("api.private.example.com").unwrap());
    let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
    let authority = Authority::create(environment, keyring, &new).unwrap();
    let token = NewAdminToken::new(name("ops"), AdminRole::Operator);
    let token = authority.create_token(&token).unwrap().0.id;
    let actor = Actor::from("ops").admin_token(Some(token)).address("198.51.100.1".parse().ok());
    let authority = authority.acting_as(actor);
    let group = authority.create_group(&name("Branch offices")).unwrap();
    let certificate = authority.create_certificate(&NewCertificate::new(name("CA 1"))).unwrap();
    let new = |text, uses| NewKey::new(name(text), group.id, certificate.id, uses);
    let expired = Some(Timestamp::from_unix_seconds(1_577_836_801));
    let range = AddressRange::parse("192.0.2.0/24").unwrap();
    let keys = [
        new("usable", 2).allowed_addresses(vec![range]).proof_only(true),
        new("exhausted", 1),
        new("disabled", 1).enabled(false),
        new("expired", 1).expires_at(expired),
        new("compromised", 1),
    ]
    .map(|new| authority.create_key(&new).unwrap().id);
    authority.compromise_key(keys[4], &Compromise::default()).unwrap();
    let texts = keys[..2].iter().map(|key| authority.copy_key(*key).unwrap());
    let texts: Vec<_> =
        texts.map(|text| ProvisioningKey::read(text.expose().as_bytes()).unwrap()).collect();
    texts.iter().for_each(|key| enroll_and_renew(&authority, key));
    let late = EnrollRequest::new(request(&mut connector(), &texts[1]));
    assert_eq!(authority.enroll(&late).unwrap_err().code(), "key_exhausted");
    let revoked = authority.connectors(&ConnectorFilter::default()).next().unwrap().unwrap().id;
    authority.revoke_connector(revoked, RevocationReason::Superseded).unwrap();
    clock.advance(Duration::from_secs(60));
    authority.flush().unwrap();

    check_groups_and_certificates(&authority);
    check_keys(&authority);
    check_connectors(&authority);
    check_audit(&authority);
}

#[track_caller]
fn check_view(authority: &Authority, view: &str, columns: &str, wanted: Vec<String>) {
    let mut wanted = wanted;
    wanted.sort();
    assert_eq!(shown(authority, view), (columns.into(), wanted), "{view}");
}

fn check_groups_and_certificates(authority: &Authority) {
    let groups = authority.groups().map(Result::unwrap);
    let groups = groups
        .map(|one| line([text(&one.id), text(&one.name), text(&one.created_at), text(&one.keys)]));
    check_view(authority, "connector_groups", "id name created_at keys", groups.collect());
    let certificates = authority.certificates().map(Result::unwrap).map(|one| {
        line([
            text(&one.id),
            text(&one.name),
            text(&one.created_at),
            text(&one.leaf_validity.as_secs()),
            Base64::encode_string(one.certificate.der()),
            text(&one.keys),
        ])
    });
    let columns = "id name created_at leaf_validity_seconds certificate_base64 keys";
    check_view(authority, "enrollment_certificates", columns, certificates.collect());
}

/// The keys are in every state, which the view decides in SQL.
fn check_keys(authority: &Authority) {
    let keys: Vec<_> = authority.keys(&KeyFilter::default()).map(Result::unwrap).collect();
    let states: BTreeSet<_> = keys.iter().map(|key| key.state.as_str()).collect();
    assert_eq!(states, KeyState::ALL.iter().map(|state| state.as_str()).collect());
    let keys = keys.iter().map(|key| {
        let ranges = key.allowed_addresses.iter().map(|range| format!("[\"{range}\"]")).next();
        line([
            text(&key.id),
            text(&key.name),
            text(&key.host),
            text(&key.group.id),
            text(&key.group.name),
            text(&key.certificate.id),
            text(&key.certificate.name),
            text(&key.created_at),
            text(&key.max_uses),
            text(&key.used),
            optional(key.last_used_at.as_ref()),
            text(&u8::from(key.enabled)),
            text(&u8::from(key.proof_only)),
            optional(key.expires_at.as_ref()),
            optional(ranges.as_ref()),
            text(&key.state.as_str()),
            optional(key.compromised_at.as_ref()),
        ])
    });
    let columns = "id name host group_id group_name certificate_id certificate_name created_at \
        max_uses used last_used_at enabled proof_only expires_at allowed_addresses state \
        compromised_at";
    check_view(authority, "provisioning_keys", columns, keys.collect());
}

fn check_connectors(authority: &Authority) {
    let connectors = authority.connectors(&ConnectorFilter::default()).map(Result::unwrap);
    let connectors: Vec<_> = connectors.collect();
    assert_eq!(connectors.iter().filter(|one| one.revoked_at.is_some()).count(), 1);
    assert_eq!(connectors.iter().map(|one| one.replays).collect::<Vec<_>>(), [1, 1]);
    let connectors = connectors.iter().map(|one| {
        line([
            text(&one.id),
            text(&one.key),
            text(&one.group),
            "Branch offices".into(),
            text(&one.certificate),
            "CA 1".into(),
            text(&one.enrolled_at),
            optional(one.address.as_ref()),
            optional(one.fingerprint.as_ref()),
            text(&one.serial),
            text(&one.not_before),
            text(&one.not_after),
            optional(one.revoked_at.as_ref()),
            text(&one.replays),
        ])
    });
    let columns = "connector key group_id group_name certificate_id certificate_name enrolled_at \
        address fingerprint serial not_before not_after revoked_at replays";
    check_view(authority, "enrollments", columns, connectors.collect());
}

fn check_audit(authority: &Authority) {
    let records = authority.audit_records(&AuditFilter::default()).map(Result::unwrap).map(|one| {
        [
            text(&one.at),
            text(&one.action.as_str()),
            optional(one.actor.as_ref()),
            optional(one.key.as_ref()),
            optional(one.group.as_ref()),
            optional(one.certificate.as_ref()),
            optional(one.connector.as_ref()),
            optional(one.address.as_ref()),
            optional(one.code.as_ref()),
            optional(one.count.as_ref()),
            optional(one.details.as_ref()),
            optional(one.admin_token.as_ref()),
            optional(one.last_at.as_ref()),
        ]
    });
    let records: Vec<_> = records.collect();
    for column in 0..13 {
        assert!(records.iter().any(|one| one[column] != "-"), "column {column} has no value");
    }
    let columns = "at action actor key group_id certificate_id connector address code count details \
        admin_token last_at";
    check_view(authority, "audit", columns, records.into_iter().map(line).collect());
}
