//! The log, to standard error.

use std::path::PathBuf;
use std::str::FromStr;
use std::{io, str};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, registry};

use crate::failure::Failure;
use crate::files;

/// How much is logged, and where that is said.
pub(crate) struct LogLevel {
    filter: Handle<Targets, Registry>,
    /// Without a file: this.
    given: String,
    file: Option<PathBuf>,
}

/// Begins to log: what this project says from this level on.
pub(crate) fn begin(format: &str, given: &str, file: Option<PathBuf>) -> Result<LogLevel, Failure> {
    let (filter, handle) = reload::Layer::new(targets(read(given, file.as_ref())?));
    let lines = fmt::layer().with_writer(io::stderr);
    let layer = match format {
        "json" => lines.json().flatten_event(true).boxed(),
        _ => lines.with_ansi(false).boxed(),
    };
    // In a process that has a log already, that one is used.
    let _ = registry().with(layer.with_filter(filter)).try_init();
    Ok(LogLevel { filter: handle, given: given.to_owned(), file })
}

impl LogLevel {
    /// Reads the level again.
    pub(crate) fn reload(&self) -> Result<(), Failure> {
        let targets = targets(read(&self.given, self.file.as_ref())?);
        // It fails only if the log is not ours.
        let _ = self.filter.reload(targets);
        Ok(())
    }
}

fn read(given: &str, file: Option<&PathBuf>) -> Result<Level, Failure> {
    let Some(file) = file else { return Ok(Level::from_str(given).unwrap_or(Level::INFO)) };
    let bytes = files::read(file)?;
    let level = match str::from_utf8(&bytes).map(str::trim) {
        Ok(level @ ("error" | "warn" | "info" | "debug")) => Level::from_str(level).ok(),
        _ => None,
    };
    level.ok_or_else(|| {
        let sentence = format!("{} holds none of error, warn, info, debug", file.display());
        Failure::new("log_level_invalid", sentence)
    })
}

/// Of what this project stands on warnings alone, for not all of that is careful with secrets.
fn targets(level: Level) -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target("provkey", level)
        .with_target("provkey_cli", level)
        .with_target("provkey_server", level)
}
