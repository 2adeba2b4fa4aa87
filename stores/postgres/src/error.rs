//! What PostgreSQL and the network say, as a [`StoreFault`].

use std::error::Error as _;
use std::io;

use postgres::Error;
use postgres::error::{DbError, Severity, SqlState};
use provkey::store::{FaultKind, StoreError, StoreFault};

use crate::address::Address;
use crate::fence;

/// What went wrong in a call of a connection.
pub(crate) enum Failed {
    /// Another transaction came in between: nothing was changed, and to try again at once helps.
    Raced(Error),
    /// The server undid the transaction, and said why.
    Undone(Error),
    /// The connection is lost. What was sent before may have been done.
    Lost(Error),
    /// The server answered what no answer can be.
    Senseless(&'static str),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            // The server ends the connection: what it did before that is not known.
            Some(said) if is_fatal(said) => Self::Lost(error),
            Some(said) if is_race(said.code()) => Self::Raced(error),
            Some(_) => Self::Undone(error),
            None => Self::Lost(error),
        }
    }
}

fn is_fatal(said: &DbError) -> bool {
    let severe = matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic) | None);
    // Class 08 is about the connection, 40003 says that the completion is not known.
    severe
        || said.code().code().starts_with("08")
        || *said.code() == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
}

fn is_race(state: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
    ]
    .contains(state)
}

impl Failed {
    /// Whether it is better to connect anew: perhaps another server is the primary now.
    pub(crate) fn ends_sessions(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Undone(error) => error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION),
            Self::Raced(_) | Self::Senseless(_) => false,
        }
    }

    /// The error of a call that cannot have changed anything.
    pub(crate) fn not_applied(&self, address: &Address) -> StoreError {
        StoreError::NotApplied(self.fault(address))
    }

    /// The error of a call that commits.
    pub(crate) fn of_commit(&self, address: &Address) -> StoreError {
        match self {
            Self::Raced(_) | Self::Undone(_) => self.not_applied(address),
            Self::Lost(_) | Self::Senseless(_) => StoreError::Unknown(self.fault(address)),
        }
    }

    fn fault(&self, address: &Address) -> StoreFault {
        match self {
            Self::Raced(error) => message(address, FaultKind::Busy, &said(error)),
            // Another of the servers is going to take writes, in place of one that died or was demoted.
            Self::Undone(error) | Self::Lost(error)
                if is_of_replica(error) && address.has_several_hosts() =>
            {
                let why = format!("none of the servers takes writes now: {}", said(error));
                message(address, FaultKind::Unavailable, &why)
            }
            Self::Undone(error) | Self::Lost(error) => message(address, kind(error), &said(error)),
            Self::Senseless(what) => message(address, FaultKind::Corrupt, what),
        }
    }
}

/// A fault that this crate found itself.
pub(crate) fn because(address: &Address, kind: FaultKind, why: &str) -> StoreError {
    StoreError::NotApplied(message(address, kind, why))
}

fn kind(error: &Error) -> FaultKind {
    if is_of_replica(error) {
        return FaultKind::ReadOnly;
    }
    let Some(state) = error.code() else { return FaultKind::Unavailable };
    match state.code() {
        // Locks and cancelled waits; connections.
        "55P03" | "57014" | "53300" => FaultKind::Busy,
        "53100" => FaultKind::Full,
        fence::MOVED => FaultKind::Moved,
        // A role that may not write.
        "42501" => FaultKind::ReadOnly,
        // No such database, schema, table, function.
        "3D000" | "3F000" | "42P01" | "42883" => FaultKind::Missing,
        // A table of ours without a column of ours is none of ours.
        "42703" => FaultKind::NotAStore,
        "XX001" | "XX002" => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

/// Whether the server takes no writes, as it says itself, or the client says of it.
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

/// What the client and the server say. Neither repeats a password.
fn said(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(said), _) => format!("{}, SQLSTATE {}", said.message(), said.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

fn message(address: &Address, kind: FaultKind, why: &str) -> StoreFault {
    let advice = match kind {
        FaultKind::Busy => "others kept it busy for too long; try again",
        FaultKind::Full => "no space is left on the server; make room",
        FaultKind::ReadOnly => {
            "the store cannot be written; name the primary server, not a replica, and grant the role its privileges"
        }
        FaultKind::Corrupt => "the store is damaged; restore a backup",
        FaultKind::NotAStore => "this is no provkey store",
        FaultKind::TooNew => "a newer version of provkey made this store; use that version",
        FaultKind::Missing => "there is no store; make one first",
        FaultKind::Exists => "there is something already; name another schema",
        FaultKind::Moved => "the authority was moved to another store; use that one",
        _ => "the store is out of reach",
    };
    StoreFault::new(kind, format!("{address}: {advice} ({why})"))
}
