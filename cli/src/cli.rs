//! The arguments as a whole.

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::{
    admin_token, audit, cert, connector, crl, demo, enroll, group, identity, init, inspect, key,
    master, query, root, serve, sign, store,
};

/// The heading of the options that every command has.
pub(crate) const GLOBAL: &str = "Global options";

/// Provisioning keys: a fleet enrols itself, every use counted exactly.
#[derive(Parser)]
#[command(
    name = "provkey",
    version,
    after_help = "Exit status: 0 done, 1 refused (`error: CODE: sentence` on stderr), 2 usage."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    place: Place,
    /// Write JSON for programs instead of tables for people
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Ask nothing before something is deleted, revoked or retired. Without a terminal nothing is
    /// asked anyway
    #[arg(long, global = true, help_heading = GLOBAL)]
    yes: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a store with an authority and its root; and the master key file if it is missing
    Init(init::Args),
    /// Connector groups
    #[command(subcommand)]
    Group(group::Command),
    /// Enrollment certificates, which sign the certificates of connectors
    #[command(subcommand)]
    Cert(cert::Command),
    /// Provisioning keys
    #[command(subcommand)]
    Key(key::Command),
    /// Connectors: who has enrolled
    #[command(subcommand)]
    Connector(connector::Command),
    /// Write a list of the revoked certificates that an enrollment certificate signed
    Crl(crl::Args),
    /// Write the certificate of the authority's root, in PEM
    Root(root::Args),
    /// The audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Admin tokens: who may look after the authority over the network
    #[command(subcommand)]
    AdminToken(admin_token::Command),
    /// The master keys, and backups of the store
    #[command(subcommand)]
    Master(master::Command),
    /// Answer one SELECT over the views of the store, and nothing else
    Query(query::Args),
    /// Moving an authority to another store, and going on with an older one
    #[command(subcommand)]
    Store(store::Command),
    /// Look at the text of a provisioning key, without a store and without a network
    Inspect(inspect::Args),
    /// Enroll one connector from its CSR, or renew its certificate
    Sign(sign::Args),
    /// The connector's half: an identity in a folder
    #[command(subcommand)]
    Identity(identity::Command),
    /// Enroll this machine over the network, or renew its certificate if it is time. It may be run
    /// again at any time
    Enroll(enroll::EnrollArgs),
    /// Renew the certificate of this machine over the network, if it is time
    Renew(enroll::RenewArgs),
    /// Serve the authority over the network
    Serve(Box<serve::Args>),
    /// The whole story in a temporary folder, with real certificates
    Demo(demo::Args),
}

impl Cli {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let done = self.command.run(&self.place, &mut Output::new(self.json, self.yes));
        let kept = self.place.checkpoint.keep();
        done.and(kept)
    }
}

impl Command {
    fn run(self, place: &Place, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Init(args) => init::run(&args, place, output),
            Self::Group(command) => group::run(&command, &place.authority()?, output),
            Self::Cert(command) => cert::run(&command, &place.authority()?, &place.token, output),
            Self::Key(command) => key::run(&command, &place.authority()?, output),
            Self::Connector(command) => connector::run(&command, &place.authority()?, output),
            Self::Crl(args) => crl::run(&args, &place.authority()?, output),
            Self::Root(args) => root::run(&args, &place.authority()?, output),
            Self::Audit(command) => audit::run(&command, &place.authority()?, output),
            Self::AdminToken(command) => admin_token::run(&command, &place.authority()?, output),
            Self::Master(command) => master::run(&command, place, output),
            Self::Query(args) => query::run(&args, place, output),
            Self::Store(command) => store::run(&command, place, output),
            Self::Inspect(args) => inspect::run(&args, output),
            Self::Sign(args) => sign::run(&args, place, output),
            Self::Identity(command) => identity::run(&command, output),
            Self::Enroll(args) => enroll::enroll(&args, output),
            Self::Renew(args) => enroll::renew(&args, output),
            Self::Serve(args) => serve::run(&args, place, output),
            Self::Demo(args) => demo::run(&args),
        }
    }
}
