//! The master key file: one master key a line, in a file that only its owner may read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use provkey::key::{Keyring, KeyringError, MasterKey};
use provkey::random::SystemRandom;
use zeroize::Zeroizing;

use crate::failure::{Failure, warn};
use crate::files::{self, Content, Destination};

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Keyring, Failure> {
    let bytes = files::read(path)?;
    let text = str::from_utf8(&bytes).map_err(|_| KeyringError::Malformed { line: 1 })?;
    Ok(Keyring::parse(text)?)
}

/// Creates the file with a new master key if it is missing. Returns whether it did.
pub(crate) fn create_if_missing(path: &Path) -> Result<bool, Failure> {
    if files::is_standard(path) || path.exists() {
        return Ok(false);
    }
    let text = MasterKey::generate(&SystemRandom)?.to_hex();
    Destination::prepare(path, Content::Secret)?.write(text.as_bytes())?;
    Ok(true)
}

/// Replaces the keyring in the file.
pub(crate) fn replace(path: &Path, keyring: &Keyring) -> Result<(), Failure> {
    let text: Zeroizing<String> = keyring.to_file_text();
    files::replace_secret(path, text.as_bytes())
}

/// Warns if users other than the owner may read or write the file.
pub(crate) fn warn_of_permissions(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        warn(format_args!(
            "{path} holds master keys, and other users may read or change it: chmod 600 {path}"
        ));
    }
}
