//! What can be seen of an authority from outside, with numbers in the place of ids.

use std::collections::{BTreeMap, BTreeSet};

use provkey::authority::{Action, KeyOrder, KeyState};

/// What came of a step, or of one request of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Certificate { number: usize, replay: bool },
    Compromised { connectors: u64, revoked: u64 },
    Refused(&'static str),
}

/// Everything at one moment. Times are in seconds from the beginning.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// `None`: deleted.
    pub(super) groups: Vec<Option<Group>>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) keys: Vec<Result<Key, &'static str>>,
    /// Which key is found under each of [`NAMES`](super::step::NAMES).
    pub(super) named: Vec<Option<usize>>,
    /// What each of [`LISTINGS`] holds.
    pub(super) listings: Vec<Vec<usize>>,
    pub(super) connectors: BTreeMap<usize, Connector>,
    /// By key, by group, by certificate: when, and who.
    pub(super) of_keys: Vec<Vec<(u64, usize)>>,
    pub(super) of_groups: Vec<Vec<(u64, usize)>>,
    pub(super) of_certificates: Vec<Vec<usize>>,
    /// The certificates that have not expired and are on a CRL.
    pub(super) revoked: BTreeSet<usize>,
    pub(super) audit: Vec<Audit>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) keys: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Certificate {
    pub(super) keys: u64,
    pub(super) retired_at: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) group: usize,
    pub(super) certificate: usize,
    pub(super) max_uses: u64,
    pub(super) used: u64,
    pub(super) last_used_at: Option<u64>,
    pub(super) enabled: bool,
    pub(super) expires_at: Option<u64>,
    pub(super) proof_only: bool,
    pub(super) created_at: u64,
    pub(super) compromised_at: Option<u64>,
    pub(super) state: KeyState,
    pub(super) copyable: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Connector {
    pub(super) key: usize,
    pub(super) group: usize,
    /// The enrollment certificate that signed.
    pub(super) certificate: usize,
    /// The number of the connector's certificate, among all that were ever issued.
    pub(super) number: usize,
    pub(super) ends: u64,
    pub(super) enrolled_at: u64,
    pub(super) renewals: u64,
    pub(super) renewed_at: Option<u64>,
    pub(super) revoked_at: Option<u64>,
    pub(super) replays: u64,
    pub(super) last_replay_at: Option<u64>,
}

/// An audit record, but for what it says in words. Sorted, for those of one moment have no order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Audit {
    pub(super) at: u64,
    pub(super) action: &'static str,
    pub(super) key: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) certificate: Option<usize>,
    pub(super) connector: Option<usize>,
    pub(super) code: Option<String>,
    pub(super) count: Option<u64>,
}

impl Audit {
    pub(super) fn new(at: u64, action: Action) -> Self {
        let (key, group, certificate, connector) = (None, None, None, None);
        let (action, code, count) = (action.as_str(), None, None);
        Self { at, action, key, group, certificate, connector, code, count }
    }
}

/// A listing of keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    pub(super) order: KeyOrder,
    pub(super) descending: bool,
    pub(super) group: Option<usize>,
    pub(super) certificate: Option<usize>,
    pub(super) state: Option<KeyState>,
    pub(super) contains: Option<&'static str>,
    /// At least so many connectors, or at most so many allowed.
    pub(super) used_min: Option<u64>,
    pub(super) max_uses_max: Option<u64>,
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

pub(super) const LISTINGS: [Listing; 15] = [
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
