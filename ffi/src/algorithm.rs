//! The algorithms of key pairs.

use provkey::x509::KeyAlgorithm;

use crate::constants::{Constants, constant_for, value_of};
use crate::failure::Failure;

/// The algorithm of a key pair. 0 is the default, P-256, or none, as each function says.
pub type provkey_key_algorithm = u32;

/// ECDSA on NIST P-256.
pub const PROVKEY_KEY_ALGORITHM_P256: provkey_key_algorithm = 1;
/// ECDSA on NIST P-384.
pub const PROVKEY_KEY_ALGORITHM_P384: provkey_key_algorithm = 2;
/// Ed25519, RFC 8032.
pub const PROVKEY_KEY_ALGORITHM_ED25519: provkey_key_algorithm = 3;
/// RSA of 2048 to 4096 bits, PKCS #1 v1.5. Such keys are accepted and never made.
pub const PROVKEY_KEY_ALGORITHM_RSA: provkey_key_algorithm = 4;

const ALGORITHMS: &Constants<KeyAlgorithm> = &[
    (PROVKEY_KEY_ALGORITHM_P256, KeyAlgorithm::EcdsaP256),
    (PROVKEY_KEY_ALGORITHM_P384, KeyAlgorithm::EcdsaP384),
    (PROVKEY_KEY_ALGORITHM_ED25519, KeyAlgorithm::Ed25519),
    (PROVKEY_KEY_ALGORITHM_RSA, KeyAlgorithm::Rsa),
];

/// The algorithm of this number; `None` for 0.
pub(crate) fn algorithm(number: provkey_key_algorithm) -> Result<Option<KeyAlgorithm>, Failure> {
    (number != 0).then(|| value_of(ALGORITHMS, number, "algorithm")).transpose()
}

/// The algorithm of this number; 0 is P-256.
pub(crate) fn algorithm_or_usual(number: provkey_key_algorithm) -> Result<KeyAlgorithm, Failure> {
    Ok(algorithm(number)?.unwrap_or(KeyAlgorithm::EcdsaP256))
}

/// The number of an algorithm; 0 if this version of the header does not know it.
pub(crate) fn number(algorithm: KeyAlgorithm) -> provkey_key_algorithm {
    constant_for(ALGORITHMS, &algorithm).unwrap_or(0)
}
