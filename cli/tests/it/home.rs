//! A temporary folder with an authority, in which tests run the command.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use provkey::authority::{Authority, Environment};
use provkey::key::Keyring;
use provkey::store::Store;
use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Home {
    folder: TempDir,
    /// The store of the authority.
    pub(crate) store: String,
}

/// The result of a run of the command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: "sqlite:store.db".into() }
    }

    /// A folder with an authority, a group `gateways` and a certificate `signing`.
    pub(crate) fn new() -> Self {
        let home = Self::empty();
        for command in
            ["init --host api.example.com", "group create gateways", "cert create signing"]
        {
            home.run(command).succeeds();
        }
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provkey"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("PROVKEY_STORE", &self.store)
            .env("PROVKEY_MASTER_KEY_FILE", "master.key")
            .env_remove("PROVKEY_FINGERPRINT")
            .stdin(Stdio::null());
        command
    }

    /// Runs the command with arguments that have no spaces in them.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        let arguments: Vec<_> = arguments.split(' ').collect();
        self.command(&arguments).output().unwrap().into()
    }

    /// Runs the command with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &str, input: &[u8]) -> Run {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let mut command = self.command(&arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Runs the command, which has to succeed, and reads its JSON.
    pub(crate) fn json(&self, arguments: &str) -> Value {
        let run = self.run(&format!("{arguments} --json"));
        run.succeeds();
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// Creates a key with its text in `NAME.key`, and returns its id.
    pub(crate) fn make_key(&self, name: &str, max_uses: u64, more: &str) -> String {
        let make = format!("key create --name {name} --group gateways --cert signing");
        let key = self.json(&format!("{make} --max-uses {max_uses} --out {name}.key{more}"));
        key["id"].as_str().unwrap().into()
    }

    /// Writes an ordinary CSR for a new key pair.
    pub(crate) fn write_csr(&self, name: &str) {
        let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
        fs::write(self.path(name), build_csr(&signer, &[]).unwrap()).unwrap();
    }

    /// Enrolls a new connector with the key in `KEY.key`: its chain is in `NAME.pem`. Returns the
    /// JSON.
    pub(crate) fn sign(&self, key: &str, name: &str) -> Value {
        self.write_csr(&format!("{name}.csr"));
        self.json(&format!("sign --csr {name}.csr --key-file {key}.key --out {name}.pem"))
    }

    /// Runs OpenSSL in the folder, with arguments that have no spaces in them.
    pub(crate) fn openssl(&self, arguments: &str) {
        let arguments = arguments.split_whitespace();
        let openssl = Command::new("openssl").args(arguments).current_dir(&self.folder).output();
        let output = openssl.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Opens the authority in this process, over another store with the same records.
    pub(crate) fn authority(&self, store: Arc<dyn Store>) -> Authority {
        let keyring = Keyring::parse(&self.read("master.key")).unwrap();
        Authority::open(Environment::system(store), keyring).unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    /// The names of all files in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.status, 0, "{self:?}");
        self
    }

    /// Checks that the command was refused: the last line on standard error has the code and a
    /// sentence.
    #[track_caller]
    pub(crate) fn is_refused(&self, code: &str) -> &Self {
        assert_eq!(self.status, 1, "{self:?}");
        let last = self.stderr.lines().last().unwrap_or_default();
        let sentence = last.strip_prefix(&format!("error: {code}: "));
        assert!(sentence.is_some_and(|sentence| sentence.len() > 10), "{code}: {self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn is_usage(&self) {
        assert_eq!(self.status, 2, "{self:?}");
        assert!(self.stdout.is_empty() && self.stderr.starts_with("error: "), "{self:?}");
    }
}
