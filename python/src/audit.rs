//! The audit trail.

use provkey::authority::{Action, AuditFilter, AuditRecord};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::connectors::parse_connector;
use crate::convert::{Moment, from_attributes};
use crate::keys::parse_id;
use crate::objects::{member, new_object};
use crate::page;

fn to_python<'py>(py: Python<'py>, record: AuditRecord) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.AuditRecord {
        at: Moment(record.at),
        action: member(py, "Action", record.action.as_str())?,
        actor: record.actor,
        admin_token: record.admin_token.map(|id| id.to_string()),
        key: record.key.map(|id| id.to_string()),
        group: record.group.map(|id| id.to_string()),
        certificate: record.certificate.map(|id| id.to_string()),
        connector: record.connector.map(|id| id.to_string()),
        address: record.address,
        code: record.code,
        count: record.count,
        last_at: record.last_at.map(Moment),
        details: record.details,
    })
}

from_attributes! {
    /// The arguments of `provkey.Audit.filter`.
    Filter {
        key: Option<String>,
        connector: Option<String>,
        action: Option<String>,
        since: Option<Moment>,
        until: Option<Moment>,
        latest_first: bool,
    }
}

#[pyfunction]
#[pyo3(signature = (authority, filter, /, *, limit, after))]
pub(crate) fn list_audit<'py>(
    py: Python<'py>,
    authority: &Authority,
    filter: Filter,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let unknown = |_| PyValueError::new_err("unknown Action");
    let action = filter.action.as_deref().map(|name| Action::parse(name).map_err(unknown));
    let connector = filter.connector.as_deref().map(|id| parse_connector(py, id));
    let filter = AuditFilter::default()
        .key(parse_id(py, filter.key.as_deref())?)
        .connector(connector.transpose()?)
        .action(action.transpose()?)
        .since(filter.since.map(|since| since.0))
        .until(filter.until.map(|until| until.0))
        .latest_first(filter.latest_first);
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| authority.list_audit(&filter, &request))?;
    page::to_python(py, page, to_python)
}
