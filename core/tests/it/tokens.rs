//! Admin tokens.

use provkey::authority::{Action, AdminRole, AdminTokenText, Error, NewAdminToken, PageRequest};
use provkey::store::ScanRange;
use provkey::time::Clock;

use crate::common::{DAY, World, name};

fn new(text: &str, role: AdminRole) -> NewAdminToken {
    NewAdminToken { name: name(text), role, expires_at: None }
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
    let world = World::new();
    let authority = world.authority.acting_as("alice");
    let now = world.clock.now();
    let new = NewAdminToken { expires_at: Some(now.plus(DAY)), ..new("ci", AdminRole::Operator) };
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
fn an_unknown_token_and_a_wrong_secret_are_one_answer() {
    let world = World::new();
    let other = World::new();
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
fn names_are_unique_until_revoked_and_every_change_is_audited() {
    let world = World::new();
    let authority = world.authority.acting_as("alice");
    let (token, _) = authority.create_token(&new("ci", AdminRole::Viewer)).unwrap();
    assert_eq!(code(authority.create_token(&new("CI", AdminRole::Admin))), "name_in_use");
    let expired =
        NewAdminToken { expires_at: Some(world.clock.now()), ..new("b", AdminRole::Admin) };
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
fn the_store_holds_no_token() {
    let world = World::new();
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
