//! The request that a connector sends.

use provkey::connector::Request as CoreRequest;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A request for a certificate: a CSR (PKCS #10) that proves possession of a provisioning key, or
/// of the certificate to renew. It is no secret. `Identity.request` and `Identity.renew_request`
/// make it.
#[pyclass(frozen, eq, module = "provkey")]
#[derive(PartialEq, Eq)]
pub(crate) struct Request(pub(crate) CoreRequest);

#[pymethods]
impl Request {
    /// The CSR in DER.
    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.der())
    }

    /// The CSR in PEM.
    #[getter]
    fn pem(&self) -> String {
        self.0.to_pem()
    }

    /// The CSR as an `x509.CertificateSigningRequest` of the package `cryptography`, which must be
    /// installed.
    fn to_cryptography<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("cryptography.x509")?.call_method1("load_der_x509_csr", (self.der(py),))
    }

    fn __repr__(&self) -> String {
        format!("<Request of {} bytes>", self.0.der().len())
    }
}
