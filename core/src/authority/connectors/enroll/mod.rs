//! Enrollment: one use, one certificate, exactly once.
//!
//! 1. The provisioning key is proven, 2. the CSR is checked: no input or output so far.
//! 3. Key, counter and enrollment are read in one go. Only a new enrollment goes on;
//!    a connector that asks again gets what it got before.
//! 4. The certificate is signed.
//! 5. One atomic, durable unit: the key is unchanged, the counter goes up by one if it may, the
//!    enrollment is new, its indexes and its audit record. If anything stands in the way, back to 3.
//! 6. Only now is the certificate handed out.

mod answer;
mod decide;
mod issue;
mod prove;

pub use answer::Enrolled;
pub(crate) use issue::{Issued, ToIssue};

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use self::decide::{Next, decide};
use self::prove::{Failed, Proven};
use crate::authority::audit::tally::{Last, Subject};
use crate::authority::certificates::issuers::OpenIssuer;
use crate::authority::keys::StoredKey;
use crate::authority::{Authority, Inner};
use crate::key::{Fingerprint, KeyId, KeyText};
use crate::ledger::change::{Change, check_passing};
use crate::ledger::error::{Error, InputError, Refusal};
use crate::ledger::model::Actor;
use crate::ledger::observer::Event;
use crate::ledger::records::{self, Action, AuditRecord, Bytes, EnrollmentRecord};
use crate::limits::{ENROLL_BATCH_REQUESTS_MAX, ENROLL_TRIES_MAX};
use crate::store::{Outcome, Record, Unit};
use crate::time::Timestamp;
use crate::x509::RevocationReason;

/// What a connector sends, and what the host knows of it.
#[derive(Debug, Default)]
pub struct EnrollRequest {
    /// The CSR: PKCS#10, DER or PEM, at most 16 KiB of DER. It may hold the proof of a key.
    pub csr: Vec<u8>,
    /// The text of a key beside the CSR, in its canonical form.
    pub key_text: Option<KeyText>,
    /// The connector's fingerprint, when it stands beside the CSR.
    pub fingerprint: Option<Fingerprint>,
    /// Where the connector asks from.
    pub address: Option<IpAddr>,
}

impl Authority {
    /// Enrolls one connector.
    ///
    /// # Errors
    /// Before the key is proven `request_wrong_purpose`, `key_invalid`, `key_missing`,
    /// `credentials_disagree`, and those of [`Csr::parse`](crate::x509::Csr::parse), which depend on nothing but the bytes; then any [`Refusal`] or `CsrError`; `store_busy` when others keep changing the key, and
    /// those of the store. No error costs a use. If it is not known whether the enrollment was
    /// stored, the connector asks again and gets its one certificate.
    pub fn enroll(&self, request: &EnrollRequest) -> Result<Enrolled, Error> {
        let results = self.inner()?.enroll_batch(core::slice::from_ref(request), &self.actor);
        results.into_iter().next().unwrap_or(Err(Error::Contended))
    }

    /// Enrolls many connectors for the price of one write in a host that has one thread. The
    /// answers are in the order of the requests, each independent of the others.
    pub fn enroll_many(&self, requests: &[EnrollRequest]) -> Vec<Result<Enrolled, Error>> {
        let inner = match self.inner() {
            Ok(inner) => inner,
            Err(forked) => return requests.iter().map(|_| Err(forked.into())).collect(),
        };
        let batches = requests.chunks(ENROLL_BATCH_REQUESTS_MAX);
        batches.flat_map(|batch| inner.enroll_batch(batch, &self.actor)).collect()
    }
}

/// A request on its way.
struct Pending {
    index: usize,
    proven: Proven,
}

/// A certificate that is signed but not yet recorded. It must not leave the process before.
struct Signed {
    pending: Pending,
    record: EnrollmentRecord,
    issuer: Arc<OpenIssuer>,
    unit: Unit,
}

