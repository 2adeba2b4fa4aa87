//! `provkey key create`.

use std::path::PathBuf;

use provkey::authority::{AddressRange, Authority, InputError, Name, NewKey};

use super::view::KeyView;
use super::write_text;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::Output;
use crate::times::Expiry;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Its name, unique among keys
    #[arg(long)]
    name: String,
    /// The group that its connectors join, by id or name
    #[arg(long)]
    group: String,
    /// The enrollment certificate that signs for them, by id or name
    #[arg(long)]
    cert: String,
    /// How many connectors may enroll
    #[arg(long, value_name = "N")]
    max_uses: u64,
    /// When it stops enrolling anybody: a period such as 90d, or an RFC 3339 time
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,
    /// Where it may be used from; may be repeated
    #[arg(long, value_name = "CIDR")]
    allow: Vec<String>,
    /// It must be proven inside the CSR; its text beside a CSR is refused
    #[arg(long)]
    proof_only: bool,
    /// Write its text to this file, which must not exist yet; `-` is standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let new = new_key(args, authority)?;
    let Some(path) = &args.out else {
        let key = authority.create_key(&new)?;
        let hint = format!("Its text: provkey key copy {}", key.id);
        output.one(&KeyView::from(key))?;
        return output.say(hint);
    };
    let destination = Destination::prepare(path, Content::Secret)?;
    let key = authority.create_key(&new)?;
    let made = format!("The key {id} was made: provkey key download {id}", id = key.id);
    let file = authority.download_key(key.id).map_err(Failure::from);
    let written = file.and_then(|file| write_text(destination, path, &file.contents, key, output));
    written.map_err(|failure| failure.note(made))
}

fn new_key(args: &Args, authority: &Authority) -> Result<NewKey, Failure> {
    let name = Name::new(&args.name)?;
    let group = authority.find_group(&args.group)?.id;
    let certificate = authority.find_certificate(&args.cert)?.id;
    let mut new = NewKey::new(name, group, certificate, args.max_uses);
    new.expires_at = args.expires.and_then(|expiry| expiry.0);
    new.allowed_addresses = parse_ranges(&args.allow)?;
    new.proof_only = args.proof_only;
    Ok(new)
}

/// Reads address ranges.
pub(super) fn parse_ranges(texts: &[String]) -> Result<Vec<AddressRange>, InputError> {
    texts.iter().map(|text| AddressRange::parse(text)).collect()
}
