//! Connectors: the machines that have enrolled.

use provkey::authority::{Connector, ConnectorFilter, ConnectorId, Error, InputError};
use pyo3::prelude::*;

use crate::authority::Authority;
use crate::certificate::Certificate;
use crate::convert::{Moment, from_attributes};
use crate::errors::OrRaise;
use crate::fingerprint::Fingerprint;
use crate::keys::parse_id;
use crate::objects::{member, new_object};
use crate::page;

fn to_python<'py>(py: Python<'py>, connector: Connector) -> PyResult<Bound<'py, PyAny>> {
    use provkey::x509::Certificate as CoreCertificate;
    let leaf = CoreCertificate::parse(&connector.leaf).or_raise(py)?;
    let reason = connector.revocation_reason;
    let reason =
        reason.map(|reason| member(py, "RevocationReason", reason.as_str())).transpose()?;
    new_object!(py, records.Connector {
        id: connector.id.as_str(),
        key: connector.key.as_str(),
        group: connector.group.as_str(),
        certificate: connector.certificate.as_str(),
        enrolled_at: Moment(connector.enrolled_at),
        address: connector.address,
        fingerprint: connector.fingerprint.map(Fingerprint),
        serial: connector.serial,
        not_before: Moment(connector.not_before),
        not_after: Moment(connector.not_after),
        renewals: connector.renewals,
        renewed_at: connector.renewed_at.map(Moment),
        revoked_at: connector.revoked_at.map(Moment),
        revocation_reason: reason,
        replays: connector.replays,
        last_replay_at: connector.last_replay_at.map(Moment),
        leaf: Bound::new(py, Certificate(leaf))?,
    })
}

pub(crate) fn parse_connector(py: Python<'_>, id: &str) -> PyResult<ConnectorId> {
    ConnectorId::parse(id).map_err(|_| InputError::ConnectorNotFound.about(id)).or_raise(py)
}

#[pyfunction]
#[pyo3(signature = (authority, id, /))]
pub(crate) fn connector<'py>(
    py: Python<'py>,
    authority: &Authority,
    id: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let id = parse_connector(py, id)?;
    to_python(py, authority.call(py, |authority| authority.connector(id))?)
}

from_attributes! {
    /// The arguments of `provkey.Connectors.filter`.
    Filter {
        key: Option<String>,
        group: Option<String>,
        certificate: Option<String>,
        since: Option<Moment>,
        descending: bool,
    }
}

#[pyfunction]
#[pyo3(signature = (authority, filter, /, *, limit, after))]
pub(crate) fn list_connectors<'py>(
    py: Python<'py>,
    authority: &Authority,
    filter: Filter,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let key = parse_id(py, filter.key.as_deref())?;
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| -> Result<_, Error> {
        let group = filter.group.map(|group| authority.find_group(&group)).transpose()?;
        let certificate = filter.certificate.map(|one| authority.find_certificate(&one));
        let filter = ConnectorFilter::default()
            .key(key)
            .group(group.map(|group| group.id))
            .certificate(certificate.transpose()?.map(|certificate| certificate.id))
            .since(filter.since.map(|since| since.0))
            .descending(filter.descending);
        authority.list_connectors(&filter, &request)
    })?;
    page::to_python(py, page, to_python)
}
