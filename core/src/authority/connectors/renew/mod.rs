//! Renewal: a certificate for a certificate, at no use of any provisioning key.
//!
//! 1. The old certificate is proven, by a signature of its key inside the CSR, or by the
//!    application, over mutual TLS; 2. the CSR is checked: no input or output so far.
//! 3. The connector, whose id the old certificate has, and the new public key are looked up. Only
//!    the connector's certificate renews, and once; another request for the same public key
//!    gets the same answer.
//! 4. The new certificate is signed by the enrollment certificate of the provisioning key; if
//!    that key is gone, by the one that signed the old certificate.
//! 5. One atomic, durable unit: nothing that this stands on has changed, the new certificate, its
//!    public key and its audit record. If any of that has changed, back to 3.
//! 6. Only now is the certificate handed out.
//!
//! The old certificate is not revoked: servers accept it until it expires. Here it is good for the
//! same answer until the new one is renewed in its turn, which acknowledges that it arrived.

mod decide;
mod prove;
mod request;

pub use request::RenewRequest;

use core::net::IpAddr;

use self::decide::{Next, Position};
use self::prove::{Proven, prove};
use super::answer::{Enrolled, answer, enrolled, notify_refused};
use super::issue::{Issued, ToIssue, issue};
use crate::authority::audit::tally::{Last, Subject};
use crate::authority::{Authority, Inner};
use crate::key::KeyId;
use crate::ledger::Change;
use crate::ledger::error::{Error, InputError, Refusal, RejectedInput};
use crate::ledger::model::Actor;
use crate::ledger::observer::Event;
use crate::ledger::records::{
    self, Action, AuditRecord, EnrollmentRecord, KeyRecord, RenewedKeyRecord,
};
use crate::store::Record;
use crate::time::Timestamp;

/// The records that a renewal is decided on.
#[derive(Clone, Copy)]
struct Renewal<'a> {
    enrollment: &'a Record,
    /// The position of the old certificate.
    position: Position,
    proven: &'a Proven,
    /// The provisioning key that the connector enrolled with, if it is still there.
    key: Option<&'a (u64, KeyRecord)>,
    now: Timestamp,
}

/// A renewal that is signed but not yet recorded.
struct Signed {
    record: EnrollmentRecord,
    issued: Issued,
    change: Change,
}

/// # Renewing
impl Authority {
    /// Renews the certificate of a connector. Its provisioning key can be deleted, disabled, used
    /// up or expired.
    ///
    /// # Errors
    /// Before the certificate is found `request_wrong_purpose`, `renewal_missing`,
    /// `renewal_invalid`, `certificate_unknown` and any `CsrError`; then any [`Refusal`] that can
    /// concern a renewal; `store_busy` when others keep changing the connector, and those of the
    /// store. If it is not known whether the renewal was stored, the connector asks again and gets
    /// its one answer.
    pub fn renew(&self, request: &RenewRequest) -> Result<Enrolled, Error> {
        let inner = self.inner()?;
        // The key that the connector enrolled with, once it is known who asks.
        let mut key = None;
        let renewed = prove(request).and_then(|proven| {
            let attempt = || try_renew(inner, &proven, self.actor(), &mut key);
            inner.ledger.retry_on_conflict(attempt)
        });
        renewed.inspect_err(|error| refuse(inner, key, request.address, error))
    }
}

