//! Reads the master keys again while the server runs.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use provkey::authority::{self, Authority, MasterError};
use provkey::key::{Keyring, Slot};

/// The least time between two reads that no operator requested.
const INTERVAL: Duration = Duration::from_secs(1);

type ReadError = Box<dyn Error + Send + Sync>;
type Read = dyn Fn() -> Result<Keyring, ReadError> + Send + Sync;

/// The source of the master keys. It is read again when this process lacks a master key of the
/// authority, because another process has rotated. Cheap to clone.
#[derive(Clone)]
pub struct KeyringSource(Arc<Inner>);

struct Inner {
    read: Box<Read>,
    /// When it was last read without an operator's request, and whether that helped.
    last: Mutex<Option<(Instant, bool)>>,
}

impl KeyringSource {
    /// `read` returns the current keyring, for example from the master key file.
    pub fn new(read: impl Fn() -> Result<Keyring, ReadError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { read: Box::new(read), last: Mutex::default() }))
    }

    /// Reads the master keys again and replaces the keyring of the authority.
    ///
    /// # Errors
    /// That of `read` or of the authority, which then keeps its keyring.
    pub fn reload(&self, authority: &Authority) -> Result<(), ReadError> {
        let keyring = (self.0.read)()?;
        Ok(authority.replace_keyring(keyring)?)
    }

    /// Reloads because a master key is missing, at most once a second, and returns whether that
    /// helped. Concurrent callers wait for one reload.
    pub(crate) fn refresh(&self, authority: &Authority) -> bool {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, helped)) = last.filter(|(when, _)| when.elapsed() < INTERVAL) {
            return helped;
        }
        let helped = match self.reload(authority) {
            Ok(()) => {
                tracing::info!("the master keys were read again: another process has rotated");
                true
            }
            Err(error) => {
                // Logged once, not every second while the key is missing.
                if last.is_none_or(|(_, helped)| helped) {
                    tracing::error!(%error, "a master key of the authority is missing in this process");
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

/// Calls the authority, and once more if a missing master key was found.
pub(crate) fn call_with_fresh_keyring<T>(
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

/// The slots of the master keys that are missing after a reload.
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
