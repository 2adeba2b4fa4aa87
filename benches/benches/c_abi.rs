//! The cost of the C ABI: the same call from C and from Rust, in turns. `make bench` builds the
//! C program and passes its path in PROVKEY_C_OVERHEAD.

// A command-line program, which panics on any error.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use provkey::authority::EnrollRequest;
use provkey::connector::Identity;
use provkey::key::ProvisioningKey;
use provkey::store::Memory;
use provkey::x509::KeyAlgorithm;
use provkey_benches::{authority, beside_in_turns, p256_request, per_second};

/// Many short turns, because the difference is small and the speed of the machine drifts.
const TURNS: usize = 51;
const READS: usize = 20_000;
const REQUESTS: usize = 1_000;
const ENROLLMENTS: usize = 400;

fn main() {
    let Ok(program) = std::env::var("PROVKEY_C_OVERHEAD") else {
        println!("C beside Rust: skipped; run `make bench`, which builds the C program");
        return;
    };
    let in_c = |what: &str, count: usize| -> f64 {
        let run = Command::new(&program).args([what, &count.to_string()]).output().unwrap();
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stdout).unwrap().trim().parse().unwrap()
    };
    let row = |row, ours: &str, count, theirs: &dyn Fn() -> f64| {
        beside_in_turns(TURNS, row, "the same in Rust", || in_c(ours, count), theirs);
    };
    row("a key text read, from C", "read", READS, &read);
    row("a request made, from C", "request", REQUESTS, &request);
    row("enroll, memory, from C", "enroll", ENROLLMENTS, &enroll);
}

fn key() -> ProvisioningKey {
    authority(Arc::new(Memory::new())).key("key", 1).1
}

fn read() -> f64 {
    let text = key().to_text();
    per_second(1, READS, |_, _| {
        drop(black_box(ProvisioningKey::read(black_box(text.expose()).as_bytes()).unwrap()));
    })
}

fn request() -> f64 {
    let key = key();
    let identity = std::sync::Mutex::new(Identity::generate(KeyAlgorithm::EcdsaP256).unwrap());
    per_second(1, REQUESTS, |_, _| {
        drop(black_box(identity.lock().unwrap().request(&key, None).unwrap()));
    })
}

fn enroll() -> f64 {
    let world = authority(Arc::new(Memory::new()));
    let (_, key) = world.key("key", 1_000_000);
    let requests: Vec<EnrollRequest> = (0..ENROLLMENTS).map(|_| p256_request(&key)).collect();
    per_second(1, ENROLLMENTS, |_, at| {
        drop(black_box(world.authority.enroll(&requests[at]).unwrap()));
    })
}
