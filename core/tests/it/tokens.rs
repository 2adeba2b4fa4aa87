//! Admin tokens.

use provkey::authority::{
    Action, Actor, AdminRole, AdminScope, AdminTokenText, AuditFilter, Error, Event, NewAdminToken,
    PageRequest,
};
use provkey::key::{Keyring, Slot};
use provkey::store::{Operation, RecordKey, ScanRange, Unit};
use provkey::testing::TestAuthority;
use provkey::time::Clock;
use serde_json::{Value, json};

use crate::common::{DAY, master, name};

fn new(text: &str, role: AdminRole) -> NewAdminToken {
    NewAdminToken::new(name(text), role)
}

/// Why it was refused.
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

fn copy(text: &AdminTokenText) -> AdminTokenText {
    AdminTokenText::new(text.expose().to_owned())
}

#[test]
fn a_token_is_good_until_it_expires_or_is_revoked() {
    let world = TestAuthority::new();
    let authority = world.authority.acting_as("alice");
    let now = world.clock.now();
    let new = new("ci", AdminRole::Operator).expires_at(now.plus(DAY));
    let (token, text) = authority.create_token(&new).unwrap();
    assert_eq!((token.role, token.created_by.as_deref()), (AdminRole::Operator, Some("alice")));
    assert_eq!(authority.authenticate_token(&text).unwrap(), token);
    assert_eq!(authority.find_token("CI").unwrap(), token);
    assert_eq!(authority.find_token(token.id.as_str()).unwrap(), token);

    world.clock.advance(DAY);
    assert_eq!(code(authority.authenticate_token(&text)), "admin_token_expired");
    let revoked = authority.revoke_token(token.id).unwrap();
    assert_eq!(revoked.revoked_at, Some(world.clock.now()));
    assert_eq!(code(authority.authenticate_token(&text)), "admin_token_revoked");
    assert_eq!(authority.revoke_token(token.id).unwrap(), revoked);
    assert_eq!(authority.list_tokens(&PageRequest::default()).unwrap().items, [revoked]);
    assert_eq!(code(authority.find_token("ci")), "admin_token_not_found");
}

#[test]
fn a_scope_is_part_of_a_token() {
    let world = TestAuthority::new();
    let authority = &world.authority;
    let scope = AdminScope::Operator(world.group.id);
    let new = new("plant", AdminRole::Operator).scope(scope);
    let (token, text) = authority.create_token(&new).unwrap();
    assert_eq!(token.scope, Some(scope));
    assert_eq!(authority.authenticate_token(&text).unwrap(), token);
    for text in [format!("operator:{}", world.group.id), "operator:branch offices".into()] {
        assert_eq!(authority.find_scope(&text).unwrap(), scope);
    }
    assert_eq!(code(authority.find_scope("admin:branch offices")), "scope_invalid");
    assert_eq!(code(authority.find_scope("operator:nowhere")), "group_not_found");
    let created = AuditFilter::default().action(Action::TokenCreated);
    let audit = authority.list_audit(&created, &PageRequest::default()).unwrap();
    assert_eq!(audit.items[0].group, Some(world.group.id));

    for role in [AdminRole::Viewer, AdminRole::Admin] {
        let wrong = self::new("wrong", role).scope(scope);
        assert_eq!(code(authority.create_token(&wrong)), "scope_invalid");
    }
    let nowhere = AdminScope::parse("operator:q2w3e4r5t6y7").unwrap();
    let nowhere = self::new("nowhere", AdminRole::Operator).scope(nowhere);
    assert_eq!(code(authority.create_token(&nowhere)), "group_not_found");

    // Neither without its scope nor with another one is the token valid.
    for other in [None, Some("operator:q2w3e4r5t6y7")] {
        tamper(&world, token.id.as_str(), |it| match other {
            Some(other) => drop(it.insert("scope".into(), other.into())),
            None => drop(it.remove("scope")),
        });
        assert_eq!(code(authority.authenticate_token(&text)), "admin_token_invalid");
    }
}

