//! Enrollment: one use, one certificate, exactly once.
//!
//! 1. The provisioning key is proven, 2. the CSR is checked: no input or output so far.
//! 3. Key, counter and enrollment are read in one go. Only a new enrollment goes on;
//!    a connector that asks again gets what it got before.
//! 4. The certificate is signed.
//! 5. One atomic, durable unit: the key is unchanged, the counter goes up by one if it may, the
//!    enrollment is new, its indexes and its audit record. If any of that has changed, back to 3.
//! 6. Only now is the certificate handed out.

mod decide;
mod prove;
mod request;

pub use request::EnrollRequest;

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use self::decide::{Next, Snapshot, decide};
use self::prove::{Failed, Proven, prove};
use super::answer::{Enrolled, answer, enrolled, notify_refused};
use super::issue::{Issued, ToIssue, issue};
use crate::authority::audit::tally::{Last, Subject};
use crate::authority::certificates::issuers::OpenIssuer;
use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::model::Actor;
use crate::ledger::observer::Event;
use crate::ledger::records::{self, Action, AuditRecord, Bytes, EnrollmentRecord, KeyRecord};
use crate::ledger::{Change, Stored, ensure_transient};
use crate::limits::{ENROLL_BATCH_REQUESTS_MAX, ENROLL_TRIES_MAX};
use crate::store::{Outcome, Unit};
use crate::time::Timestamp;
use crate::x509::RevocationReason;

/// # Enrolling
impl Authority {
    /// Enrolls a connector.
    ///
    /// # Errors
    /// Before the key is proven `request_wrong_purpose`, `key_invalid`, `key_missing`,
    /// `credentials_disagree`, and those of [`Csr::parse`](crate::x509::Csr::parse).
    /// `master_key_missing` if another process has rotated to the master key of this key.
    ///
    /// Then any [`Refusal`] or `CsrError`; `store_busy` when others keep changing the key, and
    /// those of the store. No error costs a use. If it is not known whether the enrollment was
    /// stored, the connector asks again and gets its one certificate.
    pub fn enroll(&self, request: &EnrollRequest) -> Result<Enrolled, Error> {
        let enrollment = Enrollment { inner: self.inner()?, actor: self.actor() };
        let results = enrollment.batch(core::slice::from_ref(request));
        results.into_iter().next().unwrap_or(Err(Error::Contended))
    }

    /// Enrolls many connectors, with one write for each 256 requests: so an application with a
    /// single thread pays for one write, too. The answers are in the order of the requests, each
    /// as [`enroll`](Self::enroll) would give it. A request that is refused does not affect others.
    pub fn enroll_many(&self, requests: &[EnrollRequest]) -> Vec<Result<Enrolled, Error>> {
        let inner = match self.inner() {
            Ok(inner) => inner,
            Err(forked) => return requests.iter().map(|_| Err(forked.into())).collect(),
        };
        let enrollment = Enrollment { inner, actor: self.actor() };
        let batches = requests.chunks(ENROLL_BATCH_REQUESTS_MAX);
        batches.flat_map(|batch| enrollment.batch(batch)).collect()
    }
}

/// What became of a request in one pass through the steps 3 to 6.
enum Attempt {
    Done(Result<Enrolled, Error>),
    /// A record that it was decided on has changed: back to step 3.
    Conflict(Proven),
}

/// What became of a request in the steps 3 and 4.
enum Prepared {
    Signed(Box<Signed>),
    Over(Attempt),
}

/// A certificate that is signed but not yet recorded. It must not leave the process before.
struct Signed {
    proven: Proven,
    record: EnrollmentRecord,
    issuer: Arc<OpenIssuer>,
    unit: Unit,
}

/// Enrolls connectors. Audit records name the actor.
struct Enrollment<'a> {
    inner: &'a Inner,
    actor: Option<&'a Actor>,
}

