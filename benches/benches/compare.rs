//! Each thing beside its rival in the same run: the two take turns, and the ratio of the middle
//! figures is what counts, for the machine's own speed drifts. Prints a table.
//!
//! `cargo bench -p provkey-benches --bench compare [-- WORD]`: only rows that contain the word.

// A program for people, that ends by panicking if anything goes wrong.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use provkey::key::ProvisioningKey;
use provkey::store::{GroupCommit, Memory, Operation, Outcome, RecordKey, Store, Unit};
use provkey::x509::{Csr, KeyAlgorithm, SoftwareSigner, build_csr};
use provkey_benches::{
    HandWritten, ROUNDS, authority, beside, durations, p256_request, per_second, verify_and_sign,
};
use provkey_sqlite::SqliteStore;

fn main() {
    let word = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |row: &str| word.as_ref().is_none_or(|word| row.contains(word.as_str()));
    println!("{} threads at once on this machine, SQLite {}", cores(), rusqlite::version());
    println!("| measured | figure | beside | figure | ratio |");
    println!("|---|---|---|---|---|");
    for Row(row, run) in ROWS {
        if wanted(row) {
            run(row);
        }
    }
}

/// What a row measures, and the measurement.
struct Row(&'static str, fn(&str));

const ROWS: &[Row] = &[
    Row("P-256 CSR to certificate, one thread", |row| issue(row, KeyAlgorithm::EcdsaP256, 4000)),
    Row("P-384 CSR to certificate, one thread", |row| issue(row, KeyAlgorithm::EcdsaP384, 400)),
    Row("Ed25519 CSR to certificate, one thread", |row| issue(row, KeyAlgorithm::Ed25519, 4000)),
    Row("forged key text refused", forged),
    Row("accounting, SQLite, 1 caller", |row| accounting(row, 1, 400)),
    Row("accounting, SQLite, 8 callers", |row| accounting(row, 8, 400)),
    Row("accounting, SQLite, 64 callers", |row| accounting(row, 64, 200)),
    Row("enroll, SQLite, 1 caller, beside hand-written accounting", |row| enroll_hand(row, 1, 300)),
    Row("enroll, SQLite, 8 callers, beside hand-written accounting", |row| {
        enroll_hand(row, 8, 300)
    }),
    Row("enroll, SQLite, 64 callers, beside hand-written accounting", |row| {
        enroll_hand(row, 64, 150)
    }),
    Row("enroll, SQLite, 64 callers, beside all cores doing ring alone", enroll_ring),
    Row("wait of one of 64 callers, SQLite", tail),
    Row("a page of 50 keys among 100,000, SQLite", pages),
];

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Connector and authority both have keys of the algorithm.
fn issue(row: &str, algorithm: KeyAlgorithm, count: usize) {
    let (connector, _) = SoftwareSigner::generate(algorithm).unwrap();
    let csr = build_csr(&connector, &[]).unwrap();
    let issuer = issuer(algorithm);
    let ring = verify_and_sign(algorithm);
    beside(
        row,
        "ring's verify and sign alone",
        || per_second(1, count, |_, _| drop(black_box(certify(&issuer, &csr)))),
        || per_second(1, count, |_, _| ring()),
    );
}

fn issuer(algorithm: KeyAlgorithm) -> provkey::x509::Issuer {
    use provkey::time::Timestamp;
    use provkey::x509::{CaParameters, Issuer, SerialNumber};
    let (signer, _) = SoftwareSigner::generate(algorithm).unwrap();
    let parameters = CaParameters {
        common_name: "bench",
        id: "root",
        serial: SerialNumber::draw(
            &provkey_benches::SystemRandom,
            Timestamp::from_unix_seconds(1_800_000_000),
        )
        .unwrap(),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(2_700_000_000),
    };
    let certificate = provkey::x509::issue_root(&signer, &parameters).unwrap();
    Issuer::new(certificate, Arc::new(signer)).unwrap()
}

fn certify(issuer: &provkey::x509::Issuer, csr: &[u8]) -> Vec<u8> {
    use provkey::time::Timestamp;
    use provkey::x509::{LeafParameters, SerialNumber, issue_leaf};
    let csr = Csr::parse(csr).unwrap().verify().unwrap();
    let parameters = LeafParameters {
        connector_id: "qqqqqqqqqqqqqqqqqqqqqqqqqq",
        group_id: "qqqqqqqqqqqq",
        trust_domain: "api.private.example.com",
        public_key: csr.public_key(),
        serial: SerialNumber::draw(
            &provkey_benches::SystemRandom,
            Timestamp::from_unix_seconds(1_800_000_000),
        )
        .unwrap(),
        not_before: Timestamp::from_unix_seconds(1_800_000_000),
        not_after: Timestamp::from_unix_seconds(1_900_000_000),
    };
    issue_leaf(issuer, &parameters).unwrap().der
}

fn forged(row: &str) {
    use provkey::key::{Keyring, MasterKey};
    let world = authority(Arc::new(Memory::new()));
    let (details, key) = world.key("fleet", 1);
    let secret = MasterKey::from_bytes([8; 32]).derive_secret(key.host(), details.id);
    let forged =
        ProvisioningKey::from_parts(key.host().clone(), details.id, secret, key.pin()).to_text();
    let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[1; 32]);
    beside(
        row,
        "one HMAC-SHA256 of 64 bytes",
        || {
            per_second(1, 100_000, |_, _| {
                let key = ProvisioningKey::parse_strict(black_box(forged.expose())).unwrap();
                assert!(!keyring.verify_key(&key));
            })
        },
        || {
            per_second(1, 100_000, |_, _| {
                black_box(ring::hmac::sign(&hmac, black_box(&[2; 64])));
            })
        },
    );
}

