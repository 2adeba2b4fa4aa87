//! `provkey init`: creates an authority.

use provkey::authority::{Authority, Environment, InputError, NewAuthority};
use provkey::key::{Host, HostError};
use provkey_admin::AuthorityDetails;

use crate::authority_location::{AuthorityLocation, StoreAddress};
use crate::failure::Failure;
use crate::output::Output;
use crate::record::Record;
use crate::time::Time;
use crate::{files, keyring_file};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where connectors reach the authority: a name or an address, and a port unless it is 443.
    /// Every key contains it
    #[arg(long)]
    host: String,
    /// The SPIFFE trust domain, which cannot be changed later [default: the host without its port]
    #[arg(long, value_name = "DOMAIN")]
    trust_domain: Option<String>,
}

pub(crate) fn run(
    args: &Args,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    let (store, file) = (location.store()?, location.master_key_file()?);
    let mut new = NewAuthority::new(read_host(&args.host)?);
    new.trust_domain.clone_from(&args.trust_domain);
    location.checkpoint.check_new()?;
    files::check_folder(file)?;
    if let StoreAddress::Sqlite(path) = store {
        files::check_folder(path)?;
    }
    let _lock = files::lock(files::folder(file))?;
    let store = store.open_or_create()?;
    // Checked before the master key file is created: an existing authority needs its old one.
    if Authority::exists(&*store)? {
        return Err(InputError::AuthorityExists.into());
    }
    let created = keyring_file::create_if_missing(file)?;
    keyring_file::warn_of_permissions(file);
    let environment = Environment::system(store);
    let authority = Authority::create(environment, keyring_file::read(file)?, &new)?;
    location.checkpoint.track_new(&authority)?;
    output.show(&shown(&authority))?;
    let origin = if created { "is new" } else { "was used as it is" };
    output.remark(format_args!(
        "The master key file {} {origin}: keep a copy of it apart from the store.",
        file.display()
    ))
}

/// Parses the host. People often give a URL, which the error then corrects.
fn read_host(text: &str) -> Result<Host, Failure> {
    Host::parse(text).map_err(|error| {
        let Some((_, rest)) = text.split_once("://") else {
            return Failure::new(error.code(), format_args!("{error}: {text}"));
        };
        let host = rest.split('/').next().unwrap_or(rest);
        let sentence = format!("{text} is a URL; give only its host: --host {host}");
        Failure::new(HostError::BadName.code(), sentence)
    })
}

pub(super) fn shown(authority: &Authority) -> Record {
    let authority = AuthorityDetails::from(authority);
    Record::of(&authority)
        .line("Authority", &authority.id)
        .line("Hosts", authority.hosts.join(", "))
        .line("Trust domain", &authority.trust_domain)
        .line("Root until", Time::from(authority.root.not_after).to_string())
}
