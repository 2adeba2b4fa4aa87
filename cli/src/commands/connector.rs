//! `provkey connector`: the machines that have enrolled.

use std::net::IpAddr;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use provkey::authority::{
    Authority, CertificateId, Connector, ConnectorFilter, ConnectorId, GroupId, InputError,
};
use provkey::key::{Fingerprint, KeyId};
use provkey::x509::RevocationReason;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output, PageArgs, Row, or_dash};
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
        ConnectorId::parse(&self.id).ok_or_else(|| InputError::ConnectorNotFound.into())
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
            output.pages(page, |page| authority.list_connectors(&filter, page), ConnectorView::from)
        }
        Command::Show(connector) => {
            output.show(&ConnectorView::from(authority.connector(connector.id()?)?))
        }
        Command::Revoke { connector, reason } => {
            let id = connector.id()?;
            output.confirm(format_args!(
                "Revoke the connector {id} for good? Its public key can never enroll again."
            ))?;
            let reason = RevocationReason::parse(reason).unwrap_or_default();
            authority.revoke_connector(id, reason)?;
            output.show(&ConnectorView::from(authority.connector(id)?))
        }
    }
}

#[derive(Serialize)]
struct ConnectorView {
    id: ConnectorId,
    key: KeyId,
    group: GroupId,
    certificate: CertificateId,
    enrolled_at: Time,
    address: Option<IpAddr>,
    fingerprint: Option<Fingerprint>,
    serial: String,
    not_before: Time,
    not_after: Time,
    revoked_at: Option<Time>,
    revocation_reason: Option<&'static str>,
    renewals: u64,
    renewed_at: Option<Time>,
    replays: u64,
    last_replay_at: Option<Time>,
}

impl From<Connector> for ConnectorView {
    fn from(connector: Connector) -> Self {
        Self {
            id: connector.id,
            key: connector.key,
            group: connector.group,
            certificate: connector.certificate,
            enrolled_at: connector.enrolled_at.into(),
            address: connector.address,
            fingerprint: connector.fingerprint,
            serial: connector.serial,
            not_before: connector.not_before.into(),
            not_after: connector.not_after.into(),
            revoked_at: connector.revoked_at.map(Time),
            revocation_reason: connector.revocation_reason.map(RevocationReason::as_str),
            renewals: connector.renewals,
            renewed_at: connector.renewed_at.map(Time),
            replays: connector.replays,
            last_replay_at: connector.last_replay_at.map(Time),
        }
    }
}

/// The first digits of a long number, for a table.
fn beginning(digits: &str) -> String {
    match digits.get(..8) {
        Some(beginning) => format!("{beginning}…"),
        None => digits.into(),
    }
}

impl Row for ConnectorView {
    const COLUMNS: &'static [&'static str] =
        &["ID", "KEY", "ENROLLED", "FROM", "VALID UNTIL", "REPLAYS", "FINGERPRINT", "SERIAL"];

    fn row(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.key.to_string(),
            self.enrolled_at.to_string(),
            or_dash(self.address.as_ref()),
            self.revoked_at.map_or_else(|| self.not_after.to_string(), |_| "revoked".into()),
            self.replays.to_string(),
            beginning(&or_dash(self.fingerprint.as_ref())),
            beginning(&self.serial),
        ]
    }
}

impl Fields for ConnectorView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let revoked = self.revoked_at.map(|at| match self.revocation_reason {
            None | Some("unspecified") => at.to_string(),
            Some(reason) => format!("{at} ({reason})"),
        });
        vec![
            ("Connector", self.id.to_string()),
            ("Key", self.key.to_string()),
            ("Group", self.group.to_string()),
            ("Certificate", self.certificate.to_string()),
            ("Enrolled", self.enrolled_at.to_string()),
            ("From", or_dash(self.address.as_ref())),
            ("Fingerprint", or_dash(self.fingerprint.as_ref())),
            ("Serial", self.serial.clone()),
            ("Valid from", self.not_before.to_string()),
            ("Valid until", self.not_after.to_string()),
            ("Revoked", or_dash(revoked.as_ref())),
            ("Replays", self.replays.to_string()),
            ("Last replay", Time::or_never(self.last_replay_at)),
        ]
    }
}