#[test]
fn an_unknown_token_and_a_wrong_secret_get_the_same_answer() {
    let world = TestAuthority::new();
    let other = TestAuthority::new();
    let authority = &world.authority;
    let (_, unknown) = other.authority.create_token(&new("x", AdminRole::Admin)).unwrap();
    assert_eq!(code(authority.authenticate_token(&unknown)), "admin_token_invalid");
    let (token, text) = authority.create_token(&new("a", AdminRole::Admin)).unwrap();
    let mut wrong = text.expose().to_owned();
    wrong.replace_range(20..21, if wrong.as_bytes()[20] == b'q' { "p" } else { "q" });
    let wrong = AdminTokenText::new(wrong);
    assert_eq!(code(authority.authenticate_token(&wrong)), "admin_token_malformed");
    for text in ["", "pvkt1_", "pvk1_api.example.com_q2w3", "pvkt1_é_"] {
        let refused = authority.authenticate_token(&AdminTokenText::new(text.into()));
        assert_eq!(code(refused), "admin_token_malformed");
    }
    assert_eq!(authority.authenticate_token(&copy(&text)).unwrap(), token);
}

#[test]
fn a_refused_token_is_reported_to_the_observer_and_never_stored() {
    let world = TestAuthority::new();
    // Both authorities draw the same numbers, so the other's second token is unknown here.
    let other = TestAuthority::new();
    other.authority.create_token(&new("x", AdminRole::Admin)).unwrap();
    let (_, unknown) = other.authority.create_token(&new("y", AdminRole::Admin)).unwrap();
    let (token, text) = world.authority.create_token(&new("ci", AdminRole::Admin)).unwrap();
    world.authority.revoke_token(token.id).unwrap();
    let before = world.environment.store.scan(&ScanRange::prefix(""), 1000).unwrap();
    world.observer.take();
    let address = Some("192.0.2.9".parse().unwrap());
    let server = world.authority.acting_as(Actor::default().address(address));
    let malformed = AdminTokenText::new("pvkt1_".into());
    let refused = [
        (malformed, "admin_token_malformed", None),
        (unknown, "admin_token_invalid", None),
        (text, "admin_token_revoked", Some(token.id)),
    ];
    for (text, code, admin_token) in refused {
        assert_eq!(self::code(server.authenticate_token(&text)), code);
        let told = world.observer.take();
        assert_eq!(told, [Event::AdminTokenRefused { code, admin_token, address }]);
    }
    assert_eq!(world.environment.store.scan(&ScanRange::prefix(""), 1000).unwrap(), before);
}

/// Changes the record of a token, as an attacker with write access to the database can.
fn tamper(world: &TestAuthority, id: &str, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    let store = &world.environment.store;
    let key = RecordKey::new(format!("admin-token/{id}")).unwrap();
    let record = store.get(std::slice::from_ref(&key)).unwrap().remove(0).unwrap();
    let provkey::store::Value::Body(body) = record.value else { panic!("it is a body") };
    let mut json: serde_json::Map<String, Value> = serde_json::from_slice(&body).unwrap();
    change(&mut json);
    let body = serde_json::to_vec(&json).unwrap();
    store.apply(&[Unit::new(vec![Operation::Put { key, body }])]).unwrap();
}

#[test]
fn write_access_to_the_database_makes_no_administrator() {
    let world = TestAuthority::new();
    let authority = &world.authority;
    let end = world.clock.now().plus(DAY);
    let new = new("ci", AdminRole::Viewer).expires_at(end);
    let (token, text) = authority.create_token(&new).unwrap();
    let id = token.id.as_str();
    let (other, _) = authority.create_token(&self::new("root", AdminRole::Admin)).unwrap();
    type Attempt<'a> = (&'a str, &'a dyn Fn(&mut serde_json::Map<String, Value>));
    let attempts: [Attempt<'_>; 7] = [
        ("role", &|it| drop(it.insert("role".into(), "admin".into()))),
        ("end", &|it| drop(it.remove("expires_at"))),
        ("later", &|it| drop(it.insert("expires_at".into(), (end.unix_ms() + 1).into()))),
        ("scope", &|it| drop(it.insert("scope".into(), "operator:q2w3e4r5t6y7".into()))),
        ("slot", &|it| drop(it.insert("verifier".into(), json!({ "slot": 0, "hmac": "" })))),
        ("none", &|it| drop(it.remove("verifier"))),
        ("old", &|it| {
            it.remove("verifier");
            it.insert("sha256".into(), "AAAA".into());
        }),
    ];
    for (what, attempt) in attempts {
        let kept = std::cell::RefCell::new(None);
        tamper(&world, id, |it| {
            *kept.borrow_mut() = Some(it.clone());
            attempt(it);
        });
        assert_eq!(code(authority.authenticate_token(&text)), "admin_token_invalid", "{what}");
        tamper(&world, id, |it| *it = kept.borrow().clone().unwrap());
        assert_eq!(authority.authenticate_token(&text).unwrap(), token, "{what}");
    }
    // Another token's record in its place, under its id.
    let stolen = std::cell::RefCell::new(None);
    tamper(&world, other.id.as_str(), |it| *stolen.borrow_mut() = Some(it.clone()));
    tamper(&world, id, |it| {
        *it = stolen.borrow().clone().unwrap();
        it.insert("id".into(), id.into());
    });
    assert_eq!(code(authority.authenticate_token(&text)), "admin_token_invalid");
}

