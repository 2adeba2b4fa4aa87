//! Revocation status: CRLs and OCSP.

use provkey::authority::{Crl, Error};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::authority::Authority;
use crate::convert::Moment;
use crate::objects::new_object;

fn to_python<'py>(py: Python<'py>, crl: &Crl) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.Crl {
        der: PyBytes::new(py, &crl.der),
        pem: crl.to_pem(),
        number: crl.number,
        this_update: Moment(crl.this_update),
        next_update: Moment(crl.next_update),
        entries: crl.entries,
    })
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn crl<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let crl = authority.call(py, |authority| -> Result<Crl, Error> {
        authority.crl(authority.find_certificate(id_or_name)?.id)
    })?;
    to_python(py, &crl)
}

#[pyfunction]
#[pyo3(signature = (authority, /))]
pub(crate) fn root_crl<'py>(py: Python<'py>, authority: &Authority) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, &authority.call(py, |authority| authority.root_crl())?)
}

#[pyfunction]
#[pyo3(signature = (authority, request, /))]
pub(crate) fn ocsp<'py>(
    py: Python<'py>,
    authority: &Authority,
    request: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let answer = authority.call(py, |authority| Ok::<_, Error>(authority.ocsp(request)))?;
    Ok(PyBytes::new(py, &answer))
}
