//! The command `provkey`.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command `provkey` with these arguments, the first of them its own name. Gives its exit
/// status: 0 done, 1 refused, 2 called as it should not be. Reads standard input and writes standard
/// output and standard error by itself.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| provkey_cli::run(arguments))
}
