//! A deterministic simulation: several nodes of one authority over a store that fails.
//!
//! One number, the seed, determines a run: which operations the nodes perform, when one node is
//! interrupted by others, the clocks, when processes die, and which batches the store loses, delays
//! or applies without an answer. There are no threads. Whenever a node calls its store, other nodes
//! may first perform whole operations, so that what the node has read is outdated when it writes.
//! The interrupted node continues only after they are done. For an operation that reads once and
//! writes once, as each attempt of an enrollment does, these are all possible orders.
//!
//! `ledger.rs` lists the invariants. They are checked after each unit that the store applies and
//! after each answer. A seed that violates one does so every time: `provkey-simulate --seed N`
//! tells what happened.

mod chance;
mod changes;
mod connectors;
mod faulty_store;
mod final_checks;
mod fixture;
mod judge;
mod ledger;
mod node;
mod operation;
mod statistics;
mod world;

pub use statistics::Statistics;

use world::World;

/// A violated invariant.
#[derive(Debug)]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// What was violated.
    pub what: String,
    /// What happened before, if requested.
    pub story: Vec<String>,
}

/// Runs one seed. `narrate` requests the story.
///
/// # Errors
/// An invariant was violated.
pub fn run(seed: u64, narrate: bool) -> Result<Statistics, Box<Violation>> {
    let world = World::new(seed, narrate);
    world.live();
    world.settle();
    let (statistics, what, story) = world.finish();
    match what {
        None => Ok(statistics),
        Some(what) => Err(Box::new(Violation { seed, what, story })),
    }
}

/// The story of a seed, whether or not it violates an invariant.
pub fn story(seed: u64) -> Vec<String> {
    let world = World::new(seed, true);
    world.live();
    world.settle();
    world.finish().2
}
