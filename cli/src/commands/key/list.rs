//! `provkey key list`.

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use provkey::authority::{Authority, KeyFilter, KeyOrder, KeyState};

use super::view::shown;
use crate::failure::Failure;
use crate::output::{Output, PageArgs};
use crate::time::Since;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only those of this group, by id or name
    #[arg(long)]
    group: Option<String>,
    /// Only those with this enrollment certificate, by id or name
    #[arg(long)]
    cert: Option<String>,
    /// Only those in this state
    #[arg(long, value_parser = PossibleValuesParser::new(KeyState::ALL.map(KeyState::as_str)))]
    state: Option<String>,
    /// Only those whose name contains this, letter case ignored
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Only those whose id contains this
    #[arg(long, value_name = "TEXT")]
    id: Option<String>,
    /// Only those with at least this limit of uses
    #[arg(long, value_name = "N")]
    max_uses_min: Option<u64>,
    /// Only those with at most this limit of uses
    #[arg(long, value_name = "N")]
    max_uses_max: Option<u64>,
    /// Only those that have enrolled at least this many connectors
    #[arg(long, value_name = "N")]
    used_min: Option<u64>,
    /// Only those that have enrolled at most this many connectors
    #[arg(long, value_name = "N")]
    used_max: Option<u64>,
    /// Only those that enrolled a connector from this time on: RFC 3339, or a period such as 24h
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    last_used_since: Option<Since>,
    /// Only those that enrolled no connector from this time on
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    last_used_before: Option<Since>,
    /// The order; with `-` descending
    #[arg(long, value_enum, default_value = "name", allow_hyphen_values = true)]
    sort: Sort,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sort {
    Name,
    Created,
    #[value(name = "-name")]
    NameDescending,
    #[value(name = "-created")]
    CreatedDescending,
}

impl Sort {
    fn order(self) -> (KeyOrder, bool) {
        match self {
            Self::Name => (KeyOrder::Name, false),
            Self::Created => (KeyOrder::Created, false),
            Self::NameDescending => (KeyOrder::Name, true),
            Self::CreatedDescending => (KeyOrder::Created, true),
        }
    }
}

pub(crate) fn run(args: &Args, authority: &Authority, output: &mut Output) -> Result<(), Failure> {
    let group = args.group.as_ref().map(|group| authority.find_group(group)).transpose()?;
    let certificate =
        args.cert.as_ref().map(|cert| authority.find_certificate(cert)).transpose()?;
    let state = |name: &String| KeyState::ALL.into_iter().find(|state| state.as_str() == name);
    let (order, descending) = args.sort.order();
    let filter = KeyFilter::default()
        .name_contains(args.name.clone())
        .group(group.map(|group| group.id))
        .certificate(certificate.map(|certificate| certificate.id))
        .state(args.state.as_ref().and_then(state))
        .order(order)
        .descending(descending)
        .id_contains(args.id.clone())
        .max_uses_min(args.max_uses_min)
        .max_uses_max(args.max_uses_max)
        .used_min(args.used_min)
        .used_max(args.used_max)
        .last_used_since(args.last_used_since.map(|since| since.0))
        .last_used_before(args.last_used_before.map(|before| before.0));
    output.pages(&args.page, |page| authority.list_keys(&filter, page), shown)
}
