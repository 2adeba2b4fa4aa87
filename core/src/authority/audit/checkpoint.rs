//! Noticing that a store was rolled back: that an older copy of it was restored.
//!
//! An application saves a [`Checkpoint`] outside of the store. It names one change that the store
//! reported as durable, by its audit record, whose key is random and never reused. Each change
//! builds on all those before it, so a store that lacks the record is older than the change.
//!
//! A checkpoint costs no write: the record exists anyway. It is taken only after the store has
//! acknowledged the change, so it is never ahead of what is durable. Audit records can be pruned: a
//! separate record says up to when, and is written before any is deleted. A copy of the store from
//! before the change cannot have been pruned beyond it.

use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::error::{InputError, RejectedInput};
use crate::ledger::records;
use crate::store::RecordKey;
use crate::time::Timestamp;

/// A change that the store reported as durable. Opaque. An application saves its text outside of
/// the store, see [`Authority::checkpoint`](crate::authority::Authority::checkpoint).
///
/// ```
/// use provkey::authority::Checkpoint;
///
/// let checkpoint = Checkpoint::parse("1795632000000-9f8e7d6c5b4a3928")?;
/// assert_eq!(checkpoint.to_string(), "1795632000000-9f8e7d6c5b4a3928");
/// # Ok::<(), provkey::authority::RejectedInput>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    at: Timestamp,
    tail: [u8; 8],
}

impl Checkpoint {
    /// Parses the text that `Display` writes.
    ///
    /// # Errors
    /// `checkpoint_invalid`.
    pub fn parse(text: &str) -> Result<Self, RejectedInput> {
        Self::of_parts(text.split_once('-'))
            .ok_or_else(|| InputError::CheckpointInvalid.about(text))
    }

    /// When the change was made, by the clock of the node that made it.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The checkpoint of an audit record.
    pub(super) fn of_record(key: &RecordKey) -> Option<Self> {
        let text = core::str::from_utf8(key.as_bytes()).ok()?;
        Self::of_parts(text.strip_prefix(records::AUDIT)?.split_once('/'))
    }

    fn of_parts(parts: Option<(&str, &str)>) -> Option<Self> {
        let (at, tail) = parts?;
        let digits = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !digits(at, 13) || !digits(tail, 16) {
            return None;
        }
        let tail = u64::from_str_radix(tail, 16).ok()?.to_be_bytes();
        Some(Self { at: Timestamp::from_unix_ms(at.parse().ok()?), tail })
    }

    /// The audit record of the change.
    pub(super) fn record(&self) -> RecordKey {
        records::audit(self.at, self.tail)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", records::ms(self.at), u64::from_be_bytes(self.tail))
    }
}

crate::text::from_str!(Checkpoint, RejectedInput);
crate::text::serde_as_text!(Checkpoint);

/// The last checkpoint that this process has verified.
#[derive(Default)]
pub(crate) struct Reached(Mutex<Option<Checkpoint>>);

impl Reached {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Checkpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn parse_reads_only_what_display_writes() {
        let text = "1795632000000-9f8e7d6c5b4a3928";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(Checkpoint::of_record(&checkpoint.record()), Some(checkpoint));
        for wrong in [
            "",
            "-",
            "1795632000000",
            "1795632000000-",
            "1795632000000/9f8e7d6c5b4a3928",
            "1795632000000-9F8E7D6C5B4A3928",
            "1795632000000-9f8e7d6c5b4a392",
            "179563200000a-9f8e7d6c5b4a3928",
            "+795632000000-9f8e7d6c5b4a3928",
            "1795632000000-9f8e7d6c5b4a3928\n",
        ] {
            assert_eq!(
                Checkpoint::parse(wrong),
                Err(InputError::CheckpointInvalid.about(wrong)),
                "{wrong:?}"
            );
        }
    }
}
