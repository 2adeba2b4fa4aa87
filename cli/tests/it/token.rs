//! Keys of enrollment certificates in a PKCS #11 token: SoftHSM, in its own folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::home::{Home, Run};

const PIN: &str = "271828";

/// An authority and a token.
struct Site {
    home: Home,
}

impl Site {
    fn new() -> Self {
        let home = Home::new();
        fs::create_dir(home.path("tokens")).unwrap();
        let configuration = format!("directories.tokendir = {}\n", home.path("tokens").display());
        fs::write(home.path("softhsm2.conf"), configuration).unwrap();
        fs::write(home.path("pin"), format!("{PIN}\n")).unwrap();
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "plant-7", "--so-pin", "314159"])
            .args(["--pin", PIN])
            .env("SOFTHSM2_CONF", home.path("softhsm2.conf"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self { home }
    }

    /// Runs the command with the options of the token.
    fn run(&self, arguments: &str) -> Run {
        let module = ["/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/local/lib/softhsm"]
            .map(|folder| Path::new(folder).join("libsofthsm2.so"))
            .into_iter()
            .find(|module| module.exists())
            .unwrap();
        let arguments: Vec<_> = arguments.split(' ').collect();
        let mut command = self.home.command(&arguments);
        command
            .env("SOFTHSM2_CONF", self.home.path("softhsm2.conf"))
            .env("PROVKEY_TOKEN_MODULE", module)
            .env("PROVKEY_TOKEN_LABEL", "plant-7")
            .env("PROVKEY_TOKEN_PIN_FILE", "pin");
        command.output().unwrap().into()
    }

    fn json(&self, arguments: &str) -> Value {
        let run = self.run(&format!("{arguments} --json"));
        serde_json::from_str(&run.succeeds().stdout).unwrap()
    }
}

#[test]
fn a_key_in_a_token_signs_while_the_token_is_there() {
    let site = Site::new();
    let certificate = site.json("cert create hardware --token-key fleet-ca --algorithm p384");
    assert_eq!(
        (&certificate["key_elsewhere"], &certificate["algorithm"]),
        (&true.into(), &"p384".into())
    );
    let make = "key create --name fleet --group gateways --cert hardware --max-uses 2";
    site.run(&format!("{make} --out fleet.key")).succeeds();
    site.home.write_csr("one.csr");
    let sign = "sign --csr one.csr --key-file fleet.key --out one.pem";

    site.home.run(sign).is_refused("signer_missing");
    fs::rename(site.home.path("tokens"), site.home.path("unplugged")).unwrap();
    site.run(sign).is_refused("token_unavailable");
    // Commands that sign nothing do not need the token.
    site.run("key list").succeeds();
    fs::rename(site.home.path("unplugged"), site.home.path("tokens")).unwrap();
    assert_eq!(site.json("cert show hardware")["connectors"], 0);
    site.run(sign).succeeds();
    assert_eq!(site.json("cert show hardware")["connectors"], 1);
}

#[test]
fn an_existing_key_in_the_token_is_used() {
    let site = Site::new();
    let first = site.json("cert create first --token-key fleet-ca");
    site.run("cert delete first").succeeds();
    let second = site.json("cert create second --token-key fleet-ca --algorithm p384");
    assert_eq!(first["algorithm"], second["algorithm"]);
}

#[test]
fn unusable_tokens_have_a_code() {
    let site = Site::new();
    let create = "cert create hardware --token-key fleet-ca";
    site.home.run(create).is_usage();
    site.run(&format!("{create} --token-label other")).is_refused("token_not_found");
    site.run(&format!("{create} --token-module pin")).is_refused("token_module_unusable");
    site.run(&format!("{create} --token-pin-file missing")).is_refused("file_unreadable");
    fs::write(site.home.path("pin"), "161803").unwrap();
    let refused = site.run(create);
    refused.is_refused("token_pin_wrong");
    assert!(!refused.stderr.contains("161803"));
    fs::write(site.home.path("pin"), b"\xff").unwrap();
    site.run(create).is_refused("file_unreadable");
}

#[test]
fn a_request_to_an_external_ca_uses_a_key_in_the_token() {
    let site = Site::new();
    let request = site.json("cert request hardware --token-key fleet-ca --out ca.csr");
    assert_eq!(request["key_elsewhere"], true);
    site.home.openssl("req -verify -noout -in ca.csr");
}
