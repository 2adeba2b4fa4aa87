//! An authority with a temporary folder, on SQLite unless a test brings another store; connectors,
//! and checks of its records.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use provkey::authority::{
    Authority, CertificateId, Connector, ConnectorFilter, ConnectorId, EnrollRequest, Enrolled,
    Environment, Error, GroupId, KeyDetails, KeyUpdate, Name, NewAuthority, NewCertificate, NewKey,
};
use provkey::connector::Identity;
use provkey::key::{Host, KeyId, Keyring, MasterKey, ProvisioningKey};
use provkey::store::Store;
use provkey::time::Timestamp;
use provkey::x509::KeyAlgorithm;
use provkey_sqlite::SqliteStore;
use provkey_tests::{Granted, MASTER_KEY_FILE, STORE_FILE, open_authority};
use tempfile::TempDir;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

pub(crate) struct Site {
    folder: TempDir,
    pub(crate) authority: Authority,
    pub(crate) group: GroupId,
    pub(crate) certificate: CertificateId,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::on(|folder| Arc::new(SqliteStore::create(folder.join(STORE_FILE)).unwrap()))
    }

    /// On a store that is made here, perhaps in the folder.
    pub(crate) fn on(store: impl FnOnce(&Path) -> Arc<dyn Store>) -> Self {
        let folder = TempDir::new().unwrap();
        let environment = Environment::system(store(folder.path()));
        let master = MasterKey::generate(&*environment.random).unwrap();
        fs::write(folder.path().join(MASTER_KEY_FILE), master.to_hex().as_bytes()).unwrap();
        let new = NewAuthority::new(Host::parse("api.private.example.com").unwrap());
        let authority = Authority::create(environment, Keyring::new(master), &new).unwrap();
        let group = authority.create_group(&name("Branch offices")).unwrap().id;
        let certificate = NewCertificate::new(name("Connectors 2026"));
        let certificate = authority.create_certificate(&certificate).unwrap().id;
        Self { folder, authority, group, certificate }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The keyring in the folder.
    pub(crate) fn keyring(&self) -> Keyring {
        let text = fs::read_to_string(self.folder().join(MASTER_KEY_FILE)).unwrap();
        Keyring::parse(&text).unwrap()
    }

    /// Closes the authority, and opens it again after `act`, as the first process if others
    /// that had it open are gone.
    pub(crate) fn away<T>(self, act: impl FnOnce(&Path) -> T) -> (Self, T) {
        let Self { folder, authority, .. } = self;
        drop(authority);
        let result = act(folder.path());
        let authority = open_authority(folder.path()).unwrap();
        (Self { folder, authority, ..self }, result)
    }

    /// Opens the authority as another process does.
    pub(crate) fn open(&self) -> Authority {
        open_authority(self.folder()).unwrap()
    }

    pub(crate) fn new_key(&self, key_name: &str, max_uses: u64) -> NewKey {
        NewKey::new(name(key_name), self.group, self.certificate, max_uses)
    }

    pub(crate) fn key(&self, key_name: &str, max_uses: u64) -> KeyDetails {
        self.authority.create_key(&self.new_key(key_name, max_uses)).unwrap()
    }

    /// The key as a connector reads it.
    pub(crate) fn provisioning_key(&self, key: KeyId) -> ProvisioningKey {
        let text = self.authority.copy_key(key).unwrap();
        ProvisioningKey::read(text.expose().as_bytes()).unwrap()
    }

    pub(crate) fn update(&self, key: KeyId, update: KeyUpdate) {
        self.authority.update_key(key, &update).unwrap();
    }

    pub(crate) fn used(&self, key: KeyId) -> u64 {
        self.authority.key(key).unwrap().used
    }

    pub(crate) fn connectors(&self, key: KeyId) -> Vec<Connector> {
        self.listed(&ConnectorFilter::default().key(key))
    }

    fn listed(&self, filter: &ConnectorFilter) -> Vec<Connector> {
        self.authority.connectors(filter).map(Result::unwrap).collect()
    }

    /// Checks what holds when no request is under way: each use is one connector on record,
    /// listed once by key and once by group, with a unique id and serial number; and each issued
    /// certificate is on record.
    #[track_caller]
    pub(crate) fn check_books<'a>(
        &self,
        key: KeyId,
        handed_out: impl IntoIterator<Item = &'a Granted>,
    ) {
        let by_key = self.connectors(key);
        let group = Some(self.group);
        let mut by_group = self.listed(&ConnectorFilter::default().group(group));
        by_group.retain(|connector| connector.key == key);
        assert_eq!(by_group, by_key);
        let distinct = |text: fn(&Connector) -> String| {
            by_key.iter().map(text).collect::<BTreeSet<_>>().len() as u64
        };
        let used = self.used(key);
        assert_eq!(by_key.len() as u64, used);
        assert_eq!(distinct(|connector| connector.id.to_string()), used);
        assert_eq!(distinct(|connector| connector.serial.clone()), used);
        let recorded: BTreeSet<_> = by_key.iter().map(|one| (&one.serial, &one.leaf)).collect();
        for granted in handed_out {
            assert!(recorded.contains(&(&granted.serial, &granted.leaf)), "{}", granted.serial);
        }
    }
}

/// Requests of `count` new connectors, each with a proof of the key. Ed25519 keys are the fastest
/// to generate.
pub(crate) fn requests(key: &ProvisioningKey, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| request(&mut connector(), key)).collect()
}

pub(crate) fn connector() -> Identity {
    Identity::generate(KeyAlgorithm::Ed25519).unwrap()
}

pub(crate) fn request(identity: &mut Identity, key: &ProvisioningKey) -> Vec<u8> {
    identity.request(key, None).unwrap().der().to_vec()
}

/// The id of a new connector, and its request with a proof of the key.
pub(crate) fn named_request(key: &ProvisioningKey) -> (String, Vec<u8>) {
    let mut connector = connector();
    let id = ConnectorId::of_spki_sha256(&connector.public_key().sha256());
    (id.to_string(), request(&mut connector, key))
}

pub(crate) fn enroll(authority: &Authority, csr: &[u8]) -> Result<Enrolled, Error> {
    authority.enroll(&EnrollRequest::new(csr.to_vec()))
}

/// The size of a test, which `PROVKEY_TEST_DEEP` increases.
pub(crate) fn scaled(short: usize, deep: usize) -> usize {
    if std::env::var_os("PROVKEY_TEST_DEEP").is_some() { deep } else { short }
}
