//! Hostile requests, and what the server writes about requests.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::home::Home;
use crate::server::Server;

/// Sends bytes over plain HTTP, and returns what the server sends before it closes the connection.
fn send(server: &Server<'_>, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn post(more: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/pkcs10\r\nContent-Length: {}\r\n{more}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn garbage_and_large_bodies_are_refused() {
    let (home, port) = Home::local();
    let server = home.serve(port, &["--plain-http"]);
    assert!(server.log().contains("--plain-http without --trusted-proxy"));
    for garbage in [&b"\0\xff\x16\x03\x01"[..], b"GET / HTTP/9\r\n\r\n", &[b'A'; 100_000]] {
        assert!(!send(&server, garbage).contains(" 500 "));
    }
    let large = send(&server, &post("", &vec![b'M'; 10_000_000]));
    assert!(large.is_empty() || large.contains("body_too_large"), "{large}");
    assert!(send(&server, &post("", &[b'M'; 40_000])).contains("body_too_large"));
    assert!(send(&server, &post("", b"?")).contains("body_malformed"));
}

#[test]
fn the_log_names_key_connector_and_status_of_each_request() {
    let (home, port) = Home::local();
    let id = home.make_key("k", 1, "");
    let text = home.read("k.key");
    let server = home.serve(port, &["--plain-http", "--log-format", "json"]);
    let bearer = format!("X-Request-Id: r1\r\nAuthorization: Bearer {}\r\n", text.trim());
    let mut connectors = Vec::new();
    for (file, status) in [("a.csr", 200), ("b.csr", 403), ("b.csr", 403)] {
        if !home.path(file).exists() {
            home.write_csr(file);
        }
        let answer = send(&server, &post(&bearer, &std::fs::read(home.path(file)).unwrap()));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.to_lowercase().contains("x-request-id: r1"), "{answer}");
        let log = server.log();
        let line = log.lines().rfind(|line| line.contains("simpleenroll")).unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["key"], &line["status"]), (&id.clone().into(), &status.into()), "{line}");
        connectors.push(line["connector"].as_str().unwrap().to_owned());
    }
    assert_eq!(home.json(&format!("connector show {}", connectors[0]))["key"], id);
    assert_ne!(connectors[0], connectors[1]);
    assert_eq!(connectors[1], connectors[2]);
}

/// Sends a secret in every place where one may land, and looks for it in all answers and logs.
#[test]
fn no_answer_and_no_log_has_a_secret() {
    let (home, port) = Home::local();
    home.make_key("canary", 1, "");
    home.write_csr("c.csr");
    let csr = std::fs::read(home.path("c.csr")).unwrap();
    let text = home.read("canary.key");
    let text = text.trim();
    let secret = &text[text.rfind('_').unwrap() + 13..][..32];
    let server = home.serve(port, &["--plain-http", "--log-format", "json"]);
    let mut answers = Vec::new();
    let bearer = format!("Authorization: Bearer {text}\r\n");
    for more in [
        &bearer,
        &format!("{bearer}X-Request-Id: {text}\r\nUser-Agent: {text}\r\nReferer: {text}\r\n"),
        &format!("Authorization: {text}\r\nX-Forwarded-For: {text}\r\nAccept: {text}\r\n"),
        &format!("Authorization: Basic {text}\r\nCookie: a={text}\r\n"),
        &format!("Authorization: Bearer {text}x\r\n"),
    ] {
        answers.push(send(&server, &post(more, &csr)));
        answers.push(send(&server, &post(more, text.as_bytes())));
    }
    for path in [format!("/{text}"), format!("/.well-known/est/{text}?key={text}")] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {text}\r\nConnection: close\r\n\r\n");
        answers.push(send(&server, request.as_bytes()));
    }
    assert!(answers[0].starts_with("HTTP/1.1 200 "), "{}", answers[0]);
    answers.push(home.run("audit list --json").stdout);
    answers.push(server.operation("/metrics"));
    answers.push(server.log());
    for answer in answers {
        assert!(!answer.contains(secret), "{answer}");
    }
    assert!(server.log().contains("\"route\":\"/.well-known/est/simpleenroll\""));
}

#[test]
fn the_operations_listener_has_few_connections() {
    let (home, port) = Home::local();
    let server = home.serve(port, &[]);
    let connect = || TcpStream::connect(server.operations).unwrap();
    let _held: Vec<_> = (0..64).map(|_| connect()).collect();
    let mut another = connect();
    another.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let read = another.read(&mut [0]);
    assert!(read.is_ok_and(|read| read == 0), "it is closed at once");
    assert!(server.log().contains("a connection was refused: its client is at a limit"));
}
