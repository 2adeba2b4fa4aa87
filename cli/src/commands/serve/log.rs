//! The log, which goes to standard error.

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

/// The level of the log, and where it is configured.
pub(crate) struct LogLevel {
    filter: Handle<Targets, Registry>,
    /// The level without a file.
    argument: String,
    file: Option<PathBuf>,
}

/// Starts the log.
pub(crate) fn begin(
    format: &str,
    argument: &str,
    file: Option<PathBuf>,
) -> Result<LogLevel, Failure> {
    let (filter, handle) = reload::Layer::new(targets(read(argument, file.as_ref())?));
    let lines = fmt::layer().with_writer(io::stderr);
    let layer = match format {
        "json" => lines.json().flatten_event(true).boxed(),
        _ => lines.with_ansi(false).boxed(),
    };
    // A process that embeds the command may have a log already, which is used then.
    let _ = registry().with(layer.with_filter(filter)).try_init();
    Ok(LogLevel { filter: handle, argument: argument.to_owned(), file })
}

impl LogLevel {
    /// Reads the level from its file again.
    pub(crate) fn reload(&self) -> Result<(), Failure> {
        let targets = targets(read(&self.argument, self.file.as_ref())?);
        // This fails only if the log is that of the embedding process.
        let _ = self.filter.reload(targets);
        Ok(())
    }
}

fn read(argument: &str, file: Option<&PathBuf>) -> Result<Level, Failure> {
    let Some(file) = file else { return Ok(Level::from_str(argument).unwrap_or(Level::INFO)) };
    let bytes = files::read(file)?;
    let level = match str::from_utf8(&bytes).map(str::trim) {
        Ok(level @ ("error" | "warn" | "info" | "debug")) => Level::from_str(level).ok(),
        _ => None,
    };
    level.ok_or_else(|| {
        let sentence = format!("{} must hold one of error, warn, info, debug", file.display());
        Failure::new("log_level_invalid", sentence)
    })
}

/// Dependencies log warnings only, because not all of them keep secrets out of their log.
fn targets(level: Level) -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target("provkey", level)
        .with_target("provkey_cli", level)
        .with_target("provkey_server", level)
}
