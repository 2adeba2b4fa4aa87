//! An authority to test with, and connectors that enroll with it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use provkey::authority::{
    AuditFilter, AuditRecord, Authority, ConnectorGroup, EnrollRequest, Enrolled,
    EnrollmentCertificate, Environment, Error, Event, KeyDetails, Name, NewAuthority,
    NewCertificate, NewKey, Observer, PageRequest, RenewRequest,
};
use provkey::key::{Fingerprint, Host, KeyText, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::random::{Random, RandomError};
use provkey::store::{Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};
use provkey::time::{Clock, Timestamp};
use provkey::x509::{Certificate, KeyAlgorithm, RenewalProof, Signer, SoftwareSigner, build_csr};

pub(crate) const HOST: &str = "api.private.example.com";
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// A clock that stands still until it is told.
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.0.fetch_sub(by.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Randomness that repeats from run to run (SplitMix64).
pub(crate) struct TestRandom(AtomicU64);

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

/// A store that counts how often it is read and written.
pub(crate) struct Counted {
    store: Arc<dyn Store>,
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
}

impl Counted {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, reads: AtomicUsize::new(0), writes: AtomicUsize::new(0) }
    }
}

impl Store for Counted {
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.store.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.store.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.store.apply(units)
    }
}

/// Keeps all that it is told.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Events {
    fn observe(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

pub(crate) fn master(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

/// An authority with one group and one enrollment certificate.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) events: Arc<Events>,
    pub(crate) environment: Environment,
    pub(crate) group: ConnectorGroup,
    pub(crate) certificate: EnrollmentCertificate,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(Arc::new(Memory::new()))
    }

    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(TestClock(AtomicU64::new(1_790_000_000_000)));
        let events = Arc::new(Events::default());
        let environment = Environment {
            store,
            clock: clock.clone(),
            random: Arc::new(TestRandom(AtomicU64::new(1))),
            observer: Some(events.clone()),
        };
        let new = NewAuthority::new(Host::parse(HOST).unwrap());
        let authority =
            Authority::create(environment.clone(), Keyring::new(master(1)), &new).unwrap();
        let group = authority.create_group(&name("Branch offices")).unwrap();
        let certificate = authority.create_certificate(&NewCertificate::new(name("CA 1"))).unwrap();
        Self { authority, clock, events, environment, group, certificate }
    }

    pub(crate) fn new_key(&self, key_name: &str, max_uses: u64) -> NewKey {
        NewKey::new(name(key_name), self.group.id, self.certificate.id, max_uses)
    }

    pub(crate) fn key(&self, key_name: &str, max_uses: u64) -> KeyDetails {
        self.authority.create_key(&self.new_key(key_name, max_uses)).unwrap()
    }

    /// The key as a connector reads it.
    pub(crate) fn provisioning_key(&self, key: &KeyDetails) -> ProvisioningKey {
        let text = self.authority.copy_key(key.id).unwrap();
        ProvisioningKey::read(text.expose().as_bytes()).unwrap()
    }

    pub(crate) fn used(&self, key: &KeyDetails) -> u64 {
        self.authority.key(key.id).unwrap().used
    }

    pub(crate) fn audit(&self) -> Vec<AuditRecord> {
        let page = PageRequest { limit: 1000, after: None };
        self.authority.list_audit(&AuditFilter::default(), &page).unwrap().items
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A connector: a key pair, and perhaps a fingerprint.
pub(crate) struct TestConnector {
    pub(crate) signer: SoftwareSigner,
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl TestConnector {
    pub(crate) fn new() -> Self {
        // Ed25519 keys are made fastest.
        let signer = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
        Self { signer, fingerprint: None }
    }

    /// The request that proves the key inside the CSR.
    pub(crate) fn proof(&self, key: &ProvisioningKey) -> EnrollRequest {
        let proof = Proof::make(key, self.signer.public_key().spki(), self.fingerprint);
        let csr = build_csr(&self.signer, &[&proof.to_attribute()]).unwrap();
        EnrollRequest { csr, ..EnrollRequest::default() }
    }

    /// The request with the text of the key beside a plain CSR.
    pub(crate) fn bearer(&self, key: &ProvisioningKey) -> EnrollRequest {
        let csr = build_csr(&self.signer, &[]).unwrap();
        let key_text = Some(KeyText::new(key.to_text().expose().to_owned()));
        EnrollRequest { csr, key_text, fingerprint: self.fingerprint, address: None }
    }
}

/// The request for the renewal of a certificate, signed by its key.
pub(crate) fn renewal(
    leaf: &[u8],
    old_key: &SoftwareSigner,
    new_key: &SoftwareSigner,
    fingerprint: Option<Fingerprint>,
) -> RenewRequest {
    let (host, leaf) = (Host::parse(HOST).unwrap(), Certificate::parse(leaf).unwrap());
    let spki = new_key.public_key().spki();
    let proof = RenewalProof::make(&host, &leaf, old_key, spki, fingerprint).unwrap();
    let csr = build_csr(new_key, &[&proof.to_attribute()]).unwrap();
    RenewRequest { csr, ..RenewRequest::default() }
}

pub(crate) fn code(result: Result<Enrolled, Error>) -> &'static str {
    result.map_or_else(
        |error| error.code(),
        |enrolled| {
            if enrolled.replay { "replayed" } else { "enrolled" }
        },
    )
}
