//! What an operator of one group sees and changes.

use std::time::Duration;

use provkey::authority::{
    self, AdminRole, AdminScope, EnrollRequest, NewAdminToken, NewCertificate, Retention,
};
use provkey::connector::Identity;
use provkey::time::Clock;
use provkey::x509::KeyAlgorithm;
use provkey_admin::{
    Actor, AuditQuery, Compromise, ConnectorQuery, Error, KeyPatch, KeyQuery, NewKey, Page,
    PageQuery,
};

use crate::site::{Site, name};

fn code<T>(result: Result<T, Error>) -> Option<&'static str> {
    result.err().map(|error| error.code())
}

#[test]
fn a_key_stays_within_the_group_and_its_certificates() {
    let site = Site::new();
    let (local, actor) = (&site.local, site.operator_of_own());
    let (own, other) = (&site.own, &site.other);
    let group = own.group.to_string();
    let of = |certificate: &str| NewKey::new("made", &group, certificate, 1);
    assert_eq!(
        code(local.create_key(&actor, &of(&other.certificate))),
        Some("certificate_not_found")
    );
    let elsewhere = NewKey::new("made", other.group.to_string(), &own.certificate, 1);
    assert_eq!(code(local.create_key(&actor, &elsewhere)), Some("group_not_found"));
    let mut edit = KeyPatch::default();
    edit.certificate = Some(other.certificate.clone());
    assert_eq!(code(local.edit_key(&actor, &own.key, None, &edit)), Some("certificate_not_found"));
    let made = local.create_key(&actor, &of(&own.certificate)).unwrap();
    assert_eq!(made.certificate.id, own.certificate);

    // An admin lets the group use the certificate: with its first key.
    let admin = Actor::new("root", AdminRole::Admin);
    local.create_key(&admin, &NewKey::new("first", &group, &other.certificate, 1)).unwrap();
    assert_eq!(code(local.edit_key(&actor, &own.key, None, &edit)), None);
}

#[test]
fn a_filter_shows_nothing_of_another_group() {
    let site = Site::new();
    let (local, actor) = (&site.local, site.operator_of_own());
    let other = Some(site.other.group.to_string());
    let mut keys = KeyQuery::default();
    keys.group = other.clone();
    assert_eq!(local.list_keys(&actor, &keys).unwrap().items, []);
    let mut connectors = ConnectorQuery::default();
    connectors.group = other;
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items, []);
    connectors.group = None;
    // No record of the key is examined, so none is named by `next`: not even the cursor is read.
    connectors.key = Some(site.other.key.clone());
    connectors.after = Some("not a cursor".into());
    let page = local.list_connectors(&actor, &connectors).unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
    connectors.after = None;
    connectors.key = Some(site.own.key.clone());
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items.len(), 1);
    connectors.key = None;
    connectors.certificate = Some(site.other.certificate.clone());
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items, []);
}

#[test]
fn pages_of_certificates_name_no_others() {
    let site = Site::new();
    let (local, authority, actor) = (&site.local, &site.test.authority, site.operator_of_own());
    let used = ["alpha", "zeta"].map(|text| {
        let id = authority.create_certificate(&NewCertificate::new(name(text))).unwrap().id;
        authority.create_key(&authority::NewKey::new(name(text), site.own.group, id, 1)).unwrap();
        id.to_string()
    });
    let used = [used[0].clone(), site.own.certificate.clone(), used[1].clone()];
    let mut query = PageQuery { limit: Some(1), after: None };
    for (i, id) in used.iter().enumerate() {
        let page = local.list_certificates(&actor, &query).unwrap();
        assert_eq!(page.items.iter().map(|it| &it.id).collect::<Vec<_>>(), [id]);
        assert_eq!(page.next.as_ref(), (i < 2).then_some(id));
        query.after = page.next;
    }
    for foreign in [site.other.certificate.as_str(), "not a cursor"] {
        query.after = Some(foreign.into());
        assert_eq!(code(local.list_certificates(&actor, &query)), Some("cursor_invalid"));
    }
}

#[test]
fn the_only_page_of_groups_is_that_with_the_own_group() {
    let site = Site::new();
    let (local, authority) = (&site.local, &site.test.authority);
    let query = PageQuery { limit: None, after: Some("not a cursor".into()) };
    assert_eq!(code(local.list_groups(&site.operator_of_own(), &query)), Some("cursor_invalid"));

    let group = authority.create_group(&name("short-lived")).unwrap().id;
    let actor = Actor::new("dave", AdminRole::Operator).scope(AdminScope::Operator(group));
    authority.delete_group(group).unwrap();
    let page = local.list_groups(&actor, &PageQuery::default()).unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
}

