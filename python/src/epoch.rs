//! Noticing that a store was rolled back.

use provkey::authority::Epoch;
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::errors::OrRaise;

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn epoch(py: Python<'_>, authority: &Authority) -> PyResult<String> {
    authority.call(py, |authority| authority.epoch().map(|epoch| epoch.to_string()))
}

#[pyfunction]
#[pyo3(signature = (authority, epoch, /))]
pub(crate) fn check_epoch(py: Python<'_>, authority: &Authority, epoch: &str) -> PyResult<()> {
    let epoch = Epoch::parse(epoch).or_raise(py)?;
    authority.call(py, |authority| authority.check_epoch(&epoch))
}

#[pyfunction]
#[pyo3(signature = (authority, lost, /))]
pub(crate) fn accept_rollback(
    py: Python<'_>,
    authority: &Authority,
    lost: &str,
) -> PyResult<String> {
    let lost = Epoch::parse(lost).or_raise(py)?;
    authority.call(py, |authority| authority.accept_rollback(&lost).map(|kept| kept.to_string()))
}
