//! The checkpoint file: it names the last change of the store, and lies outside of the store, so
//! that a store that was rolled back is noticed.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::{mem, str};

use clap::Args;
use provkey::authority::{Authority, Checkpoint, Error, InputError};
use provkey::store::FaultKind;

use crate::failure::Failure;
use crate::files::{self, Content, Destination};

/// The option that names the file, and the authority whose checkpoint is written to it.
#[derive(Args)]
pub(crate) struct CheckpointFile {
    /// A file outside of the store that names the last change of the store. A store that lacks this
    /// change, because an older copy of it was restored, is refused
    #[arg(long, global = true, env = "PROVKEY_CHECKPOINT_FILE", value_name = "FILE")]
    checkpoint_file: Option<PathBuf>,
    #[arg(skip)]
    tracked: RefCell<Option<Tracked>>,
}

/// The authority whose checkpoint is saved when the command ends.
struct Tracked {
    authority: Authority,
    file: Destination,
    saved: Option<Checkpoint>,
}

impl CheckpointFile {
    /// Checks that the store has reached the checkpoint in the file, and tracks the authority.
    pub(crate) fn check(&self, authority: &Authority) -> Result<(), Failure> {
        let Some(path) = &self.checkpoint_file else { return Ok(()) };
        let saved = read(path)?;
        if let Some(checkpoint) = &saved {
            authority.verify_checkpoint(checkpoint).map_err(explain)?;
        }
        self.track(authority, saved)
    }

    /// Checks that the file holds no checkpoint, which a new authority cannot have reached.
    pub(crate) fn check_new(&self) -> Result<(), Failure> {
        match &self.checkpoint_file {
            Some(path) if read(path)?.is_some() => Err(files::occupied(path)),
            _ => Ok(()),
        }
    }

    /// Tracks a new authority.
    pub(crate) fn track_new(&self, authority: &Authority) -> Result<(), Failure> {
        self.track(authority, None)
    }

    /// Accepts that the store lacks the change that the file names. Returns the lost checkpoint,
    /// and the one that takes its place.
    pub(crate) fn accept_rollback(
        &self,
        authority: &Authority,
    ) -> Result<(Checkpoint, Checkpoint), Failure> {
        let Some(path) = &self.checkpoint_file else {
            return Err(Failure::usage(
                "no checkpoint file is named: pass --checkpoint-file FILE, or set PROVKEY_CHECKPOINT_FILE",
            ));
        };
        let lost = read(path)?.ok_or_else(|| {
            Failure::new("file_unreadable", format!("{} holds no checkpoint", path.display()))
        })?;
        self.track(authority, Some(lost))?;
        Ok((lost, authority.accept_rollback(&lost)?))
    }

    /// Makes sure that the file can be written before the command changes anything.
    fn track(&self, authority: &Authority, saved: Option<Checkpoint>) -> Result<(), Failure> {
        if let Some(path) = &self.checkpoint_file {
            let file = Destination::prepare(path, Content::Checkpoint)?;
            self.tracked.replace(Some(Tracked { authority: authority.clone(), file, saved }));
        }
        Ok(())
    }

    /// Saves the checkpoint at the end of a command, whether the command succeeded or failed.
    pub(crate) fn save_at_end(&self) -> Result<(), Failure> {
        let saved = self.save();
        self.tracked.replace(None);
        saved.map_err(|failure| {
            failure.with_note("The command was carried out; only its checkpoint was not saved.")
        })
    }

    /// Saves the checkpoint if the authority has reached another one. The next call repeats what
    /// failed.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let mut tracked = self.tracked.borrow_mut();
        let (Some(path), Some(tracked)) = (&self.checkpoint_file, tracked.as_mut()) else {
            return Ok(());
        };
        let checkpoint = tracked.authority.checkpoint()?;
        if tracked.saved != Some(checkpoint) {
            let next = Destination::prepare(path, Content::Checkpoint)?;
            let file = mem::replace(&mut tracked.file, next);
            file.write(format!("{checkpoint}\n").as_bytes())?;
            tracked.saved = Some(checkpoint);
        }
        Ok(())
    }
}

fn explain(error: Error) -> Failure {
    let rolled_back = matches!(
        &error, Error::Store(error) if error.fault().kind == FaultKind::RolledBack);
    match rolled_back {
        true => Failure::from(error).with_note("To accept the loss: provkey store accept-rollback"),
        false => error.into(),
    }
}

/// The checkpoint in the file; `None` if the file is missing or empty.
fn read(path: &Path) -> Result<Option<Checkpoint>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read(path)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = str::from_utf8(&bytes).map_err(|_| InputError::CheckpointInvalid)?;
    Ok(Some(Checkpoint::parse(text.trim_end())?))
}
