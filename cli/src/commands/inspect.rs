//! `provkey inspect`: reads a key text, and says what is wrong with it.

use std::path::PathBuf;

use provkey::key::{KeyText, KeyTextError, ProvisioningKey};
use zeroize::Zeroizing;

use super::key::text::text_line;
use crate::failure::{Failure, notice, warn};
use crate::files::{self, Content, Destination};
use crate::output::Output;
use crate::record::Record;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file that holds the text. The default is TEXT, or else standard input
    #[arg(long, conflicts_with = "text")]
    file: Option<PathBuf>,
    /// Repair the text, and write it to --out. Compare it with the original before you use it
    #[arg(long, requires = "out")]
    repair: bool,
    /// The file for the repaired text, which must not exist and which only you can read; `-` is
    /// standard output
    #[arg(long, value_name = "FILE", requires = "repair")]
    out: Option<PathBuf>,
    /// The text; it may be split into several arguments. Other users of this machine can read
    /// arguments: prefer a file or standard input
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
        (Ok(key), None) => output.show(&shown(&key)),
        (Ok(key), Some(destination)) => {
            notice("The text is valid: it is written unchanged");
            write_text(destination, &key.to_text(), &shown(&key), output)
        }
        (Err(error), destination) => {
            let (Some(repaired), Some(destination)) = (error.repaired(), destination) else {
                output.json(&shown_error(&error))?;
                return Err(error.into());
            };
            // A repair may be wrong, so what was repaired is shown.
            warn(&error);
            for line in [error.shown(), &error.marks()] {
                notice(format_args!("  {line}"));
            }
            write_text(destination, repaired, &shown_error(&error), output)
        }
    }
}

/// Writes a key text and a newline. If they go to standard output, nothing else does.
fn write_text(
    destination: Destination,
    text: &KeyText,
    record: &Record,
    output: &mut Output,
) -> Result<(), Failure> {
    let alone = destination.is_standard_output();
    destination.write(text_line(text).as_bytes())?;
    if alone { Ok(()) } else { output.json(record) }
}

fn shown(key: &ProvisioningKey) -> Record {
    Record::new()
        .json("valid", true)
        .json("host", key.host())
        .field("id", "Key", key.id())
        .line("Host", key.host().to_string())
        .field("pin", "Root's pin", key.pin())
}

/// The JSON for a text that is not a key. People see the error.
fn shown_error(error: &KeyTextError) -> Record {
    Record::new()
        .json("valid", false)
        .json("code", error.code())
        .json("sentence", error.to_string())
        .json("shown", error.shown())
        .json("positions", error.positions())
        .json("missing", error.missing())
        .json("extra", error.extra())
        .json("repairable", error.repaired().is_some())
}
