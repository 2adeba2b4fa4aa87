//! What a connector says of its machine.

use provkey::key::Fingerprint as CoreFingerprint;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::convert::hex;

/// The fingerprint of a machine: 16 bytes that are no secret.
///
/// The raw material (a machine id, a value of the TPM or the keystore) never leaves the machine.
/// With guessable material a fingerprint tells accidental clones from originals, and stops no
/// attacker.
#[pyclass(frozen, eq, hash, ord, module = "provkey", from_py_object)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fingerprint(pub(crate) CoreFingerprint);

#[pymethods]
impl Fingerprint {
    /// The fingerprint of these 16 bytes, as `bytes()` gave them. For the raw material of a machine
    /// use `of_raw`.
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
        let read = CoreFingerprint::from_hex(text);
        read.map(Self).ok_or_else(|| PyValueError::new_err("32 hexadecimal digits are wanted"))
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
