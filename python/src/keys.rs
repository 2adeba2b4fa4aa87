//! Provisioning keys, as their operator sees them.

use provkey::authority::{
    AddressRange, Authority as CoreAuthority, Error, InputError, KeyDetails, KeyFilter, KeyOrder,
    KeyState, KeyUpdate, Name, Named, NewKey,
};
use provkey::key::{Host, KeyId};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::authority::Authority;
use crate::convert::{Moment, from_attributes};
use crate::errors::OrRaise;
use crate::key_text::KeyText;
use crate::objects::{member, new_object};
use crate::page;

fn to_python<'py>(py: Python<'py>, key: KeyDetails) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.KeyDetails {
        id: key.id.as_str(),
        name: key.name.as_str(),
        host: key.host.as_str(),
        group: named(py, &key.group)?,
        certificate: named(py, &key.certificate)?,
        max_uses: key.max_uses,
        used: key.used,
        last_used_at: key.last_used_at.map(Moment),
        enabled: key.enabled,
        expires_at: key.expires_at.map(Moment),
        allowed_addresses: networks(py, &key.allowed_addresses)?,
        proof_only: key.proof_only,
        created_at: Moment(key.created_at),
        compromised_at: key.compromised_at.map(Moment),
        state: member(py, "KeyState", key.state.as_str())?,
        version: key.version,
    })
}

fn named<'py, Id: ToString>(py: Python<'py>, named: &Named<Id>) -> PyResult<Bound<'py, PyAny>> {
    new_object!(py, records.Named { id: named.id.to_string(), name: &named.name })
}

fn networks<'py>(py: Python<'py>, ranges: &[AddressRange]) -> PyResult<Bound<'py, PyTuple>> {
    if ranges.is_empty() {
        return Ok(PyTuple::empty(py));
    }
    let network = py.import("ipaddress")?.getattr("ip_network")?;
    let networks = ranges.iter().map(|range| network.call1((range.to_string(),)));
    PyTuple::new(py, networks.collect::<PyResult<Vec<_>>>()?)
}

/// Networks and addresses of `ipaddress`, or their texts.
struct Networks(Vec<AddressRange>);

impl FromPyObject<'_, '_> for Networks {
    type Error = PyErr;

    fn extract(networks: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = networks.py();
        let range = |network: PyResult<Bound<'_, PyAny>>| {
            AddressRange::parse(&network?.str()?.to_cow()?).or_raise(py)
        };
        networks.try_iter()?.map(range).collect::<PyResult<_>>().map(Self)
    }
}

from_attributes! {
    /// The arguments of `provkey.Keys.create`.
    New {
        name: String,
        group: String,
        certificate: String,
        max_uses: u64,
        host: Option<String>,
        expires_at: Option<Moment>,
        allowed_addresses: Networks,
        enabled: bool,
        proof_only: bool,
    }
}

#[pyfunction]
#[pyo3(signature = (authority, new, /))]
pub(crate) fn create_key<'py>(
    py: Python<'py>,
    authority: &Authority,
    new: New,
) -> PyResult<Bound<'py, PyAny>> {
    let name = Name::parse(&new.name).or_raise(py)?;
    let host = new.host.map(|host| Host::parse(&host)).transpose().or_raise(py)?;
    let created = authority.call(py, |authority| -> Result<_, Error> {
        let group = authority.find_group(&new.group)?.id;
        let certificate = authority.find_certificate(&new.certificate)?.id;
        authority.create_key(
            &NewKey::new(name, group, certificate, new.max_uses)
                .host(host)
                .expires_at(new.expires_at.map(|moment| moment.0))
                .allowed_addresses(new.allowed_addresses.0)
                .enabled(new.enabled)
                .proof_only(new.proof_only),
        )
    })?;
    to_python(py, created)
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn find_key<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, authority.call(py, |authority| authority.find_key(id_or_name))?)
}

