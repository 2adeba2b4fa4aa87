//! `provkey store`: moves an authority to another store, or accepts that its store was rolled back.

use clap::Subcommand;
use provkey::authority::Authority;

use crate::authority_location::{AuthorityLocation, StoreAddress};
use crate::failure::Failure;
use crate::output::Output;
use crate::record::Record;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Copy an authority with all its records into a new store, and compare the two
    ///
    /// The first store is closed before it is copied, and stays closed: changes and new enrollments
    /// there are refused with `store_moved`. Stop the servers that use it, and start them with the
    /// second store. The master key file does not change.
    Copy {
        /// The store to copy: sqlite:PATH or postgres://USER@HOST/DATABASE. Put the password of a
        /// URL into PGPASSWORD or ~/.pgpass
        #[arg(value_name = "FROM", value_parser = StoreAddress::parse_argument)]
        from: StoreAddress,
        /// The store to create
        #[arg(value_name = "TO", value_parser = StoreAddress::parse_argument)]
        to: StoreAddress,
        /// Leave the first store open, for a copy that enrolls nothing: each would count uses on
        /// its own. Nothing may change the first store while it is copied
        #[arg(long)]
        keep_source: bool,
    },
    /// Open a store that `copy` closed, if its copy is not used after all
    Reopen {
        /// The store: sqlite:PATH or postgres://USER@HOST/DATABASE
        #[arg(value_name = "STORE", value_parser = StoreAddress::parse_argument)]
        store: StoreAddress,
    },
    /// Accept that the store was rolled back: it lacks the last change that the checkpoint file
    /// names
    ///
    /// Put the newer store back instead if you still have it: the uses and revocations since are
    /// lost, so keys may enroll beyond their limits. The audit trail records who accepted the loss.
    AcceptRollback,
}

pub(crate) fn run(
    command: &Command,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Copy { from, to, keep_source } => copy(from, to, *keep_source, output),
        Command::Reopen { store } => {
            let store = store.open()?;
            output.confirm(
                "Open the store to changes again? If its copy is in use, each counts uses on its own.",
            )?;
            let reopened = store.fence(false)?;
            let state = if reopened { "open again" } else { "was open" };
            output.show(&Record::new().json("reopened", reopened).line("Store", state))
        }
        Command::AcceptRollback => {
            let authority = location.open_rolled_back()?;
            let (lost, kept) = location.checkpoint.accept_rollback(&authority)?;
            output.show(&Record::new().field("lost", "Lost", lost.to_string()).field(
                "kept",
                "Kept",
                kept.to_string(),
            ))
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
    let source = if keep_source { "open: do not use both stores" } else { "closed to changes" };
    output.show(
        &Record::new()
            .field("records", "Records", records)
            .json("source_closed", !keep_source)
            .line("First store", source),
    )
}
