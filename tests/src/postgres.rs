//! A PostgreSQL server for a test.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};

/// Where Debian installs the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The shell around a server. It stops the server and removes its folder when its standard
/// input is closed, hence also when the test is killed.
const WATCHED: &str = r#"folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
cat >/dev/null
kill -QUIT $! 2>/dev/null
wait
[ -e "$folder/keep" ] || rm -rf "$folder""#;

/// A running server in a temporary folder, with a private socket. It stops, and the folder is
/// removed, when this value is dropped or this process ends. All its functions panic if something
/// fails.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    settings: Vec<String>,
    variables: Vec<(&'static str, PathBuf)>,
    port: String,
    watch: Option<Child>,
    databases: AtomicUsize,
}

impl PostgresServer {
    /// Starts a server with durable commits.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Self::start`], with settings for `postgresql.conf`.
    pub fn start_with(settings: &[&str]) -> Self {
        let mut server = Self::prepare(settings);
        server.init();
        server.run();
        server
    }

    /// As [`Self::start`], on a disk that [`Self::fill_disk`] can fill.
    #[cfg(target_os = "linux")]
    pub fn start_on_a_small_disk() -> Self {
        let mut server = Self::prepare(&[]);
        server.init();
        server.variables = vec![
            ("LD_PRELOAD", crate::disk_faults()),
            ("DISK_FOLDER", server.data().join("base")),
            ("DISK_FULL", server.folder.join("full")),
        ];
        server.run();
        server
    }

    /// Makes the disk full, so that no table can grow, or frees it again.
    #[cfg(target_os = "linux")]
    pub fn fill_disk(&self, full: bool) {
        let file = self.folder.join("full");
        let done = if full { fs::write(file, "") } else { fs::remove_file(file) };
        done.expect("the folder can be written");
    }

    /// Starts a replica of this server.
    pub fn start_replica(&self) -> Self {
        self.replicate(&[], &[])
    }

    /// Starts a synchronous standby, which applies each commit before this server reports it.
    /// Waits until it is synchronous.
    pub fn start_synchronous_standby(&self) -> Self {
        // This server identifies the standby by its cluster name.
        let standby = self.replicate(&["-C", "-S", "s1"], &["cluster_name=s1"]);
        self.configure(&[
            ("synchronous_standby_names", "FIRST 1 (s1)"),
            ("synchronous_commit", "remote_apply"),
        ]);
        let states = "SELECT sync_state FROM pg_stat_replication";
        while self.sql("postgres", states) != "sync" {
            thread::sleep(Duration::from_millis(10));
        }
        standby
    }