from_attributes! {
    /// The arguments of `provkey.Keys.update`. None leaves a field unchanged.
    Update {
        version: Option<u64>,
        name: Option<String>,
        max_uses: Option<u64>,
        enabled: Option<bool>,
        /// A tuple of one, because None in it means never.
        expires_at: Option<(Option<Moment>,)>,
        allowed_addresses: Option<Networks>,
        certificate: Option<String>,
        proof_only: Option<bool>,
    }
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, update, /))]
pub(crate) fn update_key<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
    update: Update,
) -> PyResult<Bound<'py, PyAny>> {
    let name = update.name.map(|name| Name::parse(&name)).transpose().or_raise(py)?;
    let updated = authority.call(py, |authority| -> Result<_, Error> {
        let certificate = update.certificate.map(|one| authority.find_certificate(&one));
        let mut changes = KeyUpdate::default()
            .version(update.version)
            .name(name)
            .max_uses(update.max_uses)
            .enabled(update.enabled)
            .allowed_addresses(update.allowed_addresses.map(|networks| networks.0))
            .certificate(certificate.transpose()?.map(|found| found.id))
            .proof_only(update.proof_only);
        changes.expires_at = update.expires_at.map(|(moment,)| moment.map(|moment| moment.0));
        authority.update_key(id_of(authority, id_or_name)?, &changes)
    })?;
    to_python(py, updated)
}

/// The id of the key with this name, or the id itself, even if the key was deleted.
pub(crate) fn id_of(authority: &CoreAuthority, id_or_name: &str) -> Result<KeyId, Error> {
    match authority.find_key(id_or_name) {
        Ok(key) => Ok(key.id),
        Err(error) => KeyId::parse(id_or_name).map_err(|_| error),
    }
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn delete_key(py: Python<'_>, authority: &Authority, id_or_name: &str) -> PyResult<()> {
    authority.call(py, |authority| authority.delete_key(id_of(authority, id_or_name)?))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn copy_key(
    py: Python<'_>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<KeyText> {
    let text = authority.call(py, |authority| authority.copy_key(id_of(authority, id_or_name)?))?;
    Ok(KeyText(text))
}

#[pyfunction]
#[pyo3(signature = (authority, id_or_name, /))]
pub(crate) fn download_key<'py>(
    py: Python<'py>,
    authority: &Authority,
    id_or_name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let file =
        authority.call(py, |authority| authority.download_key(id_of(authority, id_or_name)?))?;
    new_object!(py, records.KeyFile {
        file_name: file.file_name,
        contents: Bound::new(py, KeyText(file.contents))?,
    })
}

from_attributes! {
    /// The arguments of `provkey.Keys.filter`.
    Filter {
        name_contains: Option<String>,
        group: Option<String>,
        certificate: Option<String>,
        state: Option<String>,
        id_contains: Option<String>,
        max_uses_min: Option<u64>,
        max_uses_max: Option<u64>,
        used_min: Option<u64>,
        used_max: Option<u64>,
        last_used_since: Option<Moment>,
        last_used_before: Option<Moment>,
        order: String,
        descending: bool,
    }
}

impl Filter {
    fn read(self, authority: &CoreAuthority, state: Option<KeyState>) -> Result<KeyFilter, Error> {
        let group = self.group.map(|group| authority.find_group(&group)).transpose()?;
        let certificate = self.certificate.map(|one| authority.find_certificate(&one));
        Ok(KeyFilter::default()
            .name_contains(self.name_contains)
            .group(group.map(|group| group.id))
            .certificate(certificate.transpose()?.map(|certificate| certificate.id))
            .state(state)
            .order(if self.order == "created" { KeyOrder::Created } else { KeyOrder::Name })
            .descending(self.descending)
            .id_contains(self.id_contains)
            .max_uses_min(self.max_uses_min)
            .max_uses_max(self.max_uses_max)
            .used_min(self.used_min)
            .used_max(self.used_max)
            .last_used_since(self.last_used_since.map(|since| since.0))
            .last_used_before(self.last_used_before.map(|before| before.0)))
    }
}

#[pyfunction]
#[pyo3(signature = (authority, filter, /, *, limit, after))]
pub(crate) fn list_keys<'py>(
    py: Python<'py>,
    authority: &Authority,
    filter: Filter,
    limit: usize,
    after: Option<String>,
) -> PyResult<Bound<'py, PyAny>> {
    let known = |name: &str| KeyState::ALL.into_iter().find(|state| state.as_str() == name);
    let unknown = || PyValueError::new_err("unknown KeyState");
    let state = filter.state.as_deref().map(|name| known(name).ok_or_else(unknown)).transpose()?;
    let request = page::request(limit, after);
    let page = authority.call(py, |authority| -> Result<_, Error> {
        authority.list_keys(&filter.read(authority, state)?, &request)
    })?;
    page::to_python(py, page, to_python)
}

/// Parses the id of a key, which may have been deleted.
pub(crate) fn parse_id(py: Python<'_>, id: Option<&str>) -> PyResult<Option<KeyId>> {
    let parsed = id.map(|id| KeyId::parse(id).map_err(|_| InputError::KeyNotFound.about(id)));
    parsed.transpose().or_raise(py)
}
