//! Rotation of master keys, and retention.

use provkey::authority::{Pruned, Retention};
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::convert::Moment;
use crate::keyring::{Keyring, slot_of};
use crate::objects::new_object;

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn master_slot(py: Python<'_>, authority: &Authority) -> PyResult<u8> {
    authority.call(py, |authority| authority.master_slot().map(|slot| slot.number()))
}

#[pyfunction]
#[pyo3(signature = (authority, keyring, /))]
pub(crate) fn rotate_master(
    py: Python<'_>,
    authority: &Authority,
    keyring: &Keyring,
) -> PyResult<()> {
    let keyring = keyring.copy();
    authority.call(py, |authority| authority.rotate_master(keyring))
}

#[pyfunction]
#[pyo3(signature = (authority, keyring, /))]
pub(crate) fn replace_keyring(
    py: Python<'_>,
    authority: &Authority,
    keyring: &Keyring,
) -> PyResult<()> {
    let keyring = keyring.copy();
    authority.call(py, |authority| authority.replace_keyring(keyring))
}

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn missing_masters(py: Python<'_>, authority: &Authority) -> PyResult<Vec<u16>> {
    let missing = authority.call(py, |authority| authority.missing_masters())?;
    // Numbers of 8 bits would become bytes.
    Ok(missing.into_iter().map(|slot| slot.number().into()).collect())
}

#[pyfunction]
#[pyo3(signature = (authority, slot, /))]
pub(crate) fn remove_master(py: Python<'_>, authority: &Authority, slot: u8) -> PyResult<()> {
    let slot = slot_of(slot)?;
    authority.call(py, |authority| authority.remove_master(slot))
}

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn flush(py: Python<'_>, authority: &Authority) -> PyResult<()> {
    authority.call(py, |authority| authority.flush())
}

#[pyfunction]
#[pyo3(signature = (authority, /, *, audit_before, expired_before))]
pub(crate) fn prune<'py>(
    py: Python<'py>,
    authority: &Authority,
    audit_before: Option<Moment>,
    expired_before: Option<Moment>,
) -> PyResult<Bound<'py, PyAny>> {
    let retention = Retention::default()
        .audit_before(audit_before.map(|before| before.0))
        .expired_before(expired_before.map(|before| before.0));
    let pruned = authority.call(py, |authority| authority.prune(&retention))?;
    let Pruned { audit_records, enrollments, revocations, .. } = pruned;
    new_object!(py, records.Pruned {
        audit_records: audit_records,
        enrollments: enrollments,
        revocations: revocations,
    })
}