#[test]
fn a_change_in_the_database_never_restores_a_revoked_token() {
    let world = TestAuthority::new();
    let (token, text) = world.authority.create_token(&new("ci", AdminRole::Admin)).unwrap();
    world.authority.revoke_token(token.id).unwrap();
    assert_eq!(code(world.authority.authenticate_token(&text)), "admin_token_revoked");
    tamper(&world, token.id.as_str(), |it| drop(it.remove("revoked_at")));
    assert_eq!(code(world.authority.authenticate_token(&text)), "admin_token_invalid");
}

#[test]
fn a_master_key_that_a_live_token_needs_is_not_removed() {
    let world = TestAuthority::new();
    let slot = |number| Slot::new(number).unwrap();
    let keyring = Keyring::new(master(1)).with(slot(1), master(2)).with_current(slot(1)).unwrap();
    let end = Some(world.clock.now().plus(DAY));
    let (live, text) = world.authority.create_token(&new("live", AdminRole::Admin)).unwrap();
    let ending = new("ending", AdminRole::Admin).expires_at(end);
    let (ending, _) = world.authority.create_token(&ending).unwrap();
    world.authority.rotate_master(keyring).unwrap();
    assert_eq!(world.authority.authenticate_token(&text).unwrap(), live);
    assert_eq!(code(world.authority.remove_master(slot(0))), "master_key_in_use");
    world.authority.revoke_token(live.id).unwrap();
    assert_eq!(code(world.authority.remove_master(slot(0))), "master_key_in_use");
    // An expired token does not need it.
    world.clock.advance(DAY);
    world.authority.remove_master(slot(0)).unwrap();
    assert!(world.authority.find_token(ending.id.as_str()).unwrap().revoked_at.is_some());
    // New tokens need the new one.
    let (token, text) = world.authority.create_token(&new("next", AdminRole::Admin)).unwrap();
    assert_eq!(world.authority.authenticate_token(&text).unwrap(), token);
}

#[test]
fn names_are_unique_until_revoked_and_every_change_is_audited() {
    let world = TestAuthority::new();
    let authority = world.authority.acting_as("alice");
    let (token, _) = authority.create_token(&new("ci", AdminRole::Viewer)).unwrap();
    assert_eq!(code(authority.create_token(&new("CI", AdminRole::Admin))), "name_in_use");
    let expired = new("b", AdminRole::Admin).expires_at(world.clock.now());
    assert_eq!(code(authority.create_token(&expired)), "expiry_in_past");
    authority.revoke_token(token.id).unwrap();
    authority.create_token(&new("ci", AdminRole::Viewer)).unwrap();
    let trail = world.audit();
    let of = |action| trail.iter().filter(move |record| record.action == action);
    assert_eq!(of(Action::TokenCreated).count(), 2);
    let revoked = of(Action::TokenRevoked).next().unwrap();
    assert_eq!(revoked.actor.as_deref(), Some("alice"));
    assert!(revoked.details.as_ref().unwrap().contains(token.id.as_str()));
}

#[test]
fn the_store_contains_no_token() {
    let world = TestAuthority::new();
    let (token, text) = world.authority.create_token(&new("ci", AdminRole::Viewer)).unwrap();
    let secret = &text.expose()[19..51];
    let records = world.environment.store.scan(&ScanRange::prefix(""), 1000).unwrap();
    assert!(records.iter().any(|record| format!("{record:?}").contains(token.id.as_str())));
    for record in records {
        let body = match record.value {
            provkey::store::Value::Body(body) => String::from_utf8(body).unwrap(),
            provkey::store::Value::Counter(_) => continue,
        };
        assert!(!body.contains(secret), "{body}");
    }
}
