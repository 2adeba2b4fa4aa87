//! Why a command failed, and how that is reported.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::error::ErrorKind as UsageKind;
use provkey::authority::{self, InputError, RejectedInput};
use provkey::connector;
use provkey::key::{HostError, KeyIdError, KeyTextError, KeyringError};
use provkey::random::RandomError;
use provkey::store::{QueryError, StoreError};
use provkey::x509::{CertificateError, LeafUrlError};
use provkey_pkcs11::TokenError;
use provkey_server::TlsError;

use crate::redact::redact;

/// Codes after which a connector can only continue with a new identity.
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

/// Why a command ended early.
pub(crate) enum Failure {
    /// The command was refused or failed: exit 1.
    Refused {
        /// The stable code.
        code: Cow<'static, str>,
        /// What went wrong, and what to do about it.
        sentence: String,
        /// Lines that are written before the error.
        notes: Vec<String>,
        /// Whether the same command may succeed later.
        retryable: bool,
    },
    /// The arguments are wrong: exit 2.
    Usage(clap::Error),
    /// The reader of standard output has closed it: exit 0, without a message.
    OutputClosed,
}

impl Failure {
    pub(crate) fn new(code: &'static str, sentence: impl Display) -> Self {
        let (sentence, notes, retryable) = (sentence.to_string(), Vec::new(), false);
        Self::Refused { code: code.into(), sentence, notes, retryable }
    }

    /// A missing argument that clap cannot require, such as a global option.
    pub(crate) fn usage(sentence: impl Display) -> Self {
        Self::Usage(clap::Error::raw(UsageKind::MissingRequiredArgument, sentence))
    }

    /// Whether the failure has this code.
    pub(crate) fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }

    /// Adds a line before the error.
    pub(crate) fn with_note(mut self, note: impl Into<String>) -> Self {
        if let Self::Refused { notes, .. } = &mut self {
            notes.push(note.into());
        }
        self
    }

    /// Writes the failure to standard error, and returns the exit status. The usage of the command
    /// follows wrong arguments.
    pub(crate) fn report(self, command: &mut clap::Command) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Usage(error) => report_usage(&error.format(command)),
            refused => {
                let mut stderr = io::stderr().lock();
                for line in refused.lines() {
                    // If standard error is closed, the exit status still says it.
                    let _ = writeln!(stderr, "{line}");
                }
                1
            }
        }
    }

    /// The lines for standard error. The last one has the code.
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

    /// The same for a log: all lines in one.
    pub(crate) fn one_line(self) -> String {
        self.lines().join("; ")
    }
}

/// Writes the help, the version, or what is wrong with the arguments.
fn report_usage(error: &clap::Error) -> u8 {
    let message = error.to_string();
    let redacted = redact(&message);
    // If standard error is closed, the exit status still says it.
    let _ = match redacted == message {
        true => error.print(),
        false => io::stderr().write_all(redacted.as_bytes()),
    };
    u8::from(error.use_stderr()) * 2
}

/// Reports progress on standard error.
pub(crate) fn notice(notice: impl Display) {
    let _ = writeln!(io::stderr(), "notice: {notice}");
}

/// Reports a problem that does not end the command.
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
    connector::Error,
    CertificateError,
    HostError,
    RejectedInput,
    KeyIdError,
    KeyringError,
    LeafUrlError,
    QueryError,
    StoreError,
    TlsError,
    TokenError,
);

impl From<InputError> for Failure {
    fn from(reason: InputError) -> Self {
        RejectedInput::from(reason).into()
    }
}

/// Shows the text with its secret hidden, and marks under what is wrong in it.
impl From<KeyTextError> for Failure {
    fn from(error: KeyTextError) -> Self {
        let failure = Self::new(error.code(), &error);
        match (error.shown(), error.marks()) {
            ("", _) => failure,
            (shown, marks) if marks.is_empty() => failure.with_note(format!("  {shown}")),
            (shown, marks) => {
                failure.with_note(format!("  {shown}")).with_note(format!("  {marks}"))
            }
        }
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        authority::Error::from(error).into()
    }
}

/// A failure of standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::new("output_failed", format!("the output could not be written: {error}")),
        }
    }
}
