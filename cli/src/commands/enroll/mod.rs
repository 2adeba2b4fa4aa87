//! `provkey enroll` and `provkey renew`: a connector, over the network.

mod attempt_error;
mod pinned_server;
mod retry;
mod server;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use provkey::connector::{CertificateState, Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, ProvisioningKey};
use provkey::time::{Clock as _, SystemClock};
use provkey::x509::KeyAlgorithm;

use self::attempt_error::AttemptError;
use self::retry::Retry;
use self::server::{Operation, Server};
use super::identity::shown;
use crate::failure::{Failure, notice, warn};
use crate::files;
use crate::identity_folder::IdentityFolder;
use crate::output::Output;
use crate::systemd;
use crate::time::{Period, Time};

/// How often a daemon checks whether to renew. It does not sleep until then, because the clock may
/// be set and the machine may be suspended.
const CHECK_INTERVAL: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
pub(crate) struct EnrollArgs {
    #[command(flatten)]
    folder: IdentityFolder,
    /// The file with the text of the key. Only read while there is no certificate
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Enroll a new identity, at the cost of a use: for one that was revoked, or is lost, or
    /// expired too long ago. The old one stays in use until the new one has its certificate, and is
    /// then moved to another folder
    #[arg(long, conflicts_with = "daemon")]
    replace: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(clap::Args)]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    folder: IdentityFolder,
    /// Renew with a new key pair
    #[arg(long)]
    new_key: bool,
    /// Renew now, even if it is not due
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How to reach the server, and for how long to try.
#[derive(clap::Args)]
struct ConnectionArgs {
    /// Keep running, and renew the certificate whenever that is due
    #[arg(long)]
    daemon: bool,
    /// How long to retry after transient failures; `0s` for not at all
    #[arg(long, value_name = "PERIOD", default_value = "2m", value_parser = Period::parse_or_zero)]
    retry_for: Period,
    /// Connect to this address instead of resolving the name of the host
    #[arg(long, value_name = "ADDRESS:PORT")]
    connect: Option<SocketAddr>,
    /// Also trust servers with a certificate of these CAs, in PEM: for a proxy that terminates TLS.
    /// The answer must still come from the pinned authority
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

pub(crate) fn enroll(args: &EnrollArgs, output: &mut Output) -> Result<(), Failure> {
    notice("Checking enrollment");
    let connector =
        Connector { folder: &args.folder, connection: &args.connection, new_key: false };
    let key_file = Some(args.key_file.as_path());
    let ensured = match args.replace {
        true => connector.replace(&args.key_file),
        false => connector.ensure_certificate(key_file, false),
    };
    connector.finish(ensured, key_file, output)
}

pub(crate) fn renew(args: &RenewArgs, output: &mut Output) -> Result<(), Failure> {
    notice("Checking enrollment");
    let connector =
        Connector { folder: &args.folder, connection: &args.connection, new_key: args.new_key };
    let ensured = connector.ensure_certificate(None, args.now);
    connector.finish(ensured, None, output)
}

struct Connector<'a> {
    folder: &'a IdentityFolder,
    connection: &'a ConnectionArgs,
    new_key: bool,
}

