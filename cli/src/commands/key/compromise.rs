//! `provkey key compromise`.

use provkey::authority::{Authority, Compromise, KeyDetails};

use super::arguments::KeyArg;
use crate::failure::Failure;
use crate::output::Output;
use crate::record::Record;
use crate::time::{Since, Time};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    key: KeyArg,
    /// Only revoke connectors that enrolled from this time on: RFC 3339, or a period such as 24h
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    since: Option<Since>,
    /// Change nothing, and count what would be revoked
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let (key, since) = (args.key.id()?, args.since.map(|since| since.0));
    if !args.dry_run {
        output.confirm(format_args!(
            "Mark the key {key} as compromised for good, and revoke the connectors that it enrolled? \
             They have to enroll again with another key."
        ))?;
    }
    let done =
        authority.compromise_key(key, &Compromise::default().since(since).dry_run(args.dry_run))?;
    let replacement = (!args.dry_run).then(|| authority.key(key).ok()).flatten();
    let since = since.map(Time);
    let revoked = if args.dry_run { "To be revoked" } else { "Revoked" };
    output.show(
        &Record::new()
            .field("key", "Key", key)
            .json("since", since)
            .json("dry_run", args.dry_run)
            .field("connectors", "Connectors", done.connectors)
            .field("revoked", revoked, done.revoked),
    )?;
    if let Some(key) = replacement {
        return output.remark(format_args!("To create a key like it: {}", create_command(&key)));
    }
    if !args.dry_run {
        return Ok(());
    }
    let since = since.map(|since| format!(" --since {}", since.0)).unwrap_or_default();
    output.remark(format_args!(
        "Nothing was changed. To list them: provkey connector list --key {key}{since}"
    ))
}

/// The shell command that creates a key like this one.
fn create_command(key: &KeyDetails) -> String {
    let mut command = format!(
        "provkey key create --name {} --group {} --cert {} --max-uses {}",
        quote(&format!("{} (new)", key.name)),
        key.group.id,
        key.certificate.id,
        key.max_uses
    );
    if let Some(at) = key.expires_at {
        command.push_str(&format!(" --expires {at}"));
    }
    for range in &key.allowed_addresses {
        command.push_str(&format!(" --allow {range}"));
    }
    if key.proof_only {
        command.push_str(" --proof-only");
    }
    command
}

/// A text as one word of a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
