//! Conversions of arguments and results between Python and the library.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDateTime, PyDelta, PyDeltaAccess, PyString, PyTzInfo};

use provkey::time::Timestamp;
use provkey::x509::{Certificate as CoreCertificate, KeyAlgorithm};

use crate::errors::OrRaise;

const DAY_MS: u64 = 86_400_000;

/// A time: an aware `datetime`. Any time zone is accepted, and UTC is returned.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'py> IntoPyObject<'py> for Moment {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (days, ms) = (self.0.unix_ms() / DAY_MS, self.0.unix_ms() % DAY_MS);
        let (seconds, ms) = (ms / 1000, ms % 1000);
        // Times end with the year 9999, so the days fit, and the other parts are small.
        let since = PyDelta::new(py, days as i32, seconds as i32, ms as i32 * 1000, false)?;
        epoch(py)?.add(since)
    }
}

impl FromPyObject<'_, '_> for Moment {
    type Error = PyErr;

    fn extract(moment: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = moment.py();
        let moment = moment.cast::<PyDateTime>()?;
        if moment.call_method0("utcoffset")?.is_none() {
            return Err(PyValueError::new_err("a datetime must have a time zone, such as UTC"));
        }
        let since = moment.sub(epoch(py)?)?.cast_into::<PyDelta>()?;
        let days = u64::try_from(since.get_days())
            .map_err(|_| PyValueError::new_err("a time before 1970"))?;
        let rest = since.get_seconds() as u64 * 1000 + since.get_microseconds() as u64 / 1000;
        Ok(Self(Timestamp::from_unix_ms(days * DAY_MS + rest)))
    }
}

fn epoch(py: Python<'_>) -> PyResult<&Bound<'_, PyDateTime>> {
    static EPOCH: PyOnceLock<Py<PyDateTime>> = PyOnceLock::new();
    let made = || {
        let utc = PyTzInfo::utc(py)?.to_owned();
        PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&utc)).map(Bound::unbind)
    };
    Ok(EPOCH.get_or_try_init(py, made)?.bind(py))
}

/// The given time, or the present.
pub(crate) fn or_now(moment: Option<Moment>) -> Timestamp {
    moment.map_or_else(|| Timestamp::from(std::time::SystemTime::now()), |moment| moment.0)
}

/// A CSR or a certificate: DER, PEM, or an object of this package or of `cryptography`.
pub(crate) struct Source(pub(crate) Vec<u8>);

impl FromPyObject<'_, '_> for Source {
    type Error = PyErr;

    fn extract(source: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = source.cast::<PyBytes>() {
            return Ok(Self(bytes.as_bytes().to_vec()));
        }
        if let Ok(text) = source.cast::<PyString>() {
            return Ok(Self(text.to_cow()?.as_bytes().to_vec()));
        }
        // A `Request` or a `Certificate`.
        if let Some(der) = source.getattr_opt(intern!(source.py(), "der"))? {
            return der.extract().map(Self);
        }
        if source.hasattr("public_bytes")? {
            return der_of_cryptography(&source).map(Self);
        }
        let kind = source.get_type().fully_qualified_name()?;
        Err(PyTypeError::new_err(format!(
            "expected bytes (DER or PEM), str (PEM) or an object of cryptography.x509, not {kind}"
        )))
    }
}

/// The DER of an object of `cryptography`.
fn der_of_cryptography(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let serialization =
        object.py().import("cryptography.hazmat.primitives.serialization")?.getattr("Encoding")?;
    object.call_method1("public_bytes", (serialization.getattr("DER")?,))?.extract()
}

/// Certificates: one PEM text, or an iterable of certificates.
pub(crate) struct Certificates(pub(crate) Vec<CoreCertificate>);

impl FromPyObject<'_, '_> for Certificates {
    type Error = PyErr;

    fn extract(source: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = source.py();
        let parse = |bytes: &[u8]| CoreCertificate::parse_all(bytes).or_raise(py);
        if let Ok(source) = source.extract::<Source>() {
            return parse(&source.0).map(Self);
        }
        let mut certificates = Vec::new();
        for one in source.try_iter()? {
            certificates.extend(parse(&one?.extract::<Source>()?.0)?);
        }
        Ok(Self(certificates))
    }
}

/// An algorithm, named by a string.
pub(crate) struct Algorithm(pub(crate) KeyAlgorithm);

impl FromPyObject<'_, '_> for Algorithm {
    type Error = PyErr;

    fn extract(name: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let name: String = name.extract()?;
        let unknown = |_| PyValueError::new_err(format!("unknown algorithm {name:?}"));
        KeyAlgorithm::parse(&name).map(Self).map_err(unknown)
    }
}

/// Defines a struct that is extracted from a Python object with attributes of the same names. An
/// attribute of the wrong type raises what its type raises.
macro_rules! from_attributes {
    ($(#[$doc:meta])* $class:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        pub(crate) struct $class {
            $($(#[$field_doc])* $field: $type,)*
        }

        impl pyo3::FromPyObject<'_, '_> for $class {
            type Error = pyo3::PyErr;

            fn extract(object: pyo3::Borrowed<'_, '_, pyo3::PyAny>) -> pyo3::PyResult<Self> {
                Ok(Self {
                    $($field: object
                        .getattr(pyo3::intern!(object.py(), stringify!($field)))?
                        .extract::<$type>()?,)*
                })
            }
        }
    };
}
pub(crate) use from_attributes;

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
