//! The messages between a test and a worker: one line of JSON each.

use serde::{Deserialize, Serialize};

use crate::history::Call;

/// A request to a worker.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Asked {
    /// An enrollment, answered by an [`Answer`].
    Question(Question),
    /// A call of a history, answered by an [`Event`](crate::history::Event).
    Call(Call),
}

/// The enrollment of a connector.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// The number of the connector, which the answer repeats.
    pub connector: usize,
    /// Its CSR, with the proof of a provisioning key.
    pub csr: Vec<u8>,
}

/// The answer of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the connector.
    pub connector: usize,
    /// The certificate, or the code of the error.
    pub outcome: Result<Granted, String>,
}

/// An issued certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Its serial number, in lower-case hexadecimal.
    pub serial: String,
    /// The certificate, in DER.
    pub leaf: Vec<u8>,
    /// Whether it is a replay.
    pub replay: bool,
}
