//! The file that keeps the epoch of the authority, outside of its store, if there is one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::{mem, str};

use clap::Args;
use provkey::authority::{Authority, Epoch, Error, InputError};
use provkey::store::FaultKind;

use crate::cli::GLOBAL;
use crate::failure::Failure;
use crate::files::{self, Content, Destination};

#[derive(Args)]
pub(crate) struct EpochPlace {
    /// A file, outside of the store, that keeps which change of it was the last. A store that lacks
    /// that change, because an older copy of it was restored, is refused
    #[arg(long, global = true, help_heading = GLOBAL, env = "PROVKEY_EPOCH_FILE")]
    #[arg(value_name = "FILE")]
    epoch_file: Option<PathBuf>,
    #[arg(skip)]
    opened: RefCell<Option<Opened>>,
}

/// The authority whose epoch is to be kept when the command ends.
struct Opened {
    authority: Authority,
    file: Destination,
    kept: Option<Epoch>,
}

impl EpochPlace {
    /// Checks that the store has reached the epoch that the file holds, if there is a file.
    pub(crate) fn check(&self, authority: &Authority) -> Result<(), Failure> {
        let Some(path) = &self.epoch_file else { return Ok(()) };
        let kept = read(path)?;
        if let Some(epoch) = &kept {
            authority.check_epoch(epoch).map_err(explain)?;
        }
        self.keep_at_end(authority, kept)
    }

    /// Checks that no epoch is kept yet: an authority that was made anew would not have it.
    pub(crate) fn check_new(&self) -> Result<(), Failure> {
        match &self.epoch_file {
            Some(path) if read(path)?.is_some() => Err(files::occupied(path)),
            _ => Ok(()),
        }
    }

    /// Keeps the epoch of a new authority.
    pub(crate) fn begin(&self, authority: &Authority) -> Result<(), Failure> {
        self.keep_at_end(authority, None)
    }

    /// Accepts that the store has not reached the epoch that is kept. Answers that, and the one
    /// that is kept from now on.
    pub(crate) fn accept(&self, authority: &Authority) -> Result<(Epoch, Epoch), Failure> {
        let Some(path) = &self.epoch_file else {
            return Err(Failure::missing_argument(
                "which epoch? give --epoch-file FILE or set PROVKEY_EPOCH_FILE",
            ));
        };
        let lost = read(path)?.ok_or_else(|| {
            Failure::new("file_unreadable", format!("{} keeps no epoch", path.display()))
        })?;
        self.keep_at_end(authority, Some(lost))?;
        Ok((lost, authority.accept_rollback(&lost)?))
    }

    /// Makes sure that the file can be written, before anything is changed.
    fn keep_at_end(&self, authority: &Authority, kept: Option<Epoch>) -> Result<(), Failure> {
        if let Some(path) = &self.epoch_file {
            let file = Destination::prepare(path, Content::Epoch)?;
            let opened = Opened { authority: authority.clone(), file, kept };
            self.opened.replace(Some(opened));
        }
        Ok(())
    }

    /// Keeps the epoch that the authority has at the end of a command, whatever came of that.
    pub(crate) fn keep(&self) -> Result<(), Failure> {
        let kept = self.keep_so_far();
        self.opened.replace(None);
        kept.map_err(|failure| {
            failure.note("What was asked for is done; only its epoch is not kept.")
        })
    }

    /// Keeps the epoch that the authority has now, if it is another. What fails is tried again the next
    /// time.
    pub(crate) fn keep_so_far(&self) -> Result<(), Failure> {
        let mut opened = self.opened.borrow_mut();
        let (Some(path), Some(opened)) = (&self.epoch_file, opened.as_mut()) else {
            return Ok(());
        };
        let epoch = opened.authority.epoch()?;
        if opened.kept != Some(epoch) {
            let next = Destination::prepare(path, Content::Epoch)?;
            let file = mem::replace(&mut opened.file, next);
            file.write(format!("{epoch}\n").as_bytes())?;
            opened.kept = Some(epoch);
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

/// What an epoch file holds; nothing if there is none, or an empty one.
fn read(path: &Path) -> Result<Option<Epoch>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = files::read(path)?;
    if bytes.is_empty() { Ok(None) } else { Ok(Some(parse(&bytes)?)) }
}

/// Reads the content of an epoch file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Epoch, InputError> {
    let text = str::from_utf8(bytes).map_err(|_| InputError::EpochInvalid)?;
    Epoch::parse(text.trim_end())
}
