//! A running server: signals, and a master key that is rotated at the same time.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::home::Home;
use crate::server::wait_until;

const ENROLL: &str = "enroll --retry-for 1s";

#[test]
fn other_signals_do_not_end_a_server() {
    let (home, port) = Home::local();
    home.make_key("k", 9, "");
    let mut server = home.serve(port, &[]);
    for signal in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGPIPE] {
        server.signal(signal);
    }
    wait_until("what SIGHUP reads", || server.log().matches("reloaded").count() >= 4);
    wait_until("SIGUSR2", || server.log().contains("SIGUSR2 is ignored"));
    assert!(!server.log().contains("not reloaded"), "{}", server.log());
    home.run(&format!("{ENROLL} --key-file k.key --dir d")).succeeds();
    assert!(server.end());
}

#[test]
fn sigterm_sigint_and_sigquit_end_a_server_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let (home, port) = Home::local();
        let mut server = home.serve(port, &[]);
        server.signal(signal);
        assert!(server.ended(), "{signal}: {}", server.log());
        assert!(server.log().contains("ending"), "{signal}");
    }
}

/// A request in progress is finished, unless a second signal comes.
#[test]
fn a_second_signal_ends_a_server_at_once() {
    let (home, port) = Home::local();
    let mut server = home.serve(port, &["--plain-http"]);
    let mut slow = TcpStream::connect(server.address).unwrap();
    let head =
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nM";
    slow.write_all(head.as_bytes()).unwrap();
    sleep(Duration::from_millis(500));
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    wait_until("the end", || server.log().contains("ending"));
    server.signal(Signal::SIGINT);
    assert!(server.ended());
    assert!(begun.elapsed() < Duration::from_secs(8), "{}", server.log());
    assert!(server.log().contains("ended at once"));
    let _ = slow.read(&mut [0]);
}

/// The store is locked by another program, so that the last call does not return.
#[test]
fn a_second_signal_is_heard_while_the_last_calls_end() {
    let (home, port) = Home::local();
    home.make_key("k", 1, "");
    let mut server = home.serve(port, &["--plain-http"]);
    let mut locking = Command::new("python3");
    let lock = "import sqlite3, sys; c = sqlite3.connect('store.db', isolation_level=None); \
                c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()";
    locking.args(["-c", lock]).current_dir(home.path("."));
    let mut locking = locking.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    locking.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    home.write_csr("one.csr");
    let csr = fs::read(home.path("one.csr")).unwrap();
    let key = home.read("k.key");
    let mut client = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n",
        key.trim(),
        csr.len()
    );
    client.write_all(&[head.as_bytes(), &csr].concat()).unwrap();
    sleep(Duration::from_millis(500));
    drop(client);
    wait_until("the hang-up", || server.log().contains("hung up"));
    let begun = Instant::now();
    server.signal(Signal::SIGTERM);
    wait_until("the end", || server.log().contains("ending"));
    sleep(Duration::from_millis(500));
    server.signal(Signal::SIGINT);
    assert!(server.ended());
    assert!(begun.elapsed() < Duration::from_secs(4), "{}", server.log());
    assert!(server.log().contains("ended at once"), "{}", server.log());
    locking.kill().unwrap();
    locking.wait().unwrap();
}

/// The first refusal is stored at once, and the next ones wait in memory.
#[test]
fn counts_of_refusals_outlive_a_server_that_is_killed() {
    let (home, port) = Home::local();
    let key = home.make_key("k", 1, "");
    home.run(&format!("key disable {key}")).succeeds();
    let mut server = home.serve(port, &[]);
    for index in 0..3 {
        home.run(&format!("{ENROLL} --key-file k.key --dir d{index}")).is_refused("key_disabled");
    }
    let count = || {
        let trail = home.json("audit list --action enrollment_refused");
        let items = trail["items"].as_array().unwrap().iter();
        items.map(|item| item["count"].as_u64().unwrap()).sum::<u64>()
    };
    wait_until("the counts", || count() == 3);
    server.kill();
    assert_eq!(count(), 3);
}

#[test]
fn a_server_that_waits_for_its_store_ends_at_a_signal() {
    let (home, _) = Home::local();
    // A database that accepts connections and never answers.
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("postgres://provkey@{}/provkey", database.local_addr().unwrap());
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut server = home.command(&["serve", "--store", &store]).spawn().unwrap();
        let _connection = database.accept().unwrap();
        let begun = Instant::now();
        kill(Pid::from_raw(server.id().try_into().unwrap()), signal).unwrap();
        assert!(server.wait().unwrap().success(), "{signal}");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}

