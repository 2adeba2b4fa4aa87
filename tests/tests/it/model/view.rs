//! The visible state of an authority, with numbers instead of ids.

use std::collections::{BTreeMap, BTreeSet};

use provkey::authority::{Action, KeyOrder, KeyState};

/// The answer to a step, or to one of its requests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done,
    Certificate { number: usize, replay: bool },
    Compromised { connectors: u64, revoked: u64 },
    Refused(&'static str),
}

/// All that an operator can read. Times are in seconds since the beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// `None` if deleted.
    pub(crate) groups: Vec<Option<Group>>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) keys: Vec<Result<Key, &'static str>>,
    /// The key with each of [`NAMES`](super::step::NAMES).
    pub(crate) named: Vec<Option<usize>>,
    /// The keys in each of [`LISTINGS`].
    pub(crate) listings: Vec<Vec<usize>>,
    pub(crate) connectors: BTreeMap<usize, Connector>,
    /// The times and connectors, by key, by group and by enrollment certificate.
    pub(crate) of_keys: Vec<Vec<(u64, usize)>>,
    pub(crate) of_groups: Vec<Vec<(u64, usize)>>,
    pub(crate) of_certificates: Vec<Vec<usize>>,
    /// The certificates that have not expired and are on a CRL.
    pub(crate) revoked: BTreeSet<usize>,
    pub(crate) audit: Vec<Audit>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) keys: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Certificate {
    pub(crate) keys: u64,
    pub(crate) retired_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) group: usize,
    pub(crate) certificate: usize,
    pub(crate) max_uses: u64,
    pub(crate) used: u64,
    pub(crate) last_used_at: Option<u64>,
    pub(crate) enabled: bool,
    pub(crate) expires_at: Option<u64>,
    pub(crate) proof_only: bool,
    pub(crate) created_at: u64,
    pub(crate) compromised_at: Option<u64>,
    pub(crate) state: KeyState,
    pub(crate) copyable: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connector {
    pub(crate) key: usize,
    pub(crate) group: usize,
    /// The enrollment certificate that signed.
    pub(crate) certificate: usize,
    /// The number of the connector's certificate, in the order of issuance.
    pub(crate) number: usize,
    pub(crate) ends: u64,
    pub(crate) enrolled_at: u64,
    pub(crate) renewals: u64,
    pub(crate) renewed_at: Option<u64>,
    pub(crate) revoked_at: Option<u64>,
    pub(crate) replays: u64,
    pub(crate) last_replay_at: Option<u64>,
}

/// An audit record without its texts. Sorted, because records of one moment have no order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Audit {
    pub(crate) at: u64,
    pub(crate) action: &'static str,
    pub(crate) key: Option<usize>,
    pub(crate) group: Option<usize>,
    pub(crate) certificate: Option<usize>,
    pub(crate) connector: Option<usize>,
    pub(crate) code: Option<String>,
    pub(crate) count: Option<u64>,
}

impl Audit {
    pub(crate) fn new(at: u64, action: Action) -> Self {
        let (key, group, certificate, connector) = (None, None, None, None);
        let (action, code, count) = (action.as_str(), None, None);
        Self { at, action, key, group, certificate, connector, code, count }
    }
}

/// A listing of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    pub(crate) order: KeyOrder,
    pub(crate) descending: bool,
    pub(crate) group: Option<usize>,
    pub(crate) certificate: Option<usize>,
    pub(crate) state: Option<KeyState>,
    pub(crate) contains: Option<&'static str>,
    /// Limits on the uses, and on the allowed uses.
    pub(crate) used_min: Option<u64>,
    pub(crate) max_uses_max: Option<u64>,
}

const ALL: Listing = Listing {
    order: KeyOrder::Name,
    descending: false,
    group: None,
    certificate: None,
    state: None,
    contains: None,
    used_min: None,
    max_uses_max: None,
};

pub(crate) const LISTINGS: [Listing; 15] = [
    ALL,
    Listing { descending: true, ..ALL },
    Listing { order: KeyOrder::Created, ..ALL },
    Listing { order: KeyOrder::Created, descending: true, ..ALL },
    Listing { group: Some(0), ..ALL },
    Listing { group: Some(1), certificate: Some(1), ..ALL },
    Listing { certificate: Some(0), order: KeyOrder::Created, descending: true, ..ALL },
    Listing { contains: Some("ÖS"), ..ALL },
    Listing { state: Some(KeyState::Usable), ..ALL },
    Listing { state: Some(KeyState::Exhausted), order: KeyOrder::Created, ..ALL },
    Listing { state: Some(KeyState::Disabled), ..ALL },
    Listing { state: Some(KeyState::Compromised), ..ALL },
    Listing { state: Some(KeyState::Expired), contains: Some("st"), ..ALL },
    Listing { used_min: Some(1), ..ALL },
    Listing { max_uses_max: Some(2), order: KeyOrder::Created, descending: true, ..ALL },
];
