//! The source of randomness for ids, nonces and serial numbers.

#[cfg(feature = "std")]
use core::fmt;

use crate::error_family::error_family;

error_family! {
    /// The source of randomness failed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("the source of randomness failed")]
    pub struct RandomError => "random_unavailable" (retryable = true);
}

/// A cryptographically secure source of random bytes: `SystemRandom`, or one that the application
/// passes in.
///
/// ```
/// use provkey::random::{Random, RandomError};
///
/// /// The random number generator of a device.
/// struct Hardware;
///
/// impl Random for Hardware {
///     fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
///         for byte in bytes {
///             *byte = read_register().ok_or(RandomError)?;
///         }
///         Ok(())
///     }
/// }
/// # fn read_register() -> Option<u8> { Some(7) }
/// ```
pub trait Random: Send + Sync {
    /// Fills all of `bytes`, or fails.
    ///
    /// # Errors
    /// `random_unavailable` if some bytes could not be filled.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The randomness of the operating system, as ring draws it. Where there is none, that of the
/// source that the firmware registers for ring.
///
/// ```
/// use provkey::key::MasterKey;
/// use provkey::random::SystemRandom;
///
/// let master = MasterKey::generate(&SystemRandom)?;
/// # Ok::<(), provkey::random::RandomError>(())
/// ```
#[cfg(feature = "connector")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

#[cfg(feature = "connector")]
impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        use ring::rand::SecureRandom as _;

        ring::rand::SystemRandom::new().fill(bytes).map_err(|_| RandomError)
    }
}

/// Any [`rand_core`] generator as a [`Random`].
#[cfg(feature = "std")]
pub struct RandCore<R>(std::sync::Mutex<R>);

/// Without the state of the generator.
#[cfg(feature = "std")]
impl<R> fmt::Debug for RandCore<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RandCore").finish_non_exhaustive()
    }
}

#[cfg(feature = "std")]
impl<R: rand_core::TryCryptoRng + Send> RandCore<R> {
    /// Draws from `generator`.
    pub fn new(generator: R) -> Self {
        Self(std::sync::Mutex::new(generator))
    }
}

#[cfg(feature = "std")]
impl<R: rand_core::TryCryptoRng + Send> Random for RandCore<R> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let mut generator = self.0.lock().map_err(|_| RandomError)?;
        generator.try_fill_bytes(bytes).map_err(|_| RandomError)
    }
}
