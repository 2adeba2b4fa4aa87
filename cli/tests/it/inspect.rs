//! `provkey inspect`: works offline, and does not show the secret.

use std::fs;

use serde_json::Value;

use crate::home::{Home, Run};

/// Runs `inspect` without a store and without a master key.
fn inspect(home: &Home, arguments: &[&str]) -> Run {
    let arguments: Vec<_> = ["inspect"].iter().chain(arguments).copied().collect();
    let mut command = home.command(&arguments);
    command.env_remove("PROVKEY_STORE").env_remove("PROVKEY_MASTER_KEY_FILE");
    command.output().unwrap().into()
}

/// The text with one character changed.
fn with_error(text: &str, at: usize) -> String {
    let mut bytes = text.trim_end().as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'q' { b'p' } else { b'q' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_valid_key_shows_its_public_part() {
    let home = Home::new();
    let id = home.make_key("first", 1, "");
    let text = home.read("first.key");
    let expected = inspect(&home, &["--file", "first.key"]);
    assert!(expected.succeeds().stdout.contains(&id), "{expected:?}");
    assert_eq!(inspect(&home, &[text.trim_end()]).stdout, expected.stdout);
    let quoted = format!("PROVKEY=\u{201c}{}\u{201d}\r\n", text.trim_end().to_uppercase());
    assert_eq!(home.run_with_input("inspect", quoted.as_bytes()).stdout, expected.stdout);
    let json: Value =
        serde_json::from_str(&inspect(&home, &["--json", "--file", "first.key"]).stdout).unwrap();
    assert_eq!((&json["valid"], &json["host"]), (&true.into(), &"api.example.com".into()));
}

#[test]
fn a_wrong_key_is_explained_with_marks() {
    let home = Home::new();
    home.make_key("first", 1, "");
    let text = home.read("first.key");
    let at = text.trim_end().len() - 60;
    fs::write(home.path("wrong.key"), with_error(&text, at)).unwrap();
    let run = inspect(&home, &["--file", "wrong.key"]);
    let lines: Vec<_> = run.is_refused("key_miscopied").stderr.lines().collect();
    assert_eq!(lines[1].trim_end(), format!("  {}^", " ".repeat(at)));
    assert_eq!(lines[0].chars().count(), 2 + text.trim_end().len());
    assert!(lines[2].contains(&format!("character {}", at + 1)), "{run:?}");
    assert!(run.stdout.is_empty());

    let run = inspect(&home, &["--json", "--file", "wrong.key"]);
    let json: Value = serde_json::from_str(&run.is_refused("key_miscopied").stdout).unwrap();
    assert_eq!(json["valid"], false);
    assert_eq!(json["code"], "key_miscopied");
    assert_eq!(json["positions"], serde_json::json!([at]));
    assert_eq!(json["repairable"], true);
}

#[test]
fn each_reason_has_its_code() {
    let home = Home::new();
    home.make_key("first", 1, "");
    let text = home.read("first.key");
    let text = text.trim_end();
    let check = |text: &str, code: &str| {
        home.run_with_input("inspect", text.as_bytes()).is_refused(code);
    };
    check("", "key_empty");
    check("hello", "key_wrong_prefix");
    check(&text.replace("pvk1_", "pvk2_"), "key_unsupported_version");
    check(&text[..text.len() - 3], "key_truncated");
    check(&format!("{text}qq"), "key_extra");
    check(&text.replace("api.", "apj."), "key_host_miscopied");
    fs::write(home.path("long"), vec![b'x'; 3_000_000]).unwrap();
    home.run("inspect --file long").is_refused("key_extra");
}

#[test]
fn a_repair_is_written_to_a_file_and_reported() {
    let home = Home::new();
    home.make_key("first", 1, "");
    let text = home.read("first.key");
    fs::write(home.path("wrong.key"), with_error(&text, text.trim_end().len() - 60)).unwrap();
    home.run("inspect --file wrong.key --repair").is_usage();
    let repair = "inspect --file wrong.key --repair --out";
    let run = home.run(&format!("{repair} repaired.key"));
    assert!(run.succeeds().stderr.contains("compare it with the original"), "{run:?}");
    assert!(run.stderr.contains("  ^") || run.stderr.contains('^'), "{run:?}");
    assert_eq!((home.read("repaired.key"), home.mode("repaired.key")), (text.clone(), 0o600));
    let secret = &text.trim_end()[text.len() - 60..];
    assert!(!run.stderr.contains(secret) && run.stdout.is_empty(), "{run:?}");
    home.run(&format!("{repair} repaired.key")).is_refused("file_exists");
    assert_eq!(home.run(&format!("{repair} -")).succeeds().stdout, text);
    // A valid text needs no repair, and some texts cannot be repaired.
    home.run("inspect --file first.key --repair --out same.key").succeeds();
    assert_eq!(home.read("same.key"), text);
    fs::write(home.path("cut.key"), &text[..text.len() - 9]).unwrap();
    home.run("inspect --file cut.key --repair --out no.key").is_refused("key_truncated");
    assert!(!home.path("no.key").exists());
    let token =
        home.run("inspect pvkt1_q2w3e4r5t6y7_qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
    assert!(token.is_refused("key_wrong_prefix").stderr.contains("admin token"), "{token:?}");
}
