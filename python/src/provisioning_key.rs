//! A provisioning key, as parsed from its text.

use provkey::key::{KeyText as CoreKeyText, KeyTextError, ProvisioningKey as CoreProvisioningKey};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::errors::OrRaise;
use crate::key_text::KeyText;
use crate::objects::new_object;
use crate::secrets::cannot_be_pickled;

/// A provisioning key, as parsed from its text by `parse`.
///
/// It holds the secret of the key, does not print it, and cannot be pickled.
#[pyclass(frozen, eq, module = "provkey")]
pub(crate) struct ProvisioningKey {
    pub(crate) key: CoreProvisioningKey,
    /// What was repaired in the text.
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
    /// Parses a key text as people and programs pass it on, without a network.
    ///
    /// `text` is a str, bytes or a `KeyText`. White space, line wraps, invisible characters,
    /// quotes, punctuation around the text and `NAME=` in front are ignored, and case is folded. An
    /// invalid text raises `KeyTextError`, which has the wrong positions and, if there is one, a
    /// suggestion. With `repair=True` the suggestion is used at once, and `repairs` says what it
    /// changed. Show it to a person: with five or more wrong characters the suggestion may, rarely,
    /// be wrong.
    #[staticmethod]
    #[pyo3(signature = (text, *, repair = false))]
    fn parse(py: Python<'_>, text: KeyTextSource<'_>, repair: bool) -> PyResult<Self> {
        let read = text.read()?;
        match read.map(|key| Self { key, repairs: Vec::new() }) {
            Err(error) if repair => match Self::repaired(&error) {
                Some(key) => Ok(key),
                None => Err(error).or_raise(py),
            },
            read => read.or_raise(py),
        }
    }

    /// Where connectors reach the authority: `host` or `host:port`.
    #[getter]
    fn host(&self) -> &str {
        self.key.host().as_str()
    }

    /// The public id: 12 characters, which logs and listings show.
    #[getter]
    fn id(&self) -> String {
        self.key.id().to_string()
    }

    /// The pin of the root to trust: the first 15 bytes of SHA-256 over its SubjectPublicKeyInfo.
    #[getter]
    fn pin(&self) -> [u8; 15] {
        *self.key.pin().as_bytes()
    }

    /// The positions that a repair changed, ascending, counted from 0 in the cleaned text. Empty if
    /// nothing was repaired.
    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.repairs.iter().map(|repair| repair.position))
    }

    /// What a repair changed: a `Repair` for each position.
    #[getter]
    fn repairs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let one = |repair: &Repair| {
            let Repair { position, was, is } = repair;
            new_object!(py, records.Repair { position: position, was: was, now: is })
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
        Err(cannot_be_pickled("ProvisioningKey"))
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

/// An argument that `parse` reads as a key text, without copying it.
#[derive(FromPyObject)]
enum KeyTextSource<'py> {
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    Key(Bound<'py, KeyText>),
}

impl KeyTextSource<'_> {
    fn read(&self) -> PyResult<Result<CoreProvisioningKey, KeyTextError>> {
        Ok(match self {
            Self::Text(text) => CoreProvisioningKey::read(text.to_cow()?.as_bytes()),
            Self::Bytes(bytes) => CoreProvisioningKey::read(bytes.as_bytes()),
            Self::Key(key) => CoreProvisioningKey::read(key.get().0.expose().as_bytes()),
        })
    }
}

/// The text of a key that is sent beside a CSR, from any object that has one.
pub(crate) struct KeyTextToSend(pub(crate) CoreKeyText);

impl FromPyObject<'_, '_> for KeyTextToSend {
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