#[test]
fn a_deleted_key_is_still_that_of_its_group() {
    let site = Site::new();
    let (local, actor) = (&site.local, site.operator_of_own());
    let admin = Actor::new("root", AdminRole::Admin);
    for plant in [&site.own, &site.other] {
        local.delete_key(&admin, &plant.key).unwrap();
    }
    assert_eq!(code(local.key(&actor, &site.own.key)), Some("key_deleted"));
    assert_eq!(code(local.key(&actor, &site.other.key)), Some("key_not_found"));
    let compromise = Compromise::default();
    let done = local.compromise_key(&actor, &site.own.key, &compromise).unwrap();
    assert_eq!((done.connectors, done.revoked), (1, 1));
    let other = local.compromise_key(&actor, &site.other.key, &compromise);
    assert_eq!(code(other), Some("key_not_found"));
    let spared = local.connector(&admin, &site.other.connector).unwrap();
    assert_eq!(spared.revoked_at, None);
}

#[test]
fn the_audit_trail_is_that_of_a_key_or_a_connector_of_the_group() {
    let site = Site::new();
    let (local, actor) = (&site.local, site.operator_of_own());
    let ask = |key: Option<&String>, connector: Option<&String>| {
        let mut query = AuditQuery::default();
        query.key = key.cloned();
        query.connector = connector.cloned();
        local.list_audit(&actor, &query).map(|Page { items, .. }| items.len())
    };
    let (own, other) = (&site.own, &site.other);
    assert_eq!(code(ask(None, None)), Some("scope_insufficient"));
    assert_eq!(ask(Some(&own.key), None), Ok(2));
    assert_eq!(ask(None, Some(&own.connector)), Ok(1));
    assert_eq!(ask(Some(&own.key), Some(&other.connector)), Ok(0));
    assert_eq!(code(ask(Some(&other.key), None)), Some("key_not_found"));
    assert_eq!(code(ask(None, Some(&other.connector))), Some("connector_not_found"));
    assert_eq!(code(ask(Some(&other.key), Some(&own.connector))), Some("key_not_found"));
}

#[test]
fn the_audit_trail_of_a_connector_hides_its_past_in_another_group() {
    let site = Site::new();
    let (local, test, authority) = (&site.local, &site.test, &site.test.authority);
    let mut identity = Identity::generate(KeyAlgorithm::Ed25519).unwrap();
    let mut request = |key: &str| {
        let key = authority.key(key.parse().unwrap()).unwrap();
        let csr = identity.request(&test.provisioning_key(&key), None).unwrap();
        EnrollRequest::new(csr.der())
    };
    let (first, again) = (request(&site.other.key), request(&site.own.key));
    let connector = authority.enroll(&first).unwrap().connector;
    // The connector of the other group is pruned, and its public key enrolls with the own key.
    test.clock.advance(Duration::from_secs(3 * 366 * 86_400));
    authority.delete_key(site.other.key.parse().unwrap()).unwrap();
    authority.prune(&Retention::default().expired_before(test.clock.now())).unwrap();
    assert_eq!(authority.enroll(&again).unwrap().connector, connector);

    let mut query = AuditQuery::default();
    query.connector = Some(connector.to_string());
    let keys = |actor: &Actor| -> Vec<_> {
        let page = local.list_audit(actor, &query).unwrap();
        page.items.into_iter().map(|entry| entry.key.unwrap()).collect()
    };
    let (own, other) = (site.own.key.clone(), site.other.key.clone());
    assert_eq!(keys(&Actor::new("root", AdminRole::Admin)), [own.clone(), other]);
    assert_eq!(keys(&site.operator_of_own()), [own]);
}

#[test]
fn a_change_names_its_actor() {
    let site = Site::new();
    let new =
        NewAdminToken::new(name("ci"), AdminRole::Operator).scope(site.operator_of_own().scope);
    let (token, _) = site.test.authority.create_token(&new).unwrap();
    let actor = Actor::of_token(&token);
    site.local.copy_key(&actor, &site.own.key).unwrap();
    let mut query = AuditQuery::default();
    query.key = Some(site.own.key.clone());
    query.action = Some("key_copied".into());
    let latest = site.local.list_audit(&actor, &query).unwrap().items.remove(0);
    assert_eq!(
        (latest.actor.as_deref(), latest.admin_token),
        (Some("token:ci"), Some(token.id.to_string()))
    );
}
