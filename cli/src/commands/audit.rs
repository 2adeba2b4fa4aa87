//! `provkey audit`: the audit trail.

use std::net::IpAddr;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use provkey::authority::{
    Action, AdminTokenId, AuditFilter, AuditRecord, Authority, CertificateId, ConnectorId, GroupId,
    InputError,
};
use provkey::key::KeyId;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, PageArgs, Row, or_dash};
use crate::time::{Since, Time};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the audit trail, the latest record first
    List {
        /// Only records about this key
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        /// Only records about this connector
        #[arg(long, value_name = "ID")]
        connector: Option<String>,
        /// Only records of this action, such as key_created or enrollment_refused
        #[arg(long)]
        #[arg(value_parser = PossibleValuesParser::new(Action::ALL.iter().map(|it| it.as_str())))]
        action: Option<String>,
        /// Only records from this time on: RFC 3339, or a period such as 24h
        #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
        since: Option<Since>,
        /// Only records before this time
        #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
        until: Option<Since>,
        #[command(flatten)]
        page: PageArgs,
    },
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let Command::List { key, connector, action, since, until, page } = command;
    let parse = |id: &str| ConnectorId::parse(id).ok_or(InputError::ConnectorNotFound);
    let filter = AuditFilter::default()
        .key(key.as_deref().map(KeyId::parse).transpose()?)
        .connector(connector.as_deref().map(parse).transpose()?)
        .action(action.as_deref().and_then(Action::parse))
        .since(since.map(|since| since.0))
        .until(until.map(|until| until.0))
        .latest_first(true);
    output.pages(page, |page| authority.list_audit(&filter, page), AuditView::from)
}

#[derive(Serialize)]
struct AuditView {
    at: Time,
    action: &'static str,
    actor: Option<String>,
    admin_token: Option<AdminTokenId>,
    key: Option<KeyId>,
    group: Option<GroupId>,
    certificate: Option<CertificateId>,
    connector: Option<ConnectorId>,
    address: Option<IpAddr>,
    code: Option<String>,
    count: Option<u64>,
    last_at: Option<Time>,
    details: Option<String>,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            at: record.at.into(),
            action: record.action.as_str(),
            actor: record.actor,
            admin_token: record.admin_token,
            key: record.key,
            group: record.group,
            certificate: record.certificate,
            connector: record.connector,
            address: record.address,
            code: record.code,
            count: record.count,
            last_at: record.last_at.map(Time),
            details: record.details,
        }
    }
}

impl AuditView {
    /// The subject of the record: the most specific thing that it names, except the key, which has
    /// its own column.
    fn about(&self) -> String {
        let connector = self.connector.map(|id| format!("connector {id}"));
        let group = || self.group.map(|id| format!("group {id}"));
        let certificate = || self.certificate.map(|id| format!("certificate {id}"));
        let about = match self.key {
            Some(_) => connector,
            None => connector.or_else(group).or_else(certificate),
        };
        or_dash(about.as_ref())
    }

    fn details(&self) -> String {
        let count = self.count.filter(|count| *count > 1).map(|count| format!("{count} times"));
        let address = self.address.map(|address| format!("from {address}"));
        let parts = [self.code.clone(), count, address, self.details.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Row for AuditView {
    const COLUMNS: &'static [&'static str] = &["AT", "ACTION", "ACTOR", "KEY", "ABOUT", "DETAILS"];

    fn row(&self) -> Vec<String> {
        vec![
            self.at.to_string(),
            self.action.into(),
            or_dash(self.actor.as_ref()),
            or_dash(self.key.as_ref()),
            self.about(),
            self.details(),
        ]
    }
}
