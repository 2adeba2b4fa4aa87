//! From a CSR to a certificate, beside ring alone, rcgen and OpenSSL; and key texts. OpenSSL runs
//! in a separate process.
//!
//! `cargo bench -p provkey-benches --bench issuing [-- WORD]` runs the rows that contain the word.

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod openssl;
mod rcgen;

use std::hint::black_box;
use std::sync::Arc;

use provkey::key::{Keyring, MasterKey, ProvisioningKey};
use provkey::random::SystemRandom;
use provkey::store::Memory;
use provkey::time::Timestamp;
use provkey::x509::{
    CaParameters, Csr, Issuer, KeyAlgorithm, LeafParameters, SerialNumber, SoftwareSigner,
    build_csr, issue_leaf, issue_root,
};
use provkey_benches::{Row, authority, beside, median, per_second, run, verify_and_sign};

/// The time at which all certificates are issued.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn main() {
    run(&[
        Row("P-256 CSR to certificate", |row| beside_ring(row, KeyAlgorithm::EcdsaP256, 4000)),
        Row("P-384 CSR to certificate", |row| beside_ring(row, KeyAlgorithm::EcdsaP384, 400)),
        Row("Ed25519 CSR to certificate", |row| beside_ring(row, KeyAlgorithm::Ed25519, 4000)),
        Row("P-256 CSR to certificate, beside rcgen", |row| {
            let (pki, rival) = (Pki::new(KeyAlgorithm::EcdsaP256), rcgen::Rcgen::new());
            pki.beside(row, "rcgen", || per_second(1, 4000, |_, _| rival.certify(&pki.csr)));
        }),
        Row("P-256 CSR to certificate, beside OpenSSL", |row| {
            let (pki, program) = (Pki::new(KeyAlgorithm::EcdsaP256), openssl::build());
            let version = openssl::run(&program, "version", b"");
            let rival = format!("OpenSSL {version}, in C");
            pki.beside(row, &rival, || openssl::per_second(&program, &pki.csr, 2000));
        }),
        Row("P-256 CSR to certificate, 2 threads", two_threads),
        Row("what of that is not cryptography", not_cryptography),
        Row("forged key text refused", forged),
        Row("four wrong characters of a key text located", located),
    ]);
}

/// An issuer, and the CSR of a connector, both with keys of one algorithm.
struct Pki {
    issuer: Issuer,
    csr: Vec<u8>,
}

impl Pki {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let (signer, _) = SoftwareSigner::generate(algorithm).unwrap();
        let parameters = CaParameters {
            common_name: "bench",
            id: "root",
            serial: SerialNumber::random(&SystemRandom, NOW).unwrap(),
            not_before: Timestamp::from_unix_seconds(1_700_000_000),
            not_after: Timestamp::from_unix_seconds(2_700_000_000),
        };
        let certificate = issue_root(&signer, &parameters).unwrap();
        let (connector, _) = SoftwareSigner::generate(algorithm).unwrap();
        Self {
            issuer: Issuer::new(certificate, Arc::new(signer)).unwrap(),
            csr: build_csr(&connector, &[]).unwrap(),
        }
    }

    fn certify(&self) -> Vec<u8> {
        let csr = Csr::parse(black_box(&self.csr)).unwrap().verify().unwrap();
        let parameters = LeafParameters {
            connector_id: "qqqqqqqqqqqqqqqqqqqqqqqqqq",
            group_id: "qqqqqqqqqqqq",
            trust_domain: "api.private.example.com",
            public_key: csr.public_key(),
            serial: SerialNumber::random(&SystemRandom, NOW).unwrap(),
            not_before: NOW,
            not_after: Timestamp::from_unix_seconds(1_900_000_000),
        };
        issue_leaf(&self.issuer, &parameters).unwrap().der
    }

    fn per_second(&self, threads: usize, count: usize) -> f64 {
        per_second(threads, count, |_, _| drop(black_box(self.certify())))
    }

    fn beside(&self, row: &str, rival: &str, theirs: impl FnMut() -> f64) {
        beside(row, rival, || self.per_second(1, 4000), theirs);
    }
}

fn beside_ring(row: &str, algorithm: KeyAlgorithm, count: usize) {
    let (pki, ring) = (Pki::new(algorithm), verify_and_sign(algorithm));
    beside(
        row,
        "ring's verify and sign alone",
        || pki.per_second(1, count),
        || per_second(1, count, |_, _| ring()),
    );
}

fn two_threads(row: &str) {
    let pki = Pki::new(KeyAlgorithm::EcdsaP256);
    beside(row, "1 thread", || pki.per_second(2, 4000), || pki.per_second(1, 4000));
}

/// The time of a certificate without its two signatures, in microseconds, over many short turns.
fn not_cryptography(row: &str) {
    let (pki, ring) = (Pki::new(KeyAlgorithm::EcdsaP256), verify_and_sign(KeyAlgorithm::EcdsaP256));
    let rcgen = rcgen::Rcgen::new();
    let micros = |rate: f64| 1e6 / rate;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        let ring = micros(per_second(1, 200, |_, _| ring()));
        ours.push(micros(pki.per_second(1, 200)) - ring);
        theirs.push(micros(per_second(1, 200, |_, _| rcgen.certify(&pki.csr))) - ring);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("| {row} | {ours:.1} µs | rcgen | {theirs:.1} µs | {:.2} |", ours / theirs);
}

fn forged(row: &str) {
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

fn located(row: &str) {
    let text = authority(Arc::new(Memory::new())).key("fleet", 1).1.to_text();
    let good = text.expose().as_bytes();
    let mut miscopied = good.to_vec();
    for index in [40, 50, 60, 70] {
        miscopied[index] = if miscopied[index] == b'q' { b'p' } else { b'q' };
    }
    let read = |text: &[u8]| drop(black_box(ProvisioningKey::read(black_box(text))));
    beside(
        row,
        "a good text read",
        || per_second(1, 10_000, |_, _| read(&miscopied)),
        || per_second(1, 100_000, |_, _| read(good)),
    );
}
