//! `provkey serve`, as tests run it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::home::Home;

/// A server over the authority of a home. Its log is `server.log` there.
pub(crate) struct Server<'a> {
    pub(crate) home: &'a Home,
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) operations: SocketAddr,
}

/// A free port.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Home {
    /// A folder with an authority whose host is a free port of this machine. Returns the port.
    pub(crate) fn local() -> (Self, u16) {
        let (home, port) = (Self::empty(), free_port());
        home.begin(&format!("localhost:{port}"));
        (home, port)
    }

    pub(crate) fn begin(&self, host: &str) {
        self.run(&format!("init --host {host} --trust-domain example.com")).succeeds();
        self.run("group create gateways").succeeds();
        self.run("cert create signing").succeeds();
    }

    pub(crate) fn serve(&self, port: u16, more: &[&str]) -> Server<'_> {
        Server::start(self, port, more)
    }

    pub(crate) fn used(&self) -> u64 {
        let keys = self.json("key list");
        keys["items"].as_array().unwrap().iter().map(|key| key["used"].as_u64().unwrap()).sum()
    }
}

impl<'a> Server<'a> {
    fn start(home: &'a Home, port: u16, more: &[&str]) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let arguments = [
            "serve",
            "--listen",
            &listen,
            "--operations-listen",
            "127.0.0.1:0",
            "--log-level",
            "debug",
        ];
        let mut command = home.command(&[&arguments[..], more].concat());
        let log = OpenOptions::new().create(true).append(true).open(home.path("server.log"));
        let mut child = command.stdout(Stdio::piped()).stderr(log.unwrap()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = || -> SocketAddr {
            let line =
                lines.next().unwrap_or_else(|| panic!("{}", home.read("server.log"))).unwrap();
            line.rsplit('/').next().unwrap().parse().unwrap()
        };
        let (operations, address) = (address(), address());
        Self { home, child, address, operations }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Ends the server as systemd does. Returns whether its exit status was 0.
    pub(crate) fn end(&mut self) -> bool {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Waits until the server has ended. Returns whether its exit status was 0.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// The answer of the listener for monitoring.
    pub(crate) fn operation(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.operations).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn log(&self) -> String {
        self.home.read("server.log")
    }

    /// Writes the root to `root.pem`.
    pub(crate) fn write_root(&self, chain: &str) {
        let chain = self.home.read(chain);
        let root = chain.rfind("-----BEGIN").unwrap();
        File::create(self.home.path("root.pem"))
            .unwrap()
            .write_all(&chain.as_bytes()[root..])
            .unwrap();
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a condition holds, for a minute at most.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come");
}
