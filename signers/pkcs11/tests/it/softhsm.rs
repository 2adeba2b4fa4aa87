//! SoftHSM, in a process and a directory of its own for each test.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use provkey_pkcs11::{Token, TokenError, TokenPin, TokenSelector};
use tempfile::TempDir;

pub(crate) const PIN: &str = "271828";
pub(crate) const LABEL: &str = "ca";
const SO_PIN: &str = "314159";
const CHILD: &str = "PROVKEY_TEST_SOFTHSM";

/// A directory of tokens, with one token in it.
pub(crate) struct SoftHsm {
    directory: PathBuf,
}

/// Runs a test in a process of its own: SoftHSM learns from the environment where its tokens are,
/// and only the parent of a process can set that safely. `name` is the test's own.
pub(crate) fn in_a_process_of_its_own(name: &str, test: impl FnOnce(&SoftHsm)) {
    if let Some(directory) = env::var_os(CHILD) {
        let hsm = SoftHsm { directory: directory.into() };
        test(&hsm);
        fs::write(hsm.path("passed"), []).unwrap();
        return;
    }
    let directory = TempDir::new().unwrap();
    let hsm = SoftHsm { directory: directory.path().into() };
    fs::create_dir(hsm.tokens()).unwrap();
    let configuration = format!("directories.tokendir = {}\n", hsm.tokens().display());
    fs::write(hsm.configuration(), configuration).unwrap();
    hsm.make_token(LABEL);
    let output = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, directory.path())
        .env("SOFTHSM2_CONF", hsm.configuration())
        .output()
        .unwrap();
    // A name of no test would pass, too.
    assert!(output.status.success() && hsm.path("passed").exists(), "{name}: {}", text(&output));
}

impl SoftHsm {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory that holds all tokens.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.path("tokens")
    }

    fn configuration(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    pub(crate) fn make_token(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--label", label, "--so-pin", SO_PIN];
        self.run("softhsm2-util", &[&arguments[..], &["--pin", PIN]].concat());
    }

    /// OpenSC's tool, logged in.
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let module = module();
        let login = ["--module", module.to_str().unwrap(), "--token-label", LABEL, "--pin", PIN];
        self.run("pkcs11-tool", &[&login[..], arguments].concat())
    }

    /// Puts a private key in PKCS #8 PEM and its public key into the token.
    pub(crate) fn import(&self, file: &str, label: &str, id: &str) {
        let arguments = ["--import", file, "--token", LABEL, "--pin", PIN];
        self.run("softhsm2-util", &[&arguments[..], &["--label", label, "--id", id]].concat());
    }

    /// A command that must succeed, in the directory of the test.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> String {
        let output = Command::new(command)
            .args(arguments)
            .current_dir(&self.directory)
            .env("SOFTHSM2_CONF", self.configuration())
            .output()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(output.status.success(), "{command} {arguments:?}: {}", text(&output));
        text(&output)
    }

    pub(crate) fn open(&self) -> Token {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Token, TokenError> {
        open(&module(), TokenSelector::Label(LABEL.into()), PIN)
    }
}

pub(crate) fn open(module: &Path, selector: TokenSelector, pin: &str) -> Result<Token, TokenError> {
    Token::open(module, selector, TokenPin::new(String::from(pin).into()))
}

/// Where Debian puts the module, and others.
pub(crate) fn module() -> PathBuf {
    ["/usr/lib/softhsm", "/usr/lib64/softhsm", "/usr/local/lib/softhsm"]
        .map(|directory| Path::new(directory).join("libsofthsm2.so"))
        .into_iter()
        .find(|module| module.exists())
        .expect("SoftHSM is installed")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}
