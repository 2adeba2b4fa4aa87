//! Checks the answer to an operation: the invariants 7 to 12 of the [`ledger`](super::ledger).

use base64ct::{Base64, Encoding as _};
use provkey::authority::{Enrolled, Error};
use provkey::store::{Memory, StoreError};

use super::connectors::{Renewal, connector, number_of};
use super::fixture::RENEWAL_GRACE;
use super::ledger::{Ledger, Snapshot};
use super::operation::{Operation, Success};

/// The answer to an operation.
pub(super) enum Answer {
    Done(Success),
    Failed(Error),
    /// The process died meanwhile.
    Died,
}

/// An operation that was performed.
pub(super) struct Attempt<'a> {
    pub(super) operation: Operation,
    /// The request, if it is a renewal.
    pub(super) renewal: Option<&'a Renewal>,
    pub(super) snapshot: Snapshot,
    /// Whether it has changed something, or still may.
    pub(super) changed: bool,
    /// Whether there were no faults.
    pub(super) calm: bool,
    /// The latest time of the node's clock meanwhile, in Unix milliseconds.
    pub(super) clock_max: u64,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Enroll { .. } => "enroll",
            Self::EnrollMany { .. } => "enroll many",
            Self::Renew { .. } => "renew",
            Self::SetLimit { .. } => "set limit",
            Self::Enable { enabled: true, .. } => "enable",
            Self::Enable { enabled: false, .. } => "disable",
            Self::Expire { .. } => "expire",
            Self::Move { .. } => "move",
            Self::Retire { .. } => "retire",
            Self::Delete { .. } => "delete",
            Self::Revoke { .. } => "revoke",
            Self::Compromise { .. } => "compromise",
            Self::Prune { .. } => "prune",
            Self::Copy { .. } => "copy",
        }
    }
}

impl Answer {
    /// The kinds of the answers in it, for the statistics.
    pub(super) fn kinds(&self, operation: Operation) -> Vec<String> {
        let kind = |answer: &str| format!("{}: {answer}", operation.name());
        let of = |given: &Result<Enrolled, Error>| {
            kind(given.as_ref().map_or_else(Error::code, granted))
        };
        match self {
            Self::Done(Success::Many(given)) => given.iter().map(of).collect(),
            Self::Done(Success::One(enrolled)) => vec![kind(granted(enrolled))],
            Self::Done(Success::None) => vec![kind("done")],
            Self::Failed(error) => vec![kind(error.code())],
            Self::Died => vec![kind("died")],
        }
    }
}

fn granted(enrolled: &Enrolled) -> &'static str {
    if enrolled.replay { "again" } else { "done" }
}

fn is_unchanged(error: &Error) -> bool {
    matches!(error, Error::Store(StoreError::NotApplied(_)))
}

impl Ledger {
    pub(super) fn judge(&mut self, memory: &Memory, attempt: &Attempt<'_>, answer: &Answer) {
        let operation = attempt.operation;
        if let Operation::Enable { key, enabled: true } = operation {
            self.keys[key].enabling -= 1;
        }
        self.check_store(memory);
        let judged = match answer {
            Answer::Done(Success::One(enrolled)) if attempt.renewal.is_some() => {
                self.judge_renewed(attempt, enrolled)
            }
            Answer::Done(Success::One(enrolled)) => {
                let [one] = operation.enrolls()[..] else { unreachable!("it enrolls one") };
                self.judge_enrolled(one, attempt, enrolled)
            }
            Answer::Done(Success::Many(given)) => self.judge_many(attempt, given),
            Answer::Done(Success::None) => self.acknowledge(attempt),
            Answer::Failed(error) => {
                let untrue =
                    is_unchanged(error) && attempt.changed && !operation.takes_many_steps();
                match untrue {
                    true => {
                        Err("the error says that nothing was changed, but something was".into())
                    }
                    false => self.judge_refusal(operation, attempt, error),
                }
            }
            Answer::Died if attempt.calm => Err("it died although there were no faults".into()),
            Answer::Died => Ok(()),
        };
        if let Err(what) = judged {
            self.violated(format!("{operation:?}: {what}"));
        }
    }

    fn judge_many(
        &mut self,
        attempt: &Attempt<'_>,
        given: &[Result<Enrolled, Error>],
    ) -> Result<(), String> {
        let unchanged = |one: &Result<_, Error>| one.as_ref().is_err_and(is_unchanged);
        if given.iter().all(unchanged) && attempt.changed {
            return Err("the error says that nothing was changed, but something was".into());
        }
        for ((connector, key), given) in attempt.operation.enrolls().into_iter().zip(given) {
            match given {
                Ok(enrolled) => self.judge_enrolled((connector, key), attempt, enrolled)?,
                Err(error) => {
                    let alone = Operation::Enroll { connector, key, proof: false };
                    self.judge_refusal(alone, attempt, error)?;
                }
            }
        }
        Ok(())
    }

