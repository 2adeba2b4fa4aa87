//! `provkey key edit`.

use provkey::authority::{Authority, KeyUpdate, Name};

use super::KeyArg;
use super::create::parse_ranges;
use super::view::KeyView;
use crate::failure::Failure;
use crate::output::Output;
use crate::times::Expiry;

/// What `--allow` says for no limit.
const ANYWHERE: &str = "anywhere";

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct Args {
    #[command(flatten)]
    key: KeyArg,
    /// Its name
    #[arg(long, group = "change")]
    name: Option<String>,
    /// How many connectors may enroll, those that have included
    #[arg(long, value_name = "N", group = "change")]
    max_uses: Option<u64>,
    /// When it stops enrolling anybody: a period from now, an RFC 3339 time, or `never`
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse, group = "change")]
    expires: Option<Expiry>,
    /// The enrollment certificate that signs from now on, by id or name
    #[arg(long, group = "change")]
    cert: Option<String>,
    /// Where it may be used from, instead of so far; may be repeated; `anywhere` for no limit
    #[arg(long, value_name = "CIDR", group = "change")]
    allow: Vec<String>,
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let id = args.key.id()?;
    let key = authority.update_key(id, &update(args, authority)?)?;
    output.one(&KeyView::from(key))
}

fn update(args: &Args, authority: &Authority) -> Result<KeyUpdate, Failure> {
    let certificate =
        args.cert.as_ref().map(|cert| authority.find_certificate(cert)).transpose()?;
    let allowed_addresses = match args.allow.as_slice() {
        [] => None,
        [one] if one == ANYWHERE => Some(Vec::new()),
        ranges => Some(parse_ranges(ranges)?),
    };
    Ok(KeyUpdate {
        name: args.name.as_deref().map(Name::new).transpose()?,
        max_uses: args.max_uses,
        expires_at: args.expires.map(|expiry| expiry.0),
        certificate: certificate.map(|certificate| certificate.id),
        allowed_addresses,
        ..KeyUpdate::default()
    })
}
