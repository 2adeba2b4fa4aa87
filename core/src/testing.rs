//! For the tests of an application: an authority in memory, a clock that the test moves,
//! randomness that repeats.
//!
//! ```
//! use core::time::Duration;
//!
//! use provkey::testing::TestAuthority;
//! use provkey::time::Clock;
//!
//! let test = TestAuthority::new();
//! let soon = test.clock.now().plus(Duration::from_secs(60));
//! let key = test.authority.create_key(&test.new_key("first floor", 2).expires_at(soon))?;
//!
//! test.authority.enroll(&test.request(&key))?;
//! assert_eq!(test.used(&key), 1);
//!
//! test.clock.advance(Duration::from_secs(60));
//! let error = test.authority.enroll(&test.request(&key)).unwrap_err();
//! assert_eq!(error.code(), "key_expired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not for production: its master key and its random numbers are the same in every run. Key pairs
//! come from ring, so certificates and the ids of connectors differ. Where an application would
//! handle an error, these functions panic.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use crate::authority::{
    AuditFilter, AuditRecord, Authority, ConnectorGroup, EnrollRequest, EnrollmentCertificate,
    Environment, Event, KeyDetails, Name, NewAuthority, NewCertificate, NewKey, Observer,
};
use crate::connector::Identity;
use crate::key::{Host, Keyring, MasterKey, Pin, ProvisioningKey};
use crate::random::{Random, RandomError};
use crate::store::{Memory, Store};
use crate::time::{Clock, Timestamp};
use crate::x509::KeyAlgorithm;

/// A clock that stands still until a test moves it.
///
/// ```
/// use core::time::Duration;
///
/// use provkey::testing::TestClock;
/// use provkey::time::{Clock, Timestamp};
///
/// let clock = TestClock::new(Timestamp::from_unix_seconds(1_790_000_000));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now().unix_seconds(), 1_790_000_005);
/// ```
#[derive(Debug)]
pub struct TestClock(AtomicU64);

