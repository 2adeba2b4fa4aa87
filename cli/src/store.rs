//! `provkey store`: moving an authority to another store, and going on with an older one.

use clap::Subcommand;
use provkey::authority::Authority;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output};
use crate::place::{Place, StoreAddress};

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
    /// Go on with a store that was rolled back: that lacks changes which the epoch file knows of
    ///
    /// What was counted or revoked since is forgotten: keys may enroll beyond their limits. It is
    /// written into the audit trail. Put the newer store back instead, if there is one.
    AcceptRollback,
}

pub(crate) fn run(command: &Command, place: &Place, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Copy { from, to } => copy(from, to, output),
        Command::AcceptRollback => {
            let (lost, kept) = place.epoch.accept(&place.authority_of_any_epoch()?)?;
            output.one(&RollbackView { lost: lost.to_string(), kept: kept.to_string() })
        }
    }
}

fn copy(from: &StoreAddress, to: &StoreAddress, output: &mut Output) -> Result<(), Failure> {
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

#[derive(Serialize)]
struct RollbackView {
    lost: String,
    kept: String,
}

impl Fields for RollbackView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Lost", self.lost.clone()), ("Kept", self.kept.clone())]
    }
}
