//! The algorithms of key pairs.

/// The kind of a key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// Ed25519, RFC 8032.
    Ed25519,
    /// RSA of 2048 to 4096 bits, PKCS #1 v1.5.
    Rsa,
}

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519, Self::Rsa];

    /// Its name: `p256`, `p384`, `ed25519` or `rsa`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "p256",
            Self::EcdsaP384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    /// The AlgorithmIdentifier of a public key in DER.
    pub(super) const fn identifier(self) -> &'static [u8] {
        match self {
            // RFC 5480, 2.1.1: id-ecPublicKey with the named curve.
            Self::EcdsaP256 => {
                b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                  \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
            }
            Self::EcdsaP384 => {
                b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"
            }
            // RFC 8410, 3: parameters absent.
            Self::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
            // RFC 3279, 2.3.1: rsaEncryption, parameters NULL.
            Self::Rsa => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00",
        }
    }
}

crate::text::named!(KeyAlgorithm, "a key algorithm");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(KeyAlgorithm::parse(algorithm.as_str()), Ok(algorithm));
        }
        assert!(KeyAlgorithm::parse("dsa").is_err());
    }
}
