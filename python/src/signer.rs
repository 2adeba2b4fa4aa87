//! A signer that is written in Python.

use std::sync::Arc;

use provkey::x509::{PublicKey, PublicKeyError, Signer, SignerError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::call::{self, Raised};

struct PythonSigner {
    public_key: PublicKey,
    signer: Py<PyAny>,
}

/// A `provkey.Signer` argument, as the library calls it. Its public key is read once.
pub(crate) struct SignerArgument(pub(crate) Arc<dyn Signer>);

impl FromPyObject<'_, '_> for SignerArgument {
    type Error = PyErr;

    fn extract(signer: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let spki = signer.getattr("public_key")?.extract::<Vec<u8>>()?;
        let refused = |error: PublicKeyError| PyValueError::new_err(error.to_string());
        let public_key = PublicKey::from_spki(&spki).map_err(refused)?;
        Ok(Self(Arc::new(PythonSigner { public_key, signer: signer.to_owned().unbind() })))
    }
}

impl Signer for PythonSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let signed = call::call_helper("the signer", |py| {
            let message = PyBytes::new(py, message);
            self.signer.call_method1(py, "sign", (message,))?.extract::<Vec<u8>>(py)
        });
        signed.map_err(|Raised { message, code }| match code {
            Some((code, _)) if code == "signer_unavailable" => SignerError::Unavailable(message),
            _ => SignerError::Failed(message),
        })
    }
}
