//! `provkey enroll` and `provkey renew`, with `provkey serve` at the other end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

use provkey::x509::{Pkcs8, PublicKey, SoftwareSigner, build_csr};

use crate::home::{Home, Run};
use crate::server::free_port;

const ENROLL: &str = "enroll --key-file k.key --dir one --retry-for 1s";

#[test]
fn a_connector_enrolls_and_renews_however_often_it_is_run() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let server = home.serve(port, &[]);
    let run = home.run(ENROLL);
    run.succeeds();
    let said: Vec<_> = run.stderr.lines().collect();
    let connecting = format!("notice: Enroll: connecting to localhost:{port}");
    assert_eq!(said, ["notice: Checking enrollment", &connecting, "notice: Certificate enrolled"]);
    for (name, mode) in [("", 0o700), ("identity", 0o600), ("key.pem", 0o600), ("chain.pem", 0o644)]
    {
        assert_eq!(home.mode(&format!("one/{name}")), mode, "{name}");
    }
    let chain = home.read("one/chain.pem");
    // The key is not needed any more, nor the server.
    fs::remove_file(home.path("k.key")).unwrap();
    assert!(home.run(ENROLL).succeeds().stderr.contains("notice: Certificate is valid until"));
    assert_eq!(home.read("one/chain.pem"), chain);

    home.run("renew --dir one").succeeds();
    assert_eq!(home.read("one/chain.pem"), chain, "it is not time yet");
    let key = home.read("one/key.pem");
    home.run("renew --dir one --now --new-key").succeeds();
    assert_ne!(home.read("one/chain.pem"), chain);
    assert_ne!(home.read("one/key.pem"), key);
    assert_eq!(home.used(), 1);
    assert!(server.operation("/metrics").contains("provkey_outcomes_total{event=\"renewed\""));
}

/// The key pair that a renewal is under way for, out of an identity file that is not sealed.
fn pending_key(home: &Home) -> SoftwareSigner {
    let file = fs::read(home.path("one/identity")).unwrap();
    let mut rest = file.strip_prefix(b"provkey/2/identity\0").unwrap();
    rest = &rest[..rest.len() - 32];
    let mut fields = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk() {
        let (field, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
        fields.push(field);
        rest = tail;
    }
    let (private_key, spki) = (Pkcs8::new(fields[8].to_vec().into()), fields[9]);
    SoftwareSigner::from_pkcs8(&private_key, &PublicKey::from_spki(spki).unwrap()).unwrap()
}

#[test]
fn a_renewal_whose_new_public_key_is_taken_is_dropped_and_another_begun() {
    let (home, port) = Home::local();
    home.make_key("k", 9, "");
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let take = || {
        home.run("identity renew --dir one --new-key").succeeds();
        fs::write(home.path("taken.csr"), build_csr(&pending_key(&home), &[]).unwrap()).unwrap();
        home.run("sign --csr taken.csr --key-file k.key --out taken.pem").succeeds();
        let sign = home.run("sign --csr one/request.csr --out refused.pem");
        sign.is_refused("public_key_in_use");
    };
    take();
    let chain = home.read("one/chain.pem");
    let run = home.run("renew --dir one --retry-for 1s");
    assert!(run.succeeds().stderr.contains("is another connector's; renewing anew"));
    assert_ne!(home.read("one/chain.pem"), chain);

    take();
    home.run("identity renew --dir one --new-key --drop-pending").succeeds();
    home.run("sign --csr one/request.csr --out two.pem").succeeds();
    home.run("identity accept --dir one --chain two.pem").succeeds();
    assert_eq!(home.json("connector list")["items"].as_array().unwrap().len(), 3);
}

/// With a clock that runs six hundred times as fast, and a certificate of an hour.
#[test]
fn a_daemon_renews_when_it_is_time() {
    let (home, port) = Home::local();
    home.run("cert create short --leaf-validity 1h").succeeds();
    let create = "key create --name k --group gateways --cert short --max-uses 1 --out k.key";
    home.run(create).succeeds();
    let server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let chain = home.read("one/chain.pem");
    let mut command = home.command(&["renew", "--dir", "one", "--daemon"]);
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", "+0 x600");
    let mut daemon = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(daemon.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<_> = lines.take_while(|line| line != "notice: Certificate renewed").collect();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    // What faketime leaves behind, in most of its versions.
    for what in ["faketime_shm", "sem.faketime_sem"] {
        drop(fs::remove_file(format!("/dev/shm/{what}_{}", daemon.id())));
    }
    // It looked at it before, and it was not time yet.
    assert!(said.iter().any(|line| line.starts_with("notice: Certificate is valid")), "{said:?}");
    assert!(said.contains(&format!("notice: Enroll: connecting to localhost:{port}")), "{said:?}");
    assert_ne!(home.read("one/chain.pem"), chain);
    assert_eq!(home.used(), 1);
    assert!(server.operation("/metrics").contains("provkey_outcomes_total{event=\"renewed\""));
}

/// Debian's place for the library, which is a folder for each architecture.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.exists()).expect("Debian's package faketime")
}

/// An answer that was lost, and a program that was killed before it came.
#[test]
fn what_was_begun_goes_on_at_no_further_cost() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let run = home.run(ENROLL);
    run.is_refused("connect_failed");
    let identity = fs::read(home.path("one/identity")).unwrap();
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    fs::write(home.path("one/identity"), identity).unwrap();
    fs::remove_file(home.path("one/chain.pem")).unwrap();
    home.run(ENROLL).succeeds();
    home.read("one/chain.pem");
    assert_eq!(home.used(), 1);
}

