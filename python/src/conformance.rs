//! The conformance suite of stores.

use provkey::store::conformance::{CHECKS, Failure};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::store::StoreArgument;

/// The names of all checks, in the order in which they run.
#[pyfunction]
pub(crate) fn conformance_checks() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).collect()
}

/// Runs one check on a store. Returns what was observed if the store failed the check.
#[pyfunction]
#[pyo3(signature = (store, check, run, /))]
pub(crate) fn run_conformance_check(
    py: Python<'_>,
    store: StoreArgument,
    check: &str,
    run: &str,
) -> PyResult<Option<String>> {
    let check = CHECKS.iter().find(|known| known.name == check);
    let check = check.ok_or_else(|| PyValueError::new_err("unknown check"))?;
    Ok(py.detach(|| check.run(&*store.0, run)).err().map(|Failure { seen, .. }| seen))
}