    /// Promotes this replica to a primary.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    fn replicate(&self, options: &[&str], settings: &[&str]) -> Self {
        let mut replica = Self::prepare(settings);
        let data = replica.data();
        run(self
            .command("pg_basebackup")
            .args(["-U", "postgres", "-R", "-X", "stream", "-c", "fast", "-p", &self.port])
            .args(options)
            .arg("-h")
            .arg(&self.folder)
            .arg("-D")
            .arg(data));
        replica.run();
        replica
    }

    /// The URL of a new, empty database.
    pub fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database, over the socket, as the superuser.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/{database}")
    }

    /// The folder of the socket and of files of a test.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs SQL as the superuser with `psql`. Returns the rows, with `|` between the columns.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]).arg(&self.folder);
        run(psql.args(["-p", &self.port, "-d", database, "-c", sql]))
    }

    /// Changes settings of the running server, and waits until they are in effect.
    pub fn configure(&self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        }
        self.sql("postgres", "SELECT pg_reload_conf()");
        for (name, value) in settings {
            while self.sql("postgres", &format!("SHOW {name}")) != *value {
                thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Writes a file that only the server may read.
    pub fn write_private(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("the folder can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        if let Some(user) = server_user() {
            chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("we are root");
        }
        path
    }

    /// Replaces the rules in `pg_hba.conf`: who may connect, and how.
    pub fn replace_rules(&self, rules: &str) {
        fs::write(self.data().join("pg_hba.conf"), rules).expect("the folder can be written");
        let done = self.sql("postgres", "SELECT pg_reload_conf()");
        assert_eq!(done, "t");
        let good = "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NULL";
        while self.sql("postgres", good) != rules.lines().count().to_string() {
            thread::sleep(Duration::from_millis(10));
        }
        // The server process reads them a little later.
        thread::sleep(Duration::from_millis(200));
    }

    /// Kills the server (SIGKILL), and leaves it down.
    pub fn kill(&mut self) {
        let pid_file = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let pid = pid_file.lines().next().expect("the first line is the process");
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("a running process has a list of children");
        run(Command::new("kill").args(["-9", pid]));
        for child in children.split_whitespace() {
            // Some may have ended by now.
            let _ = Command::new("kill").args(["-9", child]).stderr(Stdio::null()).status();
            while Path::new("/proc").join(child).exists() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        self.end_watch(true);
    }

    /// Starts the server again after [`Self::kill`].
    pub fn restart(&mut self) {
        self.run();
    }

    fn prepare(settings: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder").keep();
        if let Some(user) = server_user() {
            chown(&folder, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("we are root");
        }
        let port = settings.iter().find_map(|setting| setting.strip_prefix("port="));
        Self {
            folder,
            settings: settings.iter().map(ToString::to_string).collect(),
            variables: Vec::new(),
            port: port.unwrap_or("5432").into(),
            watch: None,
            databases: AtomicUsize::new(0),
        }
    }

    fn init(&self) {
        run(self
            .command("initdb")
            .args(["-A", "trust", "-U", "postgres", "--no-sync"])
            .args(["-E", "UTF8", "--locale=C", "-D"])
            .arg(self.data()));
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the server, and waits until it responds.
    fn run(&mut self) {
        let mut command = self.command("sh");
        command.args(["-c", WATCHED, "sh"]).arg(&self.folder).arg(program("postgres"));
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.folder);
        let usual = ["max_connections=200", "listen_addresses=", "fsync=on"].map(String::from);
        for setting in usual.iter().chain(&self.settings) {
            command.args(["-c", setting]);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        self.watch = Some(command.stdin(Stdio::piped()).spawn().expect("a shell"));
        let started = Instant::now();
        let mut ready = self.command("pg_isready");
        ready.args(["-q", "-U", "postgres", "-p", &self.port, "-h"]).arg(&self.folder);
        while !ready.status().expect("pg_isready runs").success() {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(started.elapsed() < START_TIMEOUT, "PostgreSQL does not start: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has the shell around the server stop it, and keep or remove its folder.
    fn end_watch(&mut self, keep: bool) {
        let Some(mut watch) = self.watch.take() else { return };
        let kept = self.folder.join("keep");
        if keep {
            fs::write(&kept, "").expect("the folder can be written");
        }
        drop(watch.stdin.take());
        watch.wait().expect("it is our child");
        let _ = fs::remove_file(kept);
    }

    /// A program of PostgreSQL, which refuses to run as root.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some(user) = server_user() {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.end_watch(false);
        // After a kill, the folder is still there.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a server, prints its URL and runs until standard input is closed, for tests in other
/// languages.
///
/// # Errors
/// If standard output is closed.
pub fn serve_postgres() -> io::Result<()> {
    let server = PostgresServer::start();
    writeln!(io::stdout(), "{}", server.url("postgres"))?;
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

fn server_user() -> Option<User> {
    let named = |name| User::from_name(name).ok().flatten();
    if Uid::effective().is_root() { named("postgres").or_else(|| named("nobody")) } else { None }
}

/// The path of a program of the newest installed version, or else its name.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let of_version = |version: fs::DirEntry| version.path().join("bin").join(name);
    let newest = versions.map(of_version).filter(|program| program.exists()).max();
    newest.unwrap_or_else(|| name.into())
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("`make test` installs what the tests need");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim_end().into()
}