impl Enrollment<'_> {
    /// Enrolls connectors in one batch. The answers are in the order of the requests.
    fn batch(&self, requests: &[EnrollRequest]) -> Vec<Result<Enrolled, Error>> {
        let mut results = Vec::with_capacity(requests.len());
        let mut pending = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let proven = prove(self.inner, request);
            results.push(match proven.map_err(|failed| self.refuse(failed, request.address)) {
                Ok(proven) => {
                    pending.push((index, proven));
                    None
                }
                Err(error) => Some(Err(error)),
            });
        }
        for attempt in 0..ENROLL_TRIES_MAX {
            // A request that proves nothing causes no read of the store.
            if pending.is_empty() {
                break;
            }
            let mut again = Vec::new();
            for (index, outcome) in self.attempt(pending) {
                match outcome {
                    Attempt::Done(result) if attempt == 0 => results[index] = Some(result),
                    Attempt::Done(result) => {
                        results[index] = Some(result.map_err(Error::outcome_unknown));
                    }
                    Attempt::Conflict(proven) => again.push((index, proven)),
                }
            }
            pending = again;
        }
        for (index, proven) in pending {
            results[index] = Some(Err(self.fail(&proven, Error::Contended)));
        }
        results.into_iter().map(|result| result.unwrap_or(Err(Error::Contended))).collect()
    }

    /// Steps 3 to 6 for some requests, each with its index.
    fn attempt(&self, pending: Vec<(usize, Proven)>) -> Vec<(usize, Attempt)> {
        let snapshots = Snapshot::read(&self.inner.ledger, pending.iter().map(|(_, one)| one));
        let snapshots = match snapshots {
            Ok(snapshots) => snapshots,
            Err(error) => {
                let error = Error::from(error);
                let fail = |(index, proven)| {
                    (index, Attempt::Done(Err(self.fail(&proven, error.clone()))))
                };
                return pending.into_iter().map(fail).collect();
            }
        };
        let now = self.inner.ledger.now();
        let mut attempts = Vec::with_capacity(pending.len());
        let (mut indexes, mut signed) = (Vec::new(), Vec::new());
        for ((index, proven), snapshot) in pending.into_iter().zip(&snapshots) {
            match self.prepare(proven, snapshot, now) {
                Prepared::Over(attempt) => attempts.push((index, attempt)),
                Prepared::Signed(ready) => {
                    indexes.push(index);
                    signed.push(*ready);
                }
            }
        }
        attempts.extend(indexes.into_iter().zip(self.record(signed)));
        attempts
    }

    /// Decides on a request, and signs if it is a new enrollment.
    fn prepare(&self, proven: Proven, snapshot: &Snapshot, now: Timestamp) -> Prepared {
        let result = match decide(&proven, snapshot, now) {
            Ok(Next::Replay(record)) => self.replay(&proven, &record, now),
            Err(error) => Err(self.refuse_proven(&proven, error)),
            Ok(Next::Enroll(key)) => match self.sign(&proven, &key, now) {
                Ok((record, issuer)) => match self.unit(&key, &issuer, &record) {
                    Ok(unit) => {
                        let signed = Signed { proven, record, issuer, unit };
                        return Prepared::Signed(Box::new(signed));
                    }
                    Err(error) => Err(self.fail(&proven, error)),
                },
                // A certificate is deleted only once no key uses it: if it is gone, the key has
                // been edited since it was read.
                Err(error) if error.is_input(InputError::CertificateNotFound) => {
                    return Prepared::Over(Attempt::Conflict(proven));
                }
                // And if it is retired, the key may have been moved to another before that.
                Err(error @ Error::Refused(Refusal::CertificateRetired)) => {
                    match self.inner.ledger.entity::<KeyRecord>(proven.key) {
                        Ok(now) if now.version == key.version => {
                            Err(self.refuse_proven(&proven, error))
                        }
                        Ok(_) => return Prepared::Over(Attempt::Conflict(proven)),
                        Err(error) => Err(self.fail(&proven, error)),
                    }
                }
                Err(error @ Error::Refused(_)) => Err(self.refuse_proven(&proven, error)),
                Err(error) => Err(self.fail(&proven, error)),
            },
        };
        Prepared::Over(Attempt::Done(result))
    }

    fn replay(
        &self,
        proven: &Proven,
        record: &EnrollmentRecord,
        now: Timestamp,
    ) -> Result<Enrolled, Error> {
        let answer = answer(self.inner, record).map_err(|error| self.fail(proven, error))?;
        let Proven { key, connector, address, .. } = *proven;
        let Inner { ledger, tally, .. } = self.inner;
        ledger.notify(&Event::Replayed { key, connector, address });
        tally.add(ledger, key, Subject::Replay(connector), Last { at: now, address });
        Ok(answer)
    }

    /// Step 4.
    fn sign(
        &self,
        proven: &Proven,
        key: &Stored<KeyRecord>,
        now: Timestamp,
    ) -> Result<(EnrollmentRecord, Arc<OpenIssuer>), Error> {
        let new = ToIssue {
            connector: proven.connector,
            group: key.record.group,
            certificate: key.record.certificate,
            csr: &proven.csr,
            now,
        };
        let Issued { leaf, serial, issuer } = issue(self.inner, &new)?;
        let record = EnrollmentRecord {
            connector: proven.connector,
            spki_sha256: Bytes(proven.csr.public_key().sha256().to_vec()),
            key: proven.key,
            group: key.record.group,
            certificate: key.record.certificate,
            enrolled_at: now,
            address: proven.address.map(|address| address.to_canonical()),
            fingerprint: proven.fingerprint,
            serial: serial.to_string(),
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            revoked_at: None,
            revocation_reason: RevocationReason::Unspecified,
            leaf: Bytes(leaf.der),
            renewed: None,
        };
        Ok((record, issuer))
    }

    /// The unit of step 5.
    fn unit(
        &self,
        key: &Stored<KeyRecord>,
        issuer: &OpenIssuer,
        record: &EnrollmentRecord,
    ) -> Result<Unit, Error> {
        let mut audit = AuditRecord::new(record.enrolled_at, Action::ConnectorEnrolled);
        audit.set_actor(self.actor);
        audit.key = Some(record.key);
        audit.connector = Some(record.connector);
        audit.address = record.address;
        let mut change = Change::new(audit);
        change.expect(records::key(record.key), key.version);
        // The issuer may have been opened long ago; this checks that it was not retired since.
        change.expect(records::certificate(record.certificate), issuer.version);
        change.expect_absent(records::enrollment(record.connector));
        change.count(records::key_uses(record.key), 1);
        change.put(records::enrollment(record.connector), record);
        let [by_key, by_group] = records::enrollment_indexes(record);
        change.put_bytes(by_key, []);
        change.put_bytes(by_group, []);
        let by_serial = records::enrollment_by_serial(record.certificate, &record.serial);
        change.put_bytes(by_serial, record.connector.as_str());
        Ok(change.into_unit(self.inner.ledger.random())?)
    }

    /// Steps 5 and 6: makes the enrollments durable, then hands out the certificates.
    fn record(&self, mut signed: Vec<Signed>) -> Vec<Attempt> {
        if signed.is_empty() {
            return Vec::new();
        }
        let Inner { ledger, issuers, .. } = self.inner;
        let units = signed.iter_mut().map(|signed| core::mem::take(&mut signed.unit)).collect();
        let outcomes = match ledger.apply_together(units) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let error = Error::from(error);
                let fail = |one: &Signed| Attempt::Done(Err(self.fail(&one.proven, error.clone())));
                return signed.iter().map(fail).collect();
            }
        };
        let attempt = |(Signed { proven, record, issuer, .. }, outcome)| match outcome {
            Outcome::Applied(_) => {
                let Proven { key, connector, address, .. } = proven;
                ledger.notify(&Event::Enrolled { key, connector, address });
                Attempt::Done(Ok(enrolled(ledger, &record, &issuer, false)))
            }
            Outcome::Refused(refused) => match ensure_transient(&refused) {
                Ok(()) => {
                    issuers.reopen_if_changed(record.certificate, &refused);
                    Attempt::Conflict(proven)
                }
                Err(error) => Attempt::Done(Err(self.fail(&proven, error))),
            },
        };
        signed.into_iter().zip(outcomes).map(attempt).collect()
    }

    /// Reports a refusal: to the observer always, to the audit trail only if the key was proven.
    fn refuse(&self, failed: Failed, address: Option<IpAddr>) -> Error {
        let Failed { key, error } = failed;
        let Inner { ledger, tally, .. } = self.inner;
        notify_refused(ledger, key, address, &error);
        if let Some(key) = key {
            let last = Last { at: ledger.now(), address };
            tally.add(ledger, key, Subject::Refusal(error.code()), last);
        }
        error
    }

    fn refuse_proven(&self, proven: &Proven, error: Error) -> Error {
        self.refuse(Failed { key: Some(proven.key), error }, proven.address)
    }

    /// Reports an error that is no refusal, to the observer alone.
    fn fail(&self, proven: &Proven, error: Error) -> Error {
        notify_refused(&self.inner.ledger, Some(proven.key), proven.address, &error);
        error
    }
}
