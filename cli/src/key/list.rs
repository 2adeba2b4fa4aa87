//! `provkey key list`.

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use provkey::authority::{Authority, KeyFilter, KeyOrder, KeyState};

use super::view::KeyView;
use crate::failure::Failure;
use crate::output::{Output, PageArgs};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only those of this group, by id or name
    #[arg(long)]
    group: Option<String>,
    /// Only those of this enrollment certificate, by id or name
    #[arg(long)]
    cert: Option<String>,
    /// Only those in this state
    #[arg(long, value_parser = PossibleValuesParser::new(KeyState::ALL.map(KeyState::as_str)))]
    state: Option<String>,
    /// Only those whose name contains this, letter case ignored
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Sorted by what; with `-` from the last to the first
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
    let filter = KeyFilter {
        name_contains: args.name.clone(),
        group: group.map(|group| group.id),
        certificate: certificate.map(|certificate| certificate.id),
        state: args.state.as_ref().and_then(state),
        order,
        descending,
        ..KeyFilter::default()
    };
    output.page(authority.list_keys(&filter, &args.page.request())?, KeyView::from)
}
