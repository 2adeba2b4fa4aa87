//! `provkey inspect`: what a key text says, and what is wrong with it.

use std::path::PathBuf;

use provkey::key::{Host, KeyId, KeyText, KeyTextError, Pin, ProvisioningKey};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::failure::{Failure, notice, warn};
use crate::files::{self, Content, Destination};
use crate::key::text_line;
use crate::output::{Fields, Output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file that holds the text; without it and without TEXT, standard input
    #[arg(long, conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Write the repaired text to the file of --out. Compare it with the original before you use it
    #[arg(long, requires = "out")]
    repair: bool,
    /// Where the repaired text goes: a file that does not exist yet, for you alone to read; `-` is
    /// standard output
    #[arg(long, value_name = "FILE", requires = "repair")]
    out: Option<PathBuf>,
    /// The text, also in several arguments, as when it was wrapped. Other users of this machine may
    /// see arguments: prefer a file or standard input
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
}

pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Failure> {
    let destination = args.out.as_deref();
    let destination =
        destination.map(|path| Destination::prepare(path, Content::Secret)).transpose()?;
    let text = match (&args.file, args.text.as_slice()) {
        (Some(file), _) => files::read(file)?,
        (None, []) => files::read_stdin()?,
        (None, [text]) if text == "-" => files::read_stdin()?,
        (None, text) => Zeroizing::new(text.concat().into_bytes()),
    };
    match (ProvisioningKey::read(&text), destination) {
        (Ok(key), None) => output.one(&KeyTextView::of(&key)),
        (Ok(key), Some(destination)) => {
            notice("The text is good: it is written as it is");
            write_text(destination, &key.to_text(), &KeyTextView::of(&key), output)
        }
        (Err(error), destination) => {
            let (Some(repaired), Some(destination)) = (error.repaired(), destination) else {
                output.program(&WrongKeyTextView::of(&error))?;
                return Err(error.into());
            };
            // Never silently: a repair may be wrong.
            warn(&error);
            for line in [error.shown(), &error.marks()] {
                notice(format_args!("  {line}"));
            }
            write_text(destination, repaired, &WrongKeyTextView::of(&error), output)
        }
    }
}

/// Writes a key text and a line end; standard output then has nothing else.
fn write_text(
    destination: Destination,
    text: &KeyText,
    view: &impl Serialize,
    output: &mut Output,
) -> Result<(), Failure> {
    let alone = destination.is_standard_output();
    destination.write(text_line(text).as_bytes())?;
    if alone { Ok(()) } else { output.program(view) }
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
