//! Certificates for the servers of the authority.

use std::time::Duration;

use provkey::authority::ServerCertificate;
use provkey::key::Host;
use provkey::x509::{CsrError, PublicKey};
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::convert::Moment;
use crate::errors::OrRaise as _;
use crate::objects::new_object;

#[pyfunction]
#[pyo3(signature = (authority, host, public_key, /, *, validity))]
pub(crate) fn issue_server_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    host: &str,
    public_key: &[u8],
    validity: Duration,
) -> PyResult<Bound<'py, PyAny>> {
    let host = Host::parse(host).or_raise(py)?;
    let public_key = PublicKey::from_spki(public_key)
        .map_err(|error| provkey::authority::Error::from(CsrError::from(error)))
        .or_raise(py)?;
    let issued = authority
        .call(py, |authority| authority.issue_server_certificate(&host, &public_key, validity))?;
    let ServerCertificate { not_before, not_after, .. } = issued;
    new_object!(py, records.ServerCertificate {
        chain_pem: issued.chain_pem(),
        not_before: Moment(not_before),
        not_after: Moment(not_after),
    })
}
