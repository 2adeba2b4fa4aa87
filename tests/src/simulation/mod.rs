//! A deterministic simulation: several hosts of one authority over a store that fails.
//!
//! A run is made of one number, its seed: what the hosts are asked for, where one host's work stops
//! for another's, what the clocks say, where processes die, and what the store loses, delays or
//! does without telling. There are no threads. Whenever a host calls its store, others may do whole
//! operations first, so that what it has read is old when it writes. One that is interrupted so
//! goes on only when the others are done: for an operation that reads once and writes once, as an
//! enrollment does at each of its tries, that is every order there is.
//!
//! After each unit that the store applies, and after each answer, the `ledger` compares what is
//! there with what must hold, see its list. A seed that breaks it breaks it again:
//! `provkey-simulate --seed N` tells its story.

mod books;
mod chance;
mod connectors;
mod front;
mod host;
mod judge;
mod ledger;
mod operation;
mod statistics;
mod world;

pub use statistics::Statistics;

use world::World;

/// What must hold did not.
#[derive(Debug)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// What was seen.
    pub what: String,
    /// What happened before, if it was asked for.
    pub story: Vec<String>,
}

/// Runs one seed; `tell`: with its story.
///
/// # Errors
/// What must hold did not.
pub fn run(seed: u64, tell: bool) -> Result<Statistics, Box<Violation>> {
    let world = World::new(seed, tell);
    world.live();
    world.settle();
    let (statistics, what, story) = world.finish();
    match what {
        None => Ok(statistics),
        Some(what) => Err(Box::new(Violation { seed, what, story })),
    }
}

/// The story of a seed, whether it breaks anything or not.
pub fn story(seed: u64) -> Vec<String> {
    let world = World::new(seed, true);
    world.live();
    world.settle();
    world.finish().2
}
