//! Listings: filters, sorting, pages.

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
    assert!(shown.stdout.ends_with(&format!("There is more: --after {next}\n")), "{shown:?}");
}
