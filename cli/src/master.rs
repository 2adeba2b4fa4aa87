//! `provkey master`: rotation of the master key, and backups.

use std::path::PathBuf;

use clap::Subcommand;
use provkey::key::{Keyring, KeyringError, MasterId, MasterKey, Slot};
use provkey::random::SystemRandom;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Fields, Output};
use crate::place::Place;
use crate::{files, keyring_file};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new master key, for new keys and to seal the CA keys; keys made before stay good
    ///
    /// The new master key is added to the master key file. Servers that use that file find it there
    /// by themselves; other machines need the new file. Run it again if it was interrupted.
    Rotate,
    /// Write a consistent copy of the store, while it is in use, to a new file
    ///
    /// The master key file is not part of it: keep a copy of that apart from the backup.
    Backup {
        /// The file, which must not exist yet
        file: PathBuf,
    },
}

pub(crate) fn run(command: &Command, place: &Place, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Rotate => rotate(place, output),
        Command::Backup { file } => {
            place.store()?.backup(file)?;
            output.one(&BackupView { file: file.display().to_string() })
        }
    }
}

/// The file gets the new master key before the store learns of it, so that no interruption leaves
/// a store that needs a key which nobody has. One that was interrupted in between is finished.
fn rotate(place: &Place, output: &mut Output) -> Result<(), Failure> {
    let file = place.master_key_file()?;
    if files::is_standard(file) {
        let sentence = "a new master key is added to the master key file: name that file";
        return Err(Failure::new("file_unwritable", sentence));
    }
    let _lock = files::lock(files::folder(&files::locate(file)))?;
    let authority = place.authority()?;
    let mut keyring = keyring_file::read(file)?;
    if keyring.current_slot() == authority.master_slot()? {
        keyring = with_new_master(keyring)?;
        keyring_file::replace(file, &keyring)?;
    }
    let view = MasterView { slot: keyring.current_slot().number(), id: keyring.current().id() };
    authority.rotate_master(keyring)?;
    output.one(&view)?;
    output.say("Servers with this master key file find the new one by themselves; other machines need the file.")
}

fn with_new_master(keyring: Keyring) -> Result<Keyring, Failure> {
    let slot: Slot = keyring.next_slot().ok_or(KeyringError::Full)?;
    let master = MasterKey::generate(&SystemRandom)?;
    Ok(keyring.with(slot, master).with_current(slot)?)
}

#[derive(Serialize)]
struct MasterView {
    slot: u8,
    id: MasterId,
}

impl Fields for MasterView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Slot", self.slot.to_string()), ("Master key", self.id.to_string())]
    }
}

#[derive(Serialize)]
struct BackupView {
    file: String,
}

impl Fields for BackupView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![("Backup", self.file.clone())]
    }
}
