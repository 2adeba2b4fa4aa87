//! Errors of PostgreSQL and of the network, as a [`StoreFault`].

use std::error::Error as _;
use std::io;

use postgres::Error;
use postgres::error::{DbError, Severity, SqlState};
use provkey::store::{FaultKind, StoreError, StoreFault};

use crate::address::Address;
use crate::fence;

/// Why a call over a connection failed.
pub(crate) enum Failed {
    /// Another transaction interfered. Nothing was changed, and an immediate retry may succeed.
    Conflict(Error),
    /// The server rolled the transaction back for another reason.
    RolledBack(Error),
    /// The connection is lost. The server may have committed what was sent.
    Lost(Error),
    /// The SQL of this library cannot give this answer.
    Unexpected(&'static str),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            // The server ends the connection. Whether it committed is unknown.
            Some(said) if is_fatal(said) => Self::Lost(error),
            Some(said) if is_conflict(said.code()) => Self::Conflict(error),
            Some(_) => Self::RolledBack(error),
            None => Self::Lost(error),
        }
    }
}

fn is_fatal(said: &DbError) -> bool {
    let severe = matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic) | None);
    // Class 08 is about the connection; 40003 is "statement completion unknown".
    severe
        || said.code().code().starts_with("08")
        || *said.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
}

fn is_conflict(state: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
    ]
    .contains(state)
}

impl Failed {
    /// Whether all connections are to be replaced: another server may be the primary now.
    pub(crate) fn ends_sessions(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::RolledBack(error) => error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION),
            Self::Conflict(_) | Self::Unexpected(_) => false,
        }
    }

    /// The error of a call that does not commit.
    pub(crate) fn not_applied(&self, address: &Address) -> StoreError {
        StoreError::NotApplied(self.fault(address))
    }

    /// The error of a call that commits.
    pub(crate) fn of_commit(&self, address: &Address) -> StoreError {
        match self {
            Self::Conflict(_) | Self::RolledBack(_) => self.not_applied(address),
            Self::Lost(_) | Self::Unexpected(_) => StoreError::Unknown(self.fault(address)),
        }
    }

    fn fault(&self, address: &Address) -> StoreFault {
        match self {
            Self::Conflict(error) => message(address, FaultKind::Busy, &describe(error)),
            // One of the other servers is about to become the primary.
            Self::RolledBack(error) | Self::Lost(error)
                if is_of_replica(error) && address.has_several_hosts() =>
            {
                let why = format!("none of the servers takes writes now: {}", describe(error));
                message(address, FaultKind::Unavailable, &why)
            }
            Self::RolledBack(error) | Self::Lost(error) => {
                message(address, kind(error), &describe(error))
            }
            Self::Unexpected(what) => message(address, FaultKind::Corrupt, what),
        }
    }
}

/// An error that this crate detects itself.
pub(crate) fn because(address: &Address, kind: FaultKind, why: &str) -> StoreError {
    StoreError::NotApplied(message(address, kind, why))
}

fn kind(error: &Error) -> FaultKind {
    if is_of_replica(error) {
        return FaultKind::ReadOnly;
    }
    let Some(state) = error.code() else { return FaultKind::Unavailable };
    match state.code() {
        // Lock timeout; statement timeout; too many connections.
        "55P03" | "57014" | "53300" => FaultKind::Busy,
        "53100" => FaultKind::Full,
        fence::MOVED => FaultKind::Moved,
        // The role lacks a privilege.
        "42501" => FaultKind::ReadOnly,
        // No such database, schema, table or function.
        "3D000" | "3F000" | "42P01" | "42883" => FaultKind::Missing,
        // A table with our name but without our columns.
        "42703" => FaultKind::NotAStore,
        "XX001" | "XX002" => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

/// Whether the server takes no writes. Either the server or the client reports that.
fn is_of_replica(error: &Error) -> bool {
    let by_client = |error: &io::Error| {
        error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
    };
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
        || source::<io::Error>(error).is_some_and(by_client)
}

fn source<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    error.source()?.downcast_ref()
}

/// The messages of the client and the server. Neither contains a password.
fn describe(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => format!("{}, SQLSTATE {}", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

fn message(address: &Address, kind: FaultKind, why: &str) -> StoreFault {
    let advice = match kind {
        FaultKind::Busy => "others kept the store busy for too long; try again",
        FaultKind::Full => "the disk of the server is full; make room",
        FaultKind::ReadOnly => {
            "the store cannot be written; name the primary server, not a replica, and grant the role its privileges"
        }
        FaultKind::Corrupt => "the store is damaged; restore a backup",
        FaultKind::NotAStore => "the schema is not a provkey store",
        FaultKind::TooNew => "a newer version of provkey created the store; use that version",
        FaultKind::Missing => "there is no store; create it first",
        FaultKind::Exists => "the schema is not empty; name another",
        FaultKind::Moved => "the authority was moved to another store; use that one",
        _ => "the store cannot be reached",
    };
    StoreFault::new(kind, format!("{address}: {advice} ({why})"))
}
