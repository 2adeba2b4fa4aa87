//! The life of an authority, from `init` to the deletion of all that it had.

use std::fs;
use std::thread;

use provkey::x509::Certificate;

use crate::home::Home;

#[test]
fn an_authority_enrolls_lists_and_audits() {
    let home = Home::new();
    assert_eq!(home.mode("store.db"), 0o600);
    let key = home.make_key("first", 2, " --expires 90d --allow 192.0.2.0/24");
    home.run("identity new --dir one --key-file first.key").succeeds();
    home.run("sign --csr one/request.csr --address 192.0.2.7 --out one.pem").succeeds();
    home.run("identity accept --dir one --chain one.pem").succeeds();
    home.write_csr("two.csr");
    let enrolled =
        home.json("sign --csr two.csr --key-file first.key --address 192.0.2.8 --out two.pem");
    assert_eq!((&enrolled["key"], &enrolled["replay"]), (&key.clone().into(), &false.into()));

    let shown = home.json(&format!("key show {key}"));
    assert_eq!(shown["used"], 2);
    assert_eq!(shown["state"], "exhausted");
    assert_eq!(shown["copyable"], false);
    let connectors = home.json(&format!("connector list --key {key} --group gateways"));
    let addresses: Vec<_> =
        connectors["items"].as_array().unwrap().iter().map(|item| &item["address"]).collect();
    assert_eq!(addresses, ["192.0.2.7", "192.0.2.8"]);

    home.run("group delete gateways").is_refused("group_in_use");
    home.run("cert delete signing").is_refused("certificate_in_use");
    home.run(&format!("key delete {key}")).succeeds();
    home.run(&format!("key show {key}")).is_refused("key_deleted");
    let trail = home.json(&format!("audit list --key {key} --since 1h"));
    let trail = trail["items"].as_array().unwrap();
    assert_eq!(trail.first().unwrap()["action"], "key_deleted");
    assert_eq!(trail.last().unwrap()["action"], "key_created");
    assert!(trail.last().unwrap()["actor"].as_str().unwrap().starts_with("cli:"));
}

#[test]
fn unused_groups_and_certificates_can_be_deleted() {
    let home = Home::new();
    let key = home.make_key("first", 1, "");
    home.run(&format!("key delete {key}")).succeeds();
    assert_eq!(home.json("group delete gateways")["deleted"], true);
    assert_eq!(home.json("cert delete signing")["deleted"], true);
    assert_eq!(home.json("group list")["items"].as_array().unwrap().len(), 0);
    assert_eq!(home.run("cert list").stdout, "None.\n");
}

#[test]
fn concurrent_init_creates_one_authority() {
    let home = Home::empty();
    let init = || home.run("init --host api.example.com");
    let runs =
        thread::scope(|scope| [(); 4].map(|()| scope.spawn(init)).map(|run| run.join().unwrap()));
    let (made, refused): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.status == 0);
    assert_eq!(made.len(), 1);
    for run in refused {
        run.is_refused("authority_exists");
    }
    home.run("group list").succeeds();
}

