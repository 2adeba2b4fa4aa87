//! `provkey enroll` and `provkey renew`, with `provkey serve` at the other end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

use provkey::x509::{Pkcs8, PublicKey, SoftwareSigner, build_csr};

use crate::home::{Home, Run};
use crate::server::free_port;

const ENROLL: &str = "enroll --key-file k.key --dir one --retry-for 1s";

#[test]
fn enroll_may_be_repeated_and_renew_renews() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let server = home.serve(port, &[]);
    let run = home.run(ENROLL);
    run.succeeds();
    let said: Vec<_> = run.stderr.lines().collect();
    let [checking, attempting, .., connecting, answered, enrolled] = said[..] else {
        panic!("{said:?}")
    };
    assert_eq!(checking, "notice: Checking enrollment");
    assert_eq!(attempting, "notice: No valid certificate. Attempting to enroll");
    let address = format!("notice: Enroll: connecting to localhost:{port} (127.0.0.1:{port})");
    assert_eq!(connecting, address);
    let (answer, id) = answered.split_once("Z) request id(").unwrap();
    assert!(answer.starts_with("notice: Enroll: http status(200) time(20"), "{answer}");
    assert_eq!(enrolled, "notice: Certificate enrolled");
    // The log names the request by the same id.
    assert!(server.log().contains(id.trim_end_matches(')')), "{answered}");
    for (name, mode) in [("", 0o700), ("identity", 0o600), ("key.pem", 0o600), ("chain.pem", 0o644)]
    {
        assert_eq!(home.mode(&format!("one/{name}")), mode, "{name}");
    }
    let chain = home.read("one/chain.pem");
    // Neither the key nor the server is needed any more.
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

/// Reads the key pair of the pending renewal from an identity file that is not sealed.
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
fn a_renewal_whose_new_public_key_is_in_use_starts_over() {
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
    assert!(run.succeeds().stderr.contains("belongs to another connector"));
    assert_ne!(home.read("one/chain.pem"), chain);

    take();
    home.run("identity renew --dir one --new-key --drop-pending").succeeds();
    home.run("sign --csr one/request.csr --out two.pem").succeeds();
    home.run("identity accept --dir one --chain two.pem").succeeds();
    assert_eq!(home.json("connector list")["items"].as_array().unwrap().len(), 3);
}

/// The clock runs 600 times as fast, and the certificate is valid for an hour.
#[test]
fn a_daemon_renews_when_renewal_is_due() {
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
    // Most versions of faketime leave these files behind.
    for what in ["faketime_shm", "sem.faketime_sem"] {
        drop(fs::remove_file(format!("/dev/shm/{what}_{}", daemon.id())));
    }
    // The daemon checked the certificate before, and renewal was not due.
    assert!(said.iter().any(|line| line.starts_with("notice: Certificate is valid")), "{said:?}");
    let connecting = format!("notice: Enroll: connecting to localhost:{port} (127.0.0.1:{port})");
    assert!(said.contains(&connecting), "{said:?}");
    assert_ne!(home.read("one/chain.pem"), chain);
    assert_eq!(home.used(), 1);
    assert!(server.operation("/metrics").contains("provkey_outcomes_total{event=\"renewed\""));
}

/// The library as Debian installs it, in a folder per architecture.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    libraries.find(|library| library.exists()).expect("Debian's package faketime")
}

