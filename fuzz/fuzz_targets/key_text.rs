//! Arbitrary bytes as a key text: no panic, and all readers accept the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provkey::key::ProvisioningKey;

fuzz_target!(|bytes: &[u8]| {
    match ProvisioningKey::read(bytes) {
        Ok(key) => assert!(ProvisioningKey::parse_strict(key.to_text().expose()).is_ok()),
        Err(error) => {
            let characters = error.shown().chars().count();
            assert!(error.positions().iter().all(|&position| position <= characters));
            assert!(error.positions().is_sorted());
            if let Some(repaired) = error.repaired() {
                assert!(ProvisioningKey::parse_strict(repaired.expose()).is_ok());
            }
        }
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(key) = ProvisioningKey::parse_strict(text)
    {
        assert_eq!(key.to_text().expose(), text);
    }
});
