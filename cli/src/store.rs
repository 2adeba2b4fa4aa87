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
    /// The first store is closed to changes before, and stays so: changes and new enrollments there are
    /// `store_moved`. Stop what still uses it, and start it with the second one. The master key file
    /// stays as it is.
    Copy {
        /// The store to copy: sqlite:PATH or postgres://USER@HOST/DATABASE. A password of a URL belongs
        /// into PGPASSWORD or ~/.pgpass
        #[arg(value_name = "FROM", value_parser = StoreAddress::parse_public)]
        from: StoreAddress,
        /// The store to make
        #[arg(value_name = "TO", value_parser = StoreAddress::parse_public)]
        to: StoreAddress,
        /// Leave the first store open, for a copy that nobody enrolls from: both together would count
        /// twice. Nothing may change it meanwhile
        #[arg(long)]
        keep_source: bool,
    },
    /// Open a store again that was closed by `copy`, if the copy is not used after all
    Reopen {
        /// The store: sqlite:PATH or postgres://USER@HOST/DATABASE
        #[arg(value_name = "STORE", value_parser = StoreAddress::parse_public)]
        store: StoreAddress,
    },
    /// Go on with a store that was rolled back: that lacks changes which the checkpoint file knows of
    ///
    /// What was counted or revoked since is forgotten: keys may enroll beyond their limits. It is
    /// written into the audit trail. Put the newer store back instead, if there is one.
    AcceptRollback,
}

pub(crate) fn run(command: &Command, place: &Place, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Copy { from, to, keep_source } => copy(from, to, *keep_source, output),
        Command::Reopen { store } => {
            let store = store.open()?;
            output.confirm(
                "Open the store to changes again? If its copy is in use, both count for themselves.",
            )?;
            output.one(&ReopenView { reopened: store.fence(false)? })
        }
        Command::AcceptRollback => {
            let (lost, kept) = place.checkpoint.accept(&place.authority_of_any_checkpoint()?)?;
            output.one(&RollbackView { lost: lost.to_string(), kept: kept.to_string() })
        }
    }
}

fn copy(
    from: &StoreAddress,
    to: &StoreAddress,
    keep_source: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let from = from.open()?;
    if !Authority::exists(&*from)? {
        return Err(provkey::authority::InputError::AuthorityMissing.into());
    }
    let to = to.create()?;
    let records = match keep_source {
        true => Authority::copy_store(&*from, &*to)?,
        false => Authority::move_store(&*from, &*to)?,
    };
    output.one(&CopyView { records, source_closed: !keep_source })
}

#[derive(Serialize)]
struct CopyView {
    records: u64,
    source_closed: bool,
}

impl Fields for CopyView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        let source = if self.source_closed { "closed to changes" } else { "open: do not use both" };
        vec![("Records", self.records.to_string()), ("First store", source.into())]
    }
}

#[derive(Serialize)]
struct ReopenView {
    reopened: bool,
}

impl Fields for ReopenView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Store", if self.reopened { "open again" } else { "was open" }.into())]
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
