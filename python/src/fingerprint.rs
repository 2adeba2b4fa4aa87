//! The fingerprint of a machine, as its connector reports it.

use provkey::key::Fingerprint as CoreFingerprint;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::convert::hex;

/// The fingerprint of a machine: 16 bytes that are no secret.
///
/// The raw material (a machine id, a value of the TPM or the keystore) never leaves the machine.
/// If the material can be guessed, a fingerprint detects accidental clones but stops no attacker.
#[pyclass(frozen, eq, hash, ord, module = "provkey", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(pub(crate) CoreFingerprint);

#[pymethods]
impl Fingerprint {
    /// The fingerprint with these 16 bytes, as `bytes()` returned them. Use `of_raw` for the raw
    /// material of a machine.
    #[new]
    fn new(value: [u8; 16]) -> Self {
        Self(CoreFingerprint::from_bytes(value))
    }

    /// The fingerprint of a machine with this raw material, any number of bytes.
    #[staticmethod]
    fn of_raw(material: &[u8]) -> Self {
        Self(CoreFingerprint::of_raw(material))
    }

    /// Reads 32 hexadecimal digits. Raises ValueError for anything else.
    #[staticmethod]
    fn from_hex(text: &str) -> PyResult<Self> {
        let read = CoreFingerprint::parse(text);
        read.map(Self).map_err(|_| PyValueError::new_err("expected 32 hexadecimal digits"))
    }

    /// 32 lower-case hexadecimal digits.
    fn hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    fn __bytes__(&self) -> [u8; 16] {
        *self.0.as_bytes()
    }

    fn __str__(&self) -> String {
        self.hex()
    }

    fn __repr__(&self) -> String {
        format!("Fingerprint({})", self.hex())
    }

    fn __getnewargs__(&self) -> ([u8; 16],) {
        (*self.0.as_bytes(),)
    }
}
