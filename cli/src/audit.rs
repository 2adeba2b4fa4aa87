//! `provkey audit`: who did what.

use std::net::IpAddr;

use clap::Subcommand;
use provkey::authority::{
    AdminTokenId, AuditFilter, AuditRecord, Authority, CertificateId, ConnectorId, GroupId,
};
use provkey::key::KeyId;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, PageArgs, Row};
use crate::times::{Since, Time};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the audit trail, the latest first
    List {
        /// Only what concerns this key
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        /// Only from this moment on: RFC 3339, or a period such as 24h
        #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
        since: Option<Since>,
        #[command(flatten)]
        page: PageArgs,
    },
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let Command::List { key, since, page } = command;
    let filter = AuditFilter {
        key: key.as_deref().map(KeyId::parse).transpose()?,
        since: since.map(|since| since.0),
        latest_first: true,
        ..AuditFilter::default()
    };
    output.page(authority.list_audit(&filter, &page.request())?, AuditView::from)
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
    /// What it is about: the most particular thing that it names.
    fn about(&self) -> String {
        let connector = self.connector.map(|id| format!("connector {id}"));
        let key = || self.key.map(|id| format!("key {id}"));
        let group = || self.group.map(|id| format!("group {id}"));
        let certificate = || self.certificate.map(|id| format!("certificate {id}"));
        connector.or_else(key).or_else(group).or_else(certificate).unwrap_or_default()
    }

    fn particulars(&self) -> String {
        let count = self.count.filter(|count| *count > 1).map(|count| format!("{count} times"));
        let address = self.address.map(|address| format!("from {address}"));
        let parts = [self.code.clone(), count, address, self.details.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Row for AuditView {
    const COLUMNS: &'static [&'static str] = &["AT", "ACTION", "ACTOR", "ABOUT", "PARTICULARS"];

    fn row(&self) -> Vec<String> {
        let actor = self.actor.clone().unwrap_or_else(|| "-".into());
        vec![self.at.to_string(), self.action.into(), actor, self.about(), self.particulars()]
    }
}