/// The unit of one enrollment, as the authority makes it, without the cryptography.
fn accounting_unit(number: usize, key_version: u64) -> Unit {
    let key = |text: String| RecordKey::new(text).unwrap();
    let connector = format!("{:026}", number * 2_654_435_761 % 1_000_000_007 * 100_000 + number);
    let audit = key(format!("audit/{ms}/{number:016x}"));
    let enrollment = key(format!("enrollment/{connector}"));
    Unit::new(vec![
        Operation::Expect { key: audit.clone(), version: None },
        Operation::Put { key: audit, body: vec![b'a'; 140] },
        Operation::Expect { key: key("key/q2w3e4r5t6y7".into()), version: Some(key_version) },
        Operation::Expect { key: enrollment.clone(), version: None },
        Operation::Count { counter: key("key-uses/q2w3e4r5t6y7".into()), by: 1, at_ms: 1 },
        Operation::Put { key: enrollment, body: vec![b'e'; 1150] },
        Operation::Put {
            key: key(format!("enrollment-by-key/q2w3e4r5t6y7/{ms}/{connector}")),
            body: vec![],
        },
        Operation::Put {
            key: key(format!("enrollment-by-group/q2w3e4r5t6y7/{ms}/{connector}")),
            body: vec![],
        },
        Operation::Put {
            key: key(format!("enrollment-by-serial/q2w3e4r5t6y7/{number:034x}")),
            body: vec![b'c'; 26],
        },
    ])
}

/// A store with one key, and the version of its record.
fn accounting_store(directory: &tempfile::TempDir) -> (GroupCommit, u64) {
    let store = Arc::new(SqliteStore::create(directory.path().join("store.db")).unwrap());
    let (key, counter) = (
        RecordKey::new("key/q2w3e4r5t6y7").unwrap(),
        RecordKey::new("key-uses/q2w3e4r5t6y7").unwrap(),
    );
    let unit = Unit::new(vec![
        Operation::Put { key: key.clone(), body: vec![b'k'; 300] },
        Operation::SetLimit { counter, limit: Some(1_000_000_000) },
    ]);
    store.apply(&[unit]).unwrap();
    let version = store.get(&[key]).unwrap().remove(0).unwrap().version;
    (GroupCommit::new(store), version)
}

fn accounting(row: &str, callers: usize, count: usize) {
    let directory = tempfile::tempdir_in(target()).unwrap();
    let (commit, version) = accounting_store(&directory);
    let rival = HandWritten::create(&directory.path().join("rival.db"), 1_000_000_000).unwrap();
    let (ours, theirs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    beside(
        row,
        "hand-written, one transaction per use",
        || {
            per_second(callers, count, |_, _| {
                let number = ours.fetch_add(1, Ordering::Relaxed);
                let outcome = commit.apply(accounting_unit(number, version)).unwrap();
                assert!(matches!(outcome, Outcome::Applied(_)));
            })
        },
        || {
            // The rival is slow with many callers: fewer uses say the same.
            per_second(callers, count.div_ceil(callers.min(8)), |_, _| {
                let number = theirs.fetch_add(1, Ordering::Relaxed);
                assert!(rival.enroll(&public_key(number), &[b'e'; 650]).unwrap());
            })
        },
    );
}

fn public_key(number: usize) -> [u8; 32] {
    let hash = ring::digest::digest(&ring::digest::SHA256, &number.to_be_bytes());
    hash.as_ref().try_into().unwrap()
}

/// Where the files go: where the build goes, on a real disk.
fn target() -> &'static str {
    env!("CARGO_TARGET_TMPDIR")
}

/// An authority over SQLite, and enough requests for all rounds.
struct Enrolling {
    world: provkey_benches::World,
    requests: Vec<provkey::authority::EnrollRequest>,
    next: AtomicUsize,
    _directory: tempfile::TempDir,
}

impl Enrolling {
    fn new(number: usize) -> Self {
        let directory = tempfile::tempdir_in(target()).unwrap();
        let store = SqliteStore::create(directory.path().join("store.db")).unwrap();
        let world = authority(Arc::new(store));
        let (_, key) = world.key("fleet", 1_000_000_000);
        let requests = (0..number).map(|_| p256_request(&key)).collect();
        Self { world, requests, next: AtomicUsize::new(0), _directory: directory }
    }

