//! What an operator of one group sees. Anything else is not found.

use std::collections::{BTreeMap, BTreeSet};

use provkey::authority::{
    self, AuditRecord, Authority, CertificateId, ConnectorGroup, ConnectorId, Cursor,
    EnrollmentCertificate, GroupId, InputError, KeyFilter, Page, PageRequest,
};
use provkey::key::KeyId;
use provkey::limits::PAGE_ENTRIES_MAX;

use crate::actor::Actor;
use crate::error::Error;
use crate::ids;

/// The id of a key that the actor sees. The key can be a deleted one.
pub(super) fn key(authority: &Authority, actor: &Actor, id: &str) -> Result<KeyId, Error> {
    let id = ids::key(id)?;
    if sees_key(authority, actor, id)? {
        Ok(id)
    } else {
        Err(InputError::KeyNotFound.about(id).into())
    }
}

/// Whether the actor sees what belongs to a key. The group of a key never changes, so the answer
/// stays true.
pub(super) fn sees_key(authority: &Authority, actor: &Actor, key: KeyId) -> Result<bool, Error> {
    if actor.scope.is_none() {
        return Ok(true);
    }
    match authority.group_of_key(key) {
        Ok(group) => Ok(actor.sees(group)),
        Err(error) if error.is_input(InputError::KeyNotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Removes the audit entries that the actor does not see. A connector that was pruned may have
/// enrolled with a key of another group before.
pub(super) fn retain_seen(
    authority: &Authority,
    actor: &Actor,
    entries: &mut Vec<AuditRecord>,
) -> Result<(), Error> {
    let keys: BTreeSet<KeyId> = entries.iter().filter_map(|entry| entry.key).collect();
    let seen = keys.into_iter().map(|key| Ok((key, sees_key(authority, actor, key)?)));
    let seen = seen.collect::<Result<BTreeMap<_, _>, Error>>()?;
    entries.retain(|entry| match (entry.key, entry.group) {
        (Some(key), _) => seen[&key],
        (None, Some(group)) => actor.sees(group),
        (None, None) => actor.scope.is_none(),
    });
    Ok(())
}

/// The page with the group of the actor, which is the only page.
pub(super) fn groups(
    authority: &Authority,
    own: GroupId,
    page: &PageRequest,
) -> Result<Page<ConnectorGroup>, Error> {
    if let Some(after) = &page.after {
        return Err(InputError::CursorInvalid.about(after).into());
    }
    let items = match authority.group(own) {
        Ok(group) => vec![group],
        // The group was deleted, and the token with the scope is still valid.
        Err(error) if error.is_input(InputError::GroupNotFound) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(Page { items, next: None })
}

/// The id of a group that the actor sees.
pub(super) fn group(actor: &Actor, id: &str) -> Result<GroupId, Error> {
    let id = ids::group(id)?;
    if actor.sees(id) { Ok(id) } else { Err(InputError::GroupNotFound.about(id).into()) }
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
        Err(InputError::ConnectorNotFound.about(id).into())
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
        key.ok_or_else(|| InputError::CertificateNotFound.about(id))?;
    }
    Ok(id)
}

/// Lists the enrollment certificates that keys of a group use, by name. A cursor is the id of one
/// of them: that of the listing of all certificates would name others.
pub(super) fn certificates(
    authority: &Authority,
    group: GroupId,
    page: &PageRequest,
) -> Result<Page<EnrollmentCertificate>, Error> {
    let keys = authority.keys(&KeyFilter::default().group(group));
    let used = keys.map(|key| key.map(|key| (key.certificate.name, key.certificate.id)));
    let used = used.collect::<Result<BTreeMap<_, _>, _>>()?;
    let mut ids: Vec<CertificateId> = used.into_values().collect();
    if let Some(after) = &page.after {
        let last = ids.iter().position(|id| id.to_string() == after.as_str());
        ids.drain(..=last.ok_or_else(|| InputError::CursorInvalid.about(after))?);
    }
    let limit = page.limit.clamp(1, PAGE_ENTRIES_MAX);
    let more = ids.len() > limit;
    ids.truncate(limit);
    let next = ids.last().filter(|_| more).map(|id| Cursor::new(id.to_string()));
    let items = ids.into_iter().map(|id| authority.certificate(id)).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

/// The filter of a listing by group: the group that the query names, or that of the actor. `None`:
/// the query names another group, of which the actor sees nothing.
pub(super) fn filter(actor: &Actor, queried: Option<GroupId>) -> Option<Option<GroupId>> {
    match (actor.group(), queried) {
        (Some(own), Some(queried)) if own != queried => None,
        (own, queried) => Some(own.or(queried)),
    }
}
