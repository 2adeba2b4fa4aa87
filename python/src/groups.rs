//! Connector groups.

use provkey::authority::{ConnectorGroup, Error, Name};
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::convert::Moment;
use crate::errors::OrRaise;
use crate::objects::new_object;
use crate::page;

fn to_python<'py>(py: Python<'py>, group: ConnectorGroup) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.ConnectorGroup {
        id: group.id.as_str(),
        name: group.name.as_str(),
        created_at: Moment(group.created_at),
        keys: group.keys,
    })
}

#[pyfunction]
#[pyo3(signature = (authority, name, /))]
pub(crate) fn create_group<'py>(
    py: Python<'py>,
    authority: &Authority,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let name = Name::parse(name).or_raise(py)?;
    to_python(py, authority.call(py, |authority| authority.create_group(&name))?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn find_group<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, authority.call(py, |authority| authority.find_group(id_or_name))?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn delete_group(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<()> {
    authority.call(py, |authority| -> Result<(), Error> {
        authority.delete_group(authority.find_group(id_or_name)?.id)
    })
}

#[pyfunction]
#[pyo3(signature = (authority, /, *, limit, after))]
pub(crate) fn list_groups<'py>(
    py: Python<'py>,
    authority: &Authority,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| authority.list_groups(&request))?;
    page::to_python(py, page, to_python)
}