/// An answer is lost, or the program is killed before it arrives.
#[test]
fn an_interrupted_enrollment_costs_one_use() {
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
fn enroll_retries_until_the_server_starts() {
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
fn each_failure_has_its_code() {
    let (home, port) = Home::local();
    let id = home.make_key("k", 1, "");
    let text = home.read("k.key");

    // A miscopied key: no request is sent, and only the folder is created.
    let at = text.len() - 20;
    let other = if &text[at..=at] == "q" { "p" } else { "q" };
    fs::write(home.path("bad.key"), [&text[..at], other, &text[at + 1..]].concat()).unwrap();
    let run = home.run("enroll --key-file bad.key --dir bad");
    run.is_refused("key_miscopied");
    assert!(!run.stderr.contains("connecting") && !home.path("bad/identity").exists());
    assert!(run.stderr.contains("\nnotice: Certificate enrollment failed.\nerror: "), "{run:?}");

    home.run(ENROLL).is_refused("connect_failed");
    home.run("renew --dir one").is_refused("renewal_without_certificate");

    let plain = home.serve(port, &["--plain-http"]);
    home.run(ENROLL).is_refused("tls_failed");
    drop(plain);

    // Another authority at the same address.
    let other = Home::empty();
    other.begin(&format!("localhost:{port}"));
    let others = other.serve(port, &[]);
    let run = home.run(ENROLL);
    run.is_refused("chain_untrusted_root");
    let shown = run.stderr.lines().last().unwrap();
    for part in ["it shows a certificate of \"CN=localhost", "issued by \"CN=localhost", "SHA-256 "]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
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
fn a_host_without_an_address_has_its_own_code() {
    let home = Home::empty();
    home.begin("no-such-host.invalid");
    home.make_key("k", 1, "");
    home.run(ENROLL).is_refused("dns_failed");
    // The TLS name is still the host of the key.
    let port = free_port();
    let _server = home.serve(port, &[]);
    home.run(&format!("{ENROLL} --connect 127.0.0.1:{port}")).succeeds();
}

#[test]
fn a_server_ends_in_order_and_refuses_what_it_cannot_serve() {
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

/// A server that sends this answer once.
fn answer_once(port: u16, home: &Home, answer: &'static str) -> thread::JoinHandle<()> {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (certificate, key) = (home.read("tls.pem"), home.read("tls.key"));
    let certificates = [rustls_pem(&certificate)].to_vec();
    let config = rustls::ServerConfig::builder_with_provider(std::sync::Arc::new(
        rustls::crypto::ring::default_provider(),
    ));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = rustls::pki_types::pem::PemObject::from_pem_slice(key.as_bytes()).unwrap();
    let config = std::sync::Arc::new(config.with_single_cert(certificates, key).unwrap());
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut request = [0; 8192];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        stream.flush().unwrap();
    })
}

fn rustls_pem(pem: &str) -> rustls::pki_types::CertificateDer<'static> {
    rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap()
}

/// A connector gives up after `--retry-for`, whatever `Retry-After` asks for.
#[test]
fn any_retry_after_is_survived() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    home.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem \
         -subj /CN=localhost -days 2 -addext subjectAltName=DNS:localhost \
         -addext basicConstraints=critical,CA:FALSE",
    );
    for seconds in ["18446744073709551615", "9223372036854775807", "-1", "99999999999999999999"] {
        let answer = format!(
            "HTTP/1.1 503 Busy\r\nRetry-After: {seconds}\r\nX-Request-Id: abc-1\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let server = answer_once(port, &home, answer.leak());
        let run = home.run("enroll --key-file k.key --dir one --retry-for 0s --ca-file tls.pem");
        run.is_refused("server_answer_invalid");
        assert!(run.stderr.contains("request id(abc-1)"), "{run:?}");
        assert!(!run.stderr.contains("trying again"), "{run:?}");
        server.join().unwrap();
    }
}

