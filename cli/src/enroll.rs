//! `provkey enroll` and `provkey renew`: the connector, over the network.

mod network;
mod pinned;
mod retry;
mod trouble;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use provkey::connector::{CertificateState, Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, ProvisioningKey};
use provkey::time::{Clock as _, SystemClock};
use provkey::x509::KeyAlgorithm;

use self::network::{Operation, Server};
use self::retry::Retry;
use self::trouble::Trouble;
use crate::failure::{Failure, notice, warn};
use crate::files;
use crate::identity::{Home, IdentityView};
use crate::output::Output;
use crate::serve::notify;
use crate::times::{Period, Time};

/// How often a daemon looks at the clock: that may be set, or the machine may have slept.
const LOOK_INTERVAL: Duration = Duration::from_secs(600);

#[derive(clap::Args)]
pub(crate) struct EnrollArgs {
    #[command(flatten)]
    home: Home,
    /// The text of the key. Needed until there is a certificate
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Start anew with a new identity, at the cost of a use: for one that is revoked, lost or too late.
    /// The old one stays in use until there is a new certificate, and is then kept aside
    #[arg(long, conflicts_with = "daemon")]
    replace: bool,
    #[command(flatten)]
    way: Way,
}

#[derive(clap::Args)]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    home: Home,
    /// Renew with a new key pair
    #[arg(long)]
    new_key: bool,
    /// Renew now, not only when it is time
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    way: Way,
}

/// How the server is reached, and how patiently.
#[derive(clap::Args)]
struct Way {
    /// Stay, and renew the certificate whenever it is time
    #[arg(long)]
    daemon: bool,
    /// How long to try again what may pass by itself; `0s`: not at all
    #[arg(long, value_name = "PERIOD", default_value = "2m", value_parser = Period::parse_or_none)]
    retry_for: Period,
    /// Connect there, not to where the name of the host leads
    #[arg(long, value_name = "ADDRESS:PORT")]
    connect: Option<SocketAddr>,
    /// Trust servers under these CAs, too, in PEM: for a proxy that has a certificate of its own. The
    /// answer must still be the pinned authority's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

pub(crate) fn enroll(args: &EnrollArgs, output: &mut Output) -> Result<(), Failure> {
    notice("Checking enrollment");
    let connector = Connector { home: &args.home, way: &args.way, new_key: false };
    let key_file = Some(args.key_file.as_path());
    let certified = match args.replace {
        true => connector.replace(&args.key_file),
        false => connector.keep(key_file, false),
    };
    connector.finish(certified, key_file, output)
}

pub(crate) fn renew(args: &RenewArgs, output: &mut Output) -> Result<(), Failure> {
    notice("Checking enrollment");
    let connector = Connector { home: &args.home, way: &args.way, new_key: args.new_key };
    let certified = connector.keep(None, args.now);
    connector.finish(certified, None, output)
}

struct Connector<'a> {
    home: &'a Home,
    way: &'a Way,
    new_key: bool,
}

