//! Arbitrary bytes as certificates: no panic, and an accepted certificate keeps its bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provkey::x509::Certificate;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = Certificate::parse(bytes) {
        assert_eq!(certificate.der(), bytes);
        let again = Certificate::parse_all(certificate.to_pem().as_bytes());
        assert!(again.is_ok_and(|all| all.len() == 1 && all[0].der() == bytes));
    }
    let _ = Certificate::parse_all(bytes);
});