/// The connector was revoked, and its operator has a new key.
#[test]
fn another_key_is_refused_and_replace_enrolls_with_it() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let new = home.make_key("new", 3, "");
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let (old_key, old_chain) = (home.read("one/key.pem"), home.read("one/chain.pem"));
    let connector = home.json("connector list")["items"][0]["id"].as_str().unwrap().to_owned();
    home.run(&format!("connector revoke {connector}")).succeeds();

    // The certificate is kept current, but the new key was not used, which is a failure.
    let other = "enroll --key-file new.key --dir one --retry-for 1s";
    let run = home.run(other);
    run.is_refused("identity_other_key");
    assert!(run.stderr.contains("--replace") && run.stderr.contains(&new), "{run:?}");
    let run = home.run("renew --dir one --now --retry-for 0s");
    run.is_refused("connector_revoked");
    assert!(run.stderr.contains("provkey enroll --replace --key-file"), "{run:?}");

    // A refused replacement leaves the old identity in use.
    home.run(&format!("key disable {new}")).succeeds();
    home.run(&format!("{other} --replace")).is_refused("key_disabled");
    assert_eq!(home.read("one/chain.pem"), old_chain);
    home.run(&format!("key enable {new}")).succeeds();
    let old = fs::read(home.path("one/identity")).unwrap();
    home.run(&format!("{other} --replace")).succeeds();
    assert_eq!(home.used(), 2, "the successor that was refused asked again");
    assert_ne!(home.read("one/chain.pem"), old_chain);
    assert_ne!(home.read("one/key.pem"), old_key);
    let kept = kept(&home);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(home.mode(&kept[0]), 0o700);
    assert_eq!(fs::read(home.path(&format!("{}/identity", kept[0]))).unwrap(), old);
    assert_eq!(home.read(&format!("{}/key.pem", kept[0])), old_key);
    assert_eq!(home.read(&format!("{}/chain.pem", kept[0])), old_chain);
    home.run(other).succeeds();
    home.run("renew --dir one --now").succeeds();
}

/// A file that may not be replaced is found before any file is written.
#[test]
fn a_replacement_leaves_no_new_key_beside_old_certificates() {
    let (home, port) = Home::local();
    home.make_key("k", 2, "");
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let read = |name: &str| fs::read(home.path(name)).unwrap();
    let (identity, key) = (read("one/identity"), read("one/key.pem"));
    fs::write(home.path("one/chain.pem"), "notes of mine").unwrap();
    let replace = format!("{ENROLL} --replace");
    let run = home.run(&replace);
    run.is_refused("file_exists");
    assert!(run.stderr.contains("chain.pem"), "{run:?}");
    assert_eq!((read("one/identity"), read("one/key.pem")), (identity, key.clone()));
    assert_eq!(read("one/chain.pem"), b"notes of mine");
    fs::rename(home.path("one/chain.pem"), home.path("one/notes")).unwrap();
    home.run(&replace).succeeds();
    assert_ne!(read("one/key.pem"), key);
    assert_eq!(home.used(), 2);
}

/// A successor that cannot be opened for lack of its fingerprint is not started over, which would
/// cost another use.
#[test]
fn a_replacement_without_its_fingerprint_costs_no_further_use() {
    let (home, port) = Home::local();
    home.make_key("k", 5, "");
    let server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    drop(server);
    let replace = format!("{ENROLL} --replace");
    home.run(&format!("{replace} --fingerprint m1")).is_refused("connect_failed");
    let begun = fs::read(home.path("one/identity.new")).unwrap();
    let _server = home.serve(port, &[]);
    let run = home.run(&replace);
    run.is_refused("identity_sealed");
    assert!(
        run.stderr.contains("one/identity.new is an unfinished replacement: move it away"),
        "{run:?}"
    );
    home.run(&format!("{replace} --fingerprint m2")).is_refused("identity_other_machine");
    assert_eq!(fs::read(home.path("one/identity.new")).unwrap(), begun);
    assert_eq!(home.used(), 1);
    home.run(&format!("{replace} --fingerprint m1")).succeeds();
    assert_eq!((home.used(), kept(&home).len()), (2, 1));

    // A malformed successor is set aside, and another one is made.
    fs::write(home.path("one/identity.new"), &begun[..begun.len() - 1]).unwrap();
    home.run(&format!("{replace} --fingerprint m1")).succeeds();
    assert_eq!((home.used(), kept(&home).len()), (3, 3));
}

