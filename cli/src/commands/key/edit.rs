//! `provkey key edit`.

use provkey::authority::{Authority, InputError, KeyDetails, KeyUpdate, Name};
use provkey::key::KeyId;

use super::arguments::{KeyArg, parse_ranges};
use super::view::shown;
use crate::failure::Failure;
use crate::output::Output;
use crate::time::Expiry;

/// The value of `--allow` for no restriction.
const ANYWHERE: &str = "anywhere";

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct Args {
    #[command(flatten)]
    key: KeyArg,
    /// The new name
    #[arg(long, group = "change")]
    name: Option<String>,
    /// How many connectors may enroll, including those that have; `+N` and `-N` change the number
    #[arg(long, value_name = "N|+N|-N", group = "change", allow_hyphen_values = true)]
    #[arg(value_parser = Limit::parse)]
    max_uses: Option<Limit>,
    /// When the key expires: a period from now, an RFC 3339 time, or `never`
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse, group = "change")]
    expires: Option<Expiry>,
    /// The enrollment certificate that signs from now on, by id or name
    #[arg(long, group = "change")]
    cert: Option<String>,
    /// The addresses that connectors may enroll from, instead of the present ones; may be repeated;
    /// `anywhere` for no restriction
    #[arg(long, value_name = "CIDR", group = "change")]
    allow: Vec<String>,
}

/// How often a relative change of the limit is attempted when others edit the key at the same time.
const TRIES_MAX: usize = 8;

/// A new limit: a number, or a change to the present limit.
#[derive(Clone, Copy)]
enum Limit {
    To(u64),
    More(u64),
    Less(u64),
}

impl Limit {
    fn parse(text: &str) -> Result<Self, String> {
        let (limit, digits): (fn(u64) -> Self, _) = match text.split_at_checked(1) {
            Some(("+", digits)) => (Self::More, digits),
            Some(("-", digits)) => (Self::Less, digits),
            _ => (Self::To, text),
        };
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number);
        number
            .map(limit)
            .ok_or_else(|| "it must be a number, or +N or -N to change the present number".into())
    }

    /// The number to set if the limit is `now`.
    fn number(self, now: u64) -> Result<u64, Failure> {
        let limit = match self {
            Self::To(limit) => Some(limit),
            Self::More(more) => now.checked_add(more),
            Self::Less(less) => now.checked_sub(less).filter(|limit| *limit > 0),
        };
        limit.ok_or_else(|| {
            let error = InputError::MaxUsesInvalid;
            Failure::new(error.code(), format_args!("{error}; the present limit is {now}"))
        })
    }
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let id = args.key.id()?;
    let update = update(args, authority)?;
    let key = match args.max_uses {
        None => authority.update_key(id, &update)?,
        Some(Limit::To(limit)) => authority.update_key(id, &update.max_uses(limit))?,
        Some(limit) => change_limit(id, limit, update, authority)?,
    };
    output.show(&shown(key))
}

/// Changes the limit relative to the one that was read. The version of the key makes sure that no
/// other edit came between.
fn change_limit(
    id: KeyId,
    limit: Limit,
    mut update: KeyUpdate,
    authority: &Authority,
) -> Result<KeyDetails, Failure> {
    for _ in 1..TRIES_MAX {
        let key = authority.key(id)?;
        update.version = Some(key.version);
        update.max_uses = Some(limit.number(key.max_uses)?);
        match authority.update_key(id, &update) {
            Err(error) if error.is_input(InputError::EditConflict) => {}
            edited => return Ok(edited?),
        }
    }
    Err(InputError::EditConflict.about(id).into())
}

fn update(args: &Args, authority: &Authority) -> Result<KeyUpdate, Failure> {
    let certificate =
        args.cert.as_ref().map(|cert| authority.find_certificate(cert)).transpose()?;
    let allowed_addresses = match args.allow.as_slice() {
        [] => None,
        [one] if one == ANYWHERE => Some(Vec::new()),
        ranges => Some(parse_ranges(ranges)?),
    };
    let mut update = KeyUpdate::default()
        .name(args.name.as_deref().map(Name::parse).transpose()?)
        .certificate(certificate.map(|certificate| certificate.id))
        .allowed_addresses(allowed_addresses);
    update.expires_at = args.expires.map(|expiry| expiry.0);
    Ok(update)
}
