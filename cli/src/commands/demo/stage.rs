//! What plays the story: narration, and commands that run as if they had been typed.

use std::io::{self, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

const NARRATION: Style = AnsiColor::Cyan.on_default();
const COMMAND: Style = Style::new().bold();
const REFUSAL: Style = AnsiColor::Red.on_default();
const MASTER_KEY_FILE: &str = "master.key";

/// Runs the command with these arguments, the first of which is its name.
pub(crate) type RunArguments<'a> = &'a dyn Fn(&[&str]) -> Result<(), Failure>;

/// Plays the story over one store.
pub(super) struct Stage<'a> {
    store: &'a str,
    run_arguments: RunArguments<'a>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(store: &'a str, run_arguments: RunArguments<'a>) -> Self {
        Self { store, run_arguments }
    }

    pub(super) fn narrate(&self, sentence: &str) -> Result<(), Failure> {
        Ok(writeln!(stdout(), "{NARRATION}{sentence}{NARRATION:#}\n")?)
    }

    /// Shows how the environment names the store and the master key file in the commands that
    /// follow.
    pub(super) fn export_location(&self) -> Result<(), Failure> {
        let store = self.store;
        let location = format!("PROVKEY_STORE={store} PROVKEY_MASTER_KEY_FILE={MASTER_KEY_FILE}");
        Ok(writeln!(stdout(), "{COMMAND}$ export {location}{COMMAND:#}\n")?)
    }

    /// Runs a command of the story.
    pub(super) fn run(&self, command: &str) -> Result<(), Failure> {
        self.run_typed(command)?;
        Ok(writeln!(stdout())?)
    }

    /// Runs a command that has to be refused, and shows the refusal.
    pub(super) fn run_refused(&self, command: &str) -> Result<(), Failure> {
        match self.run_typed(command) {
            Err(refusal @ Failure::Refused { .. }) => {
                for line in refusal.lines() {
                    writeln!(stdout(), "{REFUSAL}{line}{REFUSAL:#}")?;
                }
                Ok(writeln!(stdout())?)
            }
            Ok(()) => Err(Failure::new("demo_failed", format!("`{command}` should be refused"))),
            Err(failure) => Err(failure),
        }
    }

    fn run_typed(&self, command: &str) -> Result<(), Failure> {
        writeln!(stdout(), "{COMMAND}$ provkey {command}{COMMAND:#}")?;
        let location = ["provkey", "--store", self.store, "--master-key-file", MASTER_KEY_FILE];
        let arguments: Vec<_> = location.into_iter().chain(command.split(' ')).collect();
        (self.run_arguments)(&arguments)
    }
}

fn stdout() -> AutoStream<io::Stdout> {
    AutoStream::auto(io::stdout())
}

pub(super) fn unusable(error: io::Error) -> Failure {
    Failure::new("file_unwritable", format!("the temporary folder cannot be used: {error}"))
}
