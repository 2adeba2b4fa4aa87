//! A host: a process with the authority open, until it dies.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use provkey::authority::{Authority, Environment, Error};
use provkey::key::{Keyring, MasterKey};
use provkey::store::Outcome;
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
    /// What its clock said at most, since it was asked for what it is asked for now.
    pub(super) clock_max: AtomicU64,
    /// What came of what it is asked for now.
    pub(super) changes: Changes,
}

/// Whether an operation has changed something, or still may.
#[derive(Default)]
pub(super) struct Changes {
    made: AtomicBool,
    /// Whether a batch of it is on its way.
    doubtful: AtomicBool,
}

impl Changes {
    /// A batch is on its way, and may arrive.
    pub(super) fn doubt(&self) {
        self.doubtful.store(true, Ordering::Relaxed);
    }

    /// A batch was answered. If it is one that is on its way as well, and is refused by something
    /// else than its own record, its first, then it will be when it arrives: no version comes back.
    pub(super) fn settle(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome {
                Outcome::Applied(_) => self.made.store(true, Ordering::Relaxed),
                Outcome::Refused(refused) if refused.operation > 0 => {
                    self.doubtful.store(false, Ordering::Relaxed);
                }
                Outcome::Refused(_) => {}
            }
        }
    }

    /// Whether something has changed, or still may. Begins anew.
    pub(super) fn take(&self) -> bool {
        let doubtful = self.doubtful.swap(false, Ordering::Relaxed);
        self.made.swap(false, Ordering::Relaxed) || doubtful
    }
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
        let now = *lock(&world.now_ms) + ahead;
        world.hosts[self.host].clock_max.fetch_max(now, Ordering::Relaxed);
        Timestamp::from_unix_ms(now)
    }
}
