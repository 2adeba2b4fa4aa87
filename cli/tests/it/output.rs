//! JSON has the fields that docs/json.md lists, and no output has a secret.

use std::collections::BTreeSet;
use std::process::Stdio;

use provkey::time::Timestamp;
use serde_json::Value;

use crate::home::Home;

/// The fields of the table under a heading of docs/json.md.
fn documented(heading: &str) -> BTreeSet<String> {
    let text = include_str!("../../../docs/json.md");
    let section = text.split("\n## ").find(|part| part.starts_with(heading)).unwrap();
    let field = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_string());
    section.lines().filter_map(field).collect()
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn json_has_the_documented_fields() {
    let home = Home::empty();
    let check = |heading: &str, value: &Value| {
        assert_eq!(fields(value), documented(heading), "{heading}");
    };
    check("Authority", &home.json("init --host api.example.com"));
    check("Group", &home.json("group create gateways"));
    check("Certificate", &home.json("cert create signing"));
    check("Certificate request", &home.json("cert request external --out ca.csr"));
    let id = home.make_key("first", 9, "");
    check("Key", &home.json(&format!("key show {id}")));
    check("Identity", &home.json("identity new --dir one --key-file first.key"));
    check("Answer", &home.json("sign --csr one/request.csr --out one.pem"));
    let connectors = home.json("connector list");
    check("Connector", &connectors["items"][0]);
    let connector = connectors["items"][0]["id"].as_str().unwrap();
    check("Connector", &home.json(&format!("connector show {connector}")));
    check("Connector", &home.json(&format!("connector revoke {connector}")));
    check("CRL", &home.json("crl signing"));
    check("Compromise", &home.json(&format!("key compromise {id} --dry-run")));
    check("Audit record", &home.json("audit list")["items"][0]);
    check("Master key", &home.json("master rotate"));
    check("Backup", &home.json("master backup copy.db"));
    check("Query", &home.json("query --max-rows 0 VALUES(1)"));
    check("Key text", &home.json("inspect --file first.key"));
    let wrong = home.run("inspect --json nonsense");
    check("Wrong key text", &serde_json::from_str(&wrong.stdout).unwrap());
    let list = home.json("key list");
    check("List", &list);
    check("Key", &list["items"][0]);
    let made = home.json("admin-token create ci --role viewer");
    check("New admin token", &made);
    check("Admin token", &made["token"]);
    check("Admin token", &home.json("admin-token list")["items"][0]);
    check("Admin token", &home.json("admin-token revoke ci"));
    check("Deletion", &home.json(&format!("key delete {id}")));
}

#[test]
fn times_are_rfc_3339() {
    let home = Home::new();
    let time = home.json("group list")["items"][0]["created_at"].clone();
    let year = Timestamp::from_unix_ms(0).to_string().len();
    let time = time.as_str().unwrap();
    assert!(time.len() == year && time.ends_with('Z') && time.contains('T'), "{time}");
}

#[test]
fn nothing_secret_is_shown() {
    let home = Home::new();
    let id = home.make_key("first", 2, "");
    let text = home.read("first.key");
    // The secret begins after the id.
    let (_, after) = text.split_once(&id).unwrap();
    let (secret, master) = (&after[..16], home.read("master.key")[..16].to_string());
    home.run("identity new --dir one --key-file first.key").succeeds();
    for arguments in [
        "key list",
        "key create --name second --group gateways --cert signing --max-uses 1",
        &format!("key show {id}"),
        &format!("key download {id} --out download.key"),
        &format!("key edit {id} --max-uses 3"),
        "inspect --file first.key",
        &format!("inspect {}", text.trim_end().replace("api", "apo")),
        &format!("inspect {}q", text.trim_end()),
        &format!("inspect {} {}", &text[..50], text[50..].trim_end()),
        // A key text in place of another argument.
        text.trim_end(),
        &format!("key show {}", text.trim_end()),
        &format!("key list --store {}", text.trim_end()),
        &format!("inspect --file {}", text.trim_end()),
        &format!("sign --csr one/request.csr --key-file {} --out two.pem", text.trim_end()),
        &format!("inspect {}", &text[..text.len() - 9]),
        "sign --csr one/request.csr --key-file first.key --out one.pem",
        "sign --csr first.key --key-file first.key --out two.pem",
        "sign --csr one/request.csr --key-file master.key --out two.pem",
        "identity accept --dir one --chain one.pem",
        "identity accept --dir one --chain first.key",
        "identity show --dir one",
        "connector list",
        "audit list",
        "master rotate",
        "init --host api.example.com",
    ] {
        for arguments in [arguments.to_string(), format!("{arguments} --json")] {
            let run = home.run(&arguments);
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(!shown.is_empty(), "{arguments}");
            assert!(!shown.contains(secret) && !shown.contains(&master), "{arguments}: {shown}");
        }
    }
}

#[test]
fn a_closed_standard_output_is_not_a_failure() {
    let home = Home::new();
    let mut child =
        home.command(&["cert", "list", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
