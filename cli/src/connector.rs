//! `provkey connector`: who has enrolled.

use std::net::IpAddr;

use clap::Subcommand;
use provkey::authority::{
    Authority, CertificateId, Connector, ConnectorFilter, ConnectorId, GroupId,
};
use provkey::key::{Fingerprint, KeyId};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, PageArgs, Row};
use crate::times::Time;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List connectors: of a key or a group in the order of enrollment, else by id
    List {
        /// Only those that enrolled with this key
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        /// Only those of this group, by id or name
        #[arg(long)]
        group: Option<String>,
        /// Only those that hang on this enrollment certificate, by id or name
        #[arg(long)]
        cert: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let Command::List { key, group, cert, page } = command;
    let key = key.as_deref().map(KeyId::parse).transpose()?;
    let group = group.as_ref().map(|group| authority.find_group(group)).transpose()?;
    let certificate = cert.as_ref().map(|cert| authority.find_certificate(cert)).transpose()?;
    let filter = ConnectorFilter {
        key,
        group: group.map(|group| group.id),
        certificate: certificate.map(|certificate| certificate.id),
        ..ConnectorFilter::default()
    };
    output.page(authority.list_connectors(&filter, &page.request())?, ConnectorView::from)
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
            replays: connector.replays,
            last_replay_at: connector.last_replay_at.map(Time),
        }
    }
}

fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}

/// The beginning of what only programs compare to the end.
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
