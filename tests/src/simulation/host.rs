//! A host: a process with the authority open, until it dies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use provkey::authority::{Authority, Environment, Error};
use provkey::key::{Keyring, MasterKey};
use provkey::time::{Clock, Timestamp};

use super::front::Front;
use super::world::World;

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of the hosts.
#[derive(Default)]
pub(super) struct Host {
    authority: Mutex<Option<Authority>>,
    /// How many milliseconds its clock is ahead of the world's.
    pub(super) ahead_ms: Mutex<u64>,
}

impl Host {
    /// Its authority, which it opens if it has to.
    pub(super) fn authority(&self, world: &Arc<World>, number: usize) -> Result<Authority, Error> {
        if let Some(authority) = &*lock(&self.authority) {
            return Ok(authority.clone());
        }
        let authority = Authority::open(environment(world, number), keyring())?;
        *lock(&self.authority) = Some(authority.clone());
        Ok(authority)
    }

    /// Its process ends.
    pub(super) fn close(&self) {
        *lock(&self.authority) = None;
    }
}

pub(super) fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_bytes([7; 32]))
}

pub(super) fn environment(world: &Arc<World>, host: usize) -> Environment {
    let world = Arc::downgrade(world);
    let chance = Arc::clone(&world.upgrade().expect("it was just there").chance);
    Environment {
        store: Arc::new(Front { world: Weak::clone(&world), host }),
        clock: Arc::new(HostClock { world, host }),
        random: chance,
        observer: None,
    }
}

struct HostClock {
    world: Weak<World>,
    host: usize,
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        let world = self.world.upgrade().expect("the world outlives its hosts");
        let ahead = *lock(&world.hosts[self.host].ahead_ms);
        Timestamp::from_unix_ms(*lock(&world.now_ms) + ahead)
    }
}