impl Connector<'_> {
    /// Shows what there is now; a daemon stays.
    fn finish(
        &self,
        certified: Result<(), Failure>,
        key_file: Option<&Path>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        certified?;
        let identity = self.home.open()?;
        output.one(&IdentityView::of(&identity))?;
        let ignored = key_file.and_then(|file| self.ignored_key(file, &identity));
        if !self.way.daemon {
            return match ignored {
                Some(ignored) => Err(Failure::new("identity_other_key", ignored)),
                None => Ok(()),
            };
        }
        if let Some(ignored) = ignored {
            warn(ignored);
        }
        output.plain("")?;
        notify::ready();
        loop {
            sleep(LOOK_INTERVAL);
            match self.keep(key_file, false) {
                // What may pass by itself is tried again at the next look.
                Err(Failure::Refused { retryable: true, .. }) => {}
                kept => kept?,
            }
        }
    }

    /// That another key was given than the one that the identity enrolled with, which is not looked
    /// at then. The file may be gone: a connector that has its certificate needs no key.
    fn ignored_key(&self, key_file: &Path, identity: &Identity) -> Option<String> {
        let given = ProvisioningKey::read(&files::read(key_file).ok()?).ok()?.id();
        let with = identity.enrolled_with()?.id();
        let dir = self.home.folder().display();
        let ignored = format!(
            "{dir} holds an identity that enrolled with the key {with}, and it was not enrolled with \
             the key {given}: to start anew with that one, add --replace"
        );
        (given != with).then_some(ignored)
    }

    /// Enrolls, or renews what has to be renewed, unless all is well.
    fn keep(&self, key_file: Option<&Path>, renew_now: bool) -> Result<(), Failure> {
        if key_file.is_some() {
            self.home.make_folder()?;
        }
        let _folder = self.home.lock()?;
        self.home.finish_replacing()?;
        let identity = self.home.open_if_any()?;
        let state =
            identity.as_ref().map_or(CertificateState::None, |i| i.state(SystemClock.now()));
        match (identity, state) {
            (identity, CertificateState::None) => match key_file {
                Some(key_file) => self.enroll(identity, key_file).map_err(failed),
                None => Err(Failure::new(
                    "renewal_without_certificate",
                    "there is no certificate to renew: enroll first",
                )),
            },
            (Some(identity), CertificateState::Valid) if !renew_now && !identity.is_renewing() => {
                self.home.settle(&identity)?;
                let until = identity.certificate().map(|leaf| Time::from(leaf.not_after()));
                let until = until.map(|until| until.to_string()).unwrap_or_default();
                notice(format_args!("Certificate is valid until {until}"));
                Ok(())
            }
            (Some(identity), _) => self
                .renew(identity)
                .map_err(|failure| failure.note("notice: Certificate renewal failed.")),
            (None, _) => Ok(()),
        }
    }

    /// The identity is saved before anything leaves the machine that could cost a use.
    fn enroll(&self, identity: Option<Identity>, key_file: &Path) -> Result<(), Failure> {
        notice("No valid certificate. Attempting to enroll");
        let key = ProvisioningKey::read(&files::read(key_file)?)?;
        let mut identity = match identity {
            Some(identity) => identity,
            None => Identity::generate(KeyAlgorithm::EcdsaP256)?,
        };
        let fingerprint = self.fingerprint();
        let request = identity.request(&key, fingerprint)?;
        self.home.save(&identity)?;
        self.ask(&(&key).into(), Operation::Enroll, &request, |answer| {
            self.home.accept(&mut identity, answer)
        })
    }

    /// Enrolls with a new identity, which takes the place of the one that is there once it has its
    /// certificate.
    fn replace(&self, key_file: &Path) -> Result<(), Failure> {
        self.home.make_folder()?;
        let _folder = self.home.lock()?;
        if !self.home.has_identity() {
            return self.enroll(None, key_file).map_err(failed);
        }
        self.enroll_successor(key_file).map_err(failed)?;
        self.home.finish_replacing()
    }

    fn enroll_successor(&self, key_file: &Path) -> Result<(), Failure> {
        let key = ProvisioningKey::read(&files::read(key_file)?)?;
        let mut identity = self.home.successor(&key)?;
        if identity.certificate().is_some() {
            return Ok(());
        }
        notice("Starting anew. Attempting to enroll");
        let request = identity.request(&key, self.fingerprint())?;
        self.home.save_successor(&identity)?;
        self.ask(&(&key).into(), Operation::Enroll, &request, |answer| {
            self.home.accept_successor(&mut identity, answer)
        })
    }

    fn renew(&self, mut identity: Identity) -> Result<(), Failure> {
        let Some(with) = identity.enrolled_with().cloned() else { return Ok(()) };
        let request = self.renewal(&mut identity)?;
        let mut asked = self.ask_to_renew(&with, &request, &mut identity);
        if asked.as_ref().is_err_and(|failure| failure.is("public_key_in_use")) {
            notice("The new key pair of this renewal is another connector's; renewing anew");
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
        self.ask(with, Operation::Renew, request, |answer| self.home.accept(identity, answer))
    }

    /// The request of the renewal that is under way, or of a new one. It is saved before it is sent.
    fn renewal(&self, identity: &mut Identity) -> Result<Request, Failure> {
        let key = match self.new_key {
            true => RenewalKey::New(identity.public_key().algorithm()),
            false => RenewalKey::Same,
        };
        let request = identity.renew_request(key, self.fingerprint())?;
        self.home.save(identity)?;
        Ok(request)
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        self.home.material().map(Fingerprint::of_raw)
    }

    /// Asks until an answer is accepted, or there is no use in asking again.
    fn ask(
        &self,
        key: &KeyReference,
        operation: Operation,
        request: &Request,
        accept: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.try_asking(key, operation, request, accept).map_err(|trouble| {
            let fingerprint = self.fingerprint().map_or("none".into(), |it| it.to_string());
            let status = trouble.status.map(|status| format!("http status({status}) "));
            let status = status.unwrap_or_default();
            let key = format!("pvk1_{}_{}…", key.host(), key.id());
            Failure::from(trouble).note(format!(
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
    ) -> Result<(), Trouble> {
        let server = Server::new(key, self.way.connect, self.way.ca_file.as_deref())?;
        let mut retry = Retry::new(self.way.retry_for.starting_now());
        loop {
            let accepted = server.ask(operation, request).and_then(|answer| Ok(accept(&answer)?));
            let Err(trouble) = accepted else { return Ok(()) };
            let Some(wait) = retry.wait(&trouble) else { return Err(trouble) };
            notice(format_args!("{trouble}; trying again in {:.1} s", wait.as_secs_f64()));
            sleep(wait);
        }
    }
}

/// Whatever kept a machine from enrolling ends so, whether a server was asked or not.
fn failed(failure: Failure) -> Failure {
    failure.note("notice: Certificate enrollment failed.")
}
