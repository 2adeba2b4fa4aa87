//! All random decisions, drawn from one seed.

use std::sync::{Mutex, PoisonError};

use provkey::random::{Random, RandomError};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A source of decisions.
pub(super) struct Chance(Mutex<ChaCha8Rng>);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }

    fn draw(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// A number below `end`, which must not be 0.
    pub(super) fn below(&self, end: usize) -> usize {
        // The bias of the remainder is negligible.
        usize::try_from(self.draw() % end as u64).expect("it is below a usize")
    }

    /// True in `percent` of all cases.
    pub(super) fn happens(&self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// The randomness of the ids and serial numbers.
impl Random for Chance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
        Ok(())
    }
}
