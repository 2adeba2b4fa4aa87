//! `provkey identity`: a connector's identity in a folder, for requests that are carried by hand.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use provkey::connector::{Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, ProvisioningKey};
use provkey::time::{Clock, SystemClock};
use provkey::x509::Certificate;

use crate::failure::Failure;
use crate::files::{self, Content, Destination};
use crate::identity_folder::IdentityFolder;
use crate::output::{Output, hex};
use crate::record::Record;
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
        Command::Show(folder) => output.show(&shown(&folder.open()?)),
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
    output.show(&shown(identity))?;
    output.remark(format_args!("The request is in {}.", folder.request_file().display()))
}

fn accept(folder: &IdentityFolder, chain: &Path, output: &mut Output) -> Result<(), Failure> {
    let _lock = folder.lock()?;
    let mut identity = folder.open()?;
    folder.accept(&mut identity, &files::read(chain)?)?;
    output.show(&shown(&identity))
}

pub(super) fn shown(identity: &Identity) -> Record {
    let certificate = identity.certificate();
    let public_part =
        |key: &KeyReference| Record::new().json("id", key.id()).json("host", key.host());
    let asked_with = identity.asked_with();
    let not_after = certificate.map(|certificate| Time(certificate.not_after()));
    let mut record = Record::new()
        .field("state", "Certificate", identity.state(SystemClock.now()).as_str())
        .json("algorithm", identity.public_key().algorithm().as_str())
        .record("asked_with", asked_with.map(public_part))
        .record("enrolled_with", identity.enrolled_with().map(public_part));
    if let Some(key) = asked_with {
        record = record.line("Asked with key", format!("{} at {}", key.id(), key.host()));
    }
    record = record
        .if_present("connector", "Connector", certificate.and_then(Certificate::common_name))
        .if_present("serial", "Serial", certificate.map(|leaf| hex(leaf.serial())))
        .json("not_before", certificate.map(|leaf| Time(leaf.not_before())))
        .if_present("not_after", "Valid until", not_after)
        .if_present("renew_at", "Renew from", identity.renew_at().map(Time))
        .json("renewing", identity.is_renewing());
    if identity.is_renewing() { record.line("Renewal", "pending") } else { record }
}