/// Steps 3 to 6. `None`: what was read has changed meanwhile.
fn try_renew(
    inner: &Inner,
    proven: &Proven,
    actor: Option<&Actor>,
    asker: &mut Option<KeyId>,
) -> Result<Option<Enrolled>, Error> {
    let Inner { ledger, issuers, .. } = inner;
    let now = ledger.now();
    let new = proven.public_key_id();
    let keys = [records::enrollment(proven.connector), records::enrollment(new)];
    let found = ledger.get_shared(&keys)?;
    let [Some(enrollment), new_key] = found.as_slice() else {
        return Err(Refusal::CertificateUnknown.into());
    };
    let record = records::enrolled(enrollment)?.ok_or(Refusal::CertificateUnknown)?;
    let position = decide::find(&record, proven).ok_or(Refusal::CertificateUnknown)?;
    // Only a certificate of ours causes the read of the store that finds a new host.
    if let Some(host) = &proven.signed_for
        && !ledger.has_host(host)?
    {
        return Err(Refusal::RenewalInvalid.into());
    }
    *asker = Some(record.key);
    let position = match decide::decide(&record, position, proven, now)? {
        Next::Renew(position) => position,
        Next::Replay => return replay(inner, &record, proven, now).map(Some),
    };
    let known = decide::check_public_key(&record, proven, new_key.as_ref())?;
    let key = ledger.read::<KeyRecord>(records::key(record.key))?;
    let version = |key: &Option<(u64, KeyRecord)>| key.as_ref().map(|(version, _)| *version);
    let renewal = Renewal { enrollment, position, proven, key: key.as_ref(), now };
    let key_id = record.key;
    let Signed { record, issued, mut change } = match sign(inner, record, &renewal, actor) {
        // The key may have been moved to another enrollment certificate since it was read.
        Err(
            Error::Input(RejectedInput { reason: InputError::CertificateNotFound, .. })
            | Error::Refused(Refusal::CertificateRetired),
        ) if version(&ledger.read(records::key(key_id))?) != version(&key) => return Ok(None),
        signed => signed?,
    };
    if !known {
        change.expect_absent(records::enrollment(new));
        let renewed = RenewedKeyRecord { renewed_by: record.connector };
        change.put(records::enrollment(new), &renewed);
    }
    if let Err(conflict) = ledger.commit(change)? {
        if conflict.is(&records::certificate(record.certificate)) {
            issuers.reopen(record.certificate);
        }
        return Ok(None);
    }
    let (key, connector, address) = (record.key, record.connector, proven.address);
    ledger.notify(&Event::Renewed { key, connector, address });
    Ok(Some(enrolled(ledger, &record, &issued.issuer, false)))
}

/// Step 4, and the part of step 5 that does not depend on the new public key.
fn sign(
    inner: &Inner,
    record: EnrollmentRecord,
    renewal: &Renewal<'_>,
    actor: Option<&Actor>,
) -> Result<Signed, Error> {
    let Renewal { enrollment, position, proven, key, now } = *renewal;
    let (connector, group) = (record.connector, record.group);
    let certificate = key.map_or(record.certificate, |(_, key)| key.certificate);
    let renewal_grace = inner.issuers.get(&inner.ledger, certificate)?.renewal_grace;
    if now > proven.not_after.plus(renewal_grace) {
        return Err(Refusal::RenewalTooLate.into());
    }
    let csr = &proven.csr;
    let issued = issue(inner, &ToIssue { connector, group, certificate, csr, now })?;
    let (record, forgotten) =
        decide::renewed(record, position, (certificate, &issued), proven, now);
    let mut audit = AuditRecord::new(now, Action::ConnectorRenewed);
    audit.set_actor(actor);
    audit.key = Some(record.key);
    audit.connector = Some(connector);
    audit.address = proven.address.map(|address| address.to_canonical());
    let mut change = Change::new(audit);
    change.expect(records::enrollment(connector), enrollment.version);
    // The issuer may have been opened long ago; this checks that it was neither retired nor deleted
    // since.
    change.expect(records::certificate(certificate), issued.issuer.version);
    if let Some((version, key)) = key {
        change.expect(records::key(key.id), *version);
    }
    change.put(records::enrollment(connector), &record);
    let by_serial = records::enrollment_by_serial(certificate, &record.serial);
    change.put_bytes(by_serial, connector.as_str());
    forgotten.into_iter().for_each(|index| change.delete(index));
    Ok(Signed { record, issued, change })
}

fn replay(
    inner: &Inner,
    record: &EnrollmentRecord,
    proven: &Proven,
    now: Timestamp,
) -> Result<Enrolled, Error> {
    let answer = answer(inner, record)?;
    let (key, connector, address) = (record.key, record.connector, proven.address);
    inner.ledger.notify(&Event::Replayed { key, connector, address });
    inner.tally.add(&inner.ledger, key, Subject::Replay(connector), Last { at: now, address });
    Ok(answer)
}

/// Reports a refusal: to the observer always, to the audit trail only if it is known who asked.
fn refuse(inner: &Inner, key: Option<KeyId>, address: Option<IpAddr>, error: &Error) {
    let Inner { ledger, tally, .. } = inner;
    notify_refused(ledger, key, address, error);
    if let (Some(key), Error::Refused(refusal)) = (key, error) {
        let last = Last { at: ledger.now(), address };
        tally.add(ledger, key, Subject::RenewalRefusal(refusal.code()), last);
    }
}
