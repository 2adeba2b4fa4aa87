//! The text of a provisioning key, and what it says.

use std::path::PathBuf;

use provkey::key::{KeyText as CoreKeyText, KeyTextError, ProvisioningKey as CoreProvisioningKey};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use zeroize::Zeroizing;

use crate::errors::OrRaise;
use crate::files::write_secret;
use crate::record::make;

/// The text of a provisioning key, its secret included.
///
/// It does not print: `str()` and `repr()` show the public part only. `expose()` gives the text, and
/// `save()` writes it into a file for its owner. It cannot be pickled. Compared in constant time.
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
    /// Takes a text, which is checked where it is used.
    #[new]
    fn new(text: String) -> Self {
        Self(CoreKeyText::new(text))
    }

    /// The text. It is a secret: whoever has it can enroll. Python cannot erase it from memory.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Writes the text and a newline into a new file that only its owner may read (mode 0600).
    /// Raises FileExistsError rather than to replace a file, and any other OSError.
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
        Err(secret("KeyText"))
    }
}

/// What the text of a provisioning key says.
///
/// It holds the secret of the key, does not print it, and cannot be pickled. Made by `parse`.
#[pyclass(frozen, eq, module = "provkey")]
pub(crate) struct ProvisioningKey {
    pub(crate) key: CoreProvisioningKey,
    /// What the text was read with, if it was repaired.
    repairs: Vec<Repair>,
}

/// One character that a repair changed.
struct Repair {
    position: usize,
    was: Option<char>,
    is: Option<char>,
}

impl PartialEq for ProvisioningKey {
    fn eq(&self, other: &Self) -> bool {
        self.key.to_text() == other.key.to_text()
    }
}

#[pymethods]
impl ProvisioningKey {
    /// Reads a key text as people and their programs hand it over, without any network.
    ///
    /// `text` is a str, bytes or a `KeyText`. White space, line wraps, invisible characters, quotes,
    /// punctuation around the text and `NAME=` in front are ignored, and case is folded. What is
    /// wrong raises `KeyTextError`, which tells the positions and, where there is one, a suggestion.
    /// With `repair=True` the suggestion is taken at once, and `repairs` tells what it changed: five
    /// or more wrong characters may, rarely, lead to a wrong one, so show it to a person.
    #[staticmethod]
    #[pyo3(signature = (text, *, repair = false))]
    fn parse(py: Python<'_>, text: TextOf<'_>, repair: bool) -> PyResult<Self> {
        let read = text.read()?;
        match read.map(|key| Self { key, repairs: Vec::new() }) {
            Err(error) if repair => match Self::repaired(&error) {
                Some(key) => Ok(key),
                None => Err(error).or_raise(py),
            },
            read => read.or_raise(py),
        }
    }

    /// Where the authority is found: `host` or `host:port`.
    #[getter]
    fn host(&self) -> &str {
        self.key.host().as_str()
    }

    /// The public id: 12 characters, which logs and listings show.
    #[getter]
    fn id(&self) -> String {
        self.key.id().to_string()
    }

    /// Which root to trust: 15 bytes, the left of SHA-256 over its SubjectPublicKeyInfo.
    #[getter]
    fn pin(&self) -> [u8; 15] {
        *self.key.pin().as_bytes()
    }

    /// The positions that a repair changed, ascending, counted from 0 in the cleaned text; empty
    /// unless the text was read with `repair=True` and needed it.
    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.repairs.iter().map(|repair| repair.position))
    }

    /// What a repair changed, a `Repair` for each position.
    #[getter]
    fn repairs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let one = |repair: &Repair| {
            let Repair { position, was, is } = repair;
            make!(py, records.Repair { position: position, was: was, now: is })
        };
        PyTuple::new(py, self.repairs.iter().map(one).collect::<PyResult<Vec<_>>>()?)
    }

    /// The canonical text of the key.
    fn to_text(&self) -> KeyText {
        KeyText(self.key.to_text())
    }

    fn __str__(&self) -> String {
        self.key.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<ProvisioningKey {}>", self.key)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(secret("ProvisioningKey"))
    }
}

impl ProvisioningKey {
    fn repaired(error: &KeyTextError) -> Option<Self> {
        let text = error.repaired()?.expose();
        let key = CoreProvisioningKey::parse_strict(text).ok()?;
        let (lost, surplus) = (error.missing().is_some(), error.extra().is_some());
        let repair = |&position: &usize| Repair {
            position,
            was: error.shown().chars().nth(position).filter(|_| !lost),
            is: text.chars().nth(position).filter(|_| !surplus),
        };
        Some(Self { key, repairs: error.positions().iter().map(repair).collect() })
    }
}

/// What may be read as the text of a key, borrowed from where it is.
#[derive(FromPyObject)]
enum TextOf<'py> {
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    Key(Bound<'py, KeyText>),
}

impl TextOf<'_> {
    fn read(&self) -> PyResult<Result<CoreProvisioningKey, KeyTextError>> {
        Ok(match self {
            Self::Text(text) => CoreProvisioningKey::read(text.to_cow()?.as_bytes()),
            Self::Bytes(bytes) => CoreProvisioningKey::read(bytes.as_bytes()),
            Self::Key(key) => CoreProvisioningKey::read(key.get().0.expose().as_bytes()),
        })
    }
}

/// The text of a key, to be sent beside a CSR, of any object that has one.
pub(crate) struct TextToSend(pub(crate) CoreKeyText);

impl FromPyObject<'_, '_> for TextToSend {
    type Error = PyErr;

    fn extract(key: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = key.cast::<KeyText>() {
            return Ok(Self(KeyText::copy(&text.get().0).0));
        }
        if let Ok(key) = key.cast::<ProvisioningKey>() {
            return Ok(Self(key.get().key.to_text()));
        }
        key.extract().map(|text| Self(CoreKeyText::new(text)))
    }
}

pub(crate) fn secret(class: &str) -> PyErr {
    PyTypeError::new_err(format!("a {class} holds a secret and cannot be pickled"))
}
