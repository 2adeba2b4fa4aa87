//! OCSP responses.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::authority::Inner;
use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::model::{CertificateId, ConnectorId};
use crate::ledger::records::{self, CertificateRecord, EnrollmentRecord};
use crate::limits::OCSP_REQUEST_BYTES_MAX;
use crate::store::Record;
use crate::x509::{CertId, OcspFailure, OcspRequest, OcspStatus, issue_ocsp_response};

/// How long a response is valid.
const OCSP_VALIDITY: Duration = Duration::from_secs(86_400);

impl From<Error> for OcspFailure {
    fn from(error: Error) -> Self {
        if error.retryable() { Self::TryLater } else { Self::InternalError }
    }
}

pub(super) fn respond(inner: &Inner, request: &[u8]) -> Result<Vec<u8>, OcspFailure> {
    let Inner { ledger, issuers, .. } = inner;
    if request.len() > OCSP_REQUEST_BYTES_MAX {
        return Err(OcspFailure::MalformedRequest);
    }
    let request = OcspRequest::read(request)?;
    let first = request.certificates.first().ok_or(OcspFailure::MalformedRequest)?;
    let issuer = issuer_named_by(ledger, first)?.ok_or(OcspFailure::Unauthorized)?;
    let open = issuers.get(ledger, issuer)?;
    let ours = request.certificates.iter().map(|id| {
        let ours = id.is_of(&open.certificate);
        id.serial().filter(|_| ours).map(|serial| serial.to_string())
    });
    let statuses = statuses(ledger, issuer, &ours.collect::<Vec<_>>())?;
    let now = ledger.now();
    let next_update = now.plus(OCSP_VALIDITY);
    let response = issue_ocsp_response(open.issuer()?, &request, &statuses, now, next_update);
    Ok(response.map_err(Error::from)?)
}

/// The enrollment certificate that a request names by hashes. An authority has few, so it compares
/// with each.
fn issuer_named_by(ledger: &Ledger, id: &CertId<'_>) -> Result<Option<CertificateId>, Error> {
    for page in ledger.pages(records::CERTIFICATES) {
        for record in &page? {
            let record: CertificateRecord = records::decode(record)?;
            if id.is_of(&record.parsed()?) {
                return Ok(Some(record.id));
            }
        }
    }
    Ok(None)
}

/// The statuses of the certificates with these serial numbers. `None` is unknown.
fn statuses(
    ledger: &Ledger,
    issuer: CertificateId,
    serials: &[Option<String>],
) -> Result<Vec<OcspStatus>, Error> {
    let index = serials.iter().flatten();
    let index: Vec<_> = index.map(|serial| records::enrollment_by_serial(issuer, serial)).collect();
    let found = ledger.get(&index)?;
    let connectors = found.iter().flatten().cloned().collect::<Vec<_>>();
    let connectors = records::ids::<ConnectorId>(&connectors)?;
    let enrollments: Vec<_> = connectors.into_iter().map(records::enrollment).collect();
    let mut enrollments = ledger.get(&enrollments)?.into_iter();
    let mut found = found.into_iter();
    let one = |serial: &Option<String>| {
        let indexed = serial.as_ref().and_then(|_| found.next().flatten());
        let enrollment = indexed.and_then(|_| enrollments.next().flatten());
        enrollment.as_ref().map_or(Ok(OcspStatus::Unknown), status)
    };
    serials.iter().map(one).collect()
}

/// The connector's enrollment decides whether it is revoked.
fn status(enrollment: &Record) -> Result<OcspStatus, Error> {
    let enrollment: EnrollmentRecord = records::decode(enrollment)?;
    Ok(match enrollment.revoked_at {
        Some(at) => OcspStatus::Revoked(at, enrollment.revocation_reason),
        None => OcspStatus::Good,
    })
}
