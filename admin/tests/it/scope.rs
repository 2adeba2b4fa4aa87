//! What an operator of one group sees and changes.

use provkey::authority::{AdminRole, NewAdminToken};
use provkey_admin::{
    Actor, AuditQuery, Compromise, ConnectorQuery, Error, KeyPatch, KeyQuery, NewKey, Page,
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
    connectors.key = Some(site.other.key.clone());
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items, []);
    connectors.key = Some(site.own.key.clone());
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items.len(), 1);
    connectors.key = None;
    connectors.certificate = Some(site.other.certificate.clone());
    assert_eq!(local.list_connectors(&actor, &connectors).unwrap().items, []);
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
        (Some("ci"), Some(token.id.to_string()))
    );
}
