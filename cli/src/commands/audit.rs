//! `provkey audit`: the audit trail.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use provkey::authority::{Action, AuditFilter, AuditRecord, Authority, ConnectorId, InputError};
use provkey::key::KeyId;

use crate::failure::Failure;
use crate::output::{Output, PageArgs};
use crate::record::{Record, or_dash};
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
    let parse = |id: &str| ConnectorId::parse(id).map_err(|_| InputError::ConnectorNotFound);
    let filter = AuditFilter::default()
        .key(key.as_deref().map(KeyId::parse).transpose()?)
        .connector(connector.as_deref().map(parse).transpose()?)
        .action(action.as_deref().and_then(|name| Action::parse(name).ok()))
        .since(since.map(|since| since.0))
        .until(until.map(|until| until.0))
        .latest_first(true);
    output.pages(page, |page| authority.list_audit(&filter, page), shown)
}

fn shown(record: AuditRecord) -> Record {
    let at = Time(record.at);
    let (subject, details) = (subject(&record), details(&record));
    Record::new()
        .cell("AT", at)
        .cell("ACTION", record.action.as_str())
        .cell("ACTOR", or_dash(record.actor.as_ref()))
        .cell("KEY", or_dash(record.key.as_ref()))
        .cell("ABOUT", subject)
        .cell("DETAILS", details)
        .json("at", at)
        .json("action", record.action.as_str())
        .json("actor", record.actor)
        .json("admin_token", record.admin_token)
        .json("key", record.key)
        .json("group", record.group)
        .json("certificate", record.certificate)
        .json("connector", record.connector)
        .json("address", record.address)
        .json("code", record.code)
        .json("count", record.count)
        .json("last_at", record.last_at.map(Time))
        .json("details", record.details)
}

/// The subject of the record: the most specific thing that it names, except the key, which has its
/// own column.
fn subject(record: &AuditRecord) -> String {
    let connector = record.connector.map(|id| format!("connector {id}"));
    let group = || record.group.map(|id| format!("group {id}"));
    let certificate = || record.certificate.map(|id| format!("certificate {id}"));
    let subject = match record.key {
        Some(_) => connector,
        None => connector.or_else(group).or_else(certificate),
    };
    or_dash(subject.as_ref())
}

fn details(record: &AuditRecord) -> String {
    let count = record.count.filter(|count| *count > 1).map(|count| format!("{count} times"));
    let address = record.address.map(|address| format!("from {address}"));
    let parts = [record.code.clone(), count, address, record.details.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
