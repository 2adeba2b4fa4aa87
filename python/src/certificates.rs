//! Enrollment certificates.

use std::sync::Arc;
use std::time::Duration;

use provkey::authority::{
    Authority as CoreAuthority, CertificateImport, CertificateRequest, EnrollmentCertificate,
    Error, ImportedKey, Name, NewCertificate,
};
use provkey::x509::{LeafUrl, LeafUrls};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use zeroize::Zeroizing;

use crate::authority::Authority;
use crate::certificate::Certificate;
use crate::convert::{Algorithm, Certificates, Moment, from_attributes, or_now};
use crate::errors::OrRaise;
use crate::objects::{member, new_object};
use crate::page;
use crate::signer::SignerArgument;

fn to_python<'py>(
    py: Python<'py>,
    certificate: EnrollmentCertificate,
) -> PyResult<Bound<'py, PyAny>> {
    let url = |url: &Option<LeafUrl>| url.as_ref().map(ToString::to_string);
    let external = certificate.external.into_iter().map(|one| Bound::new(py, Certificate(one)));
    new_object!(py, records.EnrollmentCertificate {
        id: certificate.id.as_str(),
        name: certificate.name.as_str(),
        created_at: Moment(certificate.created_at),
        keys: certificate.keys,
        leaf_validity: certificate.leaf_validity,
        renewal_grace: certificate.renewal_grace,
        crl_url: url(&certificate.leaf_urls.crl),
        ocsp_url: url(&certificate.leaf_urls.ocsp),
        ca_issuers_url: url(&certificate.leaf_urls.ca_issuers),
        retired_at: certificate.retired_at.map(Moment),
        key_elsewhere: certificate.key_elsewhere,
        certificate: Bound::new(py, Certificate(certificate.certificate))?,
        external: PyTuple::new(py, external.collect::<PyResult<Vec<_>>>()?)?,
    })
}

fn request_to_python<'py>(
    py: Python<'py>,
    request: CertificateRequest,
) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.CertificateRequest {
        id: request.id.as_str(),
        name: request.name.as_str(),
        created_at: Moment(request.created_at),
        leaf_validity: request.leaf_validity,
        renewal_grace: request.renewal_grace,
        key_elsewhere: request.key_elsewhere,
        csr: PyBytes::new(py, &request.csr),
        csr_pem: request.csr_pem(),
    })
}

from_attributes! {
    /// The arguments for a new enrollment certificate, from `provkey.Certificates`.
    Terms {
        name: String,
        algorithm: Algorithm,
        signer: Option<SignerArgument>,
        validity: Option<Duration>,
        leaf_validity: Option<Duration>,
        renewal_grace: Option<Duration>,
        crl_validity: Option<Duration>,
        crl_url: Option<String>,
        ocsp_url: Option<String>,
        ca_issuers_url: Option<String>,
    }
}

impl Terms {
    fn read(self, py: Python<'_>) -> PyResult<NewCertificate> {
        let url = |url: Option<String>| url.map(|url| LeafUrl::parse(&url)).transpose();
        let mut new = NewCertificate::new(Name::parse(&self.name).or_raise(py)?);
        new.algorithm = self.algorithm.0;
        new.signer = self.signer.map(|signer| signer.0);
        new.validity = self.validity.unwrap_or(new.validity);
        new.leaf_validity = self.leaf_validity.unwrap_or(new.leaf_validity);
        new.renewal_grace = self.renewal_grace.unwrap_or(new.renewal_grace);
        new.crl_validity = self.crl_validity.unwrap_or(new.crl_validity);
        new.leaf_urls = LeafUrls::default()
            .crl(url(self.crl_url).or_raise(py)?)
            .ocsp(url(self.ocsp_url).or_raise(py)?)
            .ca_issuers(url(self.ca_issuers_url).or_raise(py)?);
        Ok(new)
    }
}

#[pyfunction]
#[pyo3(signature = (authority, terms, /))]
pub(crate) fn create_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    terms: Terms,
) -> PyResult<Bound<'py, PyAny>> {
    let new = terms.read(py)?;
    to_python(py, authority.call(py, |authority| authority.create_certificate(&new))?)
}

