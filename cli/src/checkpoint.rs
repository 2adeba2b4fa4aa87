//! The file that keeps the checkpoint of the authority, outside of its store, if there is one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::{mem, str};

use clap::Args;
use provkey::authority::{Authority, Checkpoint, Error, InputError};
use provkey::store::FaultKind;

use crate::cli::GLOBAL;
use crate::failure::Failure;
use crate::files::{self, Content, Destination};

#[derive(Args)]
pub(crate) struct CheckpointPlace {
    /// A file, outside of the store, that keeps which change of it was the last. A store that lacks
    /// that change, because an older copy of it was restored, is refused
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_CHECKPOINT_FILE")]
    #[arg(value_name = "FILE")]
    checkpoint_file: Option<PathBuf>,
    #[arg(skip)]
    opened: RefCell<Option<Opened>>,
}

/// The authority whose checkpoint is to be kept when the command ends.
struct Opened {
    authority: Authority,
    file: Destination,
    kept: Option<Checkpoint>,
}

impl CheckpointPlace {
    /// Checks that the store has reached the checkpoint that the file holds, if there is a file.
    pub(crate) fn check(&self, authority: &Authority) -> Result<(), Failure> {
        let Some(path) = &self.checkpoint_file else { return Ok(()) };
        let kept = read(path)?;
        if let Some(checkpoint) = &kept {
            authority.verify_checkpoint(checkpoint).map_err(explain)?;
        }
        self.keep_at_end(authority, kept)
    }

    /// Checks that no checkpoint is kept yet: an authority that was made anew would not have it.
    pub(crate) fn check_new(&self) -> Result<(), Failure> {
        match &self.checkpoint_file {
            Some(path) if read(path)?.is_some() => Err(files::occupied(path)),
            _ => Ok(()),
        }
    }

    /// Keeps the checkpoint of a new authority.
    pub(crate) fn begin(&self, authority: &Authority) -> Result<(), Failure> {
        self.keep_at_end(authority, None)
    }

    /// Accepts that the store has not reached the checkpoint that is kept. Answers that, and the one
    /// that is kept from now on.
    pub(crate) fn accept(
        &self,
        authority: &Authority,
    ) -> Result<(Checkpoint, Checkpoint), Failure> {
        let Some(path) = &self.checkpoint_file else {
            return Err(Failure::missing_argument(
                "which checkpoint? give --checkpoint-file FILE or set PROVKEY_CHECKPOINT_FILE",
            ));
        };
        let lost = read(path)?.ok_or_else(|| {
            Failure::new("file_unreadable", format!("{} keeps no checkpoint", path.display()))
        })?;
        self.keep_at_end(authority, Some(lost))?;
        Ok((lost, authority.accept_rollback(&lost)?))
    }

    /// Makes sure that the file can be written, before anything is changed.
    fn keep_at_end(&self, authority: &Authority, kept: Option<Checkpoint>) -> Result<(), Failure> {
        if let Some(path) = &self.checkpoint_file {
            let file = Destination::prepare(path, Content::Checkpoint)?;
            let opened = Opened { authority: authority.clone(), file, kept };
            self.opened.replace(Some(opened));
        }
        Ok(())
    }

    /// Keeps the checkpoint that the authority has at the end of a command, whatever came of that.
    pub(crate) fn keep(&self) -> Result<(), Failure> {
        let kept = self.keep_so_far();
        self.opened.replace(None);
        kept.map_err(|failure| {
            failure.note("What was asked for is done; only its checkpoint is not kept.")
        })
    }

    /// Keeps the checkpoint that the authority has now, if it is another. What fails is tried again the next
    /// time.
    pub(crate) fn keep_so_far(&self) -> Result<(), Failure> {
        let mut opened = self.opened.borrow_mut();
        let (Some(path), Some(opened)) = (&self.checkpoint_file, opened.as_mut()) else {
            return Ok(());
        };
        let checkpoint = opened.authority.checkpoint()?;
        if opened.kept != Some(checkpoint) {
            let next = Destination::prepare(path, Content::Checkpoint)?;
            let file = mem::replace(&mut opened.file, next);
            file.write(format!("{checkpoint}\n").as_bytes())?;
            opened.kept = Some(checkpoint);
        }
        Ok(())
    }
}

fn explain(error: Error) -> Failure {
    let rolled_back = matches!(
        &error, Error::Store(error) if error.fault().kind == FaultKind::RolledBack);
    match rolled_back {
        true => Failure::from(error).note("To accept the loss: provkey store accept-rollback"),
        false => error.into(),
    }
}

/// What a checkpoint file holds; nothing if there is none, or an empty one.
fn read(path: &Path) -> Result<Option<Checkpoint>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read(path)?;
    if bytes.is_empty() { Ok(None) } else { Ok(Some(parse(&bytes)?)) }
}

/// Reads the content of a checkpoint file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Checkpoint, InputError> {
    let text = str::from_utf8(bytes).map_err(|_| InputError::CheckpointInvalid)?;
    Checkpoint::parse(text.trim_end())
}
