//! Why one attempt to enroll or renew failed.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::failure::Failure;

/// Why one attempt to enroll or renew failed.
pub(super) struct AttemptError {
    pub(super) code: Cow<'static, str>,
    pub(super) sentence: String,
    /// Whether another attempt may succeed.
    pub(super) retryable: bool,
    /// How long the server asks the connector to wait.
    pub(super) retry_after: Option<Duration>,
    /// The HTTP status, if the server answered.
    pub(super) status: Option<u16>,
}

/// The fields of a problem document (RFC 9457) that are used.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    retryable: bool,
}

impl AttemptError {
    /// A failure that would repeat.
    pub(super) fn new(code: &'static str, sentence: impl fmt::Display) -> Self {
        let (retryable, retry_after, status) = (false, None, None);
        Self { code: code.into(), sentence: sentence.to_string(), retryable, retry_after, status }
    }

    /// A failure after which another attempt may succeed.
    pub(super) fn transient(code: &'static str, sentence: impl fmt::Display) -> Self {
        Self { retryable: true, ..Self::new(code, sentence) }
    }

    /// An answer with a status other than 200.
    pub(super) fn answered(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let document = serde_json::from_slice(body).ok();
        let document = document.filter(|document: &Problem| is_code(&document.code));
        let error = match document {
            Some(Problem { code, detail, retryable }) => {
                let sentence = detail.replace(char::is_control, " ");
                Self { code: code.into(), retryable, ..Self::new("", sentence) }
            }
            None => {
                let sentence = format!(
                    "the server answered with status {status} and no provkey error: \
                     it is not a provkey server, or a proxy answered in its place"
                );
                Self { retryable: status >= 500, ..Self::new("server_answer_invalid", sentence) }
            }
        };
        Self { status: Some(status), retry_after, ..error }
    }
}

/// The code goes to standard error, and a server may send anything.
fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<AttemptError> for Failure {
    fn from(error: AttemptError) -> Self {
        let AttemptError { code, sentence, retryable, .. } = error;
        Self::Refused { code, sentence, notes: Vec::new(), retryable }
    }
}

/// A failure with the files of the identity or with the answer.
impl From<Failure> for AttemptError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { code, sentence, .. } => Self { code, ..Self::new("", sentence) },
            Failure::Usage(error) => Self::new("output_failed", error),
            Failure::OutputClosed => Self::new("output_failed", "standard output was closed"),
        }
    }
}