    fn enroll(&self) {
        let request = &self.requests[self.next.fetch_add(1, Ordering::Relaxed)];
        assert!(!self.world.authority.enroll(request).unwrap().replay);
    }
}

fn enroll_hand(row: &str, callers: usize, count: usize) {
    let ours = Enrolling::new(ROUNDS * callers * count);
    let directory = tempfile::tempdir_in(target()).unwrap();
    let rival = HandWritten::create(&directory.path().join("rival.db"), 1_000_000_000).unwrap();
    let (work, theirs) = (verify_and_sign(KeyAlgorithm::EcdsaP256), AtomicUsize::new(0));
    beside(
        row,
        "ring's verify and sign, then hand-written accounting",
        || per_second(callers, count, |_, _| ours.enroll()),
        || {
            per_second(callers, count.div_ceil(callers.min(8)), |_, _| {
                work();
                let number = theirs.fetch_add(1, Ordering::Relaxed);
                assert!(rival.enroll(&public_key(number), &[b'e'; 650]).unwrap());
            })
        },
    );
}

fn enroll_ring(row: &str) {
    let ours = Enrolling::new(ROUNDS * 64 * 250);
    let work = verify_and_sign(KeyAlgorithm::EcdsaP256);
    beside(
        row,
        "all cores doing only ring's verify and sign",
        || per_second(64, 250, |_, _| ours.enroll()),
        || per_second(cores(), 8000, |_, _| work()),
    );
}

fn tail(row: &str) {
    let directory = tempfile::tempdir_in(target()).unwrap();
    let (commit, version) = accounting_store(&directory);
    let number = AtomicUsize::new(0);
    let apply = |_, _| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        commit.apply(accounting_unit(number, version)).map(drop).unwrap();
    };
    let (lone, many) = (durations(1, 500, apply), durations(64, 300, apply));
    let at = |all: &[Duration], part: f64| all[((all.len() - 1) as f64 * part) as usize];
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    println!(
        "| {row} | p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms | one lone commit | p50 {:.2} ms | {:.2}, {:.2} |",
        ms(at(&many, 0.5)),
        ms(at(&many, 0.99)),
        ms(at(&many, 1.0)),
        ms(at(&lone, 0.5)),
        ms(at(&many, 0.5)) / ms(at(&lone, 0.5)),
        ms(at(&many, 0.99)) / ms(at(&lone, 0.5)),
    );
}

fn pages(row: &str) {
    use provkey::authority::{KeyFilter, KeyOrder, PageRequest};
    let (many, few) = (Listing::new(100_000), Listing::new(1000));
    let by = |order| KeyFilter { order, ..KeyFilter::default() };
    let of_group =
        |listing: &Listing| KeyFilter { group: Some(listing.group), ..KeyFilter::default() };
    let page = |listing: &Listing, filter: &KeyFilter| {
        per_second(1, 200, |_, _| {
            let page = PageRequest { limit: 50, after: listing.middle(filter) };
            let page = listing.world.authority.list_keys(filter, &page).unwrap();
            assert_eq!(page.items.len(), 50);
        })
    };
    for (what, order) in [("by name", KeyOrder::Name), ("by creation", KeyOrder::Created)] {
        let row = format!("{row}, {what}");
        beside(&row, "among 1,000", || page(&many, &by(order)), || page(&few, &by(order)));
    }
    let row = format!("{row}, of one group of 500");
    beside(&row, "among 1,000", || page(&many, &of_group(&many)), || page(&few, &of_group(&few)));
}

/// Many keys, 500 of which belong to a group of their own.
struct Listing {
    world: provkey_benches::World,
    group: provkey::authority::GroupId,
    cursors: std::sync::Mutex<std::collections::HashMap<String, provkey::authority::Cursor>>,
    _directory: tempfile::TempDir,
}

impl Listing {
    fn new(keys: usize) -> Self {
        use provkey::authority::{Name, NewKey};
        let directory = tempfile::tempdir_in(target()).unwrap();
        let store = SqliteStore::create(directory.path().join("store.db")).unwrap();
        let world = authority(Arc::new(store));
        let group = world.authority.create_group(&Name::new("other").unwrap()).unwrap().id;
        per_second(64, keys.div_ceil(64), |thread, index| {
            let number = index * 64 + thread;
            let name = Name::new(&format!("key {}", number * 7919 % 1_000_003)).unwrap();
            let group = if number < 500 { group } else { world.group };
            let new = NewKey::new(name, group, world.certificate, 10);
            world.authority.create_key(&new).unwrap();
        });
        Self { world, group, cursors: Default::default(), _directory: directory }
    }

    /// A cursor into the middle of a listing, found once: after 100 keys.
    fn middle(&self, filter: &provkey::authority::KeyFilter) -> Option<provkey::authority::Cursor> {
        let mut cursors = self.cursors.lock().unwrap();
        let find = || {
            let page = provkey::authority::PageRequest { limit: 100, after: None };
            self.world.authority.list_keys(filter, &page).unwrap().next.unwrap()
        };
        Some(cursors.entry(format!("{filter:?}")).or_insert_with(find).clone())
    }
}
