//! Hand-written accounting on Redis: a script that counts and records, with a log that is
//! synced at each command.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use provkey_benches::per_second;
use tempfile::TempDir;

const SCRIPT: &str = "
    local used = tonumber(redis.call('GET', 'used') or '0')
    if used >= 1000000000 then return 0 end
    if redis.call('SETNX', 'enrollment:' .. ARGV[1], ARGV[2]) == 0 then return 0 end
    redis.call('INCR', 'used')
    redis.call('RPUSH', 'audit', 'connector enrolled with key 1')
    return 1";

/// A server on a private socket.
pub(super) struct Server {
    child: Child,
    socket: PathBuf,
    next: AtomicUsize,
    _directory: TempDir,
}

impl Server {
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        // The path of a socket must be short.
        let socket = temporary.keep().join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket"])
            .arg(&socket)
            .args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .args(["--loglevel", "warning", "--dir"])
            .arg(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { child, socket, next: AtomicUsize::new(0), _directory: directory };
        while server.connect().is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn connect(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(format!("unix://{}", self.socket.display()))?.get_connection()
    }

    pub(super) fn version(&self) -> String {
        let info: String =
            redis::cmd("INFO").arg("server").query(&mut self.connect().unwrap()).unwrap();
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        version.unwrap_or_default().to_owned()
    }

    pub(super) fn per_second(&self, clients: usize, count: usize) -> f64 {
        let script = redis::Script::new(SCRIPT);
        let connections: Vec<_> =
            (0..clients).map(|_| Mutex::new(self.connect().unwrap())).collect();
        per_second(clients, count, |client, _| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let mut invocation = script.arg(number);
            invocation.arg(&[b'e'; 650][..]);
            let counted: i64 =
                invocation.invoke(&mut *connections[client].lock().unwrap()).unwrap();
            assert_eq!(counted, 1);
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.socket.parent().map(std::fs::remove_dir_all);
    }
}
