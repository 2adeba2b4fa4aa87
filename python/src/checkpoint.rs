//! Rollback checkpoints.

use provkey::authority::Checkpoint;
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::errors::OrRaise;

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn checkpoint(py: Python<'_>, authority: &Authority) -> PyResult<String> {
    authority.call(py, |authority| authority.checkpoint().map(|checkpoint| checkpoint.to_string()))
}

#[pyfunction]
#[pyo3(signature = (authority, checkpoint, /))]
pub(crate) fn verify_checkpoint(
    py: Python<'_>,
    authority: &Authority,
    checkpoint: &str,
) -> PyResult<()> {
    let checkpoint = Checkpoint::parse(checkpoint).or_raise(py)?;
    authority.call(py, |authority| authority.verify_checkpoint(&checkpoint))
}

#[pyfunction]
#[pyo3(signature = (authority, lost, /))]
pub(crate) fn accept_rollback(
    py: Python<'_>,
    authority: &Authority,
    lost: &str,
) -> PyResult<String> {
    let lost = Checkpoint::parse(lost).or_raise(py)?;
    authority.call(py, |authority| authority.accept_rollback(&lost).map(|kept| kept.to_string()))
}
