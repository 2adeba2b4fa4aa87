//! Signature algorithms, and verifying signatures on ring.

use ring::agreement;
use ring::rand::SystemRandom;
use ring::signature as algorithms;
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};

use super::signed::Signed;
use super::{KeyAlgorithm, PublicKey};
use crate::der::{Malformed, Reader, tag};

/// An accepted signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureAlgorithm {
    EcdsaSha256,
    EcdsaSha384,
    Ed25519,
    RsaSha256,
    RsaSha384,
    RsaSha512,
}

/// Why a signature was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureError {
    /// The AlgorithmIdentifier is malformed.
    Malformed,
    WeakAlgorithm,
    UnsupportedAlgorithm,
    /// Keys of this kind do not make such signatures.
    AlgorithmMismatch,
    /// The key is not a point on its curve.
    OffCurve,
    BadSignature,
}

impl From<Malformed> for SignatureError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl SignatureAlgorithm {
    /// The algorithm with which a key of this kind signs.
    pub(super) const fn of(key: KeyAlgorithm) -> Self {
        match key {
            KeyAlgorithm::EcdsaP256 => Self::EcdsaSha256,
            KeyAlgorithm::EcdsaP384 => Self::EcdsaSha384,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa => Self::RsaSha256,
        }
    }

    const ALL: [Self; 6] = [
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::Ed25519,
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
    ];

    /// Parses an AlgorithmIdentifier, including its parameters.
    pub(super) fn read(identifier: &[u8]) -> Result<Self, SignatureError> {
        if let Some(known) = Self::ALL.into_iter().find(|known| known.identifier() == identifier) {
            return Ok(known);
        }
        let mut fields = Reader::within(identifier, tag::SEQUENCE)?;
        let oid = fields.contents(tag::OBJECT_IDENTIFIER)?;
        if !fields.is_at_end() {
            fields.any()?;
        }
        fields.end()?;
        Err(if WEAK.contains(&oid) {
            SignatureError::WeakAlgorithm
        } else {
            SignatureError::UnsupportedAlgorithm
        })
    }

    /// The AlgorithmIdentifier in DER.
    pub(super) const fn identifier(self) -> &'static [u8] {
        match self {
            // RFC 5758, 3.2: ecdsa-with-SHA256 and -SHA384, parameters absent.
            Self::EcdsaSha256 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
            Self::EcdsaSha384 => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
            // RFC 8410, 3: parameters absent.
            Self::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
            // RFC 4055, 5: sha256-, sha384- and sha512WithRSAEncryption, parameters NULL.
            Self::RsaSha256 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
            Self::RsaSha384 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00",
            Self::RsaSha512 => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00",
        }
    }
}

/// Verifies a signature with this key.
pub(super) fn verify(signed: &Signed, key: &PublicKey) -> Result<(), SignatureError> {
    let algorithm = SignatureAlgorithm::read(&signed.algorithm)?;
    let with = choose(key.algorithm(), algorithm).ok_or(SignatureError::AlgorithmMismatch)?;
    UnparsedPublicKey::new(with, key.key()).verify(&signed.tbs, &signed.signature).map_err(|_| {
        if is_on_curve(key) { SignatureError::BadSignature } else { SignatureError::OffCurve }
    })
}

/// Whether a [`Signer`](super::Signer) with this key made this signature over the message.
pub(super) fn verify_message(message: &[u8], signature: &[u8], key: &PublicKey) -> bool {
    choose(key.algorithm(), SignatureAlgorithm::of(key.algorithm())).is_some_and(|with| {
        UnparsedPublicKey::new(with, key.key()).verify(message, signature).is_ok()
    })
}

fn choose(
    key: KeyAlgorithm,
    signature: SignatureAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (key, signature) {
        (KeyAlgorithm::EcdsaP256, SignatureAlgorithm::EcdsaSha256) => {
            &algorithms::ECDSA_P256_SHA256_ASN1
        }
        (KeyAlgorithm::EcdsaP256, SignatureAlgorithm::EcdsaSha384) => {
            &algorithms::ECDSA_P256_SHA384_ASN1
        }
        (KeyAlgorithm::EcdsaP384, SignatureAlgorithm::EcdsaSha256) => {
            &algorithms::ECDSA_P384_SHA256_ASN1
        }
        (KeyAlgorithm::EcdsaP384, SignatureAlgorithm::EcdsaSha384) => {
            &algorithms::ECDSA_P384_SHA384_ASN1
        }
        (KeyAlgorithm::Ed25519, SignatureAlgorithm::Ed25519) => &algorithms::ED25519,
        (KeyAlgorithm::Rsa, SignatureAlgorithm::RsaSha256) => {
            &algorithms::RSA_PKCS1_2048_8192_SHA256
        }
        (KeyAlgorithm::Rsa, SignatureAlgorithm::RsaSha384) => {
            &algorithms::RSA_PKCS1_2048_8192_SHA384
        }
        (KeyAlgorithm::Rsa, SignatureAlgorithm::RsaSha512) => {
            &algorithms::RSA_PKCS1_2048_8192_SHA512
        }
        _ => return None,
    })
}

/// ring does not say why a verification failed. A key agreement fails exactly for a bad point.
fn is_on_curve(key: &PublicKey) -> bool {
    let curve = match key.algorithm() {
        KeyAlgorithm::EcdsaP256 => &agreement::ECDH_P256,
        KeyAlgorithm::EcdsaP384 => &agreement::ECDH_P384,
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa => return true,
    };
    let point = agreement::UnparsedPublicKey::new(curve, key.key());
    agreement::EphemeralPrivateKey::generate(curve, &SystemRandom::new())
        .is_ok_and(|private| agreement::agree_ephemeral(private, &point, |_| ()).is_ok())
}

/// Signature algorithms over MD2, MD4, MD5 and SHA-1.
const WEAK: [&[u8]; 7] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", // md2WithRSAEncryption
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03", // md4WithRSAEncryption
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", // md5WithRSAEncryption
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", // sha1WithRSAEncryption
    b"\x2b\x0e\x03\x02\x1d",                 // sha1WithRSA, OIW
    b"\x2a\x86\x48\xce\x3d\x04\x01",         // ecdsa-with-SHA1
    b"\x2a\x86\x48\xce\x38\x04\x03",         // dsa-with-sha1
];

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_identifier_is_read() {
        let check = |identifier: &[u8], expected| {
            assert_eq!(SignatureAlgorithm::read(identifier), Err(expected));
        };
        for known in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::read(known.identifier()), Ok(known));
        }
        // sha1WithRSAEncryption; ecdsa-with-SHA256 with a NULL; RSASSA-PSS; not an identifier.
        let sha1 = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00";
        check(sha1, SignatureError::WeakAlgorithm);
        let with_null = b"\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00";
        check(with_null, SignatureError::UnsupportedAlgorithm);
        let pss = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x00";
        check(pss, SignatureError::UnsupportedAlgorithm);
        check(b"\x30\x02\x05\x00", SignatureError::Malformed);
        check(b"\x30\x80\x06\x03\x2b\x65\x70\x00\x00", SignatureError::Malformed);
    }
}
