//! `provkey key`: provisioning keys.

mod compromise;
mod create;
mod edit;
mod list;
mod view;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use provkey::authority::{Authority, KeyDetails, KeyUpdate};
use provkey::key::{KeyId, KeyText};
use zeroize::Zeroizing;

use self::view::KeyView;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::{Deleted, Output};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a key
    Create(create::Args),
    /// List keys
    List(list::Args),
    /// Show one key, without its text
    Show(KeyArg),
    /// Write the text of a key to standard output, alone
    Copy(KeyArg),
    /// Write the text of a key to a file
    Download {
        #[command(flatten)]
        key: KeyArg,
        /// The file, which must not exist yet; `-` is standard output [default: NAME-ID.key]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Change a key
    Edit(edit::Args),
    /// Switch a key off: it enrolls nobody any more, from now on
    Disable(KeyArg),
    /// Switch a key on again
    Enable(KeyArg),
    /// Delete a key for ever. Connectors keep their certificates
    Delete(KeyArg),
    /// Record that others know a key, for good, and revoke what it enrolled; of a deleted key too
    Compromise(compromise::Args),
}

#[derive(Args)]
pub(crate) struct KeyArg {
    /// The id of the key
    #[arg(value_name = "ID")]
    id: String,
}

impl KeyArg {
    fn id(&self) -> Result<KeyId, Failure> {
        Ok(KeyId::parse(&self.id)?)
    }
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create::run(args, authority, output),
        Command::List(args) => list::run(args, authority, output),
        Command::Show(key) => output.one(&KeyView::from(authority.key(key.id()?)?)),
        Command::Copy(key) => {
            output.plain(authority.copy_key(key.id()?)?.expose())?;
            output.plain("\n")
        }
        Command::Download { key, out } => download(key.id()?, out.as_deref(), authority, output),
        Command::Edit(args) => edit::run(args, authority, output),
        Command::Compromise(args) => compromise::run(args, authority, output),
        Command::Disable(key) => switch(key.id()?, false, authority, output),
        Command::Enable(key) => switch(key.id()?, true, authority, output),
        Command::Delete(key) => {
            let id = key.id()?;
            output
                .confirm(format_args!("Delete the key {id} for ever? It enrolls nobody then."))?;
            authority.delete_key(id)?;
            output.one(&Deleted::new(id))
        }
    }
}

fn switch(
    id: KeyId,
    enabled: bool,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let update = KeyUpdate { enabled: Some(enabled), ..KeyUpdate::default() };
    output.one(&KeyView::from(authority.update_key(id, &update)?))
}

fn download(
    id: KeyId,
    out: Option<&Path>,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    // The trail says that a key was downloaded: try first whether it can be.
    let prepare = |path| Destination::prepare(path, Content::Secret);
    let destination = out.map(prepare).transpose()?;
    let file = authority.download_key(id)?;
    let path = out.unwrap_or(Path::new(&file.file_name));
    let destination = destination.map_or_else(|| prepare(path), Ok)?;
    write_text(destination, path, &file.contents, authority.key(id)?, output)
}

/// The text of a key and a line end.
pub(crate) fn text_line(text: &KeyText) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(text.expose().len() + 1));
    line.push_str(text.expose());
    line.push('\n');
    line
}

/// Writes the text of a key and a line end; the key is shown where that does not get in the way.
fn write_text(
    destination: Destination,
    path: &Path,
    text: &KeyText,
    key: KeyDetails,
    output: &mut Output,
) -> Result<(), Failure> {
    let line = text_line(text);
    let alone = destination.is_standard_output();
    destination.write(line.as_bytes())?;
    if alone {
        return Ok(());
    }
    output.one(&KeyView::from(key))?;
    output.say(format_args!("Its text is in {}, for you alone to read.", path.display()))
}
