//! Master keys that are read again while the server runs.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use provkey::authority::{self, Authority, MasterError};
use provkey::key::{Keyring, Slot};

/// How often the keyring is read again at most, unless an operator asks.
const INTERVAL: Duration = Duration::from_secs(1);

type ReadError = Box<dyn Error + Send + Sync>;
type Read = dyn Fn() -> Result<Keyring, ReadError> + Send + Sync;

/// Where the master keys are: read again when the authority has one that this process lacks, for
/// another process has rotated. Cheap to clone.
#[derive(Clone)]
pub struct KeyringSource(Arc<Inner>);

struct Inner {
    read: Box<Read>,
    /// When it was last read without being asked to, and whether that helped.
    last: Mutex<Option<(Instant, bool)>>,
}

impl KeyringSource {
    /// `read` reads them, for example from the master key file.
    pub fn new(read: impl Fn() -> Result<Keyring, ReadError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { read: Box::new(read), last: Mutex::default() }))
    }

    /// Reads the master keys again, and gives them to the authority.
    ///
    /// # Errors
    /// What the reading says, or the authority: it keeps the master keys that it has.
    pub fn reload(&self, authority: &Authority) -> Result<(), ReadError> {
        let keyring = (self.0.read)()?;
        Ok(authority.replace_keyring(keyring)?)
    }

    /// The same because a master key is missing: once a second at most. Whether that helped.
    /// Whoever comes meanwhile waits for it.
    pub(crate) fn refresh(&self, authority: &Authority) -> bool {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, helped)) = last.filter(|(when, _)| when.elapsed() < INTERVAL) {
            return helped;
        }
        let helped = match self.reload(authority) {
            Ok(()) => {
                tracing::info!("master keys were read again: another process has rotated");
                true
            }
            Err(error) => {
                // Said once, and not each second, while it lasts.
                if last.is_none_or(|(_, helped)| helped) {
                    tracing::error!(%error, "a master key of the authority is missing here");
                }
                false
            }
        };
        *last = Some((Instant::now(), helped));
        helped
    }
}

impl fmt::Debug for KeyringSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringSource").finish_non_exhaustive()
    }
}

/// Calls the authority; once more if a master key was missing and is there now.
pub(crate) fn with_masters<T>(
    keyring: Option<&KeyringSource>,
    authority: &Authority,
    work: impl Fn(&Authority) -> Result<T, authority::Error>,
) -> Result<T, authority::Error> {
    match work(authority) {
        Err(error) if is_missing(&error) && keyring.is_some_and(|k| k.refresh(authority)) => {
            work(authority)
        }
        result => result,
    }
}

/// The slots of the master keys that are still missing after they were looked for.
pub(crate) fn still_missing(
    keyring: Option<&KeyringSource>,
    authority: &Authority,
) -> Result<Vec<Slot>, authority::Error> {
    let missing = authority.missing_masters()?;
    match keyring {
        Some(keyring) if !missing.is_empty() && keyring.refresh(authority) => {
            authority.missing_masters()
        }
        _ => Ok(missing),
    }
}

pub(crate) fn is_missing(error: &authority::Error) -> bool {
    matches!(error, authority::Error::Master(MasterError::Missing))
}
