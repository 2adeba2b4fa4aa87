//! A failover while connectors enroll: the primary dies, and its synchronous standby is promoted.

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use provkey::authority::{
    Authority, Connector, ConnectorFilter, ConnectorId, EnrollRequest, Enrolled, Environment,
    KeyDetails, Name, NewAuthority, NewCertificate, NewKey, PageRequest,
};
use provkey::key::{Host, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::x509::{KeyAlgorithm, Signer, SoftwareSigner, build_csr};
use provkey_postgres::PostgresStore;
use provkey_tests::PostgresServer;

const HOSTS: usize = 3;
const THREADS: usize = 3;
/// One in this many connectors uses the key with few uses.
const SCARCE_EVERY: usize = 4;
const SCARCE_USES: u64 = 150;

/// The answered connectors: their requests and certificates.
type Answered = BTreeMap<ConnectorId, (EnrollRequest, Vec<u8>)>;

struct Fleet {
    hosts: Vec<Authority>,
    /// A key with many uses, and one with few.
    keys: [(KeyDetails, ProvisioningKey); 2],
}

fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_bytes([7; 32]))
}

fn open(url: &str) -> Authority {
    let store = Arc::new(PostgresStore::open(url).unwrap());
    Authority::open(Environment::system(store), keyring()).unwrap()
}

impl Fleet {
    fn new(url: &str) -> Self {
        let store = Arc::new(PostgresStore::create(url).unwrap());
        let new = NewAuthority::new(Host::parse("api.example.com").unwrap());
        let authority = Authority::create(Environment::system(store), keyring(), &new).unwrap();
        let name = |text| Name::parse(text).unwrap();
        let group = authority.create_group(&name("gateways")).unwrap().id;
        let certificate =
            authority.create_certificate(&NewCertificate::new(name("CA"))).unwrap().id;
        let key = |text, uses| {
            let new = NewKey::new(name(text), group, certificate, uses);
            let key = authority.create_key(&new).unwrap();
            let text = authority.copy_key(key.id).unwrap();
            (key, ProvisioningKey::read(text.expose().as_bytes()).unwrap())
        };
        let keys = [key("ample", 1_000_000), key("scarce", SCARCE_USES)];
        Self { hosts: (0..HOSTS).map(|_| open(url)).collect(), keys }
    }

