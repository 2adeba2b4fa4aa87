//! Why a command did not do what it was asked, and how that is told.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::CommandFactory;
use clap::error::ErrorKind as UsageKind;
use provkey::authority::{self, InputError};
use provkey::key::{HostError, KeyIdError, KeyTextError, KeyringError};
use provkey::random::RandomError;
use provkey::store::{QueryError, StoreError};
use provkey::x509::{CertificateError, LeafUrlError};
use provkey_pkcs11::TokenError;
use provkey_server::TlsError;

use crate::cli::Cli;
use crate::redact::redact;

/// Codes after which a connector goes on with a new identity, or not at all.
const NEEDS_NEW_IDENTITY: &[&str] = &[
    "certificate_renewed",
    "certificate_unknown",
    "connector_revoked",
    "identity_damaged",
    "identity_not_recognized",
    "identity_other_machine",
    "public_key_in_use",
    "renewal_too_late",
];
const NEW_IDENTITY: &str =
    "To start anew on the connector: provkey enroll --replace --key-file KEY --dir FOLDER";

/// What ends a command early.
pub(crate) enum Failure {
    /// It was refused, or failed: exit 1.
    Refused {
        /// The stable code.
        code: Cow<'static, str>,
        /// What a person should know and do.
        sentence: String,
        /// Lines before the last one.
        notes: Vec<String>,
        /// Whether it may pass by itself.
        retryable: bool,
    },
    /// It was not called as it should be: exit 2.
    Usage(clap::Error),
    /// Whoever read the output has gone. Nobody is left to be told.
    OutputClosed,
}

impl Failure {
    pub(crate) fn new(code: &'static str, sentence: impl Display) -> Self {
        let (sentence, notes, retryable) = (sentence.to_string(), Vec::new(), false);
        Self::Refused { code: code.into(), sentence, notes, retryable }
    }

    /// A required argument is missing that clap cannot require, for it may stand anywhere.
    pub(crate) fn missing_argument(sentence: &str) -> Self {
        Self::Usage(Cli::command().error(UsageKind::MissingRequiredArgument, sentence))
    }

    /// Whether it has this code.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }

    /// The same, with another line before the last.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        if let Self::Refused { notes, .. } = &mut self {
            notes.push(note.into());
        }
        self
    }

    /// Tells it on standard error, and answers the exit status.
    pub(crate) fn report(self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Usage(error) => report_usage(&error),
            refused => {
                let mut stderr = io::stderr().lock();
                for line in refused.lines() {
                    // When standard error is closed, the exit status still tells.
                    let _ = writeln!(stderr, "{line}");
                }
                1
            }
        }
    }

    /// What people are told; the last line has the code.
    pub(crate) fn lines(self) -> Vec<String> {
        match self {
            Self::Refused { code, sentence, notes: mut lines, .. } => {
                if NEEDS_NEW_IDENTITY.contains(&&*code) {
                    lines.push(NEW_IDENTITY.into());
                }
                let sentence = redact(&sentence).replace(['\n', '\r'], " ");
                lines.push(format!("error: {code}: {sentence}"));
                lines
            }
            Self::Usage(error) => vec![error.to_string()],
            Self::OutputClosed => Vec::new(),
        }
    }
}

/// Help, the version, or what was wrong with the arguments.
fn report_usage(error: &clap::Error) -> u8 {
    let said = error.to_string();
    let redacted = redact(&said);
    // As for all that is said here: when nobody can be told, the exit status still tells.
    let _ = match redacted == said {
        true => error.print(),
        false => io::stderr().write_all(redacted.as_bytes()),
    };
    u8::from(error.use_stderr()) * 2
}

/// Tells what is being done.
pub(crate) fn notice(notice: impl Display) {
    let _ = writeln!(io::stderr(), "notice: {notice}");
}

/// Tells something that is no reason to stop.
pub(crate) fn warn(warning: impl Display) {
    let _ = writeln!(io::stderr(), "warning: {warning}");
}

macro_rules! from_errors_with_codes {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error)
            }
        })*
    };
}

from_errors_with_codes!(
    authority::Error,
    CertificateError,
    HostError,
    InputError,
    KeyIdError,
    KeyringError,
    LeafUrlError,
    QueryError,
    StoreError,
    TlsError,
    TokenError,
);

/// Shows the text, its secret hidden, with a pointer to what is wrong in it.
impl From<KeyTextError> for Failure {
    fn from(error: KeyTextError) -> Self {
        let failure = Self::new(error.code(), &error);
        match (error.shown(), error.marks()) {
            ("", _) => failure,
            (shown, marks) if marks.is_empty() => failure.note(format!("  {shown}")),
            (shown, marks) => failure.note(format!("  {shown}")).note(format!("  {marks}")),
        }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        authority::Error::from(error).into()
    }
}

/// Of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new("output_failed", format!("the output could not be written: {error}")),
        }
    }
}
