//! Checks that every store must pass. The author of a store runs them as a test.
//!
//! ```
//! use provkey::store::{Memory, conformance};
//!
//! conformance::check_all(&Memory::new(), "my run")?;
//! # Ok::<(), conformance::Failure>(())
//! ```
//!
//! The store need not be empty: each check uses keys under `conformance/<run>/<check>/`, and
//! deletes them when it passes. Runs with different names may share a store, even at the same time.
//! A run calls [`Store::apply`] some hundred times. It panics only if the store does.
//!
//! [`check_reopened`] is separate: it is for stores that outlive their process.

mod batches;
#[cfg(test)]
mod broken;
mod counters;
mod keys;
mod reopen;
mod scans;
mod space;
mod threads;
mod units;

use std::string::String;
use std::vec::Vec;

pub use reopen::check_reopened;

use self::space::Space;
use super::Store;

/// A check that a store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {seen}")]
pub struct Failure {
    /// The name of the check.
    pub check: &'static str,
    /// What was seen, and what was expected.
    pub seen: String,
}

/// One check that every store must pass.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its stable name, such as `units_are_atomic`.
    pub name: &'static str,
    check: fn(&Space<'_>) -> Result<(), String>,
}

impl Check {
    const fn new(name: &'static str, check: fn(&Space<'_>) -> Result<(), String>) -> Self {
        Self { name, check }
    }

    /// Runs the check on a store. `run` is a part of its keys: at most 100 bytes.
    ///
    /// # Errors
    /// [`Failure`]: what was seen.
    pub fn run(&self, store: &dyn Store, run: &str) -> Result<(), Failure> {
        let checked = Space::new(store, run, self.name).and_then(|space| {
            (self.check)(&space)?;
            space.clear()
        });
        checked.map_err(|seen| Failure { check: self.name, seen })
    }
}

/// All checks except [`check_reopened`].
pub const CHECKS: &[Check] = &[
    Check::new("get_answers_in_order", units::get_answers_in_order),
    Check::new("put_and_delete", units::put_and_delete),
    Check::new("versions_are_never_reused", units::versions_are_never_reused),
    Check::new("only_changes_change_versions", units::only_changes_change_versions),
    Check::new("units_are_atomic", units::units_are_atomic),
    Check::new("checks_come_before_writes", units::checks_come_before_writes),
    Check::new("expectations", units::expectations),
    Check::new("first_failure_is_named", units::first_failure_is_named),
    Check::new("wrong_kinds", units::wrong_kinds),
    Check::new("malformed_units", batches::malformed_units),
    Check::new("largest_units", batches::largest_units),
    Check::new("later_units_see_earlier_ones", batches::later_units_see_earlier_ones),
    Check::new("bad_unit_among_good_ones", batches::bad_unit_among_good_ones),
    Check::new("hot_records_in_one_batch", batches::hot_records_in_one_batch),
    Check::new("largest_batch", batches::largest_batch),
    Check::new("too_large_requests", batches::too_large_requests),
    Check::new("applied_again", batches::applied_again),
    Check::new("any_bytes", keys::any_bytes),
    Check::new("longest_keys", keys::longest_keys),
    Check::new("counts_up_to_the_limit", counters::counts_up_to_the_limit),
    Check::new("counts_without_limit", counters::counts_without_limit),
    Check::new("limit_changes", counters::limit_changes),
    Check::new("releases", counters::releases),
    Check::new("last_moment", counters::last_moment),
    Check::new("unused_counters", counters::unused_counters),
    Check::new("missing_counters", counters::missing_counters),
    Check::new("versions_of_counters", counters::versions_of_counters),
    Check::new("several_counters", counters::several_counters),
    Check::new("new_counter_of_old_name", counters::new_counter_of_old_name),
    Check::new("scans_of_every_range", scans::scans_of_every_range),
    Check::new("scans_of_everything", scans::scans_of_everything),
    Check::new("scans_read_whole_records", scans::scans_read_whole_records),
    Check::new("paging", scans::paging),
    Check::new("largest_scan", scans::largest_scan),
    Check::new("threads_on_one_counter", threads::on_one_counter),
    Check::new("threads_on_one_key", threads::on_one_key),
    Check::new("threads_see_whole_units", threads::see_whole_units),
];

/// Runs all [`CHECKS`], also after one failed.
///
/// # Errors
/// The first [`Failure`]. [`failures`] returns all of them.
pub fn check_all(store: &dyn Store, run: &str) -> Result<(), Failure> {
    failures(store, run).into_iter().next().map_or(Ok(()), Err)
}

/// Runs all [`CHECKS`] and returns those that failed.
pub fn failures(store: &dyn Store, run: &str) -> Vec<Failure> {
    CHECKS.iter().filter_map(|check| check.run(store, run).err()).collect()
}
