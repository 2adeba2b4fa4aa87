//! The command `provkey`.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command `provkey` with these arguments, the first of which is its name. Returns the
/// exit status: 0 for success, 1 for a refusal or a failure, 2 for wrong arguments. It uses the
/// standard streams of the process, not those of `sys`.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| provkey_cli::run(arguments))
}