#[test]
fn init_creates_an_authority_once() {
    let home = Home::empty();
    home.run("group list").is_refused("file_unreadable");
    let authority = home.json("init --host api.example.com:8443");
    assert_eq!(authority["hosts"][0], "api.example.com:8443");
    assert_eq!(authority["trust_domain"], "api.example.com");
    Certificate::parse_all(authority["root"]["pem"].as_str().unwrap().as_bytes()).unwrap();
    let master = home.read("master.key");
    assert_eq!(master.len(), 65);
    assert!(master.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(home.mode("master.key"), 0o600);

    home.run("init --host other.example.com").is_refused("authority_exists");
    assert_eq!(home.read("master.key"), master);
    fs::remove_file(home.path("master.key")).unwrap();
    home.run("init --host api.example.com").is_refused("authority_exists");
    assert!(!home.path("master.key").exists());
}

#[test]
fn init_uses_an_existing_master_key() {
    let home = Home::empty();
    let master = "ab".repeat(32) + "\n";
    fs::write(home.path("master.key"), &master).unwrap();
    let run = home.run("init --host api.example.com");
    assert!(run.succeeds().stderr.starts_with("warning: master.key holds master keys"), "{run:?}");
    assert_eq!(home.read("master.key"), master);
}

#[test]
fn init_refuses_bad_hosts_with_a_code() {
    let home = Home::empty();
    home.run("init --host UPPER.example.com").is_refused("host_bad_name");
    home.run("init --host api.example.com:443").is_refused("host_bad_port");
    home.run("init --host [2001:db8::1]").is_refused("trust_domain_invalid");
    home.run("init --host [2001:db8::1] --trust-domain example.com").succeeds();
}

#[test]
fn a_wrong_store_or_master_key_has_a_code() {
    let home = Home::new();
    let check = |arguments: &str, code: &str| {
        home.run(&format!("group list {arguments}")).is_refused(code);
    };
    fs::write(home.path("other.key"), "cd".repeat(32) + "\n").unwrap();
    fs::write(home.path("no.key"), "no key\n").unwrap();
    fs::write(home.path("no-store"), "no store".repeat(200)).unwrap();
    check("--master-key-file other.key", "master_key_wrong");
    check("--master-key-file no.key", "keyring_malformed");
    check("--master-key-file missing.key", "file_unreadable");
    check("--store sqlite:missing.db", "store_missing");
    check("--store sqlite:no-store", "store_not_recognized");
}

#[test]
fn a_retired_certificate_signs_no_more_and_counts_its_connectors() {
    let home = Home::new();
    let key = home.make_key("first", 3, "");
    home.sign("first", "one");
    let retired = home.json("cert retire signing");
    assert_eq!((&retired["connectors"], &retired["keys"]), (&1.into(), &1.into()));
    assert_eq!(retired["warnings"], serde_json::json!(["retired"]));
    assert_eq!(home.json("connector list --cert signing")["items"].as_array().unwrap().len(), 1);
    home.write_csr("two.csr");
    let sign = "sign --csr two.csr --key-file first.key --out two.pem";
    home.run(sign).is_refused("certificate_retired");
    home.run("cert create another").succeeds();
    home.run(&format!("key edit {key} --cert another")).succeeds();
    home.run(sign).succeeds();
}

#[test]
fn a_certificate_of_an_external_ca_signs() {
    let home = Home::new();
    home.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout external.key \
         -out external.pem -subj /CN=Corporate -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    let request = home.json("cert request asked --out ca.csr");
    assert_eq!(home.json("cert requests")["items"], serde_json::json!([request]));
    home.run("cert show asked").is_refused("certificate_unanswered");
    let extensions = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign,cRLSign\n\
                      subjectKeyIdentifier=hash";
    fs::write(home.path("extensions"), extensions).unwrap();
    home.openssl(
        "x509 -req -in ca.csr -CA external.pem -CAkey external.key -CAcreateserial \
         -extfile extensions -out ca.pem",
    );
    let answer = "cert import --answer-to asked --cert ca.pem --cert external.pem";
    assert_eq!(home.json(answer)["id"], request["id"]);

    home.openssl("pkcs8 -topk8 -in external.key -out sealed.key -passout pass:secret");
    let import = "cert import own --cert external.pem --key sealed.key";
    home.run(import).is_refused("private_key_passphrase_missing");
    fs::write(home.path("passphrase"), "secret\n").unwrap();
    home.run(&format!("{import} --passphrase-file passphrase")).succeeds();

    for cert in ["asked", "own"] {
        let key = format!("key create --name {cert} --group gateways --cert {cert} --max-uses 1");
        home.run(&format!("{key} --out {cert}.key")).succeeds();
        home.write_csr("one.csr");
        let sign = "sign --csr one.csr --out chain.pem --external-out other.pem";
        home.run(&format!("{sign} --key-file {cert}.key")).succeeds();
        let certificates = |file: &str| Certificate::parse_all(home.read(file).as_bytes()).unwrap();
        assert_eq!(certificates("chain.pem")[0], certificates("other.pem")[0]);
        home.openssl("verify -CAfile external.pem -untrusted other.pem other.pem");
    }
    home.run("cert request another --out another.csr").succeeds();
    assert_eq!(home.json("cert delete another")["deleted"], true);
    assert_eq!(home.json("cert requests")["items"], serde_json::json!([]));
}
