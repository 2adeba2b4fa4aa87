//! An [`Environment`] of the machine's clock and randomness.

use alloc::sync::Arc;

use crate::authority::Environment;
use crate::random::SystemRandom;
use crate::store::Store;
use crate::time::SystemClock;

impl Environment {
    /// This store, the machine's clock and the operating system's randomness.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use provkey::authority::{Authority, Environment, NewAuthority};
    /// use provkey::key::{Host, Keyring, MasterKey};
    /// use provkey::random::SystemRandom;
    /// use provkey::store::Memory;
    ///
    /// let environment = Environment::system(Arc::new(Memory::new()));
    /// let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
    /// let new = NewAuthority::new(Host::parse("api.private.example.com")?);
    /// let authority = Authority::create(environment, keyring, &new)?;
    /// assert_eq!(authority.hosts(), [new.host]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn system(store: Arc<dyn Store>) -> Self {
        Self { store, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), observer: None }
    }
}
