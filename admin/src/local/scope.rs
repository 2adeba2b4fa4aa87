//! What an operator of one group sees. Anything else is not found, as if it did not exist.

use std::collections::BTreeSet;

use provkey::authority::{
    self, Authority, CertificateId, ConnectorId, GroupId, InputError, KeyFilter,
};
use provkey::key::KeyId;

use crate::actor::Actor;
use crate::error::Error;
use crate::ids;

/// The id of a key that the actor sees. The key can be a deleted one.
pub(super) fn key(authority: &Authority, actor: &Actor, id: &str) -> Result<KeyId, Error> {
    let id = ids::key(id)?;
    // A group is never changed, so the check stays true.
    if actor.scope.is_some() && !actor.sees(authority.group_of_key(id)?) {
        return Err(InputError::KeyNotFound.into());
    }
    Ok(id)
}

/// The id of a group that the actor sees.
pub(super) fn group(actor: &Actor, id: &str) -> Result<GroupId, Error> {
    let id = ids::group(id)?;
    if actor.sees(id) { Ok(id) } else { Err(InputError::GroupNotFound.into()) }
}

/// A connector that the actor sees.
pub(super) fn connector(
    authority: &Authority,
    actor: &Actor,
    id: ConnectorId,
) -> Result<authority::Connector, Error> {
    let connector = authority.connector(id)?;
    if actor.sees(connector.group) {
        Ok(connector)
    } else {
        Err(InputError::ConnectorNotFound.into())
    }
}

/// The id of an enrollment certificate that the actor sees.
pub(super) fn certificate(
    authority: &Authority,
    actor: &Actor,
    id: &str,
) -> Result<CertificateId, Error> {
    let id = ids::certificate(id)?;
    if let Some(group) = actor.group() {
        let filter = KeyFilter::default().group(group).certificate(id);
        let key = authority.keys(&filter).next().transpose()?;
        key.ok_or(InputError::CertificateNotFound)?;
    }
    Ok(id)
}

/// The enrollment certificates that keys of a group use.
pub(super) fn certificates(
    authority: &Authority,
    group: GroupId,
) -> Result<BTreeSet<CertificateId>, Error> {
    let keys = authority.keys(&KeyFilter::default().group(group));
    Ok(keys.map(|key| Ok(key?.certificate.id)).collect::<Result<_, authority::Error>>()?)
}

/// The filter of a listing by group: the group that the query names, or that of the actor. `None`:
/// the query names another group, of which the actor sees nothing.
pub(super) fn filter(actor: &Actor, queried: Option<GroupId>) -> Option<Option<GroupId>> {
    match (actor.group(), queried) {
        (Some(own), Some(queried)) if own != queried => None,
        (own, queried) => Some(own.or(queried)),
    }
}
