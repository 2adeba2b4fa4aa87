//! Certificates.

use provkey::x509::Certificate as CoreCertificate;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::convert::{Moment, Source, hex};
use crate::errors::OrRaise;

/// An X.509 certificate that was parsed, which does not mean that it is trusted.
///
/// Certificates with the same bytes are equal. `to_cryptography` converts it for `cryptography`.
#[pyclass(frozen, eq, module = "provkey")]
#[derive(PartialEq, Eq)]
pub(crate) struct Certificate(pub(crate) CoreCertificate);

#[pymethods]
impl Certificate {
    /// Reads one certificate: DER or PEM as bytes, PEM as a str, or an `x509.Certificate` of
    /// `cryptography`. Raises `CertificateError`.
    #[new]
    fn new(py: Python<'_>, source: Source) -> PyResult<Self> {
        use provkey::x509::CertificateError::TooMany;
        let mut read = CoreCertificate::parse_all(&source.0).or_raise(py)?;
        let first = read.pop().filter(|_| read.is_empty());
        first.map(Self).ok_or(TooMany).or_raise(py)
    }

    /// The certificate in DER.
    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.der())
    }

    /// The certificate in PEM, with a final newline.
    #[getter]
    fn pem(&self) -> String {
        self.0.to_pem()
    }

    /// SHA-256 of the DER: 32 bytes.
    #[getter]
    fn sha256(&self) -> [u8; 32] {
        self.0.sha256()
    }

    /// The serial number in lower-case hexadecimal.
    #[getter]
    fn serial(&self) -> String {
        hex(self.0.serial())
    }

    /// The subject's last common name, or None.
    #[getter]
    fn common_name(&self) -> Option<&str> {
        self.0.common_name()
    }

    /// The first second at which it is valid, in UTC.
    #[getter]
    fn not_before(&self) -> Moment {
        Moment(self.0.not_before())
    }

    /// The last second at which it is valid, in UTC.
    #[getter]
    fn not_after(&self) -> Moment {
        Moment(self.0.not_after())
    }

    /// The SubjectPublicKeyInfo in DER.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.spki())
    }

    /// The URIs among the subject's alternative names, such as a connector's SPIFFE ID.
    #[getter]
    fn uris<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.uris())
    }

    /// The certificate as an `x509.Certificate` of the package `cryptography`, which must be
    /// installed.
    fn to_cryptography<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("cryptography.x509")?.call_method1("load_der_x509_certificate", (self.der(py),))
    }

    fn __hash__(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0.sha256();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    fn __repr__(&self) -> String {
        let name = self.0.common_name().unwrap_or("?");
        let (from, until) = (self.0.not_before(), self.0.not_after());
        format!("<Certificate {name} valid from {from} until {until}>")
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>,) {
        (self.der(py),)
    }
}
