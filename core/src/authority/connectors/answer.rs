//! The answer to a connector.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::authority::Inner;
use crate::authority::certificates::issuers::OpenIssuer;
use crate::key::KeyId;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::model::{CertificateId, ConnectorId, GroupId};
use crate::ledger::observer::Event;
use crate::ledger::records::EnrollmentRecord;
use crate::time::Timestamp;
use crate::x509::encode_pem;

/// The answer to a connector.
///
/// ```
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let request = test.request(&test.key("first floor", 1));
/// let enrolled = test.authority.enroll(&request)?;
/// assert!(enrolled.chain_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert!(!enrolled.replay);
///
/// // The answer was lost? The same request gets the same certificate, at no use.
/// let again = test.authority.enroll(&request)?;
/// assert_eq!((again.replay, again.chain), (true, enrolled.chain));
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enrolled {
    /// The connector's id.
    pub connector: ConnectorId,
    /// The provisioning key that it enrolled with.
    pub key: KeyId,
    /// The group that it belongs to.
    pub group: GroupId,
    /// The enrollment certificate that signed.
    pub certificate: CertificateId,
    /// Whether this is a replay: the connector had enrolled before, and this call cost no use.
    pub replay: bool,
    /// The connector's certificate, the enrollment certificate and the root, in DER.
    pub chain: Vec<Vec<u8>>,
    /// For an external CA, the second chain: the connector's certificate, the CA certificate that
    /// the external CA issued, and its imported issuers. Otherwise empty. The two chains are never
    /// merged: both have an issuer of the same name, and not every program tries both.
    pub external_chain: Vec<Vec<u8>>,
    /// The serial number of the connector's certificate, in lower-case hexadecimal.
    pub serial: String,
    /// The beginning of the certificate's validity.
    pub not_before: Timestamp,
    /// The end of the certificate's validity.
    pub not_after: Timestamp,
}

impl Enrolled {
    /// The chain as PEM: the connector's certificate first, the root last.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| encode_pem("CERTIFICATE", der)).collect()
    }

    /// The external chain as PEM; empty if there is none.
    pub fn external_chain_pem(&self) -> String {
        self.external_chain.iter().map(|der| encode_pem("CERTIFICATE", der)).collect()
    }
}

/// The answer from what is stored.
pub(super) fn answer(inner: &Inner, record: &EnrollmentRecord) -> Result<Enrolled, Error> {
    let issuer = inner.issuers.get(&inner.ledger, record.certificate)?;
    Ok(enrolled(&inner.ledger, record, &issuer, true))
}

pub(super) fn enrolled(
    ledger: &Ledger,
    record: &EnrollmentRecord,
    open: &OpenIssuer,
    replay: bool,
) -> Enrolled {
    let issuer = open.certificate.der().to_vec();
    let root = ledger.state().root.der().to_vec();
    let external_leaf = (!open.external.is_empty()).then(|| record.leaf.0.clone());
    Enrolled {
        connector: record.connector,
        key: record.key,
        group: record.group,
        certificate: record.certificate,
        replay,
        chain: alloc::vec![record.leaf.0.clone(), issuer, root],
        external_chain: external_leaf.into_iter().chain(open.external.clone()).collect(),
        serial: record.serial.clone(),
        not_before: record.not_before,
        not_after: record.not_after,
    }
}

/// Notifies the observer of an enrollment or a renewal that was refused or has failed.
pub(super) fn notify_refused(
    ledger: &Ledger,
    key: Option<KeyId>,
    address: Option<IpAddr>,
    error: &Error,
) {
    ledger.notify(&Event::Refused { code: error.code(), key, address });
}