#[test]
fn sighup_reloads_the_log_level() {
    let (home, port) = Home::local();
    fs::write(home.path("level"), "error\n").unwrap();
    let server = home.serve(port, &["--log-level-file", "level"]);
    server.operation("/readyz");
    assert_eq!(server.log(), "");
    fs::write(home.path("level"), "info\n").unwrap();
    server.signal(Signal::SIGHUP);
    wait_until("the new level", || server.log().contains("reloaded"));
    fs::write(home.path("level"), "everything\n").unwrap();
    server.signal(Signal::SIGHUP);
    wait_until("a level that is none", || server.log().contains("log_level_invalid"));
    home.run("serve --log-level-file level").is_refused("log_level_invalid");
}

#[test]
fn sighup_reloads_certificates() {
    let (home, port) = Home::local();
    let make = |name: &str, more: &str| {
        home.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key \
             -out {name}.pem -subj /CN={name} -days 9{more}"
        ));
    };
    make("server", "");
    make("admin", " -addext extendedKeyUsage=clientAuth");
    make("signer", " -addext extendedKeyUsage=codeSigning");
    home.run("serve --administrator admin:alice:signer.pem")
        .is_refused("admin_certificate_purpose");
    let more = ["--tls-certificate", "server.pem", "--tls-key", "server.key"];
    let server =
        home.serve(port, &[&more[..], &["--administrator", "admin:alice:admin.pem"]].concat());
    let shown = || {
        let connect = format!("s_client -connect 127.0.0.1:{port} -showcerts");
        let run = Command::new("openssl").args(connect.split(' ')).output().unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    let first = home.read("server.pem");
    assert!(shown().contains(first.trim()));
    make("server", "");
    fs::copy(home.path("signer.pem"), home.path("admin.pem")).unwrap();
    server.signal(Signal::SIGHUP);
    wait_until("the new certificate", || shown().contains(home.read("server.pem").trim()));
    wait_until("the list of administrators", || {
        server.log().contains("not reloaded") && server.log().contains("admin_certificate_purpose")
    });
}

#[test]
fn connectors_enroll_while_the_master_key_is_rotated() {
    let (home, port) = Home::local();
    home.make_key("old", 9, "");
    let mut server = home.serve(port, &[]);
    home.run(&format!("{ENROLL} --key-file old.key --dir before")).succeeds();
    home.run("master rotate").succeeds();
    home.make_key("new", 9, "");
    home.run(&format!("{ENROLL} --key-file old.key --dir after")).succeeds();
    home.run(&format!("{ENROLL} --key-file new.key --dir new")).succeeds();
    home.run("renew --dir before").succeeds();
    assert!(server.operation("/readyz").contains("200 OK"));
    assert!(server.end());
}

/// The server has its own master key file, as on another machine.
#[test]
fn a_server_reports_a_missing_master_key_and_reloads_it() {
    let (home, port) = Home::local();
    home.make_key("old", 9, "");
    fs::copy(home.path("master.key"), home.path("theirs.key")).unwrap();
    let server = home.serve(port, &["--master-key-file", "theirs.key"]);
    home.run(&format!("{ENROLL} --key-file old.key --dir before")).succeeds();
    home.run("master rotate").succeeds();
    home.make_key("new", 9, "");
    // Keys made before the rotation still enroll.
    home.run(&format!("{ENROLL} --key-file old.key --dir after")).succeeds();
    home.run("renew --dir before").succeeds();
    home.run(&format!("{ENROLL} --key-file new.key --dir new")).is_refused("master_key_missing");
    let ready = server.operation("/readyz");
    assert!(ready.contains("503") && ready.contains("slots 1"), "{ready}");
    assert!(server.operation("/metrics").contains("provkey_master_keys_missing 1"));
    assert!(server.log().contains("a master key of the authority is missing in this process"));
    fs::copy(home.path("master.key"), home.path("theirs.key")).unwrap();
    server.signal(Signal::SIGHUP);
    home.run("enroll --key-file new.key --dir new").succeeds();
    wait_until("readiness", || server.operation("/readyz").contains("200 OK"));
}
