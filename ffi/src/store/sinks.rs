//! The sinks for a store's answers.

use core::ffi::c_char;
use core::ptr;

use provkey::store::{Outcome, Record, Refused};

use super::record::{optional_record, provkey_counter, provkey_record};
use super::unit::{provkey_reason, reason};
use crate::argument::array;
use crate::call::call;
use crate::failure::Failure;
use crate::handle::opaque;
use crate::sink::contents;
use crate::status::{PROVKEY_STATUS_ARGUMENT_TOO_LARGE, provkey_status};
use crate::text::text;

/// Where `get` and `scan` write their answers, record by record. Valid until the callback returns.
pub struct provkey_record_sink {
    _opaque: [u8; 0],
}

/// Where `apply` writes its answers, unit by unit. Valid until the callback returns.
pub struct provkey_outcome_sink {
    _opaque: [u8; 0],
}

opaque!(provkey_record_sink, 0x706b_0102, Records);
opaque!(provkey_outcome_sink, 0x706b_0103, Outcomes);

/// The answers to `get` or `scan` so far.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) records: Vec<Option<Record>>,
    /// The maximum number of answers.
    pub(crate) limit: usize,
    pub(crate) message: Option<String>,
}

/// The answers to `apply` so far.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) outcomes: Vec<Outcome>,
    /// The maximum number of answers.
    pub(crate) limit: usize,
    pub(crate) nothing_applied: bool,
    pub(crate) message: Option<String>,
}

/// Pushes the next record, which is copied. For `get`, NULL means that there is no such record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_record_sink_push(
    sink: *mut provkey_record_sink,
    record: *const provkey_record,
) -> provkey_status {
    call(ptr::null_mut(), || {
        let answer = contents(sink)?;
        let record = optional_record(record)?;
        push(&mut answer.records, record, answer.limit)
    })
}

/// Sets the message of the error that the callback is about to return. It must not contain a
/// record's body or a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_record_sink_explain(
    sink: *mut provkey_record_sink,
    message: *const c_char,
) -> provkey_status {
    call(ptr::null_mut(), || {
        contents(sink)?.message = Some(text(message, "message")?.into());
        Ok(())
    })
}

/// Answers for the next unit: it was applied. `counters`: the counters that its `COUNT` and
/// `SET_LIMIT` operations changed, in their order, after the unit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_applied(
    sink: *mut provkey_outcome_sink,
    counters: *const provkey_counter,
    counters_len: usize,
) -> provkey_status {
    call(ptr::null_mut(), || {
        let answer = contents(sink)?;
        let counters = array(counters, counters_len, "counters")?;
        let counters = counters.iter().map(|counter| (*counter).into()).collect();
        push(&mut answer.outcomes, Outcome::Applied(counters), answer.limit)
    })
}

/// Answers for the next unit: it was refused, and nothing of it was applied. `operation`: the index
/// of the first operation whose check failed. `record`: the record that it conflicts with; NULL if
/// there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_refused(
    sink: *mut provkey_outcome_sink,
    operation: usize,
    reason: provkey_reason,
    record: *const provkey_record,
) -> provkey_status {
    call(ptr::null_mut(), || {
        let answer = contents(sink)?;
        let reason = self::reason(reason)?;
        let record = optional_record(record)?;
        let refused = Refused { operation, reason, record };
        push(&mut answer.outcomes, Outcome::Refused(refused), answer.limit)
    })
}

/// States that nothing of the batch was applied, before the callback returns an error. Without it
/// the outcome of the batch is unknown: the authority applies the same units again, and a unit that
/// was applied before is refused by its own audit record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_nothing_applied(
    sink: *mut provkey_outcome_sink,
) -> provkey_status {
    call(ptr::null_mut(), || {
        contents(sink)?.nothing_applied = true;
        Ok(())
    })
}

/// Sets the message of the error that the callback is about to return. It must not contain a
/// record's body or a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn provkey_outcome_sink_explain(
    sink: *mut provkey_outcome_sink,
    message: *const c_char,
) -> provkey_status {
    call(ptr::null_mut(), || {
        contents(sink)?.message = Some(text(message, "message")?.into());
        Ok(())
    })
}

fn push<T>(answers: &mut Vec<T>, answer: T, limit: usize) -> Result<(), Failure> {
    if answers.len() >= limit {
        return Err(Failure::new(PROVKEY_STATUS_ARGUMENT_TOO_LARGE, "more answers than requested"));
    }
    answers.push(answer);
    Ok(())
}
