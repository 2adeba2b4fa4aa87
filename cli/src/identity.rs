//! `provkey identity`: the connector's half, in a folder.

mod replace;

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use nix::fcntl::Flock;
use provkey::connector::{Accepted, Error, Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, Host, KeyId, ProvisioningKey};
use provkey::random::SystemRandom;
use provkey::time::{Clock, SystemClock};
use provkey::x509::{Certificate, Chain, KeyAlgorithm, Pkcs8};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::{Failure, warn};
use crate::files::{self, Content, Destination};
use crate::output::{Fields, Output, hex};

use crate::times::Time;

/// The identity itself: private key, certificates, and what it asked with.
const IDENTITY: &str = "identity";
/// The CSR, to be brought to the authority.
const REQUEST: &str = "request.csr";
/// The certificates, for other programs.
const CHAIN: &str = "chain.pem";
/// The private key, for other programs; of an identity that is not sealed.
const PRIVATE_KEY: &str = "key.pem";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an identity and its request, request.csr. Again, before there is a certificate: another
    /// request of the same identity
    New {
        #[command(flatten)]
        home: Home,
        /// The text of the key
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
    },
    /// Accept the certificate that the authority gave for the request
    Accept {
        #[command(flatten)]
        home: Home,
        /// The certificate, its issuers and the root, in PEM
        #[arg(long, value_name = "FILE")]
        chain: PathBuf,
    },
    /// Make a request, request.csr, for the renewal of the certificate, which proves itself. Again,
    /// before it is answered: another request for the same renewal
    Renew {
        #[command(flatten)]
        home: Home,
        /// Renew with a new key pair
        #[arg(long)]
        new_key: bool,
        /// Drop the renewal that is under way and begin another: only after the authority refused it
        /// with public_key_in_use
        #[arg(long)]
        drop_pending: bool,
    },
    /// Show an identity
    Show(Home),
}

/// Where an identity is, and what opens it.
#[derive(Args)]
pub(crate) struct Home {
    /// The folder of the identity
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// What only this machine knows: seals the identity, and is needed to open it again. Other users
    /// of this machine may see arguments: prefer the variable
    #[arg(long, value_name = "TEXT", env = "PROVKEY_FINGERPRINT", hide_env_values = true)]
    fingerprint: Option<String>,
}

impl Home {
    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn material(&self) -> Option<&[u8]> {
        self.fingerprint.as_deref().map(str::as_bytes)
    }

    pub(crate) fn open(&self) -> Result<Identity, Failure> {
        self.open_file(IDENTITY)
    }

    fn open_file(&self, name: &str) -> Result<Identity, Failure> {
        let path = self.file(name);
        let bytes = files::read(&path)?;
        let opened = match self.material() {
            Some(material) => Identity::open(&bytes, material),
            None => Identity::from_bytes(&bytes),
        };
        opened.map_err(|error| {
            Failure::new(error.code(), format_args!("{}: {error}", path.display()))
        })
    }

    pub(crate) fn save(&self, identity: &Identity) -> Result<(), Failure> {
        self.save_file(IDENTITY, identity)
    }

    fn save_file(&self, name: &str, identity: &Identity) -> Result<(), Failure> {
        let bytes = match self.material() {
            Some(material) => Zeroizing::new(identity.seal(material, &SystemRandom)?),
            None => identity.to_bytes(),
        };
        files::replace_secret(&self.file(name), &bytes)
    }

    pub(crate) fn make_folder(&self) -> Result<(), Failure> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(|error| {
            let sentence = format!("{} cannot be made: {error}", self.dir.display());
            Failure::new("file_unwritable", sentence)
        })
    }

    /// Keeps others away from the folder until what is returned is dropped.
    pub(crate) fn lock(&self) -> Result<Flock<File>, Failure> {
        files::lock(&self.dir)
    }

    /// The identity, if there is one.
    pub(crate) fn open_if_any(&self) -> Result<Option<Identity>, Failure> {
        self.file(IDENTITY).exists().then(|| self.open()).transpose()
    }

    /// Accepts an answer, and writes all that follows from it.
    pub(crate) fn accept(&self, identity: &mut Identity, answer: &[u8]) -> Result<(), Failure> {
        let old_private_key = private_key_pem(identity);
        let accepted = identity.accept(answer, SystemClock.now())?;
        warn_of_clock(&accepted);
        let chain_file = Destination::prepare(&self.file(CHAIN), Content::Certificates)?;
        let private_key = private_key_pem(identity);
        let private_key_file = prepare_private_key(self, &private_key, &old_private_key)?;
        // The identity comes second: if it stays as it was, the next run knows whose key is there.
        if let Some(file) = private_key_file {
            file.write(private_key.as_bytes())?;
        }
        self.save(identity)?;
        chain_file.write(identity.chain().map(Chain::to_pem).unwrap_or_default().as_bytes())
    }

    /// Writes the certificates for other programs, unless they are there: a run before may have been
    /// killed between the identity and them.
    pub(crate) fn settle(&self, identity: &Identity) -> Result<(), Failure> {
        let chain = identity.chain().map(Chain::to_pem).unwrap_or_default();
        let path = self.file(CHAIN);
        if fs::read(&path).is_ok_and(|there| there == chain.as_bytes()) {
            return Ok(());
        }
        Destination::prepare(&path, Content::Certificates)?.write(chain.as_bytes())
    }

    /// The identity that is there and has no certificate yet, or a new one.
    fn open_or_make(&self) -> Result<Identity, Failure> {
        if !self.file(IDENTITY).exists() {
            return Ok(Identity::generate(KeyAlgorithm::EcdsaP256)?);
        }
        let identity = self.open()?;
        match identity.certificate() {
            None => Ok(identity),
            Some(_) => Err(Failure::new(
                "identity_exists",
                format!("{} holds an identity with a certificate already", self.dir.display()),
            )),
        }
    }
}