/// The target of a symbolic link is set aside, even on another file system.
#[test]
fn a_replacement_sets_the_target_of_a_link_aside() {
    let (home, port) = Home::local();
    home.make_key("k", 3, "");
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let shared = tempfile::tempdir_in("/dev/shm").unwrap();
    let targets = [home.path("elsewhere.pem"), shared.path().join("elsewhere.pem")];
    let link = home.path("one/key.pem");
    for (count, target) in targets.iter().enumerate() {
        let old = fs::read(&link).unwrap();
        fs::write(target, &old).unwrap();
        fs::set_permissions(target, fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(target, &link).unwrap();
        home.run(&format!("{ENROLL} --replace")).succeeds();
        assert!(link.is_symlink());
        assert_ne!(fs::read(target).unwrap(), old);
        let kept = kept(&home);
        assert_eq!(kept.len(), count + 1, "{kept:?}");
        let mut keys = kept.iter().map(|folder| format!("{folder}/key.pem"));
        let kept_key = keys.next_back().expect("one was just kept");
        assert_eq!(fs::read(home.path(&kept_key)).unwrap(), old);
        assert!(!home.path(&kept_key).is_symlink());
        assert_eq!(home.mode(&kept_key), 0o600);
    }
}

/// The folders with replaced identities.
fn kept(home: &Home) -> Vec<String> {
    let names = crate::home::names(&home.path("one"));
    names
        .into_iter()
        .filter(|it| it.starts_with("replaced-"))
        .map(|it| format!("one/{it}"))
        .collect()
}

#[test]
fn a_damaged_identity_is_named_with_its_remedy() {
    let (home, port) = Home::local();
    home.make_key("k", 3, "");
    let _server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let whole = fs::read(home.path("one/identity")).unwrap();
    for length in [0, 7, 30, whole.len() - 1] {
        fs::write(home.path("one/identity"), &whole[..length]).unwrap();
        for command in [ENROLL, "renew --dir one", "identity show --dir one"] {
            let run = home.run(command);
            run.is_refused("identity_damaged");
            assert!(run.stderr.contains("one/identity"), "{run:?}");
            assert!(run.stderr.contains("provkey enroll --replace --key-file"), "{run:?}");
        }
    }
    home.run(&format!("{ENROLL} --replace")).succeeds();
    assert_eq!(kept(&home).len(), 1);
    assert_eq!(home.used(), 2);
}

/// Killed after each step of a replacement. The next run finishes it, no file is lost, and one use
/// is spent.
#[test]
fn an_interrupted_replacement_is_finished() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    home.make_key("new", 1, "");
    let server = home.serve(port, &[]);
    home.run(ENROLL).succeeds();
    let (identity, key, chain) = ("one/identity", "one/key.pem", "one/chain.pem");
    let read = |name: &str| fs::read(home.path(name)).unwrap();
    let old = [identity, key, chain].map(read);
    let replace = "enroll --key-file new.key --dir one --retry-for 1s --replace";
    home.run(replace).succeeds();
    let new = [identity, key, chain].map(read);
    let folder = kept(&home).remove(0);
    drop(server);
    // The files after an interruption before the files were written, after each of them, and before
    // all old ones were set aside.
    for written in 0..=2 {
        for kept_whole in [false, true] {
            fs::write(home.path("one/identity.new"), &new[0]).unwrap();
            for (index, name) in [identity, key, chain].into_iter().enumerate() {
                let there = if (1..=written).contains(&index) { &new } else { &old };
                fs::remove_file(home.path(name)).unwrap();
                fs::write(home.path(name), &there[index]).unwrap();
            }
            fs::remove_dir_all(home.path(&folder)).unwrap();
            if kept_whole || written > 0 {
                fs::create_dir(home.path(&folder)).unwrap();
                for (name, bytes) in ["identity", "key.pem", "chain.pem"].iter().zip(&old) {
                    fs::write(home.path(&format!("{folder}/{name}")), bytes).unwrap();
                }
            }
            // The next run finishes it without a server.
            home.run("enroll --key-file new.key --dir one --retry-for 0s").succeeds();
            assert_eq!([identity, key, chain].map(read), new, "{written}");
            assert!(!home.path("one/identity.new").exists());
            let kept = kept(&home);
            let is_old = |folder: &String| read(&format!("{folder}/identity")) == old[0];
            assert!(kept.iter().any(is_old), "{kept:?}");
            for other in kept.iter().filter(|it| **it != folder) {
                fs::rename(home.path(other), home.path(&folder))
                    .or_else(|_| fs::remove_dir_all(home.path(other)))
                    .unwrap();
            }
        }
    }
    assert_eq!(home.used(), 2);
}