impl Connector<'_> {
    /// Shows the identity. A daemon then keeps running.
    fn finish(
        &self,
        ensured: Result<(), Failure>,
        key_file: Option<&Path>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        ensured?;
        let identity = self.folder.open()?;
        output.show(&shown(&identity))?;
        let other_key = key_file.and_then(|file| self.other_key(file, &identity));
        if !self.connection.daemon {
            return match other_key {
                Some(sentence) => Err(Failure::new("identity_other_key", sentence)),
                None => Ok(()),
            };
        }
        if let Some(sentence) = other_key {
            warn(sentence);
        }
        output.write("")?;
        systemd::notify_ready();
        loop {
            sleep(CHECK_INTERVAL);
            match self.ensure_certificate(key_file, false) {
                // The next check tries again.
                Err(Failure::Refused { retryable: true, .. }) => {}
                ensured => ensured?,
            }
        }
    }

    /// The sentence that the key in the file is another one than the identity enrolled with. The
    /// file may be missing: a connector that has its certificate needs no key.
    fn other_key(&self, key_file: &Path, identity: &Identity) -> Option<String> {
        let in_file = ProvisioningKey::read(&files::read(key_file).ok()?).ok()?.id();
        let enrolled = identity.enrolled_with()?.id();
        let dir = self.folder.path().display();
        let sentence = format!(
            "{dir} holds an identity that enrolled with the key {enrolled}, so the key {in_file} was not \
             used: to enroll a new identity with it, add --replace"
        );
        (in_file != enrolled).then_some(sentence)
    }

    /// Enrolls if there is no certificate, and renews one that is due.
    fn ensure_certificate(&self, key_file: Option<&Path>, renew_now: bool) -> Result<(), Failure> {
        if key_file.is_some() {
            self.folder.make_folder()?;
        }
        let _lock = self.folder.lock()?;
        self.folder.finish_replacing()?;
        let identity = self.folder.open_if_any()?;
        let state =
            identity.as_ref().map_or(CertificateState::None, |i| i.state(SystemClock.now()));
        match (identity, state) {
            (identity, CertificateState::None) => match key_file {
                Some(key_file) => self.enroll(identity, key_file).map_err(failed),
                None => Err(Failure::new(
                    "renewal_without_certificate",
                    "there is no certificate to renew: run provkey enroll first",
                )),
            },
            (Some(identity), CertificateState::Valid) if !renew_now && !identity.is_renewing() => {
                self.folder.settle(&identity)?;
                let until = identity.certificate().map(|leaf| Time::from(leaf.not_after()));
                let until = until.map(|until| until.to_string()).unwrap_or_default();
                notice(format_args!("Certificate is valid until {until}"));
                Ok(())
            }
            (Some(identity), _) => self
                .renew(identity)
                .map_err(|failure| failure.with_note("notice: Certificate renewal failed.")),
            (None, _) => Ok(()),
        }
    }

    /// Saves the identity before the request is sent: a request may cost a use.
    fn enroll(&self, identity: Option<Identity>, key_file: &Path) -> Result<(), Failure> {
        notice("No valid certificate. Attempting to enroll");
        let key = ProvisioningKey::read(&files::read(key_file)?)?;
        let mut identity = match identity {
            Some(identity) => identity,
            None => Identity::generate(KeyAlgorithm::EcdsaP256)?,
        };
        let fingerprint = self.fingerprint();
        let request = identity.request(&key, fingerprint)?;
        self.folder.save(&identity)?;
        self.ask(&(&key).into(), Operation::Enroll, &request, |answer| {
            self.folder.accept(&mut identity, answer)
        })
    }

    /// Enrolls a new identity, which replaces the old one once it has its certificate.
    fn replace(&self, key_file: &Path) -> Result<(), Failure> {
        self.folder.make_folder()?;
        let _lock = self.folder.lock()?;
        if !self.folder.has_identity() {
            return self.enroll(None, key_file).map_err(failed);
        }
        self.enroll_successor(key_file).map_err(failed)?;
        self.folder.finish_replacing()
    }

    fn enroll_successor(&self, key_file: &Path) -> Result<(), Failure> {
        let key = ProvisioningKey::read(&files::read(key_file)?)?;
        let mut identity = self.folder.successor(&key)?;
        if identity.certificate().is_some() {
            return Ok(());
        }
        notice("Replacing the identity. Attempting to enroll");
        let request = identity.request(&key, self.fingerprint())?;
        self.folder.save_successor(&identity)?;
        self.ask(&(&key).into(), Operation::Enroll, &request, |answer| {
            self.folder.accept_successor(&mut identity, answer)
        })
    }

    fn renew(&self, mut identity: Identity) -> Result<(), Failure> {
        let Some(with) = identity.enrolled_with().cloned() else { return Ok(()) };
        let request = self.renewal(&mut identity)?;
        let mut asked = self.ask_to_renew(&with, &request, &mut identity);
        if asked.as_ref().is_err_and(|failure| failure.has_code("public_key_in_use")) {
            notice(
                "The new key pair of this renewal belongs to another connector; starting another renewal",
            );
            identity.drop_renewal();
            let request = self.renewal(&mut identity)?;
            asked = self.ask_to_renew(&with, &request, &mut identity);
        }
        asked
    }

    fn ask_to_renew(
        &self,
        with: &KeyReference,
        request: &Request,
        identity: &mut Identity,
    ) -> Result<(), Failure> {
        self.ask(with, Operation::Renew, request, |answer| self.folder.accept(identity, answer))
    }

    /// The request of the pending renewal, or of a new one. It is saved before it is sent.
    fn renewal(&self, identity: &mut Identity) -> Result<Request, Failure> {
        let key = match self.new_key {
            true => RenewalKey::New(identity.public_key().algorithm()),
            false => RenewalKey::Same,
        };
        let request = identity.renew_request(key, self.fingerprint())?;
        self.folder.save(identity)?;
        Ok(request)
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        self.folder.material().map(Fingerprint::of_raw)
    }

    /// Sends the request until an answer is accepted, or another attempt would not help.
    fn ask(
        &self,
        key: &KeyReference,
        operation: Operation,
        request: &Request,
        accept: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.try_asking(key, operation, request, accept).map_err(|error| {
            let fingerprint = self.fingerprint().map_or("none".into(), |it| it.to_string());
            let status = error.status.map(|status| format!("http status({status}) "));
            let status = status.unwrap_or_default();
            let key = format!("pvk1_{}_{}…", key.host(), key.id());
            Failure::from(error).with_note(format!(
                "error: Login request failed - {status}key({key}) fingerprint({fingerprint})"
            ))
        })?;
        notice(format_args!("Certificate {}", operation.done()));
        Ok(())
    }

    fn try_asking(
        &self,
        key: &KeyReference,
        operation: Operation,
        request: &Request,
        mut accept: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), AttemptError> {
        let server = Server::new(key, self.connection.connect, self.connection.ca_file.as_deref())?;
        let mut retry = Retry::new(self.connection.retry_for.starting_now());
        loop {
            let accepted = server.ask(operation, request).and_then(|answer| Ok(accept(&answer)?));
            let Err(error) = accepted else { return Ok(()) };
            let Some(wait) = retry.next_wait(&error) else { return Err(error) };
            notice(format_args!("{error}; trying again in {:.1} s", wait.as_secs_f64()));
            sleep(wait);
        }
    }
}

/// Adds the notice that ends every failed enrollment, also one that failed before it was sent.
fn failed(failure: Failure) -> Failure {
    failure.with_note("notice: Certificate enrollment failed.")
}