    fn judge_enrolled(
        &mut self,
        (number, key): (usize, usize),
        attempt: &Attempt<'_>,
        enrolled: &Enrolled,
    ) -> Result<(), String> {
        let snapshot = &attempt.snapshot;
        let leaf = self.check_recorded(number, snapshot, enrolled)?;
        let recorded = self.enrollments.get(connector(number).id.as_str());
        if recorded.is_some_and(|recorded| recorded.key != self.keys[key].id) {
            return Err("a certificate under another key".into());
        }
        // After a renewal, or if its enrollment was pruned, a connector gets another certificate.
        let is_first = recorded.is_some_and(|one| one.renewals() == 0);
        let before = self.handed_out.get(&number);
        if is_first && self.pruned_before == 0 && before.is_some_and(|before| *before != leaf) {
            return Err("another certificate than before".into());
        }
        if snapshot.surely_revoked.contains(&number) {
            return Err("a certificate for a revoked connector".into());
        }
        let never_enabled = self.keys[key].enables == snapshot.enables[key];
        if snapshot.surely_deleted[key] || (snapshot.surely_disabled[key] && never_enabled) {
            return Err("a certificate under a key that is disabled or deleted".into());
        }
        if is_first {
            self.handed_out.insert(number, leaf);
        }
        Ok(())
    }

    fn judge_renewed(&mut self, attempt: &Attempt<'_>, enrolled: &Enrolled) -> Result<(), String> {
        let Operation::Renew { connector: number, .. } = attempt.operation else {
            unreachable!("it is a renewal")
        };
        let leaf = self.check_recorded(number, &attempt.snapshot, enrolled)?;
        if attempt.snapshot.surely_revoked.contains(&number) {
            return Err("a renewal of a revoked connector".into());
        }
        let old = attempt.renewal.expect("it is a renewal").old_leaf();
        if leaf == old {
            return Err("a renewal with the same certificate".into());
        }
        let not_after = enrolled.not_after.unix_ms();
        match self.renewals.insert(old.to_vec(), (leaf.clone(), not_after)) {
            Some((before, until)) if before != leaf && attempt.clock_max <= until => {
                Err("a certificate has been renewed twice".into())
            }
            _ => Ok(()),
        }
    }

    /// The certificate that was handed out, which has to be what was recorded meanwhile.
    fn check_recorded(
        &self,
        number: usize,
        snapshot: &Snapshot,
        enrolled: &Enrolled,
    ) -> Result<Vec<u8>, String> {
        let leaf = enrolled.chain.first().ok_or("there is no certificate")?;
        let text = Base64::encode_string(leaf);
        let leaves = self.leaves.get(connector(number).id.as_str());
        let leaves = leaves.ok_or("a certificate without a record")?;
        match leaves.since(snapshot.moment).any(|one| one.base64 == text) {
            true => Ok(leaf.clone()),
            false => Err("another certificate than is recorded".into()),
        }
    }

    fn judge_refusal(
        &self,
        operation: Operation,
        attempt: &Attempt<'_>,
        error: &Error,
    ) -> Result<(), String> {
        let code = error.code();
        let is_true = match (code, operation) {
            ("store_unavailable" | "store_busy", _) => !attempt.calm,
            (_, Operation::Enroll { connector, key, .. }) => {
                self.is_true_of_enrollment((connector, key), attempt, code)
            }
            (_, Operation::Renew { connector, .. }) => {
                self.is_true_of_renewal(connector, attempt, code)
            }
            ("connector_not_found", Operation::Revoke { connector: number }) => {
                // It may have enrolled meanwhile.
                !attempt.calm || !self.enrollments.contains_key(connector(number).id.as_str())
            }
            _ => self.is_true_of_key(operation, attempt, code),
        };
        if is_true {
            Ok(())
        } else {
            Err(format!("refused with {error} ({code}), which was not the case"))
        }
    }

    fn is_true_of_enrollment(
        &self,
        (number, at): (usize, usize),
        attempt: &Attempt<'_>,
        code: &str,
    ) -> bool {
        let (id, key) = (connector(number).id, &self.keys[at]);
        let since = |moment: Option<u64>| moment.is_some_and(|it| it >= attempt.snapshot.moment);
        let (before, now) =
            (attempt.snapshot.recorded.get(id.as_str()), self.enrollments.get(id.as_str()));
        // A connector on record gets its certificate even if the key is used up or has expired.
        let is_new = before.is_none() || now.is_none();
        let mut recorded = before.into_iter().chain(now);
        match code {
            "key_deleted" => since(key.deleted_at),
            "key_compromised" => key.compromised_at.is_some(),
            "key_disabled" => since(key.disabled_at),
            "key_expired" => is_new && self.has_expired(at, attempt),
            "key_exhausted" => is_new && since(key.full_at),
            "connector_revoked" => recorded.any(|one| one.revoked_at.is_some()),
            "public_key_in_use" => {
                recorded.any(|one| one.key != key.id)
                    || self.renewed_keys.contains_key(id.as_str())
                    || self.pruned_before > 0
            }
            "certificate_renewed" => recorded.any(|one| one.renewals() > 0),
            "certificate_expired" => self.leaves.get(id.as_str()).is_some_and(|leaves| {
                leaves.since(attempt.snapshot.moment).any(|leaf| leaf.not_after < attempt.clock_max)
            }),
            "certificate_retired" => {
                let mut signers = key.certificates.since(attempt.snapshot.moment);
                signers.any(|certificate| self.retired.contains(certificate))
            }
            _ => false,
        }
    }