pub(crate) fn run(command: &Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::New { home, key_file } => new(home, key_file, output),
        Command::Accept { home, chain } => accept(home, chain, output),
        Command::Renew { home, new_key, drop_pending } => {
            renew(home, *new_key, *drop_pending, output)
        }
        Command::Show(home) => output.one(&IdentityView::of(&home.open()?)),
    }
}

/// The identity is kept before there is a request that could cost a use.
fn new(home: &Home, key_file: &Path, output: &mut Output) -> Result<(), Failure> {
    let key = ProvisioningKey::read(&files::read(key_file)?)?;
    home.make_folder()?;
    let _lock = home.lock()?;
    let mut identity = home.open_or_make()?;
    let request = identity.request(&key, home.material().map(Fingerprint::of_raw))?;
    write_request(home, &identity, &request, output)
}

fn renew(
    home: &Home,
    new_key: bool,
    drop_pending: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let _lock = home.lock()?;
    let mut identity = home.open()?;
    if drop_pending {
        identity.drop_renewal();
    }
    let key = match new_key {
        true => RenewalKey::New(identity.public_key().algorithm()),
        false => RenewalKey::Same,
    };
    let request = identity.renew_request(key, home.material().map(Fingerprint::of_raw))?;
    write_request(home, &identity, &request, output)
}

fn write_request(
    home: &Home,
    identity: &Identity,
    request: &Request,
    output: &mut Output,
) -> Result<(), Failure> {
    let destination = Destination::prepare(&home.file(REQUEST), Content::Request)?;
    home.save(identity)?;
    destination.write(request.to_pem().as_bytes())?;
    output.one(&IdentityView::of(identity))?;
    output.say(format_args!("The request is in {}.", home.file(REQUEST).display()))
}

fn accept(home: &Home, chain: &Path, output: &mut Output) -> Result<(), Failure> {
    let _lock = home.lock()?;
    let mut identity = home.open()?;
    home.accept(&mut identity, &files::read(chain)?)?;
    output.one(&IdentityView::of(&identity))
}

/// The private key in PEM; nothing if it lives elsewhere.
fn private_key_pem(identity: &Identity) -> Zeroizing<String> {
    identity.private_key().map(Pkcs8::to_pem).unwrap_or_default()
}

/// Where the private key goes for other programs: nowhere if the identity is sealed, or it is there, or
/// it lives elsewhere. The one before the renewal is replaced.
fn prepare_private_key(
    home: &Home,
    pem: &str,
    old_pem: &str,
) -> Result<Option<Destination>, Failure> {
    let path = home.file(PRIVATE_KEY);
    if home.material().is_some() || pem.is_empty() {
        return Ok(None);
    }
    if path.exists() {
        match &**files::read(&path)? {
            there if there == pem.as_bytes() => return Ok(None),
            there if there == old_pem.as_bytes() => {
                return Destination::prepare_replacing(&path).map(Some);
            }
            _ => {}
        }
    }
    Destination::prepare(&path, Content::Secret).map(Some)
}

/// A clock that is behind is no reason to refuse: the certificate says what time it is at least.
fn warn_of_clock(accepted: &Accepted) {
    if let Some(behind) = accepted.clock_behind {
        let seconds = behind.as_secs();
        warn(format_args!("the clock of this machine is at least {seconds} seconds behind"));
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(error.code(), error)
    }
}

#[derive(Serialize)]
pub(crate) struct IdentityView {
    state: &'static str,
    algorithm: &'static str,
    asked_with: Option<KeyView>,
    enrolled_with: Option<KeyView>,
    connector: Option<String>,
    serial: Option<String>,
    not_before: Option<Time>,
    not_after: Option<Time>,
    renew_at: Option<Time>,
    renewing: bool,
}

/// The public part of a key.
#[derive(Serialize)]
struct KeyView {
    id: KeyId,
    host: Host,
}

impl From<&KeyReference> for KeyView {
    fn from(key: &KeyReference) -> Self {
        Self { id: key.id(), host: key.host().clone() }
    }
}

impl IdentityView {
    pub(crate) fn of(identity: &Identity) -> Self {
        let certificate = identity.certificate();
        Self {
            state: identity.state(SystemClock.now()).as_str(),
            algorithm: identity.public_key().algorithm().as_str(),
            asked_with: identity.asked_with().map(Into::into),
            enrolled_with: identity.enrolled_with().map(Into::into),
            connector: certificate.and_then(Certificate::common_name).map(Into::into),
            serial: certificate.map(|certificate| hex(certificate.serial())),
            not_before: certificate.map(|certificate| certificate.not_before().into()),
            not_after: certificate.map(|certificate| certificate.not_after().into()),
            renew_at: identity.renew_at().map(Time),
            renewing: identity.is_renewing(),
        }
    }
}

impl Fields for IdentityView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let key = |key: &KeyView| format!("{} at {}", key.id, key.host);
        let fields = [
            ("Certificate", Some(self.state.into())),
            ("Asked with key", self.asked_with.as_ref().map(key)),
            ("Connector", self.connector.clone()),
            ("Serial", self.serial.clone()),
            ("Valid until", self.not_after.map(|time| time.to_string())),
            ("Renew from", self.renew_at.map(|time| time.to_string())),
            ("Renewal", self.renewing.then(|| "asked for".into())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