#[test]
fn a_server_that_comes_late_is_waited_for() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let arguments = ["enroll", "--key-file", "k.key", "--dir", "one", "--retry-for", "2m"];
    let child = home.command(&arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    thread::sleep(std::time::Duration::from_millis(500));
    let _server = home.serve(port, &[]);
    let run: Run = child.unwrap().wait_with_output().unwrap().into();
    assert!(run.succeeds().stderr.contains("trying again in"));
}

#[test]
fn each_trouble_is_told_by_its_own_code() {
    let (home, port) = Home::local();
    let id = home.make_key("k", 1, "");
    let text = home.read("k.key");

    // A key that was miscopied: nothing is asked, nothing is made but the folder.
    let at = text.len() - 20;
    let other = if &text[at..=at] == "q" { "p" } else { "q" };
    fs::write(home.path("bad.key"), [&text[..at], other, &text[at + 1..]].concat()).unwrap();
    let run = home.run("enroll --key-file bad.key --dir bad");
    run.is_refused("key_miscopied");
    assert!(!run.stderr.contains("connecting") && !home.path("bad/identity").exists());

    home.run(ENROLL).is_refused("connect_failed");
    home.run("renew --dir one").is_refused("renewal_without_certificate");

    let plain = home.serve(port, &["--plain-http"]);
    home.run(ENROLL).is_refused("tls_failed");
    drop(plain);

    // Another authority at the same place.
    let other = Home::empty();
    other.begin(&format!("localhost:{port}"));
    let others = other.serve(port, &[]);
    let run = home.run(ENROLL);
    run.is_refused("chain_untrusted_root");
    drop(others);

    let _server = home.serve(port, &[]);
    home.run(&format!("key disable {id}")).succeeds();
    let run = home.run(ENROLL);
    run.is_refused("key_disabled");
    let secret = &text.trim()[text.rfind('_').unwrap() + 13..];
    assert!(!run.stderr.contains(secret), "{run:?}");
    let public = format!("pvk1_localhost:{port}_{id}…");
    let login = format!(
        "error: Login request failed - http status(403) key({public}) fingerprint(none)\n\
         notice: Certificate enrollment failed.\n"
    );
    assert!(run.stderr.contains(&login), "{run:?}");
}

#[test]
fn a_host_without_an_address_is_told_from_one_that_does_not_answer() {
    let home = Home::empty();
    home.begin("no-such-host.invalid");
    home.make_key("k", 1, "");
    home.run(ENROLL).is_refused("dns_failed");
    // The name of the host still is what is asked for.
    let port = free_port();
    let _server = home.serve(port, &[]);
    home.run(&format!("{ENROLL} --connect 127.0.0.1:{port}")).succeeds();
}

#[test]
fn a_server_ends_well() {
    let (home, port) = Home::local();
    let mut server = home.serve(port, &["--log-format", "json"]);
    assert!(server.operation("/readyz").contains("200 OK"));
    assert!(server.end());
    for line in server.log().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    home.run(&format!("serve --listen 192.0.2.1:{port}")).is_refused("listen_failed");
    let files = "--tls-certificate store.db --tls-key master.key";
    home.run(&format!("serve {files}")).is_refused("server_certificate_invalid");
}