    fn has_expired(&self, key: usize, attempt: &Attempt<'_>) -> bool {
        let mut expiries = self.keys[key].expiries.since(attempt.snapshot.moment).flatten();
        expiries.any(|at| *at <= attempt.clock_max)
    }

    fn is_true_of_renewal(&self, number: usize, attempt: &Attempt<'_>, code: &str) -> bool {
        let renewal = attempt.renewal.expect("it is a renewal");
        let id = connector(number).id;
        let (before, now) =
            (attempt.snapshot.recorded.get(id.as_str()), self.enrollments.get(id.as_str()));
        let old = Base64::encode_string(renewal.old_leaf());
        let has_gone_on = self.leaves.get(id.as_str()).is_some_and(|leaves| {
            leaves.since(attempt.snapshot.moment).any(|leaf| leaf.base64 != old)
        });
        match code {
            "connector_revoked" => now.is_some_and(|one| one.revoked_at.is_some()),
            "certificate_renewed" => has_gone_on,
            "certificate_unknown" => has_gone_on || before.is_none() || now.is_none(),
            "renewal_too_late" => {
                attempt.clock_max > renewal.old_not_after() + RENEWAL_GRACE.as_millis() as u64
            }
            "certificate_retired" => !self.retired.is_empty(),
            "public_key_in_use" => {
                let (new, other) = (renewal.new_id(), |of: &str| of != id.as_str());
                let renewed = self.renewed_keys.get(new.as_str()).is_some_and(|of| other(of));
                let enrolled = self.enrollments.contains_key(new.as_str()) && other(new.as_str());
                renewed || enrolled || self.pruned_before > 0
            }
            _ => false,
        }
    }

    fn is_true_of_key(&self, operation: Operation, attempt: &Attempt<'_>, code: &str) -> bool {
        let since = |moment: Option<u64>| moment.is_some_and(|it| it >= attempt.snapshot.moment);
        let key = match operation {
            Operation::SetLimit { key, .. }
            | Operation::Enable { key, .. }
            | Operation::Expire { key, .. }
            | Operation::Move { key, .. }
            | Operation::Delete { key }
            | Operation::Copy { key } => &self.keys[key],
            _ => return false,
        };
        match (code, operation) {
            ("key_deleted", _) => since(key.deleted_at),
            ("key_exhausted", Operation::Copy { .. }) => since(key.full_at),
            (
                "key_compromised",
                Operation::SetLimit { .. }
                | Operation::Enable { enabled: true, .. }
                | Operation::Expire { .. }
                | Operation::Copy { .. },
            ) => key.compromised_at.is_some(),
            ("expiry_in_past", Operation::Expire { at_ms, .. }) => at_ms <= attempt.clock_max,
            ("certificate_retired", Operation::Move { .. }) => !self.retired.is_empty(),
            _ => false,
        }
    }

    /// Records what is known once the operation is acknowledged.
    fn acknowledge(&mut self, attempt: &Attempt<'_>) -> Result<(), String> {
        let snapshot = &attempt.snapshot;
        match attempt.operation {
            Operation::Enable { key, enabled: false } => {
                self.keys[key].surely_disabled = self.is_alone(key, snapshot);
            }
            Operation::Delete { key } => self.keys[key].surely_deleted = true,
            Operation::Revoke { connector } => drop(self.surely_revoked.insert(connector)),
            Operation::Compromise { key } => return self.acknowledge_compromise(key, snapshot),
            _ => {}
        }
        Ok(())
    }

    /// Whether no operation is enabling the key. Such an operation decides again after a conflict.
    fn is_alone(&self, key: usize, snapshot: &Snapshot) -> bool {
        let key_ledger = &self.keys[key];
        key_ledger.enables == snapshot.enables[key] && key_ledger.enabling == 0
    }

    fn acknowledge_compromise(&mut self, key: usize, snapshot: &Snapshot) -> Result<(), String> {
        let (alone, id) = (self.is_alone(key, snapshot), &self.keys[key].id);
        for (connector, enrollment) in &self.enrollments {
            let concerned = enrollment.key == *id
                && (alone || snapshot.recorded.get(connector).is_some_and(|one| one.key == *id));
            if concerned && enrollment.revoked_at.is_none() {
                return Err(format!("{connector} is not revoked"));
            }
            if concerned {
                self.surely_revoked.extend(number_of(connector));
            }
        }
        if alone {
            self.keys[key].surely_disabled = true;
        }
        Ok(())
    }
}
