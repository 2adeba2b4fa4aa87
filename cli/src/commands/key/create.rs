//! `provkey key create`.

use std::path::PathBuf;

use provkey::authority::{Authority, Name, NewKey};

use super::arguments::parse_ranges;
use super::text::write_text;
use super::view::shown;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::Output;
use crate::time::Expiry;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name, unique among keys
    #[arg(long)]
    name: String,
    /// The group that its connectors join, by id or name
    #[arg(long)]
    group: String,
    /// The enrollment certificate that signs their certificates, by id or name
    #[arg(long)]
    cert: String,
    /// How many connectors may enroll
    #[arg(long, value_name = "N")]
    max_uses: u64,
    /// When the key expires: a period such as 90d, or an RFC 3339 time
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// The addresses that connectors may enroll from; may be repeated
    #[arg(long, value_name = "CIDR")]
    allow: Vec<String>,
    /// Only accept CSRs that prove the key, and refuse its text beside a CSR
    #[arg(long)]
    proof_only: bool,
    /// The file for the text of the key, which must not exist; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let new = new_key(args, authority)?;
    let Some(path) = &args.out else {
        let key = authority.create_key(&new)?;
        let hint = format!("To see its text: provkey key copy {}", key.id);
        output.show(&shown(key))?;
        return output.remark(hint);
    };
    let destination = Destination::prepare(path, Content::Secret)?;
    let key = authority.create_key(&new)?;
    let made = format!(
        "The key {id} was created. To write its text: provkey key download {id}",
        id = key.id
    );
    let file = authority.download_key(key.id).map_err(Failure::from);
    let written = file.and_then(|file| write_text(destination, path, &file.contents, key, output));
    written.map_err(|failure| failure.with_note(made))
}

fn new_key(args: &Args, authority: &Authority) -> Result<NewKey, Failure> {
    let name = Name::parse(&args.name)?;
    let group = authority.find_group(&args.group)?.id;
    let certificate = authority.find_certificate(&args.cert)?.id;
    let mut new = NewKey::new(name, group, certificate, args.max_uses);
    new.expires_at = args.expires.and_then(|expiry| expiry.0);
    new.allowed_addresses = parse_ranges(&args.allow)?;
    new.proof_only = args.proof_only;
    Ok(new)
}
