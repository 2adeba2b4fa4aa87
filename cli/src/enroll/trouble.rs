//! What keeps a connector from its certificate.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::failure::Failure;

/// What keeps a connector from its certificate.
pub(super) struct Trouble {
    pub(super) code: Cow<'static, str>,
    pub(super) sentence: String,
    /// Whether it may pass by itself.
    pub(super) retryable: bool,
    /// How long the server would like to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// What the server answered, if it did.
    pub(super) status: Option<u16>,
}

/// What is read of a problem document (RFC 9457).
#[derive(Deserialize)]
struct Document {
    code: String,
    detail: String,
    retryable: bool,
}

impl Trouble {
    /// Something that no asking again helps against.
    pub(super) fn new(code: &'static str, sentence: impl fmt::Display) -> Self {
        let (retryable, retry_after, status) = (false, None, None);
        Self { code: code.into(), sentence: sentence.to_string(), retryable, retry_after, status }
    }

    /// Something that may pass.
    pub(super) fn passing(code: &'static str, sentence: impl fmt::Display) -> Self {
        Self { retryable: true, ..Self::new(code, sentence) }
    }

    /// What a server says with another status than 200.
    pub(super) fn answered(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let document = serde_json::from_slice(body).ok();
        let document = document.filter(|document: &Document| is_code(&document.code));
        let told = match document {
            Some(Document { code, detail, retryable }) => {
                let sentence = detail.replace(char::is_control, " ");
                Self { code: code.into(), retryable, ..Self::new("", sentence) }
            }
            None => {
                let sentence = format!(
                    "the server answered with status {status} and nothing that says more: \
                     it is no provkey server, or a proxy stands before it"
                );
                Self { retryable: status >= 500, ..Self::new("server_answer_invalid", sentence) }
            }
        };
        Self { status: Some(status), retry_after, ..told }
    }
}

/// A server may say anything.
fn is_code(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let Trouble { code, sentence, retryable, .. } = trouble;
        Self::Refused { code, sentence, notes: Vec::new(), retryable }
    }
}

/// The files of the identity, or the answer.
impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { code, sentence, .. } => Self { code, ..Self::new("", sentence) },
            Failure::Usage(error) => Self::new("output_failed", error),
            Failure::OutputClosed => Self::new("output_failed", "nobody reads the output"),
        }
    }
}
