//! The store as one host sees it.

use std::panic;
use std::sync::Weak;

use provkey::store::{
    FaultKind, Outcome, Record, RecordKey, ScanRange, Store, StoreError, StoreFault, Unit,
};

use super::world::World;

/// What a process dies of here: it unwinds to where the host was asked for something.
pub(super) struct Crash;

/// One host's way to the store.
pub(super) struct Front {
    pub(super) world: Weak<World>,
    pub(super) host: usize,
}

/// What goes wrong with a batch.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// It is refused whole, and the host is told so.
    NotApplied,
    /// It is lost, and the host does not know.
    Lost,
    /// It is applied, and the host does not know.
    Unacknowledged,
    /// The store stops in the middle of it, and the host does not know how far it came.
    Partly,
    /// It is on its way for a long time, and the host does not know.
    Delayed,
}

impl Store for Front {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.before_reading()?.memory.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.before_reading()?.memory.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let world = self.world();
        world.let_others_work();
        let fault = draw_fault(&world);
        let dies = world.faulty() && world.chance.happens(world.faults.crash);
        let outcomes = match fault {
            Fault::None | Fault::Unacknowledged => {
                let outcomes = world.apply(units);
                world.hosts[self.host].changes.settle(&outcomes);
                Some(outcomes)
            }
            Fault::Partly => {
                let outcomes = world.apply(&units[..world.part_of(units)]);
                world.hosts[self.host].changes.settle(&outcomes);
                world.note("batch partly applied", || format!("{} units were", outcomes.len()));
                None
            }
            Fault::NotApplied | Fault::Lost => None,
            Fault::Delayed => {
                world.hosts[self.host].changes.doubt();
                world.delay(units);
                None
            }
        };
        if dies {
            self.die(&world);
        }
        match (fault, outcomes) {
            (Fault::None, Some(outcomes)) => Ok(outcomes),
            (Fault::NotApplied, _) => {
                world.note("batch not applied", || "the batch was not applied".into());
                Err(StoreError::NotApplied(away()))
            }
            _ => {
                world.note("batch unknown", || "what became of the batch is not known".into());
                Err(StoreError::Unknown(away()))
            }
        }
    }
}

impl Front {
    fn world(&self) -> std::sync::Arc<World> {
        self.world.upgrade().expect("the world outlives its hosts")
    }

    fn before_reading(&self) -> Result<std::sync::Arc<World>, StoreError> {
        let world = self.world();
        world.let_others_work();
        if world.faulty() && world.chance.happens(world.faults.crash) {
            self.die(&world);
        }
        if world.faulty() && world.chance.happens(world.faults.read) {
            world.note("read failed", || "the store did not answer".into());
            return Err(StoreError::NotApplied(away()));
        }
        Ok(world)
    }

    fn die(&self, world: &World) -> ! {
        world.note("process died", || format!("host {} dies", self.host));
        panic::resume_unwind(Box::new(Crash))
    }
}

fn draw_fault(world: &World) -> Fault {
    if !world.faulty() || !world.chance.happens(world.faults.write) {
        return Fault::None;
    }
    let faults =
        [Fault::NotApplied, Fault::Lost, Fault::Unacknowledged, Fault::Partly, Fault::Delayed];
    faults[world.chance.below(faults.len())]
}

fn away() -> StoreFault {
    StoreFault::new(FaultKind::Unavailable, "simulated")
}
