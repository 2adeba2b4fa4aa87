//! A valid key text, damaged arbitrarily: it is never read as another key, and up to four wrong
//! characters of the core are always repaired.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provkey::key::{Host, KeyId, Pin, ProvisioningKey, Secret};

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CORE: usize = 85;

fuzz_target!(|input: ([u8; 20], Vec<(u8, u8)>)| {
    let (secret, changes) = input;
    let host = Host::parse("localhost").expect("the host is canonical");
    let id = KeyId::parse("q2w3e4r5t6y7").expect("the id is of the alphabet");
    let key = ProvisioningKey::from_parts(host, id, Secret::from_bytes(secret), Pin::of_spki(b""));
    let text = key.to_text();
    let mut damaged = text.expose().as_bytes().to_vec();
    let core = damaged.len() - CORE;
    for (place, value) in changes {
        damaged[core + usize::from(place) % CORE] = ALPHABET[usize::from(value) % 32];
    }
    let differ = damaged.iter().zip(text.expose().as_bytes()).filter(|(a, b)| a != b).count();
    match (differ, ProvisioningKey::read(&damaged)) {
        (0, read) => assert!(read.is_ok()),
        (1..=4, Err(error)) => assert!(error.repaired() == Some(&text)),
        // The distance of the code is 9.
        (1..=8, read) => assert!(read.is_err()),
        _ => {}
    }
});
