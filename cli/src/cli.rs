//! The command line as a whole: the global options and the subcommands.

use clap::{Parser, Subcommand};

use crate::authority_location::AuthorityLocation;
use crate::commands::{
    admin_token, audit, cert, connector, crl, demo, enroll, group, identity, init, inspect, key,
    master, query, root, serve, sign, store,
};
use crate::failure::Failure;
use crate::output::Output;

/// Provisioning keys: a fleet enrolls itself, and every use is counted exactly.
#[derive(Parser)]
#[command(
    name = "provkey",
    version,
    after_help = "Exit status: 0 success, 1 refused or failed (`error: CODE: sentence` on standard \
                  error), 2 wrong arguments."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The options that every command has.
#[derive(clap::Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    #[command(flatten)]
    location: AuthorityLocation,
    /// Write JSON for programs instead of tables for people
    #[arg(long, global = true)]
    json: bool,
    /// Delete, revoke and retire without asking for confirmation. Without a terminal the command
    /// never asks
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Create a store with an authority and its root, and the master key file if it is missing
    Init(init::Args),
    /// Manage connector groups
    #[command(subcommand)]
    Group(group::Command),
    /// Manage enrollment certificates, which sign the certificates of connectors
    #[command(subcommand)]
    Cert(cert::Command),
    /// Manage provisioning keys
    #[command(subcommand)]
    Key(key::Command),
    /// List and revoke connectors
    #[command(subcommand)]
    Connector(connector::Command),
    /// Write the certificate revocation list of an enrollment certificate or of the root
    Crl(crl::Args),
    /// Write the certificate of the authority's root, in PEM
    Root(root::Args),
    /// Read the audit trail
    #[command(subcommand)]
    Audit(audit::Command),
    /// Manage admin tokens, with which people and programs administer the authority over the
    /// network
    #[command(subcommand)]
    AdminToken(admin_token::Command),
    /// Rotate the master key, and back up the store
    #[command(subcommand)]
    Master(master::Command),
    /// Run one SELECT over the views of the store
    Query(query::Args),
    /// Move an authority to another store, or accept that its store was rolled back
    #[command(subcommand)]
    Store(store::Command),
    /// Check the text of a provisioning key, without a store and without a network
    Inspect(inspect::Args),
    /// Enroll one connector from its CSR, or renew its certificate
    Sign(sign::Args),
    /// Manage the identity of a connector: its key pair and certificate, in a folder
    #[command(subcommand)]
    Identity(identity::Command),
    /// Enroll this machine over the network, or renew its certificate if that is due. Safe to
    /// repeat
    Enroll(enroll::EnrollArgs),
    /// Renew the certificate of this machine over the network, if that is due
    Renew(enroll::RenewArgs),
    /// Serve the authority over the network
    Serve(Box<serve::Args>),
    /// Play the whole story in a temporary folder, with real certificates
    Demo(demo::Args),
}

impl Cli {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let Global { location, json, yes } = self.global;
        let done = self.command.run(&location, &mut Output::new(json, yes));
        let saved = location.checkpoint.save_at_end();
        done.and(saved)
    }

    fn run_arguments(arguments: &[&str]) -> Result<(), Failure> {
        Self::try_parse_from(arguments).map_err(Failure::Usage)?.run()
    }
}

impl Command {
    fn run(self, location: &AuthorityLocation, output: &mut Output) -> Result<(), Failure> {
        match self {
            Self::Init(args) => init::run(&args, location, output),
            Self::Group(command) => group::run(&command, &location.open()?, output),
            Self::Cert(command) => cert::run(&command, &location.open()?, &location.token, output),
            Self::Key(command) => key::run(&command, &location.open()?, output),
            Self::Connector(command) => connector::run(&command, &location.open()?, output),
            Self::Crl(args) => crl::run(&args, &location.open()?, output),
            Self::Root(args) => root::run(&args, &location.open()?, output),
            Self::Audit(command) => audit::run(&command, &location.open()?, output),
            Self::AdminToken(command) => admin_token::run(&command, &location.open()?, output),
            Self::Master(command) => master::run(&command, location, output),
            Self::Query(args) => query::run(&args, location, output),
            Self::Store(command) => store::run(&command, location, output),
            Self::Inspect(args) => inspect::run(&args, output),
            Self::Sign(args) => sign::run(&args, location, output),
            Self::Identity(command) => identity::run(&command, output),
            Self::Enroll(args) => enroll::enroll(&args, output),
            Self::Renew(args) => enroll::renew(&args, output),
            Self::Serve(args) => serve::run(&args, location, output),
            Self::Demo(args) => demo::run(&args, &Cli::run_arguments),
        }
    }
}
