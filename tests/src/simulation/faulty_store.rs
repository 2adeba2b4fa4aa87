//! The store as a node sees it: with faults, and with other nodes that work in between.

use std::panic;
use std::sync::{Arc, Weak};

use provkey::store::{
    FaultKind, Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, StoreFault, Unit,
};
use provkey::time::Timestamp;

use super::chance::Chance;
use super::changes::Changes;

/// The panic that ends a simulated process. It unwinds to the operation that the node performs.
pub(super) struct Crash;

/// How often things go wrong, in percent of the calls of the store. Drawn for each run, so that
/// some runs are rough and some are nearly calm.
pub(super) struct Faults {
    pub(super) read: usize,
    pub(super) write: usize,
    pub(super) crash: usize,
    /// How often another node works first.
    pub(super) interleaved: usize,
}

/// What a node needs of the world.
pub(super) trait Surroundings: Send + Sync {
    fn chance(&self) -> Arc<Chance>;

    fn memory(&self) -> &Memory;

    /// `None` while nothing goes wrong.
    fn faults(&self) -> Option<&Faults>;

    /// The time of a node's clock.
    fn now(&self, node: usize) -> Timestamp;

    /// The changes of the operation that a node performs.
    fn changes(&self, node: usize) -> &Changes;

    /// Lets other nodes perform operations, and delayed batches arrive.
    fn let_others_work(&self);

    /// Applies units, and checks the invariants after each.
    fn apply(&self, units: &[Unit]) -> Vec<Outcome>;

    /// Delays a batch.
    fn delay(&self, units: &[Unit]);

    /// Counts an event, and adds a line to the story.
    fn record(&self, what: &str, story: &dyn Fn() -> String);
}

pub(super) struct FaultyStore {
    pub(super) world: Weak<dyn Surroundings>,
    pub(super) node: usize,
}

/// What goes wrong with a batch.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// It is not applied, and the error says so.
    NotApplied,
    /// It is lost; the outcome is unknown.
    Lost,
    /// It is applied; the outcome is unknown.
    Unacknowledged,
    /// Only its first units are applied; the outcome is unknown.
    Partly,
    /// It arrives much later; the outcome is unknown.
    Delayed,
}

impl Store for FaultyStore {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.before_reading()?.memory().get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.before_reading()?.memory().scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        let world = self.world();
        world.let_others_work();
        let chance = world.chance();
        let fault = world.faults().map_or(Fault::None, |faults| draw_fault(&chance, faults));
        let dies = world.faults().is_some_and(|faults| chance.happens(faults.crash));
        let applied = match fault {
            Fault::None | Fault::Unacknowledged => units.len(),
            Fault::Partly => chance.below(units.len() + 1),
            Fault::NotApplied | Fault::Lost | Fault::Delayed => 0,
        };
        let outcomes = world.apply(&units[..applied]);
        world.changes(self.node).settle(&outcomes);
        match fault {
            Fault::Partly => {
                world.record("batch partly applied", &|| format!("{applied} units were"))
            }
            Fault::Delayed => {
                world.changes(self.node).expect_late_batch();
                world.delay(units);
            }
            _ => {}
        }
        if dies {
            self.die(&*world);
        }
        match fault {
            Fault::None => Ok(outcomes),
            Fault::NotApplied => {
                world.record("batch not applied", &|| "the batch was not applied".into());
                Err(StoreError::NotApplied(unavailable()))
            }
            _ => {
                world.record("batch unknown", &|| "the outcome of the batch is unknown".into());
                Err(StoreError::Unknown(unavailable()))
            }
        }
    }
}

impl FaultyStore {
    fn world(&self) -> Arc<dyn Surroundings> {
        self.world.upgrade().expect("the world outlives its nodes")
    }

    fn before_reading(&self) -> Result<Arc<dyn Surroundings>, StoreError> {
        let world = self.world();
        world.let_others_work();
        if world.faults().is_some_and(|faults| world.chance().happens(faults.crash)) {
            self.die(&*world);
        }
        if world.faults().is_some_and(|faults| world.chance().happens(faults.read)) {
            world.record("read failed", &|| "the store did not answer".into());
            return Err(StoreError::NotApplied(unavailable()));
        }
        Ok(world)
    }

    fn die(&self, world: &dyn Surroundings) -> ! {
        world.record("process died", &|| format!("node {} dies", self.node));
        panic::resume_unwind(Box::new(Crash))
    }
}

fn draw_fault(chance: &Chance, faults: &Faults) -> Fault {
    if !chance.happens(faults.write) {
        return Fault::None;
    }
    let kinds =
        [Fault::NotApplied, Fault::Lost, Fault::Unacknowledged, Fault::Partly, Fault::Delayed];
    kinds[chance.below(kinds.len())]
}

fn unavailable() -> StoreFault {
    StoreFault::new(FaultKind::Unavailable, "simulated")
}
