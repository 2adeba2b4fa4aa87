//! Queries over the views of the store.

use std::time::Duration;

use provkey::store::{QueryError, QueryLimits, QueryValue};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::authority::Authority;
use crate::objects::new_object;

#[pyfunction]
#[pyo3(signature = (authority, sql, /, *, timeout, max_rows))]
pub(crate) fn query<'py>(
    py: Python<'py>,
    authority: &Authority,
    sql: &str,
    timeout: Option<Duration>,
    max_rows: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut limits = QueryLimits::default();
    limits = timeout.map_or(limits, |timeout| limits.time(timeout));
    limits = max_rows.map_or(limits, |max_rows| limits.rows(max_rows));
    let found = authority
        .call(py, |authority| -> Result<_, QueryError> { authority.query(sql, &limits) })?;
    let rows = found.rows.iter().map(|row| {
        let values = row.iter().map(|value| to_python(py, value));
        PyTuple::new(py, values.collect::<PyResult<Vec<_>>>()?)
    });
    let rows = rows.collect::<PyResult<Vec<_>>>()?;
    new_object!(py, records.QueryResult { columns: found.columns, rows: rows, truncated: found.truncated })
}

fn to_python<'py>(py: Python<'py>, value: &QueryValue) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        QueryValue::Null => py.None().into_bound(py),
        QueryValue::Integer(number) => number.into_pyobject(py)?.into_any(),
        QueryValue::Float(number) => number.into_pyobject(py)?.into_any(),
        QueryValue::Text(text) => text.into_pyobject(py)?.into_any(),
        QueryValue::Blob(bytes) => PyBytes::new(py, bytes).into_any(),
    })
}
