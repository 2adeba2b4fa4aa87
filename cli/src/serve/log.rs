//! The log, to standard error.

use std::io;
use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Begins to log: what this project says from this level on. Of what it stands on warnings alone,
/// for not all of that is careful with secrets.
pub(crate) fn begin(format: &str, level: &str) {
    let level = Level::from_str(level).unwrap_or(Level::INFO);
    let filter = Targets::new()
        .with_default(Level::WARN)
        .with_target("provkey", level)
        .with_target("provkey_cli", level)
        .with_target("provkey_server", level);
    let lines = fmt::layer().with_writer(io::stderr);
    let layer = match format {
        "json" => lines.json().flatten_event(true).boxed(),
        _ => lines.with_ansi(false).boxed(),
    };
    // In a process that has a log already, that one is used.
    let _ = registry().with(layer.with_filter(filter)).try_init();
}
