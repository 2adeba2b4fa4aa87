//! From a CSR to a certificate, beside ring's own verification and signature.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use provkey::random::{RandomError, SystemRandom};
use provkey::time::{Clock, SystemClock, Timestamp};
use provkey::x509::{
    CaParameters, Csr, IssuedLeaf, Issuer, KeyAlgorithm, LeafParameters, SerialNumber, Signer,
    SoftwareSigner, build_csr, issue_enrollment_certificate, issue_leaf, issue_root,
};
use provkey_benches::verify_and_sign;

const DAY: Duration = Duration::from_secs(86_400);

fn issuer(algorithm: KeyAlgorithm) -> Issuer {
    let now = SystemClock.now();
    let parameters = |id: &'static str, validity| CaParameters {
        common_name: "bench",
        id,
        serial: SerialNumber::draw(&SystemRandom, now).expect("a serial number"),
        not_before: now.minus(DAY),
        not_after: now.plus(validity),
    };
    let (root, _) = SoftwareSigner::generate(algorithm).expect("a key pair");
    let certificate = issue_root(&root, &parameters("root", 900 * DAY)).expect("a root");
    let root = Issuer::new(certificate, Arc::new(root)).expect("an issuer");
    let (signer, _) = SoftwareSigner::generate(algorithm).expect("a key pair");
    let certificate =
        issue_enrollment_certificate(&root, signer.public_key(), &parameters("ca", 800 * DAY));
    Issuer::new(certificate.expect("a certificate"), Arc::new(signer)).expect("an issuer")
}

fn certify(issuer: &Issuer, csr: &[u8], now: Timestamp) -> Result<IssuedLeaf, RandomError> {
    let csr = Csr::parse(csr).expect("a CSR").verify().expect("a good CSR");
    let parameters = LeafParameters {
        connector_id: "qqqqqqqqqqqqqqqqqqqqqqqqqq",
        group_id: "qqqqqqqqqqqq",
        trust_domain: "api.private.example.com",
        public_key: csr.public_key(),
        serial: SerialNumber::draw(&SystemRandom, now)?,
        not_before: now,
        not_after: now.plus(365 * DAY),
    };
    Ok(issue_leaf(issuer, &parameters).expect("a certificate"))
}

fn issue(c: &mut Criterion) {
    let now = SystemClock.now();
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let issuer = issuer(algorithm);
        let (signer, _) = SoftwareSigner::generate(algorithm).expect("a key pair");
        let csr = build_csr(&signer, &[]).expect("a CSR");
        let mut group = c.benchmark_group(format!("issue {}", algorithm.as_str()));
        group.bench_function("CSR to certificate", |b| {
            b.iter(|| certify(&issuer, black_box(&csr), now));
        });
        group.bench_function("parse the CSR alone", |b| b.iter(|| Csr::parse(black_box(&csr))));
        let work = verify_and_sign(algorithm);
        group.bench_function("beside: ring's verify and sign alone", |b| b.iter(&work));
        group.finish();
    }
}

criterion_group!(benches, issue);
criterion_main!(benches);
