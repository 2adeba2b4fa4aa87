//! Arbitrary bytes as the value of a proof attribute, of an enrollment or a renewal: no panic,
//! and only one encoding is accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provkey::key::Proof;
use provkey::x509::RenewalProof;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = Proof::from_der(bytes) {
        assert_eq!(proof.to_attribute_value(), bytes);
    }
    if let Ok(proof) = RenewalProof::from_der(bytes) {
        assert_eq!(proof.to_attribute_value(), bytes);
        let _ = proof.verify(bytes);
    }
});
