//! Connectors that enroll with a [`TestAuthority`](provkey::testing::TestAuthority).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use provkey::authority::{EnrollRequest, Enrolled, Error, Name, RenewRequest};
use provkey::key::{Fingerprint, Host, KeyText, MasterKey, Proof, ProvisioningKey};
use provkey::store::{Memory, Outcome, Record, RecordKey, ScanRange, Store, StoreError, Unit};
use provkey::x509::{Certificate, KeyAlgorithm, RenewalProof, Signer, SoftwareSigner, build_csr};

pub(crate) const HOST: &str = provkey::testing::TestAuthority::HOST;
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

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

/// A store in memory. Its changes go through a function of the test.
pub(crate) struct Intercepted<F> {
    pub(crate) memory: Arc<Memory>,
    apply: F,
}

impl<F: Fn(&Memory, &[Unit]) -> Result<Vec<Outcome>, StoreError>> Intercepted<F> {
    pub(crate) fn new(apply: F) -> Arc<Self> {
        Arc::new(Self { memory: Arc::default(), apply })
    }
}

impl<F> Store for Intercepted<F>
where
    F: Fn(&Memory, &[Unit]) -> Result<Vec<Outcome>, StoreError> + Send + Sync,
{
    fn get(&self, keys: &[RecordKey]) -> Result<Vec<Option<Record>>, StoreError> {
        self.memory.get(keys)
    }

    fn scan(&self, range: &ScanRange, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.memory.scan(range, limit)
    }

    fn apply(&self, units: &[Unit]) -> Result<Vec<Outcome>, StoreError> {
        (self.apply)(&self.memory, units)
    }
}

pub(crate) fn master(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
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
        EnrollRequest::new(csr)
    }

    /// The request with the text of the key beside a plain CSR.
    pub(crate) fn bearer(&self, key: &ProvisioningKey) -> EnrollRequest {
        let csr = build_csr(&self.signer, &[]).unwrap();
        let key_text = Some(KeyText::new(key.to_text().expose().to_owned()));
        EnrollRequest::new(csr).key_text(key_text).fingerprint(self.fingerprint)
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
    RenewRequest::new(csr)
}

pub(crate) fn code(result: Result<Enrolled, Error>) -> &'static str {
    result.map_or_else(
        |error| error.code(),
        |enrolled| {
            if enrolled.replay { "replayed" } else { "enrolled" }
        },
    )
}
