//! Listings: filters, sorting, pages.

use std::sync::Arc;

use provkey::authority::Action;
use provkey::key::KeyId;
use serde_json::Value;

use crate::home::Home;

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[test]
fn keys_are_filtered_and_sorted() {
    let home = Home::new();
    home.run("group create phones").succeeds();
    home.make_key("beta", 1, "");
    home.make_key("alpha", 1, "");
    let gamma = home.make_key("gamma", 1, " --expires 1d");
    home.run(&format!("key disable {gamma}")).succeeds();
    let check = |arguments: &str, expected: &[&str]| {
        let page = home.json(&format!("key list {arguments}"));
        assert_eq!(names(&page), expected, "{arguments}");
        assert!(page["next"].is_null());
    };
    check("--limit 1000", &["alpha", "beta", "gamma"]);
    check("--sort -name", &["gamma", "beta", "alpha"]);
    check("--sort created", &["beta", "alpha", "gamma"]);
    check("--sort=-created", &["gamma", "alpha", "beta"]);
    check("--state disabled", &["gamma"]);
    check("--state usable --name ALPH", &["alpha"]);
    check("--group gateways --cert signing", &["alpha", "beta", "gamma"]);
    check("--group phones", &[]);
}

#[test]
fn pages_follow_each_other() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.run(&format!("group create {name}")).succeeds();
    }
    let first = home.json("group list --limit 3");
    assert_eq!(names(&first), ["a", "b", "c"]);
    let next = first["next"].as_str().unwrap();
    let second = home.json(&format!("group list --limit 3 --after {next}"));
    assert_eq!(names(&second), ["gateways"]);
    assert!(second["next"].is_null());
    let shown = home.run("group list --limit 3");
    let more = format!("There are more: --all, or --after {next}\n");
    assert!(shown.stdout.ends_with(&more), "{shown:?}");
}

/// More entries than the thousand that one page may have.
#[test]
fn all_shows_every_page() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    let store = provkey_sqlite::SqliteStore::open(home.path("store.db")).unwrap();
    let authority = home.authority(Arc::new(store));
    let key = KeyId::parse(&id).unwrap();
    (0..1100).for_each(|_| drop(authority.copy_key(key).unwrap()));
    let action = Action::KeyCopied.as_str();
    let all = home.json(&format!("audit list --action {action} --all"));
    assert_eq!(all["items"].as_array().unwrap().len(), 1100);
    assert!(all["next"].is_null());
    let shown = home.run(&format!("audit list --action {action} --all"));
    assert_eq!(shown.succeeds().stdout.lines().count(), 1101);
    assert!(shown.stdout.lines().skip(1).all(|line| line.contains(&id)), "{id}");
}

#[test]
fn the_audit_trail_is_filtered_by_action_connector_and_time() {
    let home = Home::new();
    let id = home.make_key("first", 2, "");
    for name in ["one", "two"] {
        home.sign("first", name);
    }
    let items = |arguments: &str| {
        let page = home.json(format!("audit list {arguments}").trim_end());
        page["items"].as_array().unwrap().clone()
    };
    let enrolled = items("--action connector_enrolled");
    assert_eq!(enrolled.len(), 2);
    let connector = enrolled[0]["connector"].as_str().unwrap();
    let of_one = items(&format!("--connector {connector}"));
    assert_eq!(of_one.len(), 1);
    assert_eq!(of_one[0]["key"], id);
    home.run("audit list --connector nobody").is_refused("connector_not_found");
    // Before the second, and from it on.
    let moment = enrolled[0]["at"].as_str().unwrap();
    let (before, after) =
        (items(&format!("--until {moment}")), items(&format!("--since {moment}")));
    assert_eq!(before.len() + after.len(), items("").len());
    assert!(before.iter().all(|it| it["at"].as_str().unwrap() < moment), "{before:?}");
    assert!(after.contains(&enrolled[0]) && !before.is_empty());
}
