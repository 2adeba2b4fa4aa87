//! `provkey key compromise`.

use provkey::authority::{Authority, Compromise};
use provkey::key::KeyId;
use serde::Serialize;

use super::KeyArg;
use crate::failure::Failure;
use crate::output::{Fields, Output};
use crate::times::{Since, Time};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    key: KeyArg,
    /// Only what it enrolled from this moment on: RFC 3339, or a period such as 24h
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    since: Option<Since>,
    /// Change nothing, only tell what would be revoked
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let (key, since) = (args.key.id()?, args.since.map(|since| since.0));
    let done = authority.compromise_key(key, &Compromise { since, dry_run: args.dry_run })?;
    let (connectors, revoked) = (done.connectors, done.revoked);
    let since = since.map(Time);
    output.one(&CompromiseView { key, since, dry_run: args.dry_run, connectors, revoked })?;
    if !args.dry_run {
        return Ok(());
    }
    let since = since.map(|since| format!(" --since {}", since.0)).unwrap_or_default();
    output.say(format_args!("Nothing was changed. To see them: connector list --key {key}{since}"))
}

#[derive(Serialize)]
struct CompromiseView {
    key: KeyId,
    since: Option<Time>,
    dry_run: bool,
    connectors: u64,
    revoked: u64,
}

impl Fields for CompromiseView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let revoked = if self.dry_run { "To be revoked" } else { "Revoked" };
        vec![
            ("Key", self.key.to_string()),
            ("Connectors", self.connectors.to_string()),
            (revoked, self.revoked.to_string()),
        ]
    }
}
