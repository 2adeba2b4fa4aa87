//! `provkey inspect`: what a key text says, and what is wrong with it.

use std::path::PathBuf;

use provkey::key::{Host, KeyId, KeyTextError, Pin, ProvisioningKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::files;
use crate::output::{Fields, Output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file that holds the text; without it and without TEXT, standard input
    #[arg(long, conflicts_with = "text")]
    file: Option<PathBuf>,
    /// The text, also in several arguments, as when it was wrapped. Other users of this machine may
    /// see arguments: prefer a file or standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Failure> {
    let text = match (&args.file, args.text.as_slice()) {
        (Some(file), _) => files::read(file)?,
        (None, []) => files::read_stdin()?,
        (None, text) => Zeroizing::new(text.concat().into_bytes()),
    };
    match ProvisioningKey::read(&text) {
        Ok(key) => output.one(&KeyTextView::of(&key)),
        Err(error) => {
            output.program(&WrongKeyTextView::of(&error))?;
            Err(error.into())
        }
    }
}

#[derive(Serialize)]
struct KeyTextView {
    valid: bool,
    host: Host,
    id: KeyId,
    pin: Pin,
}

impl KeyTextView {
    fn of(key: &ProvisioningKey) -> Self {
        Self { valid: true, host: key.host().clone(), id: key.id(), pin: key.pin() }
    }
}

impl Fields for KeyTextView {
    fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Key", self.id.to_string()),
            ("Host", self.host.to_string()),
            ("Root's pin", self.pin.to_string()),
        ]
    }
}

/// What programs are told of a text that is no key. People see the error.
#[derive(Serialize)]
struct WrongKeyTextView {
    valid: bool,
    code: &'static str,
    sentence: String,
    shown: String,
    positions: Vec<usize>,
    missing: Option<usize>,
    extra: Option<usize>,
    repairable: bool,
}

impl WrongKeyTextView {
    fn of(error: &KeyTextError) -> Self {
        Self {
            valid: false,
            code: error.code(),
            sentence: error.to_string(),
            shown: error.shown().into(),
            positions: error.positions().to_vec(),
            missing: error.missing(),
            extra: error.extra(),
            repairable: error.repaired().is_some(),
        }
    }
}
