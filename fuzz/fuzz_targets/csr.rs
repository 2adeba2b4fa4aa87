//! Arbitrary bytes as a CSR: neither reading nor verifying panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provkey::x509::Csr;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(csr) = Csr::parse(bytes) {
        let _ = csr.verify();
    }
});
