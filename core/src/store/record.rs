//! Records, counters, and ranges of records.

use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;

use crate::limits::RECORD_KEY_BYTES_MAX;

/// The key of a record: 1 to 512 bytes, ordered bytewise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Vec<u8>);

impl RecordKey {
    /// The record key of these bytes; `None` if they are not 1 to 512.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=RECORD_KEY_BYTES_MAX).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A map of records can be searched by bytes.
impl Borrow<[u8]> for RecordKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: RecordKey,
    /// Its version. A key never has the same version twice.
    pub version: u64,
    /// Its value.
    pub value: Value,
}

/// The value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes, which a store does not interpret.
    Body(Vec<u8>),
    /// A counter.
    Counter(Counter),
}

/// A counter that is never counted past its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// The count.
    pub used: u64,
    /// The largest count; `None`: [`COUNT_MAX`](crate::limits::COUNT_MAX).
    pub limit: Option<u64>,
    /// The latest `at_ms` of a [`Count`](super::Operation::Count), in Unix milliseconds.
    pub last_at_ms: Option<u64>,
}

/// Which records a [`Store::scan`](super::Store::scan) reads.
///
/// ```
/// use provkey::store::{Memory, Operation, RecordKey, ScanRange, Store, Unit};
///
/// let store = Memory::new();
/// for name in ["fruit/apple", "fruit/pear", "tree/oak"] {
///     let key = RecordKey::new(name).expect("1 to 512 bytes");
///     store.apply(&[Unit::new(vec![Operation::Put { key, body: Vec::new() }])])?;
/// }
/// let last = ScanRange { reverse: true, ..ScanRange::prefix("fruit/") };
/// assert_eq!(store.scan(&last, 1)?[0].key.as_bytes(), b"fruit/pear");
/// # Ok::<(), provkey::store::StoreError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRange {
    /// Only keys that begin with these bytes. Empty: all keys.
    pub prefix: Vec<u8>,
    /// Only keys behind this one, in the direction of the scan. It need not exist.
    pub after: Option<RecordKey>,
    /// Whether to read from the last key to the first.
    pub reverse: bool,
}

impl ScanRange {
    /// All records whose keys begin with `prefix`, first to last.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self { prefix: prefix.into(), after: None, reverse: false }
    }

    /// The range as an interval of keys: its start, included, and its end, excluded; `None`: no
    /// end. It is empty if the end is not above the start.
    pub fn interval(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut start = self.prefix.clone();
        let mut end = next_prefix(&self.prefix);
        match &self.after {
            Some(after) if self.reverse => {
                let after = after.as_bytes().to_vec();
                end = Some(end.map_or(after.clone(), |end| end.min(after)));
            }
            Some(after) => start = start.max([after.as_bytes(), &[0]].concat()),
            None => {}
        }
        (start, end)
    }
}

/// The first byte string behind all that begin with `prefix`; `None` if there is none.
fn next_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = prefix.get(..=last)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}
