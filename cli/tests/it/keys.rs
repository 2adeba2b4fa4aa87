//! Keys: created, edited, copied, downloaded.

use std::fs;

use provkey::key::ProvisioningKey;

use crate::home::Home;

#[test]
fn the_text_is_copied_and_downloaded() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    let text = home.read("first.key");
    assert_eq!(home.mode("first.key"), 0o600);
    let key = ProvisioningKey::parse_strict(text.trim_end()).unwrap();
    assert_eq!((key.id().to_string(), key.host().as_str()), (id.clone(), "api.example.com"));

    assert_eq!(home.run(&format!("key copy {id}")).succeeds().stdout, text);
    assert_eq!(home.run(&format!("key copy {id} --json")).succeeds().stdout, text);
    assert_eq!(home.run(&format!("key download {id} --out -")).succeeds().stdout, text);
    let create = "key create --name second --group gateways --cert signing --max-uses 1 --out -";
    let second = home.run(create).succeeds().stdout.clone();
    assert_eq!(second.lines().count(), 1);
    ProvisioningKey::parse_strict(second.trim_end()).unwrap();
    home.run(&format!("key download {id}")).succeeds();
    let file = format!("first-{id}.key");
    assert_eq!((home.read(&file), home.mode(&file)), (text, 0o600));
}

#[test]
fn no_existing_file_is_replaced() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    fs::write(home.path("mine"), "mine").unwrap();
    let create = "key create --name second --group gateways --cert signing --max-uses 1";
    home.run(&format!("{create} --out mine")).is_refused("file_exists");
    home.run(&format!("{create} --out missing/second.key")).is_refused("file_unwritable");
    home.run(&format!("{create} --out .")).is_refused("file_exists");
    home.run(&format!("key download {id} --out mine")).is_refused("file_exists");
    let trail = home.run(&format!("audit list --key {id}")).stdout;
    assert_eq!(trail.matches("key_downloaded").count(), 1, "by `key create`: {trail}");
    assert_eq!(home.read("mine"), "mine");
    assert_eq!(home.json("key list")["items"].as_array().unwrap().len(), 1);
    let left = |name: &String| name.starts_with(".provkey-");
    assert!(!home.names().iter().any(left), "{:?}", home.names());
}

#[test]
fn a_limit_is_changed_relative_to_the_present_one() {
    let home = Home::new();
    let id = home.make_key("first", 5, "");
    let edit =
        |limit: &str| home.json(&format!("key edit {id} --max-uses {limit}"))["max_uses"].clone();
    assert_eq!(edit("+10"), 15);
    assert_eq!(edit("-3"), 12);
    assert_eq!(edit("7"), 7);
    for wrong in ["-7", "-8", "+18446744073709551615", "+9223372036854775807", "0"] {
        let run = home.run(&format!("key edit {id} --max-uses {wrong}"));
        run.is_refused("max_uses_invalid");
    }
    // Concurrent changes all count.
    let edit = format!("key edit {id} --max-uses +1");
    std::thread::scope(|scope| {
        let edits = [(); 3].map(|()| scope.spawn(|| home.run(&edit)));
        edits.into_iter().for_each(|edit| assert_eq!(edit.join().unwrap().status, 0));
    });
    assert_eq!(home.json(&format!("key show {id}"))["max_uses"], 10);
}

#[test]
fn a_key_is_edited() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    home.run("cert create other --algorithm ed25519 --validity 100d").succeeds();
    let edited = home.json(&format!(
        "key edit {id} --name renamed --max-uses 5 --expires 2099-01-01T00:00:00+02:00 \
         --cert other --allow 10.0.0.0/8 --allow ::1"
    ));
    assert_eq!(edited["name"], "renamed");
    assert_eq!(edited["max_uses"], 5);
    assert_eq!(edited["expires_at"], "2098-12-31T22:00:00.000Z");
    assert_eq!(edited["certificate"]["name"], "other");
    assert_eq!(edited["allowed_addresses"][1], "::1/128");
    let edited = home.json(&format!("key edit {id} --expires never --allow anywhere"));
    assert!(edited["expires_at"].is_null());
    assert_eq!(edited["allowed_addresses"].as_array().unwrap().len(), 0);
    assert_eq!(home.json(&format!("key disable {id}"))["state"], "disabled");
    assert_eq!(home.json(&format!("key enable {id}"))["state"], "usable");
}

#[test]
fn the_last_line_of_an_error_names_its_subject() {
    let home = Home::new();
    home.make_key("first", 1, "");
    let check = |arguments: &str, line: &str| {
        let refused = home.run(arguments);
        assert_eq!(refused.stderr.lines().last(), Some(line));
    };
    let create = "key create --name second --cert signing --max-uses 1 --group";
    check(
        &format!("{create} Branch"),
        "error: group_not_found: there is no such connector group: Branch",
    );
    check("group create gateways", "error: name_in_use: the name is taken: gateways");
    let secret = format!("pvk1_localhost_q2w3e4r5t6y7{}", "s".repeat(73));
    check(
        &format!("{create} {secret}"),
        "error: group_not_found: there is no such connector group",
    );
}

#[test]
fn invalid_input_has_a_code() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    let check = |arguments: &str, code: &str| {
        home.run(arguments).is_refused(code);
    };
    let create = "key create --name first --group gateways --cert signing";
    check(&format!("{create} --max-uses 1"), "name_in_use");
    check(&format!("{create} --max-uses 0"), "max_uses_invalid");
    check(&format!("{create} --max-uses 1 --allow 10.0.0.1/8"), "address_range_invalid");
    check(&format!("{create} --max-uses 1 --expires 2001-01-01T00:00:00Z"), "expiry_in_past");
    check("key create --name x --group no --cert signing --max-uses 1", "group_not_found");
    check("key create --name x --group gateways --cert no --max-uses 1", "certificate_not_found");
    check("key show q2w3e4r5t6y7", "key_not_found");
    check("key show nonsense", "key_id_malformed");
    check(&format!("key edit {id} --max-uses 0"), "max_uses_invalid");
    check("group create gateways", "name_in_use");
    check("cert create short --validity 1h", "validity_invalid");
    check("cert create urls --crl-url ldap://crl.example/", "url_invalid");
    check("key list --after nonsense", "cursor_invalid");
}

#[test]
fn an_exhausted_key_is_not_copied() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    home.sign("first", "one");
    let copy = home.run(&format!("key copy {id}"));
    assert!(copy.is_refused("key_exhausted").stdout.is_empty());
    home.run(&format!("key download {id} --out copy.key")).is_refused("key_exhausted");
    assert!(!home.path("copy.key").exists());
    home.run(&format!("key edit {id} --max-uses 2")).succeeds();
    assert_eq!(home.run(&format!("key copy {id}")).succeeds().stdout, home.read("first.key"));
}
