//! Why an operation failed.

use provkey::authority::{self, AdminRole, AdminScope, Refusal, RejectedInput};
use provkey::key::HostError;
use provkey::x509::{CertificateError, LeafUrlError};

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The authority refused it, or failed.
    #[error(transparent)]
    Authority(#[from] authority::Error),
    /// A certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A URL for connectors' certificates is not acceptable.
    #[error(transparent)]
    Url(#[from] LeafUrlError),
    /// The role of the actor does not suffice.
    #[error("this requires the role {required}, yours is {role}")]
    RoleInsufficient {
        /// The least role that suffices.
        required: AdminRole,
        /// The role of the actor.
        role: AdminRole,
    },
    /// The scope of the actor does not include the operation.
    #[error("this is outside of your scope {0}")]
    ScopeInsufficient(AdminScope),
    /// The request is not what it should be.
    #[error("{0}")]
    Malformed(&'static str),
}

impl Error {
    /// The stable code, the same in every language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Authority(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::Url(error) => error.code(),
            Self::RoleInsufficient { .. } => "role_insufficient",
            Self::ScopeInsufficient(_) => "scope_insufficient",
            Self::Malformed(_) => "request_malformed",
        }
    }

    /// What the error is about: an id, a name, a number or any other text. See
    /// [`RejectedInput::subject`].
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Authority(error) => error.subject(),
            _ => None,
        }
    }

    /// Whether the same call may succeed later by itself.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Authority(error) if error.retryable())
    }
}

/// Errors that are those of the authority.
macro_rules! of_authority {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Authority(error.into())
            }
        })*
    };
}

of_authority!(RejectedInput, Refusal, HostError);
