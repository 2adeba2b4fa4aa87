//! TLS to the server.

use std::net::TcpListener;
use std::process::Command;

use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

use crate::{check_refused, make_counter, used};

/// A self-signed certificate for `localhost`, and its private key.
fn certificate() -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    // Without the defaults of the machine, which make it the certificate of a CA.
    std::fs::write(folder.path().join("empty"), "[req]\ndistinguished_name=dn\n[dn]\n").unwrap();
    let made = Command::new("openssl")
        .args(["req", "-config", "empty", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem"])
        .args(["-out", "certificate.pem"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    (read("certificate.pem"), read("key.pem"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_server_needs_a_valid_certificate() {
    let port = free_port();
    let server =
        PostgresServer::start_with(&["listen_addresses=localhost", &format!("port={port}")]);
    let (certificate, key) = certificate();
    let certificate = server.write_private("server.pem", &certificate);
    let key = server.write_private("server.key", &key);
    let url = |host: &str, parameters: &str| {
        format!("postgres://postgres@{host}:{port}/postgres?{parameters}")
    };
    let trusted = format!("sslrootcert={}", certificate.display());

    // Without TLS on the server it has to be asked for by name.
    check_refused(PostgresStore::open(&url("localhost", &trusted)), "store_unavailable");
    make_counter(&PostgresStore::create(&url("localhost", "sslmode=disable")).unwrap(), "uses", 9);
    assert_eq!(used(&PostgresStore::open(&url("localhost", "sslmode=prefer")).unwrap(), "uses"), 0);

    server.configure(&[
        ("ssl_cert_file", certificate.to_str().unwrap()),
        ("ssl_key_file", key.to_str().unwrap()),
        ("ssl", "on"),
    ]);
    for mode in ["", "&sslmode=prefer", "&sslmode=require", "&sslmode=verify-full"] {
        let store = PostgresStore::open(&url("localhost", &format!("{trusted}{mode}"))).unwrap();
        assert_eq!(used(&store, "uses"), 0);
        let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE ssl AND application_name = 'provkey'";
        assert_ne!(server.sql("postgres", encrypted), "0", "{mode}");
    }
    // The certificate is for another name, or its root is not trusted.
    let error =
        check_refused(PostgresStore::open(&url("127.0.0.1", &trusted)), "store_unavailable");
    assert!(error.to_string().contains("certificate"), "{error}");
    for mode in ["", "sslmode=prefer", "sslmode=require", "sslmode=verify-full"] {
        let error =
            check_refused(PostgresStore::open(&url("localhost", mode)), "store_unavailable");
        assert!(error.to_string().contains("certificate"), "{mode}: {error}");
    }
    // A mode that is not known is no mode that is weaker.
    check_refused(PostgresStore::open(&url("localhost", "sslmode=allow")), "store_not_recognized");
    check_refused(PostgresStore::open(&url("localhost", "sslrootcert=none")), "store_unavailable");
}
