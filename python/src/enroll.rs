//! Enrollment and renewal.

use std::net::IpAddr;

use provkey::authority::{EnrollRequest, Enrolled, Error, RenewRequest};
use provkey::x509::Certificate as CoreCertificate;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::authority::Authority;
use crate::convert::{Moment, Source, from_attributes};
use crate::errors::{self, OrRaise};
use crate::fingerprint::Fingerprint;
use crate::objects;
use crate::provisioning_key::KeyTextToSend;

/// Creates the record from positional arguments, which is faster than by name.
fn to_python<'py>(py: Python<'py>, enrolled: &Enrolled) -> PyResult<Bound<'py, PyAny>> {
    let chain = |ders: &[Vec<u8>]| PyTuple::new(py, ders.iter().map(|der| PyBytes::new(py, der)));
    objects::records(py)?.getattr(intern!(py, "Enrolled"))?.call1((
        enrolled.connector.as_str(),
        enrolled.key.as_str(),
        enrolled.group.as_str(),
        enrolled.certificate.as_str(),
        enrolled.replay,
        chain(&enrolled.chain)?,
        chain(&enrolled.external_chain)?,
        &enrolled.serial,
        Moment(enrolled.not_before),
        Moment(enrolled.not_after),
    ))
}

fn request(
    csr: Source,
    key: Option<KeyTextToSend>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
) -> EnrollRequest {
    let fingerprint = fingerprint.map(|fingerprint| fingerprint.0);
    EnrollRequest::new(csr.0)
        .key_text(key.map(|key| key.0))
        .fingerprint(fingerprint)
        .address(address)
}

#[pyfunction]
#[pyo3(signature = (authority, csr, key, fingerprint, address, /))]
pub(crate) fn enroll<'py>(
    py: Python<'py>,
    authority: &Authority,
    csr: Source,
    key: Option<KeyTextToSend>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = request(csr, key, fingerprint, address);
    to_python(py, &authority.call(py, |authority| authority.enroll(&request))?)
}

from_attributes! {
    /// A `provkey.EnrollRequest`.
    Request {
        csr: Source,
        key: Option<KeyTextToSend>,
        fingerprint: Option<Fingerprint>,
        address: Option<IpAddr>,
    }
}

/// Returns the answer or the exception for each request, in their order.
#[pyfunction]
#[pyo3(signature = (authority, requests, /))]
pub(crate) fn enroll_many<'py>(
    py: Python<'py>,
    authority: &Authority,
    requests: Vec<Request>,
) -> PyResult<Bound<'py, PyList>> {
    let requests: Vec<_> = requests
        .into_iter()
        .map(|Request { csr, key, fingerprint, address }| request(csr, key, fingerprint, address))
        .collect();
    let many = authority.call(py, |authority| Ok::<_, Error>(authority.enroll_many(&requests)))?;
    let one = |result: Result<Enrolled, Error>| match result {
        Ok(enrolled) => to_python(py, &enrolled),
        Err(error) => Ok(errors::exception(py, &error).into_value(py).into_bound(py).into_any()),
    };
    PyList::new(py, many.into_iter().map(one).collect::<PyResult<Vec<_>>>()?)
}

#[pyfunction]
#[pyo3(signature = (authority, csr, /, *, client_certificate, fingerprint, address))]
pub(crate) fn renew<'py>(
    py: Python<'py>,
    authority: &Authority,
    csr: Source,
    client_certificate: Option<Source>,
    fingerprint: Option<Fingerprint>,
    address: Option<IpAddr>,
) -> PyResult<Bound<'py, PyAny>> {
    let client_certificate = match client_certificate {
        Some(source) => {
            let certificates = CoreCertificate::parse_all(&source.0).or_raise(py)?;
            certificates.first().map(|certificate| certificate.der().to_vec())
        }
        None => None,
    };
    let fingerprint = fingerprint.map(|fingerprint| fingerprint.0);
    let request = RenewRequest::new(csr.0)
        .client_certificate(client_certificate)
        .fingerprint(fingerprint)
        .address(address);
    to_python(py, &authority.call(py, |authority| authority.renew(&request))?)
}
