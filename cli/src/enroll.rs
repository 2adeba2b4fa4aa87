//! `provkey enroll` and `provkey renew`: the connector, over the network.

mod network;
mod pinned;
mod retry;
mod trouble;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nix::fcntl::Flock;
use provkey::connector::{CertificateState, Identity, KeyReference, RenewalKey, Request};
use provkey::key::{Fingerprint, ProvisioningKey};
use provkey::time::Clock as _;
use provkey::x509::KeyAlgorithm;

use self::network::{Operation, Server};
use self::retry::Retry;
use self::trouble::Trouble;
use crate::failure::{Failure, notice};
use crate::files;
use crate::identity::{Home, IdentityView};
use crate::output::Output;
use crate::serve::notify;
use crate::system::SystemClock;
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
    /// How long to try again what may pass by itself
    #[arg(long, value_name = "PERIOD", default_value = "2m", value_parser = Period::parse)]
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
    let certified = connector.keep(key_file, false);
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
        output.one(&IdentityView::of(&self.home.open()?))?;
        if !self.way.daemon {
            return Ok(());
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

    /// Enrolls, or renews what has to be renewed, unless all is well.
    fn keep(&self, key_file: Option<&Path>, renew_now: bool) -> Result<(), Failure> {
        if key_file.is_some() {
            self.home.make_folder()?;
        }
        let folder = self.home.lock()?;
        let identity = self.home.open_if_any()?;
        let state =
            identity.as_ref().map_or(CertificateState::None, |i| i.state(SystemClock.now()));
        match (identity, state) {
            (identity, CertificateState::None) => self.enroll(identity, key_file, &folder),
            (Some(identity), CertificateState::Valid) if !renew_now && !identity.is_renewing() => {
                let until = identity.certificate().map(|leaf| Time::from(leaf.not_after()));
                let until = until.map(|until| until.to_string()).unwrap_or_default();
                notice(format_args!("Certificate is valid until {until}"));
                Ok(())
            }
            (Some(identity), _) => self.renew(identity, &folder),
            (None, _) => Ok(()),
        }
    }

    /// The identity is saved before anything leaves the machine that could cost a use.
    fn enroll(
        &self,
        identity: Option<Identity>,
        key_file: Option<&Path>,
        _folder: &Flock<std::fs::File>,
    ) -> Result<(), Failure> {
        let key_file = key_file.ok_or_else(|| {
            let sentence = "there is no certificate to renew: enroll first";
            Failure::new("renewal_without_certificate", sentence)
        })?;
        let key = ProvisioningKey::read(&files::read(key_file)?)?;
        let mut identity = match identity {
            Some(identity) => identity,
            None => Identity::generate(KeyAlgorithm::EcdsaP256)?,
        };
        let fingerprint = self.home.material().map(Fingerprint::of_raw);
        let request = identity.request(&key, fingerprint)?;
        self.home.save(&identity)?;
        let asked = self.ask(&(&key).into(), Operation::Enroll, &request, &mut identity);
        self.tell(asked, "enrolled", "enrollment", &key.public_text(), fingerprint)
    }

    fn renew(&self, mut identity: Identity, _folder: &Flock<std::fs::File>) -> Result<(), Failure> {
        let fingerprint = self.home.material().map(Fingerprint::of_raw);
        let request = self.renewal(&mut identity, fingerprint)?;
        let Some(with) = identity.enrolled_with().cloned() else { return Ok(()) };
        let shown = format!("pvk1_{}_{}…", with.host(), with.id());
        let mut asked = self.ask(&with, Operation::Renew, &request, &mut identity);
        if asked.as_ref().is_err_and(|trouble| trouble.code == "public_key_in_use") {
            notice("The new key pair of this renewal is another connector's; renewing anew");
            identity.drop_renewal();
            let request = self.renewal(&mut identity, fingerprint)?;
            asked = self.ask(&with, Operation::Renew, &request, &mut identity);
        }
        self.tell(asked, "renewed", "renewal", &shown, fingerprint)
    }

    /// The request of the renewal that is under way, or of a new one. It is saved before it is sent.
    fn renewal(
        &self,
        identity: &mut Identity,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Request, Failure> {
        let key = match self.new_key {
            true => RenewalKey::New(identity.public_key().algorithm()),
            false => RenewalKey::Same,
        };
        let request = identity.renew_request(key, fingerprint)?;
        self.home.save(identity)?;
        Ok(request)
    }

    /// Asks until there is an answer, or no use in asking again, and accepts it.
    fn ask(
        &self,
        key: &KeyReference,
        operation: Operation,
        request: &Request,
        identity: &mut Identity,
    ) -> Result<(), Trouble> {
        let server = Server::new(key, self.way.connect, self.way.ca_file.as_deref())?;
        let mut retry = Retry::new(self.way.retry_for.starting_now());
        loop {
            notice(format_args!("Enroll: connecting to {}", key.host()));
            let accepted = server
                .ask(operation, request)
                .and_then(|answer| Ok(self.home.accept(identity, &answer)?));
            let Err(trouble) = accepted else { return Ok(()) };
            let Some(wait) = retry.wait(&trouble) else { return Err(trouble) };
            notice(format_args!("{trouble}; trying again in {:.1} s", wait.as_secs_f64()));
            sleep(wait);
        }
    }

    fn tell(
        &self,
        asked: Result<(), Trouble>,
        done: &str,
        deed: &str,
        key: &str,
        fingerprint: Option<Fingerprint>,
    ) -> Result<(), Failure> {
        asked.map(|()| notice(format_args!("Certificate {done}"))).map_err(|trouble| {
            let fingerprint = fingerprint.map_or("none".into(), |f| f.to_string());
            let status = trouble.status.map(|status| format!("http status({status}) "));
            let status = status.unwrap_or_default();
            let line = format!(
                "error: Login request failed - {status}key({key}) fingerprint({fingerprint})"
            );
            Failure::from(trouble).note(line).note(format!("notice: Certificate {deed} failed."))
        })
    }
}
