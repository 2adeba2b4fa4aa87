//! The text of a provisioning key.

use std::path::PathBuf;

use provkey::key::{KeyText as CoreKeyText, ProvisioningKey as CoreProvisioningKey};
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::secrets::{cannot_be_pickled, write_secret};

/// The text of a provisioning key, its secret included.
///
/// `str()` and `repr()` show only the public part. `expose()` returns the text, and `save()` writes
/// it to a file for its owner. It cannot be pickled. Comparison takes constant time.
#[pyclass(frozen, eq, module = "provkey")]
#[derive(PartialEq, Eq)]
pub(crate) struct KeyText(pub(crate) CoreKeyText);

impl KeyText {
    pub(crate) fn copy(text: &CoreKeyText) -> Self {
        Self(CoreKeyText::new(text.expose().into()))
    }

    fn public(&self) -> String {
        match CoreProvisioningKey::parse_strict(self.0.expose()) {
            Ok(key) => key.to_string(),
            Err(_) => "not a provisioning key".into(),
        }
    }
}

#[pymethods]
impl KeyText {
    /// Wraps a text, which is checked when it is used.
    #[new]
    fn new(text: String) -> Self {
        Self(CoreKeyText::new(text))
    }

    /// The text. It is a secret: anyone who has it can enroll. Python cannot erase it from memory.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Writes the text and a newline to a new file that only its owner may read (mode 0600). Raises
    /// OSError, such as FileExistsError: it never replaces a file.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        let line = Zeroizing::new(format!("{}\n", self.0.expose()));
        Ok(write_secret(&path, line.as_bytes())?)
    }

    fn __str__(&self) -> String {
        self.public()
    }

    fn __repr__(&self) -> String {
        format!("<KeyText {}>", self.public())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(cannot_be_pickled("KeyText"))
    }
}
