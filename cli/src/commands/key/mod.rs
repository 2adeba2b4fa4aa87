//! `provkey key`: provisioning keys.

mod arguments;
mod compromise;
mod create;
mod edit;
mod list;
pub(super) mod text;
mod view;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use provkey::authority::{Authority, KeyUpdate};
use provkey::key::KeyId;

use self::arguments::KeyArg;
use self::text::write_text;
use self::view::shown;
use crate::failure::Failure;
use crate::files::{Content, Destination};
use crate::output::{Output, deleted};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a key
    Create(create::Args),
    /// List keys
    List(list::Args),
    /// Show one key, without its text
    Show(KeyArg),
    /// Write the text of a key to standard output, and nothing else
    Copy(KeyArg),
    /// Write the text of a key to a file
    Download {
        #[command(flatten)]
        key: KeyArg,
        /// The file, which must not exist; `-` is standard output [default: NAME-ID.key]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Change a key
    Edit(edit::Args),
    /// Disable a key: it enrolls no more connectors until it is enabled again
    Disable(KeyArg),
    /// Enable a key again
    Enable(KeyArg),
    /// Delete a key for good. Connectors keep their certificates
    Delete(KeyArg),
    /// Mark a key, even a deleted one, as compromised for good, and revoke the connectors that it
    /// enrolled
    Compromise(compromise::Args),
}

pub(crate) fn run(
    command: &Command,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        Command::Create(args) => create::run(args, authority, output),
        Command::List(args) => list::run(args, authority, output),
        Command::Show(key) => output.show(&shown(authority.key(key.id()?)?)),
        Command::Copy(key) => {
            output.write(authority.copy_key(key.id()?)?.expose())?;
            output.write("\n")
        }
        Command::Download { key, out } => download(key.id()?, out.as_deref(), authority, output),
        Command::Edit(args) => edit::run(args, authority, output),
        Command::Compromise(args) => compromise::run(args, authority, output),
        Command::Disable(key) => switch(key.id()?, false, authority, output),
        Command::Enable(key) => switch(key.id()?, true, authority, output),
        Command::Delete(key) => {
            let id = key.id()?;
            output.confirm(format_args!(
                "Delete the key {id} for good? It will enroll no more connectors."
            ))?;
            authority.delete_key(id)?;
            output.show(&deleted(id))
        }
    }
}

fn switch(
    id: KeyId,
    enabled: bool,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    let update = KeyUpdate::default().enabled(enabled);
    output.show(&shown(authority.update_key(id, &update)?))
}

fn download(
    id: KeyId,
    out: Option<&Path>,
    authority: &Authority,
    output: &mut Output,
) -> Result<(), Failure> {
    // The audit trail records a download, so the file is prepared first.
    let prepare = |path| Destination::prepare(path, Content::Secret);
    let destination = out.map(prepare).transpose()?;
    let file = authority.download_key(id)?;
    let path = out.unwrap_or(Path::new(&file.file_name));
    let destination = destination.map_or_else(|| prepare(path), Ok)?;
    write_text(destination, path, &file.contents, authority.key(id)?, output)
}
