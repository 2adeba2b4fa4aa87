//! The decision on a renewal, from the connector's record.

use alloc::string::ToString;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use super::prove::Proven;
use crate::authority::connectors::issue::Issued;
use crate::ledger::error::{Error, Refusal};
use crate::ledger::model::CertificateId;
use crate::ledger::records::{
    self, Bytes, EnrollmentRecord, FormerCertificate, Owner, RenewedRecord,
};
use crate::limits::FORMER_CERTIFICATES_MAX;
use crate::store::{Record, RecordKey};
use crate::time::Timestamp;

/// The position of the certificate to renew in the history of its connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// It is the connector's certificate.
    Current,
    /// It is the one before.
    Last,
    /// It is an older one.
    Older,
}

/// What is to be done for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Return the answer of before.
    Replay,
    /// Sign.
    Renew(Position),
}

/// The position of a certificate, if it is one of the connector's.
pub(super) fn find(record: &EnrollmentRecord, proven: &Proven) -> Option<Position> {
    if Sha256::digest(&record.leaf.0)[..] == proven.sha256 {
        return Some(Position::Current);
    }
    let (last, older) = record.renewed.as_ref()?.before.split_last()?;
    let is = |former: &FormerCertificate| former.sha256.0 == proven.sha256;
    if is(last) {
        return Some(Position::Last);
    }
    older.iter().any(is).then_some(Position::Older)
}

/// Decides by the connector's record.
pub(super) fn decide(
    record: &EnrollmentRecord,
    position: Position,
    proven: &Proven,
    now: Timestamp,
) -> Result<Next, Refusal> {
    if record.revoked_at.is_some() {
        return Err(Refusal::ConnectorRevoked);
    }
    if record.fingerprint != proven.fingerprint {
        return Err(Refusal::FingerprintMismatch);
    }
    let same_key = record.current_spki_sha256() == proven.spki_sha256();
    match position {
        Position::Older => return Err(Refusal::CertificateRenewed),
        Position::Last if !same_key => return Err(Refusal::CertificateRenewed),
        Position::Last if now <= record.not_after => return Ok(Next::Replay),
        // The connector has not got the last answer, and that has expired: it gets another.
        Position::Last | Position::Current => {}
    }
    if now > proven.not_after && proven.signed_for.is_none() {
        return Err(Refusal::CertificateExpired);
    }
    if record.issued().filter(|(.., not_after)| *not_after >= now).count() > FORMER_CERTIFICATES_MAX
    {
        return Err(Refusal::RenewalTooEarly);
    }
    Ok(Next::Renew(position))
}

/// Whether the new public key already belongs to this connector. `found` is the owner's record.
pub(super) fn check_public_key(
    record: &EnrollmentRecord,
    proven: &Proven,
    found: Option<&Record>,
) -> Result<bool, Error> {
    if record.spki_sha256.0 == proven.spki_sha256() {
        return Ok(true);
    }
    match found.map(Owner::read).transpose()? {
        None => Ok(false),
        Some(Owner::Renewed(connector)) if connector == record.connector => Ok(true),
        Some(_) => Err(Refusal::PublicKeyInUse.into()),
    }
}

/// The connector's record with its new certificate, and the index entries of the certificates that
/// it drops.
pub(super) fn renewed(
    mut record: EnrollmentRecord,
    position: Position,
    (certificate, issued): (CertificateId, &Issued),
    proven: &Proven,
    now: Timestamp,
) -> (EnrollmentRecord, Vec<RecordKey>) {
    let (count, mut before) =
        record.renewed.take().map_or((0, Vec::new()), |renewed| (renewed.count, renewed.before));
    // An answer that did not arrive comes before the certificate that it renewed.
    let last = if position == Position::Last { before.pop() } else { None };
    let (mut before, expired): (Vec<_>, Vec<_>) =
        before.into_iter().partition(|former| former.not_after >= now);
    before.push(FormerCertificate {
        sha256: Bytes(Sha256::digest(&record.leaf.0).to_vec()),
        certificate: record.certificate,
        serial: core::mem::take(&mut record.serial),
        not_after: record.not_after,
    });
    before.extend(last);
    let spki_sha256 = Bytes(proven.spki_sha256().to_vec());
    record.certificate = certificate;
    record.serial = issued.serial.to_string();
    record.not_before = issued.leaf.not_before;
    record.not_after = issued.leaf.not_after;
    record.leaf = Bytes(issued.leaf.der.clone());
    record.renewed = Some(RenewedRecord { count: count + 1, last_at: now, spki_sha256, before });
    let index = |former: FormerCertificate| {
        records::enrollment_by_serial(former.certificate, &former.serial)
    };
    (record, expired.into_iter().map(index).collect())
}
