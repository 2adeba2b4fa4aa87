//! Where a host's store puts its answers.

use core::ffi::c_char;
use core::ptr;

use provkey::store::{Outcome, Record, Refused};

use super::record::{provkey_counter, provkey_record, read_record};
use super::unit::{provkey_reason, reason};
use crate::argument::array;
use crate::call::call;
use crate::failure::Failure;
use crate::handle::opaque;
use crate::sink::inside;
use crate::status::{PROVKEY_STATUS_ARGUMENT_TOO_LARGE, provkey_status};
use crate::text::text;

/// Where the answer to `get` and `scan` goes, record by record. Good until the callback returns.
pub struct provkey_record_sink {
    _opaque: [u8; 0],
}

/// Where the answer to `apply` goes, unit by unit. Good until the callback returns.
pub struct provkey_outcome_sink {
    _opaque: [u8; 0],
}

opaque!(provkey_record_sink, 0x706b_0102, Records);
opaque!(provkey_outcome_sink, 0x706b_0103, Outcomes);

/// What a store has answered to `get` or `scan` so far.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) records: Vec<Option<Record>>,
    /// How many there may be.
    pub(crate) most: usize,
    pub(crate) message: Option<String>,
}

/// What a store has answered to `apply` so far.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) outcomes: Vec<Outcome>,
    /// How many there may be.
    pub(crate) most: usize,
    pub(crate) nothing_applied: bool,
    pub(crate) message: Option<String>,
}

/// Answers the next record, in the order of what was asked for; for `get`, NULL says that there is
/// none. The record is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_record_sink_push(
    sink: *mut provkey_record_sink,
    record: *const provkey_record,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            let answer = inside(sink)?;
            let record = match record.is_null() {
                true => None,
                false => Some(read_record(record, "record")?),
            };
            push(&mut answer.records, record, answer.most)
        })
    }
}

/// Says in words, for people, why the callback is about to return an error. No record's body and
/// no secret belongs into it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_record_sink_explain(
    sink: *mut provkey_record_sink,
    message: *const c_char,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            inside(sink)?.message = Some(text(message, "message")?.into());
            Ok(())
        })
    }
}

/// Answers for the next unit that all of it happened. `counters`: those that it counted on or
/// limited, in the order of its operations, as they stood right after it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_applied(
    sink: *mut provkey_outcome_sink,
    counters: *const provkey_counter,
    counters_len: usize,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            let answer = inside(sink)?;
            let counters = array(counters, counters_len, "counters")?;
            let counters = counters.iter().map(|counter| (*counter).into()).collect();
            push(&mut answer.outcomes, Outcome::Applied(counters), answer.most)
        })
    }
}

/// Answers for the next unit that nothing of it happened: the index of its first operation whose
/// check failed, why, and the record that stood in the way, as it was; NULL if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_refused(
    sink: *mut provkey_outcome_sink,
    operation: usize,
    reason: provkey_reason,
    record: *const provkey_record,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            let answer = inside(sink)?;
            let reason = self::reason(reason)?;
            let record = match record.is_null() {
                true => None,
                false => Some(read_record(record, "record")?),
            };
            let refused = Refused { operation, reason, record };
            push(&mut answer.outcomes, Outcome::Refused(refused), answer.most)
        })
    }
}

/// Says that surely nothing of the batch was applied, before the callback returns an error. Without
/// it, an error says that the batch may or may not have been applied; then the very same units are
/// applied again, and each that had been is refused by its own audit record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_nothing_applied(
    sink: *mut provkey_outcome_sink,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            inside(sink)?.nothing_applied = true;
            Ok(())
        })
    }
}

/// Says in words, for people, why the callback is about to return an error. No record's body and
/// no secret belongs into it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_explain(
    sink: *mut provkey_outcome_sink,
    message: *const c_char,
) -> provkey_status {
    // SAFETY: the rules of the header.
    unsafe {
        call(ptr::null_mut(), || {
            inside(sink)?.message = Some(text(message, "message")?.into());
            Ok(())
        })
    }
}

fn push<T>(answers: &mut Vec<T>, answer: T, most: usize) -> Result<(), Failure> {
    if answers.len() >= most {
        return Err(Failure::new(PROVKEY_STATUS_ARGUMENT_TOO_LARGE, "more than was asked for"));
    }
    answers.push(answer);
    Ok(())
}
