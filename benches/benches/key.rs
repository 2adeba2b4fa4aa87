//! Reading a key text, and refusing a forged one.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use provkey::authority::EnrollRequest;
use provkey::key::{KeyId, KeyText, MasterKey, ProvisioningKey};
use provkey::store::Memory;
use provkey_benches::{authority, p256_request};

fn read(c: &mut Criterion) {
    let (_, key) = authority(Arc::new(Memory::new())).key("fleet", 1);
    let text = key.to_text();
    let mut miscopied = text.expose().as_bytes().to_vec();
    for index in [40, 50, 60, 70] {
        miscopied[index] = if miscopied[index] == b'q' { b'p' } else { b'q' };
    }
    let mut group = c.benchmark_group("key text");
    group.bench_function("read on a connector", |b| {
        b.iter(|| ProvisioningKey::read(black_box(text.expose().as_bytes())));
    });
    group.bench_function("locate four wrong characters", |b| {
        b.iter(|| ProvisioningKey::read(black_box(&miscopied)));
    });
    group.bench_function("parse on an authority", |b| {
        b.iter(|| ProvisioningKey::parse_strict(black_box(text.expose())));
    });
    group.finish();
}

/// A forged key: all is right but the secret. The request is refused before any signature check
/// and any access to the store. A CSR of the least size keeps its parsing out of the figure.
fn refuse(c: &mut Criterion) {
    let world = authority(Arc::new(Memory::new()));
    let (details, key) = world.key("fleet", 1);
    let forged = |id: KeyId| {
        let secret = MasterKey::from_bytes([8; 32]).derive_secret(key.host(), id);
        ProvisioningKey::from_parts(key.host().clone(), id, secret, key.pin())
    };
    let csr = p256_request(&key).csr;
    let bearer = |key: &ProvisioningKey| EnrollRequest {
        csr: csr_without_proof(),
        key_text: Some(KeyText::new(key.to_text().expose().to_owned())),
        ..EnrollRequest::default()
    };
    let unknown = KeyId::parse("l2w3e4r5t6y7").expect("an id of a slot without a master key");
    let mut group = c.benchmark_group("forged key");
    group.bench_function("beside: one HMAC-SHA256 of 64 bytes", |b| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[1; 32]);
        b.iter(|| ring::hmac::sign(&key, black_box(&[2; 64])));
    });
    for (what, request) in [
        ("text, known slot", bearer(&forged(details.id))),
        ("text, unknown slot", bearer(&forged(unknown))),
        ("proof, known slot", p256_request(&forged(details.id))),
        ("proof, unknown slot", p256_request(&forged(unknown))),
    ] {
        group.bench_function(what, |b| {
            b.iter(|| world.authority.enroll(black_box(&request)).expect_err("it is forged"));
        });
    }
    group.bench_function("beside: parsing its CSR alone", |b| {
        b.iter(|| provkey::x509::Csr::parse(black_box(&csr)));
    });
    group.finish();
}

fn csr_without_proof() -> Vec<u8> {
    use provkey::x509::{KeyAlgorithm, SoftwareSigner, build_csr};
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).expect("a key pair");
    build_csr(&signer, &[]).expect("a CSR")
}

criterion_group!(benches, read, refuse);
criterion_main!(benches);
