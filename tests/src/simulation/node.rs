//! A node: a process that has the authority open, until it dies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use provkey::authority::{Authority, Environment, Error};
use provkey::time::{Clock, Timestamp};

use super::changes::Changes;
use super::faulty_store::{FaultyStore, Surroundings};
use super::fixture::keyring;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
pub(super) struct Node {
    authority: Mutex<Option<Authority>>,
    /// How many milliseconds its clock is ahead of the world's.
    pub(super) ahead_ms: Mutex<u64>,
    /// The latest time that its clock has shown during the current operation.
    pub(super) clock_max: AtomicU64,
    /// The changes of the current operation.
    pub(super) changes: Changes,
}

impl Node {
    /// The authority, which is opened if the process is new.
    pub(super) fn authority(&self, environment: Environment) -> Result<Authority, Error> {
        if let Some(authority) = &*lock(&self.authority) {
            return Ok(authority.clone());
        }
        let authority = Authority::open(environment, keyring())?;
        *lock(&self.authority) = Some(authority.clone());
        Ok(authority)
    }

    /// Ends the process.
    pub(super) fn close(&self) {
        *lock(&self.authority) = None;
    }

    /// The time of the node's clock.
    pub(super) fn now(&self, world_ms: u64) -> Timestamp {
        let now = world_ms + *lock(&self.ahead_ms);
        self.clock_max.fetch_max(now, Ordering::Relaxed);
        Timestamp::from_unix_ms(now)
    }
}

/// The environment of the authority of one node.
pub(super) fn environment(world: &Weak<dyn Surroundings>, node: usize) -> Environment {
    Environment::new(
        Arc::new(FaultyStore { world: Weak::clone(world), node }),
        Arc::new(NodeClock { world: Weak::clone(world), node }),
        world.upgrade().expect("the world outlives its nodes").chance(),
    )
}

struct NodeClock {
    world: Weak<dyn Surroundings>,
    node: usize,
}

impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.world.upgrade().expect("the world outlives its nodes").now(self.node)
    }
}
