//! `provkey master`: rotates the master key, and backs up the store.

use std::path::PathBuf;

use clap::Subcommand;
use provkey::key::{Keyring, KeyringError, MasterKey, Slot};
use provkey::random::SystemRandom;

use crate::authority_location::AuthorityLocation;
use crate::failure::Failure;
use crate::output::Output;
use crate::record::Record;
use crate::{files, keyring_file};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a new master key, for new keys and to seal the CA keys. Older keys stay valid
    ///
    /// The new master key is added to the master key file. Servers that use that file reload it by
    /// themselves; copy the file to other machines. If the command is interrupted, run it again.
    Rotate,
    /// Write a consistent copy of the store to a new file, while the store is in use
    ///
    /// The backup does not have the master keys: keep a copy of the master key file apart from it.
    Backup {
        /// The file, which must not exist
        file: PathBuf,
    },
}

pub(crate) fn run(
    command: &Command,
    location: &AuthorityLocation,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Rotate => rotate(location, output),
        Command::Backup { file } => {
            if files::is_standard(file) {
                let sentence = "a backup is a database file: name the file, instead of `-`";
                return Err(Failure::new("file_unwritable", sentence));
            }
            location.store()?.backup(file)?;
            output.show(&Record::new().field("file", "Backup", file.display().to_string()))
        }
    }
}

/// The file gets the new master key before the store does, so that an interruption never leaves a
/// store that needs a key that no file has. The next run finishes an interrupted rotation.
fn rotate(location: &AuthorityLocation, output: &mut Output) -> Result<(), Failure> {
    let file = location.master_key_file()?;
    if files::is_standard(file) {
        let sentence =
            "the new master key is added to the master key file, so it cannot be standard input";
        return Err(Failure::new("file_unwritable", sentence));
    }
    let _lock = files::lock(files::folder(&files::locate(file)))?;
    let authority = location.open()?;
    let mut keyring = keyring_file::read(file)?;
    if keyring.current_slot() == authority.master_slot()? {
        keyring = with_new_master(keyring)?;
        keyring_file::replace(file, &keyring)?;
    }
    let shown = Record::new().field("slot", "Slot", keyring.current_slot().number()).field(
        "id",
        "Master key",
        keyring.current().id(),
    );
    authority.rotate_master(keyring)?;
    output.show(&shown)?;
    output.remark(
        "Servers that use this file reload it by themselves. Copy it to the other machines.",
    )
}

fn with_new_master(keyring: Keyring) -> Result<Keyring, Failure> {
    let slot: Slot = keyring.next_slot().ok_or(KeyringError::Full)?;
    let master = MasterKey::generate(&SystemRandom)?;
    Ok(keyring.with(slot, master).with_current(slot)?)
}
