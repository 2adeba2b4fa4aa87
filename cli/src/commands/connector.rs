//! `provkey connector`: the machines that have enrolled.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{Authority, ConnectorFilter, ConnectorId, InputError};
use provkey::key::KeyId;
use provkey::x509::RevocationReason;
use provkey_admin::{Connector, Moment};

use crate::failure::Failure;
use crate::output::{Output, PageArgs};
use crate::record::{Record, or_dash};
use crate::time::{Since, Time};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List connectors by id; those of one key or group in the order of enrollment
    List {
        /// Only those that enrolled with this key
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        /// Only those of this group, by id or name
        #[arg(long)]
        group: Option<String>,
        /// Only those whose certificate this enrollment certificate signed, by id or name
        #[arg(long)]
        cert: Option<String>,
        /// Only those that enrolled from this time on: RFC 3339, or a period such as 24h
        #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
        since: Option<Since>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one connector
    Show(ConnectorArg),
    /// Revoke a connector for good: its public key can never enroll again
    Revoke {
        #[command(flatten)]
        connector: ConnectorArg,
        /// The reason, as RFC 5280 names it. Revoking again does not change it
        #[arg(long, default_value = "unspecified")]
        #[arg(value_parser = PossibleValuesParser::new(RevocationReason::ALL.map(RevocationReason::as_str)))]
        reason: String,
    },
}

#[derive(Args)]
pub(crate) struct ConnectorArg {
    /// The id of the connector
    #[arg(value_name = "ID")]
    id: String,
}

impl ConnectorArg {
    fn id(&self) -> Result<ConnectorId, Failure> {
        ConnectorId::parse(&self.id)
            .map_err(|_| InputError::ConnectorNotFound.about(&self.id).into())
    }
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::List { key, group, cert, since, page } => {
            let group = group.as_ref().map(|group| authority.find_group(group)).transpose()?;
            let certificate =
                cert.as_ref().map(|cert| authority.find_certificate(cert)).transpose()?;
            let filter = ConnectorFilter::default()
                .key(key.as_deref().map(KeyId::parse).transpose()?)
                .group(group.map(|group| group.id))
                .certificate(certificate.map(|certificate| certificate.id))
                .since(since.map(|since| since.0));
            output.pages(page, |page| authority.list_connectors(&filter, page), shown)
        }
        Command::Show(connector) => output.show(&shown(authority.connector(connector.id()?)?)),
        Command::Revoke { connector, reason } => {
            let id = connector.id()?;
            output.confirm(format_args!(
                "Revoke the connector {id} for good? Its public key can never enroll again."
            ))?;
            let reason = RevocationReason::parse(reason).unwrap_or_default();
            authority.revoke_connector(id, reason)?;
            output.show(&shown(authority.connector(id)?))
        }
    }
}

fn shown(connector: impl Into<Connector>) -> Record {
    let connector = connector.into();
    let time = |moment: Moment| Time::from(moment).to_string();
    let revocation = connector.revoked_at.map(|at| match connector.revocation_reason.as_deref() {
        None | Some("unspecified") => time(at),
        Some(reason) => format!("{} ({reason})", time(at)),
    });
    let not_after = time(connector.not_after);
    let valid_until = connector.revoked_at.map_or_else(|| not_after.clone(), |_| "revoked".into());
    let address = or_dash(connector.address.as_ref());
    let fingerprint = or_dash(connector.fingerprint.as_ref());
    Record::of(&connector)
        .line("Connector", &connector.id)
        .line("Key", &connector.key)
        .line("Group", &connector.group)
        .line("Certificate", &connector.certificate)
        .line("Enrolled", time(connector.enrolled_at))
        .line("From", &address)
        .line("Fingerprint", &fingerprint)
        .line("Serial", &connector.serial)
        .line("Valid from", time(connector.not_before))
        .line("Valid until", not_after)
        .line("Revoked", or_dash(revocation.as_ref()))
        .line("Replays", connector.replays.to_string())
        .line("Last replay", Time::or_never(connector.last_replay_at.map(Time::from)))
        .cell("ID", &connector.id)
        .cell("KEY", &connector.key)
        .cell("ENROLLED", time(connector.enrolled_at))
        .cell("FROM", address)
        .cell("VALID UNTIL", valid_until)
        .cell("REPLAYS", connector.replays)
        .cell("FINGERPRINT", beginning(&fingerprint))
        .cell("SERIAL", beginning(&connector.serial))
}

/// The first digits of a long number, for a table.
fn beginning(digits: &str) -> String {
    match digits.get(..8) {
        Some(beginning) => format!("{beginning}…"),
        None => digits.into(),
    }
}
