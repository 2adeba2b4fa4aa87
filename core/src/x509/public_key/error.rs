//! Why a public key was refused.

use crate::der::Malformed;
use crate::error_family::error_family;

error_family! {
    /// Why a public key was refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum PublicKeyError {
        /// Not the one accepted DER form of a key of its algorithm.
        #[error("the public key is not in the accepted DER form of its algorithm")]
        Malformed => "public_key_malformed",
        /// Too weak to identify its holder.
        #[error(transparent)]
        Weak(#[from] WeakKey) => error,
        /// Of an algorithm or a size that is not supported.
        #[error("the public key must be P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits")]
        Unsupported => "public_key_unsupported",
    }
}

impl From<Malformed> for PublicKeyError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

error_family! {
    /// Why a public key is too weak to identify its holder: its private key is easily found, or a
    /// signature does not need it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum WeakKey {
        /// An RSA modulus of less than 2048 bits.
        #[error("the RSA key is too short: make one of at least 2048 bits")]
        Short => "weak_key_short",
        /// An RSA exponent below 65537, such as 1 or 3.
        #[error("the RSA key has a small public exponent: make a key with the exponent 65537")]
        SmallExponent => "weak_key_small_exponent",
        /// An even RSA exponent, for which there is no private key.
        #[error("the RSA key has an even public exponent: make a key with the exponent 65537")]
        EvenExponent => "weak_key_even_exponent",
        /// An RSA modulus with a factor below 752.
        #[error("the RSA key has a small factor: its generator is broken, make a key elsewhere")]
        SmallFactor => "weak_key_small_factor",
        /// An RSA modulus whose two factors are so close together that Fermat's method finds them.
        #[error("the RSA key has close factors: its generator is broken, make a key elsewhere")]
        CloseFactors => "weak_key_close_factors",
        /// An RSA modulus made by the generator of CVE-2017-15361.
        #[error(
            "the RSA key was made by a chip with the ROCA flaw (CVE-2017-15361): make a key elsewhere"
        )]
        Roca => "weak_key_roca",
        /// An Ed25519 point of small order, the all-zero key among them.
        #[error("the Ed25519 key is a point of small order, for which anyone can sign")]
        SmallOrder => "weak_key_small_order",
    }
}
