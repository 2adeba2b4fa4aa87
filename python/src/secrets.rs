//! What the classes that hold secrets share: a file for the secret, and no pickling.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use pyo3::PyErr;
use pyo3::exceptions::PyTypeError;

/// Writes a new file durably, which only its owner may read and write (mode 0600). An existing file
/// is an error.
pub(crate) fn write_secret(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

pub(crate) fn cannot_be_pickled(class: &str) -> PyErr {
    PyTypeError::new_err(format!("a {class} holds a secret and cannot be pickled"))
}