impl TestClock {
    /// A clock that shows this moment.
    pub const fn new(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.unix_ms()))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.unix_ms(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }

    /// Moves the clock back.
    pub fn set_back(&self, by: Duration) {
        self.set(self.now().minus(by));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Random numbers that are the same in every run (SplitMix64). They are no secret.
#[derive(Debug)]
pub struct TestRandom(AtomicU64);

impl TestRandom {
    /// Other numbers for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Collects the events of an authority.
///
/// ```
/// use provkey::authority::Event;
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// test.authority.enroll(&test.request(&test.key("first floor", 1)))?;
/// assert!(matches!(test.observer.take()[..], [Event::Enrolled { .. }]));
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct TestObserver(Mutex<Vec<Event>>);

impl TestObserver {
    /// The events since the last call.
    pub fn take(&self) -> Vec<Event> {
        core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for TestObserver {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// An authority with one connector group and one enrollment certificate.
///
/// ```
/// use provkey::testing::TestAuthority;
///
/// let test = TestAuthority::new();
/// let key = test.key("first floor", 1);
/// test.authority.enroll(&test.request(&key))?;
/// assert_eq!(test.used(&key), 1);
/// let error = test.authority.enroll(&test.request(&key)).unwrap_err();
/// assert_eq!(error.code(), "key_exhausted");
/// # Ok::<(), provkey::authority::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestAuthority {
    /// The authority.
    pub authority: Authority,
    /// Its store, clock, randomness and observer: to open it again, or another one beside it.
    pub environment: Environment,
    /// Its clock. It begins on 21 September 2026.
    pub clock: Arc<TestClock>,
    /// What has happened.
    pub observer: Arc<TestObserver>,
    /// The group, `Branch offices`.
    pub group: ConnectorGroup,
    /// The enrollment certificate, `CA 1`.
    pub certificate: EnrollmentCertificate,
}

impl TestAuthority {
    /// The host of the authority.
    pub const HOST: &str = "api.private.example.com";

    /// An authority in memory.
    #[expect(clippy::new_without_default, reason = "it does what no default value should")]
    pub fn new() -> Self {
        Self::over(Arc::new(Memory::new()))
    }

    /// An authority in this store, which must be empty.
    pub fn over(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(TestClock::new(Timestamp::from_unix_seconds(1_790_000_000)));
        let observer = Arc::new(TestObserver::default());
        let environment = Environment {
            store,
            clock: clock.clone(),
            random: Arc::new(TestRandom::new(1)),
            observer: Some(observer.clone()),
        };
        let new = NewAuthority::new(Host::parse(Self::HOST).expect("a canonical host"));
        let authority = Authority::create(environment.clone(), Self::keyring(), &new)
            .expect("the store is empty and works");
        let group = authority.create_group(&name("Branch offices")).expect("the store works");
        let new = NewCertificate::new(name("CA 1"));
        let certificate = authority.create_certificate(&new).expect("the store works");
        Self { authority, environment, clock, observer, group, certificate }
    }

    /// The keyring of the authority. Its one master key is 32 bytes of 1.
    pub fn keyring() -> Keyring {
        Keyring::new(MasterKey::from_bytes([1; 32]))
    }

    /// A key to create, of the group and the enrollment certificate.
    pub fn new_key(&self, key_name: &str, max_uses: u64) -> NewKey {
        NewKey::new(name(key_name), self.group.id, self.certificate.id, max_uses)
    }

    /// Creates a key.
    pub fn key(&self, key_name: &str, max_uses: u64) -> KeyDetails {
        self.authority.create_key(&self.new_key(key_name, max_uses)).expect("a new name")
    }

    /// The key as a connector reads it.
    ///
    /// # Panics
    /// If the authority does not copy the key, for instance because it is used up.
    pub fn provisioning_key(&self, key: &KeyDetails) -> ProvisioningKey {
        let text = self.authority.copy_key(key.id).expect("the key can be copied");
        ProvisioningKey::read(text.expose().as_bytes()).expect("the authority's own text")
    }

    /// The request of a new connector, which proves the key. The key can be used up, disabled or
    /// deleted: its secret is derived here, from the master key of [`Self::keyring`].
    pub fn request(&self, key: &KeyDetails) -> EnrollRequest {
        let mut identity = Identity::generate(KeyAlgorithm::Ed25519).expect("ring has randomness");
        let secret = Self::keyring().derive_secret(&key.host, key.id).expect("the one master key");
        let pin = Pin::of_spki(self.authority.root().spki());
        let key = ProvisioningKey::from_parts(key.host.clone(), key.id, secret, pin);
        let request = identity.request(&key, None).expect("a software key");
        EnrollRequest::new(request.der())
    }

    /// How many connectors have enrolled with the key.
    pub fn used(&self, key: &KeyDetails) -> u64 {
        self.authority.key(key.id).expect("the key exists").used
    }

    /// All audit records, the oldest first.
    pub fn audit(&self) -> Vec<AuditRecord> {
        let records = self.authority.audit_records(&AuditFilter::default());
        records.collect::<Result<_, _>>().expect("the store works")
    }
}

/// # Panics
/// If the text is no name.
fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_the_test_moves_it() {
        let begin = Timestamp::from_unix_seconds(1_000);
        let clock = TestClock::new(begin);
        assert_eq!(clock.now(), begin);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now().unix_ms(), 1_000_001);
        clock.set_back(Duration::from_secs(1));
        assert_eq!(clock.now().unix_ms(), 999_001);
        clock.set(begin);
        assert_eq!(clock.now(), begin);
    }

    #[test]
    fn random_numbers_repeat_from_run_to_run_and_differ_by_seed() {
        let draw = |seed| {
            let mut bytes = [0; 13];
            TestRandom::new(seed).fill(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_ne!(draw(1)[..5], draw(1)[8..]);
    }

    #[test]
    fn an_authority_in_memory_enrolls_and_is_opened_again() {
        let test = TestAuthority::new();
        let key = test.key("fleet", 1);
        assert_eq!(test.observer.take(), []);
        let enrolled = test.authority.enroll(&test.request(&key)).unwrap();
        let address = None;
        let event = Event::Enrolled { key: key.id, connector: enrolled.connector, address };
        assert_eq!(test.observer.take(), [event]);
        assert_eq!(test.audit().len(), 5);
        let error = test.authority.enroll(&test.request(&key)).unwrap_err();
        assert_eq!(error.code(), "key_exhausted");
        let again = Authority::open(test.environment.clone(), TestAuthority::keyring()).unwrap();
        assert_eq!(again.key(key.id).unwrap().used, 1);
    }
}
