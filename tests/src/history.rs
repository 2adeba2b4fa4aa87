//! Calls with the moments of their beginning and end, as threads and processes record them.

use nix::time::{ClockId, clock_gettime};
use provkey::authority::{
    Authority, ConnectorId, EnrollRequest, Enrolled, Error, KeyDetails, KeyUpdate,
};
use provkey::key::KeyId;
use provkey::store::StoreError;
use provkey::x509::RevocationReason;
use serde::{Deserialize, Serialize};

/// What is done to one provisioning key and its connectors, which have numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// A connector enrolls.
    Enroll(usize),
    /// The limit of uses is set.
    SetLimit(u64),
    /// The key is switched on or off.
    Enable(bool),
    /// The key is deleted.
    Delete,
    /// A connector is revoked.
    Revoke(usize),
    /// The key is looked at.
    Read,
}

/// A step, with all that it takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// Which call of the history; the event says it, too.
    pub number: usize,
    /// What to do.
    pub step: Step,
    /// The id of the provisioning key.
    pub key: String,
    /// The connector's id, and its CSR with the proof of the key; empty where there is none.
    pub connector: (String, Vec<u8>),
}

/// A call that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Which call.
    pub number: usize,
    /// When it began, by [`now_ns`].
    pub called_ns: u64,
    /// When it was answered.
    pub answered_ns: u64,
    /// What it came to; `None`: that is not known, and it may still happen.
    pub answer: Option<Answered>,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    /// It is done.
    Done,
    /// A certificate was handed out.
    Certificate {
        /// Its serial number.
        serial: String,
        /// Whether the connector had it before.
        replay: bool,
    },
    /// So the key looks.
    Details {
        /// Its limit.
        max_uses: u64,
        /// How many connectors have enrolled.
        used: u64,
        /// Whether it is switched on.
        enabled: bool,
    },
    /// It was refused, by this code.
    Refused(String),
    /// Nothing was changed, and nothing was learned: the store was busy or away.
    Nothing,
}

/// The moment, in nanoseconds: the same in all processes of a machine, and never set back.
///
/// # Panics
/// If the system has no such clock.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has it");
    let [seconds, ns] =
        [now.tv_sec(), now.tv_nsec()].map(|part| u64::try_from(part).expect("after boot"));
    seconds * 1_000_000_000 + ns
}

/// Makes a call.
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
