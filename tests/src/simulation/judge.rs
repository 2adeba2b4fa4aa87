//! Judging an answer: see the list of the [`ledger`](super::ledger).

use base64ct::{Base64, Encoding as _};
use provkey::authority::{Enrolled, Error};
use provkey::store::{Memory, StoreError};

use super::connectors::connector;
use super::ledger::{Begun, Ledger};
use super::operation::Operation;

/// What came of what was asked for.
pub(super) enum Answer {
    Done(Option<Box<Enrolled>>),
    Failed(Error),
    /// The process died meanwhile.
    Died,
}

impl Answer {
    /// What kind of answer it is, for statistics.
    pub(super) fn kind(&self, operation: Operation) -> String {
        let asked = match operation {
            Operation::Enroll { .. } => "enroll",
            Operation::SetLimit { .. } => "set limit",
            Operation::Enable { enabled: true, .. } => "enable",
            Operation::Enable { enabled: false, .. } => "disable",
            Operation::Delete { .. } => "delete",
            Operation::Revoke { .. } => "revoke",
            Operation::Copy { .. } => "copy",
        };
        let answer = match self {
            Self::Done(Some(enrolled)) if enrolled.replay => "again",
            Self::Done(_) => "done",
            Self::Failed(error) => error.code(),
            Self::Died => "died",
        };
        format!("{asked}: {answer}")
    }
}

impl Ledger {
    pub(super) fn judge(
        &mut self,
        memory: &Memory,
        operation: Operation,
        begun: &Begun,
        answer: &Answer,
        changed: bool,
        calm: bool,
    ) {
        if let Operation::Enable { key, enabled: true } = operation {
            self.keys[key].enabling -= 1;
        }
        self.look(memory);
        let judged = match (operation, answer) {
            (Operation::Enroll { connector, key, .. }, Answer::Done(Some(enrolled))) => {
                self.judge_enrolled(connector, key, begun, enrolled)
            }
            (_, Answer::Failed(Error::Store(StoreError::NotApplied(_)))) if changed => {
                Err("it says that nothing was changed, and something was".into())
            }
            (_, Answer::Failed(error)) => self.judge_refusal(operation, begun, error, calm),
            (_, Answer::Done(_)) => {
                self.acknowledge(operation, begun);
                Ok(())
            }
            (_, Answer::Died) if calm => Err("it died though all was calm".into()),
            (_, Answer::Died) => Ok(()),
        };
        if let Err(what) = judged {
            self.violated(format!("{operation:?}: {what}"));
        }
    }

    fn judge_enrolled(
        &mut self,
        number: usize,
        key: usize,
        begun: &Begun,
        enrolled: &Enrolled,
    ) -> Result<(), String> {
        let leaf = enrolled.chain.first().ok_or("there is no certificate")?;
        let recorded = self.enrollments.get(connector(number).id.as_str());
        let recorded = recorded.ok_or("a certificate without a record")?;
        if recorded.leaf != Base64::encode_string(leaf) || recorded.key != self.keys[key].id {
            return Err("another certificate than is recorded".into());
        }
        if self.handed_out.get(&number).is_some_and(|before| before != leaf) {
            return Err("another certificate than before".into());
        }
        if begun.surely_revoked.contains(&number) {
            return Err("a certificate for a revoked connector".into());
        }
        let never_enabled = self.keys[key].enables == begun.enables[key];
        if begun.surely_deleted[key] || (begun.surely_disabled[key] && never_enabled) {
            return Err("a certificate under a key that is disabled or deleted".into());
        }
        self.handed_out.insert(number, leaf.clone());
        Ok(())
    }

    fn judge_refusal(
        &self,
        operation: Operation,
        begun: &Begun,
        error: &Error,
        calm: bool,
    ) -> Result<(), String> {
        let code = error.code();
        let since = |moment: Option<u64>| moment.is_some_and(|moment| moment >= begun.moment);
        let is_true = match (code, operation) {
            ("store_unavailable" | "store_busy", _) => !calm,
            ("key_deleted", _) => {
                self.key_in(operation).is_some_and(|at| since(self.keys[at].deleted_at))
            }
            ("key_disabled", Operation::Enroll { key, .. }) => since(self.keys[key].disabled_at),
            ("key_exhausted", Operation::Enroll { key, connector: number, .. }) => {
                // Whoever is recorded gets its certificate although the key is used up.
                let recorded = begun.recorded.contains(connector(number).id.as_str());
                since(self.keys[key].full_at) && !recorded
            }
            ("key_exhausted", Operation::Copy { key }) => since(self.keys[key].full_at),
            ("connector_revoked", Operation::Enroll { connector: number, .. }) => {
                let recorded = self.enrollments.get(connector(number).id.as_str());
                recorded.is_some_and(|one| one.revoked_at.is_some())
            }
            ("public_key_in_use", Operation::Enroll { connector: number, key, .. }) => {
                let recorded = self.enrollments.get(connector(number).id.as_str());
                recorded.is_some_and(|one| one.key != self.keys[key].id)
            }
            ("connector_not_found", Operation::Revoke { connector: number }) => {
                // It may have come meanwhile.
                !calm || !self.enrollments.contains_key(connector(number).id.as_str())
            }
            _ => false,
        };
        if is_true {
            Ok(())
        } else {
            Err(format!("refused with {error} ({code}), which is not so"))
        }
    }

    fn key_in(&self, operation: Operation) -> Option<usize> {
        match operation {
            Operation::Enroll { key, .. }
            | Operation::SetLimit { key, .. }
            | Operation::Enable { key, .. }
            | Operation::Delete { key }
            | Operation::Copy { key } => Some(key),
            Operation::Revoke { .. } => None,
        }
    }

    /// What is sure once it was acknowledged.
    fn acknowledge(&mut self, operation: Operation, begun: &Begun) {
        match operation {
            Operation::Enable { key: number, enabled: false } => {
                // Not if somebody is about to enable it, who decides anew when the edit is refused.
                let key = &mut self.keys[number];
                let alone = key.enables == begun.enables[number] && key.enabling == 0;
                key.surely_disabled = alone;
            }
            Operation::Delete { key } => self.keys[key].surely_deleted = true,
            Operation::Revoke { connector } => drop(self.surely_revoked.insert(connector)),
            _ => {}
        }
    }
}
