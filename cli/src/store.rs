//! `provkey store`: moving an authority to another store.

use clap::Subcommand;
use provkey::authority::Authority;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output};
use crate::place::StoreAddress;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Copy an authority with all that it has into a new store, and compare the two
    ///
    /// Stop what uses the first store before, and let it use the second one afterwards: both
    /// together would count twice. The master key file stays as it is.
    Copy {
        /// The store to copy: sqlite:PATH or postgres://USER@HOST/DATABASE
        #[arg(value_name = "FROM", value_parser = StoreAddress::parse)]
        from: StoreAddress,
        /// The store to make
        #[arg(value_name = "TO", value_parser = StoreAddress::parse)]
        to: StoreAddress,
    },
}

pub(crate) fn run(command: &Command, output: &mut Output) -> Result<(), Failure> {
    let Command::Copy { from, to } = command;
    let from = from.open()?;
    if !Authority::exists(&*from)? {
        return Err(provkey::authority::InputError::AuthorityMissing.into());
    }
    let records = Authority::copy_store(&*from, &*to.create()?)?;
    output.one(&CopyView { records })
}

#[derive(Serialize)]
struct CopyView {
    records: u64,
}

impl Fields for CopyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Records", self.records.to_string())]
    }
}
