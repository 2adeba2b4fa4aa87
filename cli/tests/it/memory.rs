//! The memory of a server has no secret that it has sent.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt as _;

use serde_json::Value;

use crate::home::Home;
use crate::server::Server;

/// One connection to a server, kept alive.
struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    fn new(address: SocketAddr, token: &str) -> Self {
        let stream = BufReader::new(TcpStream::connect(address).unwrap());
        Self { stream, token: token.to_owned() }
    }

    /// Returns the headers and the body of the answer.
    fn post(&mut self, path: &str, json: &str) -> (String, String) {
        let (token, length) = (&self.token, json.len());
        let request = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}",
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut headers = String::new();
        while !headers.ends_with("\r\n\r\n") {
            assert_ne!(self.stream.read_line(&mut headers).unwrap(), 0, "{headers}");
        }
        let lower = headers.to_ascii_lowercase();
        let (_, length) = lower.split_once("content-length: ").unwrap();
        let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        (headers, String::from_utf8(body).unwrap())
    }
}

/// How often a text occurs in the writable memory of a process.
fn places(server: &Server<'_>, text: &str) -> usize {
    let process = server.child.id();
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|digits| u64::from_str_radix(digits, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Some mappings cannot be read, such as those of the kernel.
        let Ok(()) = memory.read_exact_at(&mut bytes, from) else { continue };
        found += bytes.windows(text.len()).filter(|window| window == &text.as_bytes()).count();
    }
    found
}

/// The 32 characters of a text that are its secret.
fn secret_of(text: &str, after: usize) -> &str {
    let core = text.trim().rsplit('_').next().unwrap();
    &core[after..after + 32]
}

#[test]
fn secrets_that_were_sent_are_wiped() {
    let (home, port) = Home::local();
    let key = home.make_key("k", 5, "");
    let admin = home.json("admin-token create boss --role admin --expires 1d");
    let server = home.serve(port, &["--plain-http"]);
    let mut client = Client::new(server.address, admin["text"].as_str().unwrap());

    // The last answer may remain in the send buffer, so another one follows it.
    let (_, copied) = client.post(&format!("/keys/{key}/copy"), "");
    let copied: Value = serde_json::from_str(&copied).unwrap();
    let text = copied["text"].as_str().unwrap();
    let (headers, downloaded) = client.post(&format!("/keys/{key}/download"), "");
    assert_eq!(downloaded, format!("{text}\n"));
    assert!(headers.contains("content-type: text/plain; charset=utf-8\r\n"), "{headers}");
    let new = r#"{"name": "other", "role": "viewer"}"#;
    let (headers, token) = client.post("/tokens", new);
    assert!(headers.contains("content-type: application/json\r\n"), "{headers}");
    let token: Value = serde_json::from_str(&token).unwrap();

    // The secret follows an id of 12 characters in a key, and a separator in a token.
    assert_eq!(places(&server, secret_of(text, 12)), 0);
    assert_eq!(places(&server, secret_of(token["text"].as_str().unwrap(), 0)), 0);
    // A secret would be found: the client's own header still is where it was received.
    assert_ne!(places(&server, secret_of(&client.token, 0)), 0);
}