#[pyfunction]
#[pyo3(signature = (authority, terms, /))]
pub(crate) fn request_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    terms: Terms,
) -> PyResult<Bound<'py, PyAny>> {
    let new = terms.read(py)?;
    request_to_python(py, authority.call(py, |authority| authority.request_certificate(&new))?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, certificates, /))]
pub(crate) fn import_answer<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
    certificates: Certificates,
) -> PyResult<Bound<'py, PyAny>> {
    let imported = authority.call(py, |authority| -> Result<_, Error> {
        let request = authority.find_certificate_request(id_or_name)?;
        authority.import_answer(request.id, &certificates.0)
    })?;
    to_python(py, imported)
}

#[pyfunction]
#[pyo3(signature = (authority, terms, certificates, /, *, private_key, passphrase))]
pub(crate) fn import_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    terms: Terms,
    certificates: Certificates,
    private_key: Option<Vec<u8>>,
    passphrase: Option<Vec<u8>>,
) -> PyResult<Bound<'py, PyAny>> {
    let NewCertificate { name, signer, leaf_validity, renewal_grace, leaf_urls, .. } =
        terms.read(py)?;
    let contents = Zeroizing::new(private_key.unwrap_or_default());
    let passphrase = passphrase.map(Zeroizing::new);
    let passphrase = passphrase.as_ref().map(|passphrase| passphrase.as_slice());
    let imported = authority.call(py, |authority| {
        let key = match signer {
            Some(signer) => ImportedKey::Elsewhere(signer),
            None => ImportedKey::File { contents: &contents, passphrase },
        };
        let mut import = CertificateImport::new(name, certificates.0, key);
        import.leaf_validity = leaf_validity;
        import.renewal_grace = renewal_grace;
        import.leaf_urls = leaf_urls;
        authority.import_certificate(&import)
    })?;
    to_python(py, imported)
}

#[pyfunction]
#[pyo3(signature = (authority, signer, /))]
pub(crate) fn attach_signer(
    py: Python<'_>,
    authority: &Authority,
    signer: SignerArgument,
) -> PyResult<()> {
    authority.call(py, |authority| authority.attach_signer(Arc::clone(&signer.0)))
}

/// Calls `work` with the enrollment certificate that has this id or name.
fn with_one<T: Send>(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
    work: impl FnOnce(&CoreAuthority, EnrollmentCertificate) -> Result<T, Error> + Send,
) -> PyResult<T> {
    authority.call(py, |authority| work(authority, authority.find_certificate(id_or_name)?))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn find_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, with_one(py, authority, id_or_name, |_, found| Ok(found))?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn retire_certificate<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let retire = |authority: &CoreAuthority, found: EnrollmentCertificate| {
        authority.retire_certificate(found.id)
    };
    to_python(py, with_one(py, authority, id_or_name, retire)?)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn delete_certificate(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<()> {
    with_one(py, authority, id_or_name, |authority, found| authority.delete_certificate(found.id))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn count_connectors(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<u64> {
    with_one(py, authority, id_or_name, |authority, found| authority.count_connectors(found.id))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /, *, now))]
pub(crate) fn certificate_warnings<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
    now: Option<Moment>,
) -> PyResult<Bound<'py, PyTuple>> {
    let now = or_now(now);
    let warnings = with_one(py, authority, id_or_name, |_, found| Ok(found.warnings(now)))?;
    let warnings = warnings.iter().map(|one| member(py, "CertificateWarning", one.as_str()));
    PyTuple::new(py, warnings.collect::<PyResult<Vec<_>>>()?)
}

#[pyfunction]
#[pyo3(signature = (authority, /, *, limit, after))]
pub(crate) fn list_certificates<'py>(
    py: Python<'py>,
    authority: &Authority,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| authority.list_certificates(&request))?;
    page::to_python(py, page, to_python)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn find_certificate_request<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let found = authority.call(py, |authority| authority.find_certificate_request(id_or_name))?;
    request_to_python(py, found)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn delete_certificate_request(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<()> {
    authority.call(py, |authority| -> Result<(), Error> {
        let request = authority.find_certificate_request(id_or_name)?;
        authority.delete_certificate_request(request.id)
    })
}

#[pyfunction]
#[pyo3(signature = (authority, /, *, limit, after))]
pub(crate) fn list_certificate_requests<'py>(
    py: Python<'py>,
    authority: &Authority,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| authority.list_certificate_requests(&request))?;
    page::to_python(py, page, request_to_python)
}
