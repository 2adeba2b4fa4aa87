//! Connectors: what has enrolled.

mod answer;
mod enroll;
mod issue;
mod renew;
mod revoke;

pub use answer::Enrolled;
pub use enroll::EnrollRequest;
pub use renew::RenewRequest;
pub use revoke::{Compromise, Compromised};

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::authority::Authority;
use crate::key::{Fingerprint, KeyId};
use crate::ledger::Ledger;
use crate::ledger::error::{Error, InputError};
use crate::ledger::listing::{Examined, Page, PageRequest, entries};
use crate::ledger::model::{CertificateId, ConnectorId, GroupId};
use crate::ledger::records::{self, ReplaysRecord};
use crate::store::Record;
use crate::time::Timestamp;
use crate::x509::RevocationReason;

/// A connector that has enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connector {
    /// Its id: what its certificate names.
    pub id: ConnectorId,
    /// The provisioning key that it enrolled with. It may have been deleted since.
    pub key: KeyId,
    /// The group that it belongs to.
    pub group: GroupId,
    /// The enrollment certificate that signed its certificate.
    pub certificate: CertificateId,
    /// When it enrolled.
    pub enrolled_at: Timestamp,
    /// The address that it enrolled from, if the application reported it.
    pub address: Option<IpAddr>,
    /// The fingerprint that it reported, if any.
    pub fingerprint: Option<Fingerprint>,
    /// The serial number of its certificate, in lower-case hexadecimal.
    pub serial: String,
    /// The beginning of its certificate's validity.
    pub not_before: Timestamp,
    /// The end of its certificate's validity.
    pub not_after: Timestamp,
    /// How often it has renewed its certificate.
    pub renewals: u64,
    /// When it last renewed.
    pub renewed_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why it was revoked, if it was.
    pub revocation_reason: Option<RevocationReason>,
    /// About how often it got its certificate again. Best effort: a few can be missing.
    pub replays: u64,
    /// When it last got its certificate again.
    pub last_replay_at: Option<Timestamp>,
    /// Its certificate, in DER.
    pub leaf: Vec<u8>,
}

/// Which connectors to list.
///
/// ```
/// use provkey::authority::ConnectorFilter;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 1);
/// let enrolled = test.authority.enroll(&test.request(&key))?;
/// for connector in test.authority.connectors(&ConnectorFilter::default().key(key.id)) {
///     assert_eq!(connector?.id, enrolled.connector);
/// }
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectorFilter {
    /// Only those that enrolled with this key.
    pub key: Option<KeyId>,
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those with a certificate that this enrollment certificate signed. A connector that has
    /// renewed is listed once for each such certificate that is stored.
    pub certificate: Option<CertificateId>,
    /// Only those that enrolled from this moment on.
    pub since: Option<Timestamp>,
    /// The latest first, when listed by key or by group.
    pub descending: bool,
}

crate::setters::setters!(ConnectorFilter {
    key: Option<KeyId>,
    group: Option<GroupId>,
    certificate: Option<CertificateId>,
    since: Option<Timestamp>,
    descending: bool,
});

/// # Connectors
impl Authority {
    /// A connector.
    ///
    /// # Errors
    /// `connector_not_found`, and those of the store.
    pub fn connector(&self, id: ConnectorId) -> Result<Connector, Error> {
        let found = connectors(self.ledger()?, &[id])?;
        found
            .into_iter()
            .flatten()
            .next()
            .ok_or_else(|| InputError::ConnectorNotFound.about(id).into())
    }

    /// Lists connectors: those of a key or a group in the order of enrollment, those of a
    /// certificate by serial number, which is the order of issuance, and all connectors by id.
    ///
    /// # Errors
    /// `cursor_invalid`, and those of the store.
    pub fn list_connectors(
        &self,
        filter: &ConnectorFilter,
        page: &PageRequest,
    ) -> Result<Page<Connector>, Error> {
        let (prefix, by_serial) = match (filter.key, filter.group, filter.certificate) {
            (Some(key), _, _) => (records::enrollments_of_key(key), false),
            (None, Some(group), _) => (records::enrollments_of_group(group), false),
            (None, None, Some(id)) => (records::enrollments_of_certificate(id), true),
            (None, None, None) => (records::ENROLLMENTS.into(), false),
        };
        let admits = |connector: &Connector| {
            filter.group.is_none_or(|id| connector.group == id)
                && (by_serial || filter.certificate.is_none_or(|id| connector.certificate == id))
                && filter.since.is_none_or(|since| connector.enrolled_at >= since)
        };
        let ledger = self.ledger()?;
        let mut listing = ledger.listing(prefix.clone(), filter.descending, page)?;
        let by_time = filter.key.is_some() || filter.group.is_some();
        if let (true, Some(since), None, false) =
            (by_time, filter.since, &page.after, filter.descending)
        {
            listing.begin_after(records::enrolled_since(&prefix, since));
        }
        listing.run(|index| {
            let ids = match by_serial {
                true => records::ids(index)?,
                false => connector_ids(index)?,
            };
            let found = connectors(ledger, &ids)?;
            Ok(found.into_iter().map(|one| Examined::or_skip(one.filter(&admits))).collect())
        })
    }

    /// All connectors that a filter admits: as [`Self::list_connectors`], page by page.
    pub fn connectors<'a>(
        &'a self,
        filter: &ConnectorFilter,
    ) -> impl Iterator<Item = Result<Connector, Error>> + use<'a> {
        let filter = filter.clone();
        entries(move |page| self.list_connectors(&filter, page))
    }
}

fn connectors(ledger: &Ledger, ids: &[ConnectorId]) -> Result<Vec<Option<Connector>>, Error> {
    let keys: Vec<_> =
        ids.iter().flat_map(|id| [records::enrollment(*id), records::replays(*id)]).collect();
    let mut found = ledger.get(&keys)?.into_iter();
    let mut next = || found.next().flatten();
    ids.iter().map(|_| connector(next(), next())).collect()
}

/// The ids that the keys of index entries, or of enrollments, end with.
pub(crate) fn connector_ids(found: &[Record]) -> Result<Vec<ConnectorId>, Error> {
    found.iter().map(records::last_part).collect()
}

fn connector(
    enrollment: Option<Record>,
    replays: Option<Record>,
) -> Result<Option<Connector>, Error> {
    let enrolled = enrollment.as_ref().map(records::enrolled).transpose()?.flatten();
    let Some(record) = enrolled else {
        return Ok(None);
    };
    let replays: ReplaysRecord =
        replays.as_ref().map(records::decode).transpose()?.unwrap_or_default();
    Ok(Some(Connector {
        id: record.connector,
        key: record.key,
        group: record.group,
        certificate: record.certificate,
        enrolled_at: record.enrolled_at,
        address: record.address,
        fingerprint: record.fingerprint,
        serial: record.serial,
        not_before: record.not_before,
        not_after: record.not_after,
        renewals: record.renewed.as_ref().map_or(0, |renewed| renewed.count),
        renewed_at: record.renewed.as_ref().map(|renewed| renewed.last_at),
        revoked_at: record.revoked_at,
        revocation_reason: record.revoked_at.map(|_| record.revocation_reason),
        replays: replays.count,
        last_replay_at: (replays.count > 0).then_some(replays.last_at),
        leaf: record.leaf.0,
    }))
}
