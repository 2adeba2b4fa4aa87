//! What an operator sees of a provisioning key.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::key::{Host, KeyId};
use crate::ledger::error::Error;
use crate::ledger::model::name::Name;
use crate::ledger::model::{AddressRange, CertificateId, GroupId};
use crate::ledger::records::{self, CertificateRecord, GroupRecord, KeyRecord};
use crate::ledger::{Ledger, Stored};
use crate::time::Timestamp;

/// A provisioning key as its operator sees it. It does not hold the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyDetails {
    /// Its id: what logs and listings show.
    pub id: KeyId,
    /// Its name, unique among keys.
    pub name: Name,
    /// The host that its text is for.
    pub host: Host,
    /// The group that its connectors join.
    pub group: Named<GroupId>,
    /// The enrollment certificate that signs its connectors' certificates.
    pub certificate: Named<CertificateId>,
    /// The maximum number of connectors that can enroll.
    pub max_uses: u64,
    /// How many connectors have enrolled. More than `max_uses` if that was lowered since.
    pub used: u64,
    /// When the last connector enrolled.
    pub last_used_at: Option<Timestamp>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it expires: from then on no connector enrolls.
    pub expires_at: Option<Timestamp>,
    /// The addresses that connectors can enroll from. Empty: any address. Renewals are not
    /// restricted: a renewal is authenticated by the connector's certificate, and the key may have
    /// been deleted.
    pub allowed_addresses: Vec<AddressRange>,
    /// Whether it must be proven inside the CSR. If so, a CSR with the key's text beside it is
    /// refused.
    pub proof_only: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was marked as compromised, which is final.
    pub compromised_at: Option<Timestamp>,
    /// Its state at the moment it was read.
    pub state: KeyState,
    /// The version of the record, for [`KeyUpdate`](super::KeyUpdate). An edit changes it, a use
    /// does not.
    pub version: u64,
}

impl KeyDetails {
    /// Whether its text can be copied and downloaded: not when it is used up or compromised.
    pub fn copyable(&self) -> bool {
        self.used < self.max_uses && self.compromised_at.is_none()
    }
}

/// Whether a key can enroll, or else the first reason why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyState {
    /// It enrolls connectors.
    Usable,
    /// It has reached its maximum number of uses.
    Exhausted,
    /// It is disabled.
    Disabled,
    /// It has expired.
    Expired,
    /// It was marked as compromised, which is final.
    Compromised,
}

impl KeyState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Usable, Self::Exhausted, Self::Disabled, Self::Expired, Self::Compromised];

    /// `usable`, `exhausted`, `disabled`, `expired` or `compromised`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Exhausted => "exhausted",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Compromised => "compromised",
        }
    }
}

crate::text::named!(KeyState, "a state of a provisioning key");

/// An id and the name that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<Id> {
    /// The id.
    pub id: Id,
    /// The name at the moment it was read.
    pub name: String,
}

impl Stored<KeyRecord> {
    pub(crate) fn max_uses(&self) -> u64 {
        self.counter.limit.unwrap_or(crate::limits::COUNT_MAX)
    }

    pub(crate) fn exhausted(&self) -> bool {
        self.counter.used >= self.max_uses()
    }

    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        self.record.expires_at.is_some_and(|expires_at| now >= expires_at)
    }

    /// What keeps the key from enrolling, in the order in which an enrollment is refused.
    pub(crate) fn state(&self, now: Timestamp) -> KeyState {
        match self {
            _ if self.record.compromised_at.is_some() => KeyState::Compromised,
            _ if !self.record.enabled => KeyState::Disabled,
            _ if self.expired(now) => KeyState::Expired,
            _ if self.exhausted() => KeyState::Exhausted,
            _ => KeyState::Usable,
        }
    }
}

/// The names of the groups and certificates that some keys refer to.
#[derive(Default)]
struct Names {
    groups: BTreeMap<GroupId, String>,
    certificates: BTreeMap<CertificateId, String>,
}

/// What an operator sees of these keys, in their order.
pub(crate) fn details(
    ledger: &Ledger,
    keys: Vec<Stored<KeyRecord>>,
) -> Result<Vec<KeyDetails>, Error> {
    let (names, now) = (Names::read(ledger, &keys)?, ledger.now());
    Ok(keys.into_iter().map(|key| KeyDetails::new(key, &names, now)).collect())
}

impl Names {
    fn read(ledger: &Ledger, keys: &[Stored<KeyRecord>]) -> Result<Self, Error> {
        let groups: BTreeMap<_, _> =
            keys.iter().map(|key| (key.record.group, records::group(key.record.group))).collect();
        let certificates: BTreeMap<_, _> = keys
            .iter()
            .map(|key| (key.record.certificate, records::certificate(key.record.certificate)))
            .collect();
        let split = groups.len();
        let wanted: Vec<_> = groups.into_values().chain(certificates.into_values()).collect();
        let found = ledger.get(&wanted)?;
        let (groups, certificates) = found.split_at(split);
        let mut names = Self::default();
        for record in groups.iter().flatten() {
            let group: GroupRecord = records::decode(record)?;
            names.groups.insert(group.id, group.name.to_string());
        }
        for record in certificates.iter().flatten() {
            let certificate: CertificateRecord = records::decode(record)?;
            names.certificates.insert(certificate.id, certificate.name.to_string());
        }
        Ok(names)
    }
}

impl KeyDetails {
    fn new(key: Stored<KeyRecord>, names: &Names, now: Timestamp) -> Self {
        let (state, max_uses) = (key.state(now), key.max_uses());
        let Stored { version, record, counter: uses, .. } = key;
        let name_of = |name: Option<&String>| name.cloned().unwrap_or_default();
        Self {
            id: record.id,
            name: record.name,
            host: record.host,
            group: Named { id: record.group, name: name_of(names.groups.get(&record.group)) },
            certificate: Named {
                id: record.certificate,
                name: name_of(names.certificates.get(&record.certificate)),
            },
            max_uses,
            used: uses.used,
            last_used_at: uses.last_at_ms.map(Timestamp::from_unix_ms),
            enabled: record.enabled,
            expires_at: record.expires_at,
            allowed_addresses: record.allowed_addresses,
            proof_only: record.proof_only,
            created_at: record.created_at,
            compromised_at: record.compromised_at,
            state,
            version,
        }
    }
}
