//! `provkey audit`: the audit trail.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use provkey::authority::{Action, AuditFilter, Authority, ConnectorId, InputError};
use provkey::key::KeyId;
use provkey_admin::AuditEntry;

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
    let parse =
        |id: &str| ConnectorId::parse(id).map_err(|_| InputError::ConnectorNotFound.about(id));
    let filter = AuditFilter::default()
        .key(key.as_deref().map(KeyId::parse).transpose()?)
        .connector(connector.as_deref().map(parse).transpose()?)
        .action(action.as_deref().and_then(|name| Action::parse(name).ok()))
        .since(since.map(|since| since.0))
        .until(until.map(|until| until.0))
        .latest_first(true);
    output.pages(page, |page| authority.list_audit(&filter, page), shown)
}

fn shown(entry: impl Into<AuditEntry>) -> Record {
    let entry = entry.into();
    Record::of(&entry)
        .cell("AT", Time::from(entry.at))
        .cell("ACTION", &entry.action)
        .cell("ACTOR", or_dash(entry.actor.as_ref()))
        .cell("KEY", or_dash(entry.key.as_ref()))
        .cell("ABOUT", subject(&entry))
        .cell("DETAILS", details(&entry))
}

/// The subject of the entry: the most specific thing that it names, except the key, which has its
/// own column.
fn subject(entry: &AuditEntry) -> String {
    let connector = entry.connector.as_ref().map(|id| format!("connector {id}"));
    let group = || entry.group.as_ref().map(|id| format!("group {id}"));
    let certificate = || entry.certificate.as_ref().map(|id| format!("certificate {id}"));
    let subject = match entry.key {
        Some(_) => connector,
        None => connector.or_else(group).or_else(certificate),
    };
    or_dash(subject.as_ref())
}

fn details(entry: &AuditEntry) -> String {
    let count = entry.count.filter(|count| *count > 1).map(|count| format!("{count} times"));
    let address = entry.address.as_ref().map(|address| format!("from {address}"));
    let parts = [entry.code.clone(), count, address, entry.details.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
