//! Turns errors of the library into exceptions of `provkey.errors`.

use std::fmt::Display;

use provkey::authority::{self, AdminTokenError, MasterError, Refusal, RejectedInput};
use provkey::connector;
use provkey::key::{HostError, KeyIdError, KeyTextError, KeyringError, MasterKeyError};
use provkey::random::RandomError;
use provkey::store::{QueryError, StoreError};
use provkey::x509::{
    CertificateError, CsrError, ExternalError, IssueError, LeafUrlError, PrivateKeyError,
    SignerError,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::key_text::KeyText;
use crate::objects;
use crate::owned::Misuse;

/// An error of the library: its class in Python, and the fields of that class.
pub(crate) trait Failure: Display {
    /// The class in `provkey.errors`.
    fn class(&self) -> &'static str;
    fn code(&self) -> &str;
    fn retryable(&self) -> bool;
    /// Adds the fields that the class has beside its message, `code` and `retryable`.
    fn add_to(&self, _fields: &Bound<'_, PyDict>) -> PyResult<()> {
        Ok(())
    }
}

/// Creates the exception for an error.
pub(crate) fn exception(py: Python<'_>, error: &dyn Failure) -> PyErr {
    let made = || {
        let fields = PyDict::new(py);
        fields.set_item("code", error.code())?;
        fields.set_item("retryable", error.retryable())?;
        error.add_to(&fields)?;
        objects::errors(py)?.getattr(error.class())?.call((error.to_string(),), Some(&fields))
    };
    // If the exception cannot be created, the reason is an exception itself.
    made().map_or_else(|failed| failed, PyErr::from_value)
}

/// Turns the error of a result into an exception.
pub(crate) trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T, E: Failure> OrRaise<T> for Result<T, E> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}

/// The message and the code of a `provkey.Error`, and whether its outcome is unknown.
pub(crate) fn library_error(py: Python<'_>, raised: &PyErr) -> Option<(String, String, bool)> {
    let class = objects::errors(py).ok()?.getattr("Error").ok()?;
    let raised = raised.value(py);
    if !raised.is_instance(&class).ok()? {
        return None;
    }
    let unknown = raised.getattr("outcome_unknown").and_then(|unknown| unknown.extract());
    let code = raised.getattr("code").ok()?.extract().ok()?;
    Some((raised.str().ok()?.to_string(), code, unknown.unwrap_or(true)))
}

/// Error types that map to one class. `never` means never retryable.
macro_rules! classes {
    (@retryable never, $error:expr) => { false };
    (@retryable says, $error:expr) => { $error.retryable() };
    ($($error:ty => $class:literal, $retryable:ident;)*) => {
        $(impl Failure for $error {
            fn class(&self) -> &'static str {
                $class
            }

            fn code(&self) -> &str {
                (*self).code()
            }

            fn retryable(&self) -> bool {
                classes!(@retryable $retryable, (*self))
            }
        })*
    };
}

classes! {
    Refusal => "RefusedError", never;
    AdminTokenError => "RefusedError", never;
    CsrError => "CsrError", never;
    RejectedInput => "InputError", never;
    HostError => "InputError", never;
    KeyIdError => "InputError", never;
    LeafUrlError => "InputError", never;
    MasterError => "MasterKeyError", never;
    MasterKeyError => "MasterKeyError", never;
    KeyringError => "MasterKeyError", never;
    IssueError => "SigningError", says;
    SignerError => "SigningError", says;
    CertificateError => "CertificateError", never;
    ExternalError => "CertificateError", says;
    PrivateKeyError => "CertificateError", never;
}

impl Failure for authority::Error {
    fn class(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.class(),
            Self::AdminToken(error) => error.class(),
            Self::Csr(error) => error.class(),
            Self::Input(error) => error.class(),
            Self::Host(error) => error.class(),
            Self::Master(error) => error.class(),
            Self::Keyring(error) => error.class(),
            Self::Issue(error) => error.class(),
            Self::External(error) => error.class(),
            Self::PrivateKey(error) => error.class(),
            Self::Random(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::RecordDamaged { .. } | Self::Contended => "StoreError",
            _ => "Error",
        }
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        (*self).retryable()
    }

    fn add_to(&self, fields: &Bound<'_, PyDict>) -> PyResult<()> {
        if let Self::Store(error) = self { error.add_to(fields) } else { Ok(()) }
    }
}

impl Failure for StoreError {
    fn class(&self) -> &'static str {
        "StoreError"
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        (*self).retryable()
    }

    fn add_to(&self, fields: &Bound<'_, PyDict>) -> PyResult<()> {
        fields.set_item("outcome_unknown", matches!(self, Self::Unknown(_)))
    }
}

impl Failure for QueryError {
    fn class(&self) -> &'static str {
        match self {
            Self::Store(error) => error.class(),
            _ => "QueryError",
        }
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        (*self).retryable()
    }

    fn add_to(&self, fields: &Bound<'_, PyDict>) -> PyResult<()> {
        if let Self::Store(error) = self { error.add_to(fields) } else { Ok(()) }
    }
}

impl Failure for connector::Error {
    fn class(&self) -> &'static str {
        match self {
            Self::Signer(error) => error.class(),
            Self::Random(error) => error.class(),
            Self::Certificate(_)
            | Self::Chain(_)
            | Self::Server(_)
            | Self::AnswerUntrusted(_)
            | Self::ServerUntrusted(_)
            | Self::ServerWrongHost(_)
            | Self::AnswerWithoutRequest
            | Self::AnswerForAnotherKey
            | Self::ClockAhead { .. } => "AcceptError",
            _ => "IdentityError",
        }
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        (*self).retryable()
    }
}

impl Failure for RandomError {
    fn class(&self) -> &'static str {
        "RandomError"
    }

    fn code(&self) -> &str {
        "random_unavailable"
    }

    fn retryable(&self) -> bool {
        true
    }
}

impl Failure for KeyTextError {
    fn class(&self) -> &'static str {
        "KeyTextError"
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        (*self).retryable()
    }

    fn add_to(&self, fields: &Bound<'_, PyDict>) -> PyResult<()> {
        let positions = pyo3::types::PyTuple::new(fields.py(), self.positions())?;
        fields.set_item("positions", positions)?;
        fields.set_item("suggestion", self.repaired().map(KeyText::copy))?;
        fields.set_item("missing", self.missing())?;
        fields.set_item("extra", self.extra())?;
        fields.set_item("shown", self.shown())?;
        fields.set_item("marks", self.marks())
    }
}

impl Failure for Misuse {
    fn class(&self) -> &'static str {
        "UsageError"
    }

    fn code(&self) -> &str {
        (*self).code()
    }

    fn retryable(&self) -> bool {
        false
    }
}
