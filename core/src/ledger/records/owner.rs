//! Which connector a public key belongs to.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::body::{body, decode};
use super::forms::EnrollmentRecord;
use crate::ledger::error::Error;
use crate::ledger::model::ConnectorId;
use crate::store::Record;

/// The connector that a public key belongs to: what `enrollment/<id of the public key>` holds. A
/// public key belongs to a connector whether it enrolled or renewed with it. So one record decides,
/// and a change that expects the key to be unused expects this one record to be absent.
pub(crate) enum Owner {
    /// The connector that enrolled with it, and has its id.
    Enrolled(Box<EnrollmentRecord>),
    /// A connector that renewed with it.
    Renewed(ConnectorId),
}

/// A public key that a connector renewed with.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewedKeyRecord {
    pub(crate) renewed_by: ConnectorId,
}

impl Owner {
    pub(crate) fn read(record: &Record) -> Result<Self, Error> {
        // An enrollment fails at its first field.
        match serde_json::from_slice(body(record)?) {
            Ok(RenewedKeyRecord { renewed_by }) => Ok(Self::Renewed(renewed_by)),
            Err(_) => decode(record).map(|enrolled| Self::Enrolled(Box::new(enrolled))),
        }
    }

    pub(crate) fn enrolled(self) -> Option<EnrollmentRecord> {
        match self {
            Self::Enrolled(record) => Some(*record),
            Self::Renewed(_) => None,
        }
    }
}

/// The enrollment of the connector with this id, if there is one.
pub(crate) fn enrolled(record: &Record) -> Result<Option<EnrollmentRecord>, Error> {
    Owner::read(record).map(Owner::enrolled)
}
