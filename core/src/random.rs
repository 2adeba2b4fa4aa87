//! Where ids, nonces and serial numbers come from.

/// Randomness was not to be had. Nothing was decided without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct RandomError;

/// A cryptographically secure source of random bytes, given by the host.
pub trait Random: Send + Sync {
    /// Fills `bytes`, whole, or fails.
    ///
    /// # Errors
    /// [`RandomError`] when not every byte could be filled.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// Any [`rand_core`] generator as a [`Random`], for example the operating system's.
#[cfg(feature = "std")]
pub struct RandCore<R>(std::sync::Mutex<R>);

#[cfg(feature = "std")]
impl<R: rand_core::TryCryptoRng + Send> RandCore<R> {
    /// Takes randomness from `generator` from now on.
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
