//! Arguments and results that have another form in Python.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDateTime, PyDelta, PyDeltaAccess, PyString, PyTzInfo};

use provkey::time::Timestamp;
use provkey::x509::{Certificate as CoreCertificate, KeyAlgorithm};

use crate::certificate::Certificate;
use crate::errors::OrRaise;
use crate::request::Request;

const DAY_MS: u64 = 86_400_000;

/// A moment: an aware `datetime` in UTC. Read in any time zone, never without one.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'py> IntoPyObject<'py> for Moment {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (days, ms) = (self.0.unix_ms() / DAY_MS, self.0.unix_ms() % DAY_MS);
        let (seconds, ms) = (ms / 1000, ms % 1000);
        // A moment ends with the year 9999, and each part is below its whole: all fit.
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
            .map_err(|_| PyValueError::new_err("a moment before 1970"))?;
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

/// The moment now, unless it is given.
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
        if let Ok(request) = source.cast::<Request>() {
            return Ok(Self(request.get().0.der().to_vec()));
        }
        if let Ok(certificate) = source.cast::<Certificate>() {
            return Ok(Self(certificate.get().0.der().to_vec()));
        }
        if source.hasattr("public_bytes")? {
            return foreign(&source).map(Self);
        }
        let kind = source.get_type().fully_qualified_name()?;
        Err(PyTypeError::new_err(format!(
            "bytes (DER or PEM), str (PEM) or an object of cryptography.x509 is wanted, not {kind}"
        )))
    }
}

/// The DER of an object of `cryptography`.
fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let serialization =
        object.py().import("cryptography.hazmat.primitives.serialization")?.getattr("Encoding")?;
    object.call_method1("public_bytes", (serialization.getattr("DER")?,))?.extract()
}

/// Certificates: as one text in PEM, or one by one.
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

/// An algorithm, by its name.
pub(crate) struct Algorithm(pub(crate) KeyAlgorithm);

impl FromPyObject<'_, '_> for Algorithm {
    type Error = PyErr;

    fn extract(name: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let name: String = name.extract()?;
        let unknown = || PyValueError::new_err(format!("there is no algorithm {name:?} here"));
        KeyAlgorithm::parse(&name).map(Self).ok_or_else(unknown)
    }
}

/// A struct that is read from an object with attributes of the same names. What is wrong with one of
/// them raises what its own type raises.
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
