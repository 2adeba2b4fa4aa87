//! Why a call failed, before it becomes a `provkey_error`.

use core::fmt::Display;
use std::borrow::Cow;

use provkey::connector;
use provkey::key::{HostError, KeyTextError};
use provkey::process::UsedAfterFork;
use provkey::random::RandomError;
use provkey::x509::{CertificateError, PublicKeyError, SignerError};

use crate::status::{PROVKEY_STATUS_VALUE_UNKNOWN, provkey_status, status_of};

/// Why a call failed.
pub(crate) struct Failure {
    pub(crate) status: provkey_status,
    pub(crate) retryable: bool,
    pub(crate) outcome_unknown: bool,
    pub(crate) message: Cow<'static, str>,
    pub(crate) key_text: Option<Box<KeyTextFinding>>,
}

/// What is wrong with a key text, and where.
pub(crate) struct KeyTextFinding {
    pub(crate) positions: Vec<usize>,
    pub(crate) shown: String,
    pub(crate) marks: String,
    pub(crate) missing: usize,
    pub(crate) extra: usize,
    pub(crate) repairable: bool,
}

impl Failure {
    /// A failure that this crate found: no retry mends it.
    pub(crate) const fn new(status: provkey_status, message: &'static str) -> Self {
        Self {
            status,
            retryable: false,
            outcome_unknown: false,
            message: Cow::Borrowed(message),
            key_text: None,
        }
    }

    /// A wrong argument: the message is its name, then `what`.
    pub(crate) fn argument(status: provkey_status, name: &str, what: &str) -> Self {
        Self { message: Cow::Owned(format!("{name} {what}")), ..Self::new(status, "") }
    }

    /// An argument, or a field, that is none of the constants of its type.
    pub(crate) fn unknown(name: &str) -> Self {
        Self::argument(PROVKEY_STATUS_VALUE_UNKNOWN, name, "is unknown")
    }

    /// An error of the Rust library.
    pub(crate) fn of(code: &str, retryable: bool, message: &dyn Display) -> Self {
        let message = Cow::Owned(message.to_string());
        Self { retryable, message, ..Self::new(status_of(code), "") }
    }
}

impl From<KeyTextError> for Failure {
    fn from(error: KeyTextError) -> Self {
        let finding = KeyTextFinding {
            positions: error.positions().to_vec(),
            shown: error.shown().to_string(),
            marks: error.marks(),
            missing: error.missing().unwrap_or(0),
            extra: error.extra().unwrap_or(0),
            repairable: error.repaired().is_some(),
        };
        let failure = Self::of(error.code(), error.retryable(), &error);
        Self { key_text: Some(Box::new(finding)), ..failure }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        connector::Error::from(error).into()
    }
}

/// Converts errors of the Rust library that have a code and say whether they are retryable.
macro_rules! failures {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(error.code(), error.retryable(), &error)
            }
        }
    )*};
}
#[cfg(feature = "authority")]
pub(crate) use failures;

failures! {
    CertificateError, HostError, PublicKeyError, SignerError, UsedAfterFork, connector::Error,
}