impl Inner {
    fn enroll_batch(
        &self,
        requests: &[EnrollRequest],
        actor: &Option<Arc<Actor>>,
    ) -> Vec<Result<Enrolled, Error>> {
        let mut results: Vec<_> = requests.iter().map(|_| Err(Error::Contended)).collect();
        let mut pending = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            match self.prove(request) {
                Ok(proven) => pending.push(Pending { index, proven }),
                Err(failed) => results[index] = Err(self.refuse(failed, request.address)),
            }
        }
        pending = self.try_enroll(pending, actor, &mut results);
        for _ in 1..ENROLL_TRIES_MAX {
            if pending.is_empty() {
                break;
            }
            let again: Vec<_> = pending.iter().map(|pending| pending.index).collect();
            pending = self.try_enroll(pending, actor, &mut results);
            for index in again {
                let result = core::mem::replace(&mut results[index], Err(Error::Contended));
                results[index] = result.map_err(Error::after_conflict);
            }
        }
        for Pending { proven, .. } in &pending {
            self.tell_refused(Some(proven.key), proven.address, &Error::Contended);
        }
        results
    }

    /// Steps 3 to 6 for some requests. Returns those that met changes of others.
    fn try_enroll(
        &self,
        pending: Vec<Pending>,
        actor: &Option<Arc<Actor>>,
        results: &mut [Result<Enrolled, Error>],
    ) -> Vec<Pending> {
        // Who proves nothing leads to no look at the store.
        if pending.is_empty() {
            return pending;
        }
        let found = match self.read_enrollments(&pending) {
            Ok(found) => found,
            Err(error) => return self.fail_all(&pending, &error, results),
        };
        let now = self.clock.now();
        let (mut signed, mut again) = (Vec::new(), Vec::new());
        for (pending, found) in pending.into_iter().zip(found.chunks(3)) {
            let index = pending.index;
            match self.prepare(pending, found, now, actor) {
                Ok(Prepared::Done(enrolled)) => results[index] = Ok(enrolled),
                Ok(Prepared::Signed(ready)) => signed.push(*ready),
                Ok(Prepared::Moved(pending)) => again.push(pending),
                Err(error) => results[index] = Err(error),
            }
        }
        again.extend(self.record(signed, results));
        again
    }

    fn read_enrollments(&self, pending: &[Pending]) -> Result<Vec<Option<Record>>, Error> {
        let keys: Vec<_> = pending
            .iter()
            .flat_map(|Pending { proven, .. }| {
                let Proven { key, connector, .. } = *proven;
                [records::key(key), records::key_uses(key), records::enrollment(connector)]
            })
            .collect();
        Ok(self.reads.get(&keys)?)
    }

    /// Decides on a request, and signs if it is a new enrollment.
    fn prepare(
        &self,
        pending: Pending,
        found: &[Option<Record>],
        now: Timestamp,
        actor: &Option<Arc<Actor>>,
    ) -> Result<Prepared, Error> {
        let proven = &pending.proven;
        let refuse = |error| self.refuse(Failed { key: Some(proven.key), error }, proven.address);
        let failed = |error: Error| {
            self.tell_refused(Some(proven.key), proven.address, &error);
            error
        };
        match decide(proven, found, now).map_err(refuse)? {
            Next::Replay(record) => {
                let enrolled = self.answer(&record).map_err(failed)?;
                self.note_replay(proven, now);
                Ok(Prepared::Done(enrolled))
            }
            Next::Enroll(key) => {
                let (record, issuer) = match self.sign(proven, &key, now) {
                    // A certificate is deleted only once no key uses it: if it is gone, the key
                    // has been edited since it was read.
                    Err(Error::Input(InputError::CertificateNotFound)) => {
                        return Ok(Prepared::Moved(pending));
                    }
                    // And if it is retired, the key may have been moved before that.
                    Err(Error::Refused(Refusal::CertificateRetired)) => {
                        return match self.stored_key(proven.key).map_err(failed)?.version {
                            version if version == key.version => {
                                Err(refuse(Refusal::CertificateRetired.into()))
                            }
                            _ => Ok(Prepared::Moved(pending)),
                        };
                    }
                    Err(error @ Error::Refused(_)) => return Err(refuse(error)),
                    signed => signed.map_err(failed)?,
                };
                let unit = self.enrollment_unit(&key, &issuer, &record, actor).map_err(failed)?;
                Ok(Prepared::Signed(Box::new(Signed { pending, record, issuer, unit })))
            }
        }
    }

    /// Step 4.
    fn sign(
        &self,
        proven: &Proven,
        key: &StoredKey,
        now: Timestamp,
    ) -> Result<(EnrollmentRecord, Arc<OpenIssuer>), Error> {
        let Issued { leaf, serial, issuer } = self.issue(&ToIssue {
            connector: proven.connector,
            group: key.record.group,
            certificate: key.record.certificate,
            csr: &proven.csr,
            now,
        })?;
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
    fn enrollment_unit(
        &self,
        key: &StoredKey,
        issuer: &OpenIssuer,
        record: &EnrollmentRecord,
        actor: &Option<Arc<Actor>>,
    ) -> Result<Unit, Error> {
        let mut audit = AuditRecord::new(record.enrolled_at, Action::ConnectorEnrolled);
        audit.set_actor(actor.as_deref());
        audit.key = Some(record.key);
        audit.connector = Some(record.connector);
        audit.address = record.address;
        let mut change = Change::new(&*self.random, &audit)?;
        change.expect(records::key(record.key), key.version);
        // The issuer may have been opened long ago: it is not retired since.
        change.expect(records::certificate(record.certificate), issuer.version);
        change.expect_absent(records::enrollment(record.connector));
        change.count(records::key_uses(record.key), 1, record.enrolled_at);
        change.put(records::enrollment(record.connector), record);
        let [by_key, by_group] = records::enrollment_indexes(record);
        change.put_bytes(by_key, []);
        change.put_bytes(by_group, []);
        let by_serial = records::enrollment_by_serial(record.certificate, &record.serial);
        change.put_bytes(by_serial, record.connector.as_str());
        Ok(change.into_unit())
    }

    /// Steps 5 and 6: makes the enrollments durable, then hands out the certificates.
    fn record(
        &self,
        mut signed: Vec<Signed>,
        results: &mut [Result<Enrolled, Error>],
    ) -> Vec<Pending> {
        if signed.is_empty() {
            return Vec::new();
        }
        let units = signed.iter_mut().map(|signed| core::mem::take(&mut signed.unit)).collect();
        let outcomes = match self.commit.apply_together(units) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let pending: Vec<_> = signed.into_iter().map(|signed| signed.pending).collect();
                return self.fail_all(&pending, &error.into(), results);
            }
        };
        let mut again = Vec::new();
        for (Signed { pending, record, issuer, .. }, outcome) in signed.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Applied(_) => {
                    let Proven { key, connector, address, .. } = pending.proven;
                    self.observe(&Event::Enrolled { key, connector, address });
                    results[pending.index] = Ok(self.enrolled(&record, &issuer, false));
                }
                Outcome::Refused(refused) => match check_passing(&refused) {
                    Ok(()) => {
                        self.reopen_issuer_if_changed(record.certificate, &refused);
                        again.push(pending);
                    }
                    Err(error) => drop(self.fail_all(&[pending], &error, results)),
                },
            }
        }
        again
    }

    fn note_replay(&self, proven: &Proven, now: Timestamp) {
        let Proven { key, connector, address, .. } = *proven;
        self.observe(&Event::Replayed { key, connector, address });
        self.count_tally(key, Subject::Replay(connector), Last { at: now, address });
    }

    /// Tells of a refusal: the observer always, the audit trail only if the key was proven.
    fn refuse(&self, failed: Failed, address: Option<IpAddr>) -> Error {
        let Failed { key, error } = failed;
        self.tell_refused(key, address, &error);
        if let Some(key) = key {
            let last = Last { at: self.clock.now(), address };
            self.count_tally(key, Subject::Refusal(error.code()), last);
        }
        error
    }

    pub(super) fn tell_refused(&self, key: Option<KeyId>, address: Option<IpAddr>, error: &Error) {
        self.observe(&Event::Refused { code: error.code(), key, address });
    }

    /// Gives all of them the same error: the store failed.
    fn fail_all(
        &self,
        pending: &[Pending],
        error: &Error,
        results: &mut [Result<Enrolled, Error>],
    ) -> Vec<Pending> {
        for Pending { index, proven } in pending {
            self.tell_refused(Some(proven.key), proven.address, error);
            results[*index] = Err(error.clone());
        }
        Vec::new()
    }
}

enum Prepared {
    Done(Enrolled),
    Signed(Box<Signed>),
    /// What it stands on has changed: back to step 3.
    Moved(Pending),
}
