//! An authority in a temporary folder, and its server.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use provkey::key::{Host, ProvisioningKey};
use provkey::x509::{
    Certificate, KeyAlgorithm, PublicKey, RenewalProof, Signer, SignerError, SoftwareSigner,
    build_csr,
};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Site {
    folder: TempDir,
    program: PathBuf,
    port: u16,
    pub(crate) root: Certificate,
    pub(crate) key: ProvisioningKey,
    pub(crate) admin_token: String,
    /// A forged renewal, which costs two signature checks with RSA-4096 to detect.
    pub(crate) forged_renewal: Vec<u8>,
}

impl Site {
    pub(crate) fn new(program: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = fs::canonicalize(program).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let run = |arguments: &str| {
            let output = command(&program, &folder).args(arguments.split(' ')).output().unwrap();
            assert!(output.status.success(), "{arguments}: {output:?}");
            output.stdout
        };
        let run_json = |arguments: &str| -> Value {
            serde_json::from_slice(&run(&format!("{arguments} --json"))).unwrap()
        };
        let root = run_json(&format!("init --host localhost:{port}"))["root"]["pem"].take();
        let root = Certificate::parse_all(root.as_str().unwrap().as_bytes()).unwrap().remove(0);
        run("group create gateways");
        run("cert create signing");
        run("key create --name k --group gateways --cert signing --max-uses 1000000 --out k.key");
        let token = run_json("admin-token create attack --role admin --expires 1d");
        let key = ProvisioningKey::read(&fs::read(folder.path().join("k.key")).unwrap()).unwrap();
        let forged_renewal = forge_renewal(&folder, key.host());
        let admin_token = token["text"].as_str().unwrap().to_owned();
        Self { folder, program, port, root, key, admin_token, forged_renewal }
    }

    /// Starts a server with these options.
    pub(crate) fn serve(&self, deadlines: &str, options: &str) -> Server {
        let listen = format!("127.0.0.1:{}", self.port);
        let log = File::create(self.folder.path().join("server.log")).unwrap();
        let mut child = command(&self.program, &self.folder)
            .args(["serve", "--listen", &listen, "--log-level", "warn"])
            .args(deadlines.split_whitespace())
            .args(options.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Serving"), "{line}");
        Server { child, address: listen.parse().unwrap() }
    }
}

fn command(program: &PathBuf, folder: &TempDir) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("PROVKEY_STORE", "sqlite:store.db")
        .env("PROVKEY_MASTER_KEY_FILE", "master.key")
        .stdin(Stdio::null());
    command
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Its peak memory.
    pub(crate) fn memory_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A signer without a private key, whose signatures are noise.
struct Noise(PublicKey);

impl Signer for Noise {
    fn public_key(&self) -> &PublicKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(vec![0x42; 512])
    }
}

fn forge_renewal(folder: &TempDir, host: &Host) -> Vec<u8> {
    let made = Command::new("openssl")
        .args("req -x509 -newkey rsa:4096 -nodes -subj /CN=forged -days 1".split(' '))
        .args("-keyout forged.key -outform DER -out forged.der".split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let der = fs::read(folder.path().join("forged.der")).unwrap();
    let certificate = Certificate::parse(&der).unwrap();
    let noise = Noise(PublicKey::from_spki(certificate.spki()).unwrap());
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let spki = signer.public_key().spki();
    let proof = RenewalProof::make(host, &certificate, &noise, spki, None).unwrap();
    build_csr(&signer, &[&proof.to_attribute()]).unwrap()
}
