//! `provkey identity`: a connector's identity in a folder, for requests that are carried by hand.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use provkey::connector::{Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, Host, KeyId, ProvisioningKey};
use provkey::time::{Clock, SystemClock};
use provkey::x509::Certificate;
use serde::Serialize;

use crate::failure::Failure;
use crate::files::{self, Content, Destination};
use crate::identity_folder::IdentityFolder;
use crate::output::{Fields, Output, hex};
use crate::time::Time;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an identity, and write its request, request.csr. Until it has a certificate, running
    /// this again writes another request of the same identity
    New {
        #[command(flatten)]
        folder: IdentityFolder,
        /// The file with the text of the key
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
    },
    /// Accept the certificate that the authority issued for the request
    Accept {
        #[command(flatten)]
        folder: IdentityFolder,
        /// The certificate, its issuers and the root, in PEM
        #[arg(long, value_name = "FILE")]
        chain: PathBuf,
    },
    /// Write a request, request.csr, to renew the certificate. It needs no key text. Until it is
    /// answered, running this again writes another request for the same renewal
    Renew {
        #[command(flatten)]
        folder: IdentityFolder,
        /// Renew with a new key pair
        #[arg(long)]
        new_key: bool,
        /// Drop the pending renewal and begin another. Only needed after the authority refused it
        /// with public_key_in_use
        #[arg(long)]
        drop_pending: bool,
    },
    /// Show an identity
    Show(IdentityFolder),
}

pub(crate) fn run(command: &Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::New { folder, key_file } => new(folder, key_file, output),
        Command::Accept { folder, chain } => accept(folder, chain, output),
        Command::Renew { folder, new_key, drop_pending } => {
            renew(folder, *new_key, *drop_pending, output)
        }
        Command::Show(folder) => output.show(&IdentityView::of(&folder.open()?)),
    }
}

/// Saves the identity before it writes the request: a request may cost a use.
fn new(folder: &IdentityFolder, key_file: &Path, output: &mut Output) -> Result<(), Failure> {
    let key = ProvisioningKey::read(&files::read(key_file)?)?;
    folder.make_folder()?;
    let _lock = folder.lock()?;
    let mut identity = folder.open_or_generate()?;
    let request = identity.request(&key, folder.material().map(Fingerprint::of_raw))?;
    write_request(folder, &identity, &request, output)
}

fn renew(
    folder: &IdentityFolder,
    new_key: bool,
    drop_pending: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let _lock = folder.lock()?;
    let mut identity = folder.open()?;
    if drop_pending {
        identity.drop_renewal();
    }
    let key = match new_key {
        true => RenewalKey::New(identity.public_key().algorithm()),
        false => RenewalKey::Same,
    };
    let request = identity.renew_request(key, folder.material().map(Fingerprint::of_raw))?;
    write_request(folder, &identity, &request, output)
}

fn write_request(
    folder: &IdentityFolder,
    identity: &Identity,
    request: &Request,
    output: &mut Output,
) -> Result<(), Failure> {
    let destination = Destination::prepare(&folder.request_file(), Content::Request)?;
    folder.save(identity)?;
    destination.write(request.to_pem().as_bytes())?;
    output.show(&IdentityView::of(identity))?;
    output.remark(format_args!("The request is in {}.", folder.request_file().display()))
}

fn accept(folder: &IdentityFolder, chain: &Path, output: &mut Output) -> Result<(), Failure> {
    let _lock = folder.lock()?;
    let mut identity = folder.open()?;
    folder.accept(&mut identity, &files::read(chain)?)?;
    output.show(&IdentityView::of(&identity))
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
