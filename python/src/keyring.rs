//! The master keys of an authority, which the application stores apart from the store.

use std::fs;
use std::path::PathBuf;

use provkey::key::{Keyring as CoreKeyring, KeyringError, MasterKey as CoreMasterKey, Slot};
use provkey::random::SystemRandom;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use zeroize::Zeroizing;

use crate::errors::OrRaise;
use crate::secrets::cannot_be_pickled;
use crate::secrets::write_secret;

/// The 32 bytes that the secrets of an authority are derived from. Store it apart from the store:
/// anyone who has both can enroll with every key.
///
/// It does not print its bytes and cannot be pickled.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct MasterKey(CoreMasterKey);

#[pymethods]
impl MasterKey {
    /// The master key with these 32 bytes, which should be random.
    #[new]
    fn new(value: [u8; 32]) -> Self {
        Self(CoreMasterKey::from_bytes(value))
    }

    /// A new master key, from the randomness of the operating system.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        CoreMasterKey::generate(&SystemRandom).map(Self).or_raise(py)
    }

    /// Reads 64 hexadecimal digits, with or without a newline. Raises `MasterKeyError`.
    #[staticmethod]
    fn from_hex(py: Python<'_>, text: &str) -> PyResult<Self> {
        CoreMasterKey::parse(text).map(Self).or_raise(py)
    }

    /// The id: 16 hexadecimal digits that are no secret.
    #[getter]
    fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// 64 hexadecimal digits and a newline. It is a secret.
    fn expose(&self) -> String {
        self.0.to_hex().to_string()
    }

    /// Writes it to a new file that only its owner may read (mode 0600). Raises OSError, such as
    /// FileExistsError: it never replaces a file.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        Ok(write_secret(&path, self.0.to_hex().as_bytes())?)
    }

    fn __repr__(&self) -> String {
        format!("<MasterKey {}>", self.0.id())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(cannot_be_pickled("MasterKey"))
    }
}

/// The master keys of an authority, each in a slot from 0 to 31. New provisioning keys are derived
/// from the current master key; those derived from the others stay valid.
///
/// A keyring file has a line for each slot, 64 hexadecimal digits or `-`, so the file of one master
/// key is a keyring file too. A keyring does not print its secrets, cannot be pickled, and is
/// immutable.
#[pyclass(frozen, module = "provkey")]
pub(crate) struct Keyring(CoreKeyring);

#[pymethods]
impl Keyring {
    /// A keyring of one master key, in slot 0.
    #[new]
    fn new(master: &MasterKey) -> Self {
        Self(CoreKeyring::new(copy_master(&master.0)))
    }

    /// Reads the content of a keyring file. The last master key in it is current. Raises
    /// `MasterKeyError`.
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str) -> PyResult<Self> {
        CoreKeyring::parse(text).map(Self).or_raise(py)
    }

    /// Reads a keyring file, or the file of one master key. Raises `MasterKeyError` and OSError.
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let text = Zeroizing::new(fs::read_to_string(path)?);
        Self::parse(py, &text)
    }

    /// Returns this keyring with a new, current master key in the next slot. Save it before you
    /// pass it to `Authority.rotate_master`. Raises `MasterKeyError` with the code `keyring_full`
    /// if it has 32.
    fn rotated(&self, py: Python<'_>) -> PyResult<Self> {
        let slot = self.0.next_slot().ok_or(KeyringError::Full).or_raise(py)?;
        let master = CoreMasterKey::generate(&SystemRandom).or_raise(py)?;
        self.copy().with(slot, master).with_current(slot).map(Self).or_raise(py)
    }

    /// Returns this keyring without the master key in a slot. Raises `MasterKeyError` with the code
    /// `keyring_slot_current` for the current one.
    fn without(&self, py: Python<'_>, slot: u8) -> PyResult<Self> {
        self.copy().without(slot_of(slot)?).map(Self).or_raise(py)
    }

    /// The slots that hold a master key, ascending.
    #[getter]
    fn slots<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let slots: Vec<u8> = self.0.masters().map(|(slot, _)| slot.number()).collect();
        PyTuple::new(py, slots)
    }

    /// The slot of the current master key.
    #[getter]
    fn current_slot(&self) -> u8 {
        self.0.current_slot().number()
    }

    /// The content of a keyring file. It is a secret.
    fn expose(&self) -> String {
        self.0.to_file_text().to_string()
    }

    /// Writes it to a new file that only its owner may read (mode 0600). Raises OSError, such as
    /// FileExistsError: it never replaces a file.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        Ok(write_secret(&path, self.0.to_file_text().as_bytes())?)
    }

    fn __repr__(&self) -> String {
        let ids = self.0.masters().map(|(slot, master)| format!("{slot}: {}", master.id()));
        format!("<Keyring {}>", ids.collect::<Vec<_>>().join(", "))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(cannot_be_pickled("Keyring"))
    }
}

impl Keyring {
    /// A copy for the library, whose keyring cannot be cloned.
    pub(crate) fn copy(&self) -> CoreKeyring {
        let copied = CoreKeyring::parse(&self.0.to_file_text());
        copied
            .and_then(|keyring| keyring.with_current(self.0.current_slot()))
            .expect("a keyring reads what it wrote")
    }
}

fn copy_master(master: &CoreMasterKey) -> CoreMasterKey {
    CoreMasterKey::parse(&master.to_hex()).expect("a master key reads what it wrote")
}

pub(crate) fn slot_of(number: u8) -> PyResult<Slot> {
    Slot::new(number).ok_or_else(|| PyValueError::new_err("a slot must be from 0 to 31"))
}