    /// Enrolls connectors, each on any node, until they have an answer. Returns the
    /// certificates; no connector ever gets two.
    fn storm(&self, ends: &AtomicBool, count: &AtomicBool) -> Answered {
        let answered = Mutex::new(Answered::new());
        let enroll = |thread: usize| {
            for n in 0.. {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let (_, key) = &self.keys[usize::from(n % SCARCE_EVERY == 0)];
                let request = request(key);
                if let Some(enrolled) = self.ask(thread + n, &request) {
                    // A connector whose answer was lost on its way asks another host.
                    let again = self.ask(thread + n + 1, &request).unwrap();
                    assert_eq!(again.chain, enrolled.chain);
                    let leaf = enrolled.chain[0].clone();
                    let before =
                        answered.lock().unwrap().insert(enrolled.connector, (request, leaf));
                    assert!(before.is_none());
                    count.store(true, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for thread in 0..HOSTS * THREADS {
                scope.spawn(move || enroll(thread));
            }
        });
        answered.into_inner().unwrap()
    }

    /// Asks until there is an answer: a certificate, or `key_exhausted`.
    fn ask(&self, host: usize, request: &EnrollRequest) -> Option<Enrolled> {
        for host in (0..HOSTS).cycle().skip(host % HOSTS) {
            match self.hosts[host].enroll(request) {
                Ok(enrolled) => return Some(enrolled),
                Err(error) if error.code() == "key_exhausted" => return None,
                Err(error) => {
                    assert!(error.retryable(), "{}: {error}", error.code());
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
        unreachable!("the hosts come round again")
    }

    fn check(&self, answered: &Answered) {
        let authority = &self.hosts[0];
        let mut recorded = BTreeMap::new();
        for (key, _) in &self.keys {
            let key = authority.key(key.id).unwrap();
            let connectors = connectors(authority, &key);
            assert_eq!(key.used, connectors.len() as u64, "{}", key.name);
            assert!(key.used <= key.max_uses);
            recorded.extend(connectors.into_iter().map(|one| (one.id, one)));
        }
        let scarce = authority.key(self.keys[1].0.id).unwrap();
        for (id, (request, leaf)) in answered {
            let connector = recorded.get(id).expect("acknowledged and lost");
            let again = authority.enroll(request).unwrap();
            assert!(again.replay && again.chain[0] == *leaf, "another certificate for {id}");
            assert_eq!(again.serial, connector.serial);
        }
        // Those who were not answered know that they ask again; everybody was answered here.
        assert_eq!(recorded.len(), answered.len());
        assert!(scarce.used > 0);
    }
}

fn request(key: &ProvisioningKey) -> EnrollRequest {
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
    let proof = Proof::make(key, signer.public_key().spki(), None);
    let csr = build_csr(&signer, &[&proof.to_attribute()]).unwrap();
    EnrollRequest::new(csr)
}

fn connectors(authority: &Authority, key: &KeyDetails) -> Vec<Connector> {
    let filter = ConnectorFilter::default().key(key.id);
    let mut page = PageRequest { limit: 1000, after: None };
    let mut connectors = Vec::new();
    loop {
        let found = authority.list_connectors(&filter, &page).unwrap();
        connectors.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return connectors;
        }
    }
}

fn wait_for(happened: &AtomicBool) {
    happened.store(false, Ordering::Relaxed);
    while !happened.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills the primary during enrollments, and promotes the standby some time later.
fn fail_over(into_the_storm: Duration, without_primary: Duration) {
    let mut primary = PostgresServer::start();
    let url = primary.new_database();
    let standby = primary.start_synchronous_standby();
    let folder =
        |server: &PostgresServer| server.folder().display().to_string().replace('/', "%2F");
    let database = url.rsplit('/').next().unwrap();
    let both = format!("postgres://postgres@{},{}/{database}", folder(&primary), folder(&standby));
    let fleet = Fleet::new(&both);
    let checkpoint = fleet.hosts[0].checkpoint().unwrap();
    let (ends, answers) = (AtomicBool::new(false), AtomicBool::new(false));
    let answered = thread::scope(|scope| {
        let storm = scope.spawn(|| fleet.storm(&ends, &answers));
        wait_for(&answers);
        thread::sleep(into_the_storm);
        primary.kill();
        thread::sleep(without_primary);
        standby.promote();
        wait_for(&answers);
        thread::sleep(into_the_storm);
        ends.store(true, Ordering::Relaxed);
        storm.join().unwrap()
    });
    fleet.check(&answered);
    // Nor does any host take the failover for a rollback.
    for host in &fleet.hosts {
        host.verify_checkpoint(&checkpoint).unwrap();
        host.verify_checkpoint(&host.checkpoint().unwrap()).unwrap();
    }
}

#[test]
fn a_failover_loses_nothing_that_was_acknowledged_and_grants_nothing_twice() {
    let rounds = if env::var_os("PROVKEY_TEST_DEEP").is_some() { 12 } else { 1 };
    for round in 0..rounds {
        let milliseconds = |step: u64| Duration::from_millis(300 + step * round % 700);
        fail_over(milliseconds(37), milliseconds(91));
    }
}

/// While no server takes writes, the error is retryable, whichever server answers last.
#[test]
fn without_a_primary_the_store_is_unavailable_not_read_only() {
    let mut primary = PostgresServer::start();
    let url = primary.new_database();
    // A plain replica may not have the counter yet when the primary is killed.
    let replica = primary.start_synchronous_standby();
    let folder =
        |server: &PostgresServer| server.folder().display().to_string().replace('/', "%2F");
    let database = url.rsplit('/').next().unwrap();
    let of = |hosts: String| format!("postgres://postgres@{hosts}/{database}");
    let both = [
        of(format!("{},{}", folder(&primary), folder(&replica))),
        of(format!("{},{}", folder(&replica), folder(&primary))),
    ];
    let store = PostgresStore::create(&both[0]).unwrap();
    crate::make_counter(&store, "uses", 9);
    primary.kill();
    let _ = provkey::store::Store::apply(&store, &[crate::use_of("uses", "used/1")]);
    for url in &both {
        let error = crate::check_refused(PostgresStore::open(url), "store_unavailable");
        assert!(error.retryable());
    }
    let error = provkey::store::Store::get(&store, &[crate::key("uses")]).unwrap_err();
    assert_eq!(error.code(), "store_unavailable");
    replica.promote();
    assert!(crate::used(&store, "uses") <= 1);
}
