//! What a test and a worker say to each other: one line of JSON each.

use serde::{Deserialize, Serialize};

use crate::history::Call;

/// What a worker is asked.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Asked {
    /// A connector's request; answered by an [`Answer`].
    Question(Question),
    /// A call of a history; answered by an [`Event`](crate::history::Event).
    Call(Call),
}

/// A connector's request, on its way to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// Which connector asks; the answer says it, too.
    pub connector: usize,
    /// Its CSR, with the proof of a provisioning key.
    pub csr: Vec<u8>,
}

/// What a worker did for a request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Which connector asked.
    pub connector: usize,
    /// The certificate, or the code of the error.
    pub outcome: Result<Granted, String>,
}

/// A certificate that was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Its serial number, in lower-case hexadecimal.
    pub serial: String,
    /// The certificate, in DER.
    pub leaf: Vec<u8>,
    /// Whether the connector had it before.
    pub replay: bool,
}
