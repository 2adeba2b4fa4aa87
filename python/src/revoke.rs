//! Revocation.

use provkey::authority::{Compromise, Compromised};
use provkey::x509::RevocationReason;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::connectors::parse_connector;
use crate::convert::Moment;
use crate::keys::id_of;
use crate::objects::new_object;

#[pyfunction]
#[pyo3(signature = (authority, id, reason, /))]
pub(crate) fn revoke_connector(
    py: Python<'_>,
    authority: &Authority,
    id: &str,
    reason: &str,
) -> PyResult<()> {
    let id = parse_connector(py, id)?;
    let unknown = |_| PyValueError::new_err("unknown RevocationReason");
    let reason = RevocationReason::parse(reason).map_err(unknown)?;
    authority.call(py, |authority| authority.revoke_connector(id, reason))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /, *, since, dry_run))]
pub(crate) fn compromise_key<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
    since: Option<Moment>,
    dry_run: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let compromise = Compromise::default().since(since.map(|since| since.0)).dry_run(dry_run);
    let done = authority.call(py, |authority| {
        authority.compromise_key(id_of(authority, id_or_name)?, &compromise)
    })?;
    let Compromised { connectors, revoked, .. } = done;
    new_object!(py, records.Compromised { connectors: connectors, revoked: revoked })
}
