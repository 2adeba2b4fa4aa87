//! Calls with the times of their beginning and end, as threads and processes record them.

use nix::time::{ClockId, clock_gettime};
use provkey::authority::{
    Authority, ConnectorId, EnrollRequest, Enrolled, Error, KeyDetails, KeyUpdate,
};
use provkey::key::KeyId;
use provkey::store::StoreError;
use provkey::x509::RevocationReason;
use serde::{Deserialize, Serialize};

/// A step on one provisioning key and its connectors, which are numbered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// A connector enrolls.
    Enroll(usize),
    /// An operator sets the limit of uses.
    SetLimit(u64),
    /// An operator enables or disables the key.
    Enable(bool),
    /// An operator deletes the key.
    Delete,
    /// An operator revokes a connector.
    Revoke(usize),
    /// The key is read.
    Read,
}

/// A step, with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The number of the call, which the event repeats.
    pub number: usize,
    /// The step.
    pub step: Step,
    /// The id of the provisioning key.
    pub key: String,
    /// The connector's id, and its CSR with the proof of the key; empty without a connector.
    pub connector: (String, Vec<u8>),
}

/// A call that was performed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The number of the call.
    pub number: usize,
    /// When it began, by [`now_ns`].
    pub called_ns: u64,
    /// When it was answered.
    pub answered_ns: u64,
    /// The answer; `None` if the outcome is unknown and the call may still take effect.
    pub answer: Option<Answered>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// It is done.
    Done,
    /// A certificate was issued.
    Certificate {
        /// Its serial number.
        serial: String,
        /// Whether it is a replay.
        replay: bool,
    },
    /// The state of the key.
    Details {
        /// Its limit.
        max_uses: u64,
        /// How many connectors have enrolled.
        used: u64,
        /// Whether it is enabled.
        enabled: bool,
    },
    /// The call was refused with this code.
    Refused(String),
    /// The store was busy or unavailable, so nothing was changed.
    Nothing,
}

/// A monotonic time in nanoseconds, the same in all processes of a machine.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has it");
    let [seconds, ns] =
        [now.tv_sec(), now.tv_nsec()].map(|part| u64::try_from(part).expect("after boot"));
    seconds * 1_000_000_000 + ns
}

/// Performs a call.
pub fn perform(authority: &Authority, call: &Call) -> Event {
    let called_ns = now_ns();
    let result = act(authority, call);
    let answered_ns = now_ns();
    let answer = match result {
        Ok(answer) => Some(answer),
        Err(Error::Store(StoreError::Unknown(_))) => None,
        Err(Error::Store(StoreError::NotApplied(_)) | Error::Contended) => Some(Answered::Nothing),
        Err(error) => Some(Answered::Refused(error.code().to_owned())),
    };
    Event { number: call.number, called_ns, answered_ns, answer }
}

fn act(authority: &Authority, call: &Call) -> Result<Answered, Error> {
    let key = KeyId::parse(&call.key).expect("tests name keys by their ids");
    let connector = || ConnectorId::parse(&call.connector.0).expect("and connectors");
    let update = |update: KeyUpdate| authority.update_key(key, &update).map(|_| Answered::Done);
    match call.step {
        Step::Enroll(_) => {
            let csr = call.connector.1.clone();
            let enrolled = authority.enroll(&EnrollRequest::new(csr));
            let Enrolled { serial, replay, .. } = enrolled?;
            Ok(Answered::Certificate { serial, replay })
        }
        Step::SetLimit(limit) => update(KeyUpdate::default().max_uses(limit)),
        Step::Enable(enabled) => update(KeyUpdate::default().enabled(enabled)),
        Step::Delete => authority.delete_key(key).map(|()| Answered::Done),
        Step::Revoke(_) => {
            let reason = RevocationReason::default();
            authority.revoke_connector(connector(), reason).map(|()| Answered::Done)
        }
        Step::Read => {
            let KeyDetails { max_uses, used, enabled, .. } = authority.key(key)?;
            Ok(Answered::Details { max_uses, used, enabled })
        }
    }
}
