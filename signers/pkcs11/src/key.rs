//! Key pairs in a token: find, read, generate, destroy, sign.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Tag};
use provkey::x509::{KeyAlgorithm, PublicKey};
use sha2::{Digest as _, Sha256, Sha384};

use crate::{KeySelector, TokenError};

/// The bits of new RSA keys: as strong as P-256.
const RSA_BITS: u64 = 3072;
const RSA_EXPONENT: &[u8] = &[1, 0, 1];
const ID_BYTES: u32 = 16;

/// `CKA_EC_PARAMS`: the object identifier of a named curve (PKCS #11 2.40, mechanisms, 2.3.3).
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
/// PKCS #11 3.0, 2.3.5: the name or the object identifier, of which there are two.
const EDWARDS25519: &[u8] = b"\x13\x0cedwards25519";
const EDWARDS25519_OIDS: [&[u8]; 2] =
    [b"\x06\x03\x2b\x65\x70", b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01"];

/// A key pair in the token.
pub(crate) struct KeyPair {
    pub(crate) private: ObjectHandle,
    pub(crate) public_key: PublicKey,
    /// Whether the token reports that the private key was generated inside and was never readable.
    pub(crate) never_extractable: bool,
}

/// Finds a private key and the public key with the same id.
pub(crate) fn find(session: &Session, selector: &KeySelector) -> Result<KeyPair, TokenError> {
    let name = match selector {
        KeySelector::Label(label) => Attribute::Label(label.clone().into_bytes()),
        KeySelector::Id(id) => Attribute::Id(id.clone()),
    };
    let private = only(session, ObjectClass::PRIVATE_KEY, name, selector)?;
    let mut id = None;
    let mut never_extractable = false;
    let wanted = [AttributeType::Id, AttributeType::NeverExtractable];
    for attribute in session.get_attributes(private, &wanted).map_err(TokenError::from_module)? {
        match attribute {
            Attribute::Id(value) => id = Some(value),
            Attribute::NeverExtractable(value) => never_extractable = value,
            _ => {}
        }
    }
    let id = Attribute::Id(id.ok_or_else(|| TokenError::KeyNotFound(selector.clone()))?);
    let public = only(session, ObjectClass::PUBLIC_KEY, id, selector)?;
    Ok(KeyPair { private, public_key: read_public_key(session, public)?, never_extractable })
}

/// The ids of all private keys.
pub(crate) fn private_key_ids(session: &Session) -> Result<Vec<Vec<u8>>, TokenError> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let mut ids = Vec::new();
    for key in session.find_objects(&template).map_err(TokenError::from_module)? {
        let read = session.get_attributes(key, &[AttributeType::Id]);
        ids.extend(read.map_err(TokenError::from_module)?.into_iter().filter_map(|id| match id {
            Attribute::Id(id) => Some(id),
            _ => None,
        }));
    }
    Ok(ids)
}

fn only(
    session: &Session,
    class: ObjectClass,
    name: Attribute,
    selector: &KeySelector,
) -> Result<ObjectHandle, TokenError> {
    let template = [Attribute::Class(class), name];
    match session.find_objects(&template).map_err(TokenError::from_module)?[..] {
        [key] => Ok(key),
        [] => Err(TokenError::KeyNotFound(selector.clone())),
        _ => Err(TokenError::KeyAmbiguous(selector.clone())),
    }
}

/// Reads the attributes of a public key object.
#[derive(Default)]
struct PublicAttributes {
    kind: Option<KeyType>,
    curve: Vec<u8>,
    point: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

fn read_public_key(session: &Session, key: ObjectHandle) -> Result<PublicKey, TokenError> {
    let wanted = [
        AttributeType::KeyType,
        AttributeType::EcParams,
        AttributeType::EcPoint,
        AttributeType::Modulus,
        AttributeType::PublicExponent,
    ];
    let mut read = PublicAttributes::default();
    for attribute in session.get_attributes(key, &wanted).map_err(TokenError::from_module)? {
        match attribute {
            Attribute::KeyType(kind) => read.kind = Some(kind),
            Attribute::EcParams(curve) => read.curve = curve,
            Attribute::EcPoint(point) => read.point = point,
            Attribute::Modulus(modulus) => read.modulus = modulus,
            Attribute::PublicExponent(exponent) => read.exponent = exponent,
            _ => {}
        }
    }
    read.public_key()
}

impl PublicAttributes {
    fn public_key(&self) -> Result<PublicKey, TokenError> {
        let algorithm = self.algorithm().ok_or(TokenError::KeyUnsupported)?;
        let key = match algorithm {
            // RFC 8017, A.1.1: RSAPublicKey.
            KeyAlgorithm::Rsa => two_integers(&self.modulus, &self.exponent)?,
            // CKA_EC_POINT is an OCTET STRING, but some tokens omit that wrapping.
            _ => <&OctetStringRef>::from_der(&self.point)
                .map_or(&self.point[..], OctetStringRef::as_bytes)
                .to_vec(),
        };
        PublicKey::from_key(algorithm, &key).map_err(TokenError::KeyRejected)
    }

    fn algorithm(&self) -> Option<KeyAlgorithm> {
        match (self.kind?, &self.curve[..]) {
            (KeyType::RSA, _) => Some(KeyAlgorithm::Rsa),
            (KeyType::EC, P256) => Some(KeyAlgorithm::EcdsaP256),
            (KeyType::EC, P384) => Some(KeyAlgorithm::EcdsaP384),
            (KeyType::EC_EDWARDS, curve)
                if curve == EDWARDS25519 || EDWARDS25519_OIDS.contains(&curve) =>
            {
                Some(KeyAlgorithm::Ed25519)
            }
            _ => None,
        }
    }
}

/// A SEQUENCE of two unsigned INTEGERs.
fn two_integers(first: &[u8], second: &[u8]) -> Result<Vec<u8>, TokenError> {
    let encode = || {
        let mut contents = UintRef::new(first)?.to_der()?;
        UintRef::new(second)?.encode_to_vec(&mut contents)?;
        AnyRef::new(Tag::Sequence, &contents)?.to_der()
    };
    encode().map_err(|error: der::Error| TokenError::Failed(error.to_string()))
}

/// Generates a key pair that cannot be extracted. Returns the id that both keys share.
pub(crate) fn generate(
    session: &Session,
    label: &str,
    algorithm: KeyAlgorithm,
) -> Result<Vec<u8>, TokenError> {
    let unsupported = TokenError::AlgorithmUnsupported(algorithm);
    let (mechanism, kind) = match algorithm {
        KeyAlgorithm::EcdsaP256 => {
            (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(P256.into())])
        }
        KeyAlgorithm::EcdsaP384 => {
            (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(P384.into())])
        }
        KeyAlgorithm::Ed25519 => {
            (Mechanism::EccEdwardsKeyPairGen, vec![Attribute::EcParams(EDWARDS25519.into())])
        }
        KeyAlgorithm::Rsa => {
            let bits = Attribute::ModulusBits(RSA_BITS.into());
            let exponent = Attribute::PublicExponent(RSA_EXPONENT.into());
            (Mechanism::RsaPkcsKeyPairGen, vec![bits, exponent])
        }
        _ => return Err(unsupported),
    };
    let id = session.generate_random_vec(ID_BYTES).map_err(TokenError::from_module)?;
    let named = [Attribute::Token(true), Attribute::Label(label.into()), Attribute::Id(id.clone())];
    let public =
        [&named[..], &kind, &[Attribute::Private(false), Attribute::Verify(true)]].concat();
    let private = [
        &named[..],
        &[
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ],
    ]
    .concat();
    session.generate_key_pair(&mechanism, &public, &private).map_err(|error| {
        match TokenError::from_module(error) {
            TokenError::Failed(_) => unsupported,
            other => other,
        }
    })?;
    Ok(id)
}

/// Destroys a key pair.
pub(crate) fn destroy(session: &Session, id: &[u8]) -> Result<(), TokenError> {
    let keys =
        session.find_objects(&[Attribute::Id(id.into())]).map_err(TokenError::from_module)?;
    keys.into_iter()
        .try_for_each(|key| session.destroy_object(key).map_err(TokenError::from_module))
}

/// Signs a message. The signature has the form that certificates use.
pub(crate) fn sign(
    session: &Session,
    private: ObjectHandle,
    algorithm: KeyAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, TokenError> {
    let sign = |mechanism: Mechanism<'_>, data: &[u8]| {
        session.sign(&mechanism, private, data).map_err(TokenError::from_module)
    };
    match algorithm {
        KeyAlgorithm::EcdsaP256 => {
            ecdsa_sig_value(&sign(Mechanism::Ecdsa, &Sha256::digest(message))?)
        }
        KeyAlgorithm::EcdsaP384 => {
            ecdsa_sig_value(&sign(Mechanism::Ecdsa, &Sha384::digest(message))?)
        }
        KeyAlgorithm::Ed25519 => {
            sign(Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), message)
        }
        KeyAlgorithm::Rsa => sign(Mechanism::Sha256RsaPkcs, message),
        _ => Err(TokenError::KeyUnsupported),
    }
}

/// Converts an ECDSA signature: tokens return r and s, each as long as the order of the curve
/// (PKCS #11 2.40, mechanisms, 2.3.1); certificates have a SEQUENCE of two INTEGERs (RFC 3279,
/// 2.2.3).
fn ecdsa_sig_value(signature: &[u8]) -> Result<Vec<u8>, TokenError> {
    let (r, s) = signature.split_at(signature.len() / 2);
    two_integers(r, s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_a_signature_are_minimal_and_positive() {
        let check = |raw: &[u8], der: &[u8]| assert_eq!(ecdsa_sig_value(raw).unwrap(), der);
        check(&[0x7f, 1, 0x80, 2], &[0x30, 9, 2, 2, 0x7f, 1, 2, 3, 0, 0x80, 2]);
        check(&[0, 1, 0, 0x80], &[0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]);
    }

    #[test]
    fn points_are_read_wrapped_and_plain() {
        let point = [&[4_u8][..], &[7; 64]].concat();
        let wrapped = [&[4, 65][..], &point].concat();
        let read = |point: Vec<u8>| {
            let kind = Some(KeyType::EC);
            PublicAttributes { kind, curve: P256.into(), point, ..Default::default() }.public_key()
        };
        assert_eq!(read(point.clone()).unwrap(), read(wrapped).unwrap());
        assert_eq!(read(point[..64].to_vec()).unwrap_err().code(), "token_key_rejected");
    }

    #[test]
    fn other_curves_and_kinds_are_refused() {
        let check = |kind, curve: &[u8]| {
            let read = PublicAttributes { kind, curve: curve.into(), ..Default::default() };
            assert_eq!(read.public_key(), Err(TokenError::KeyUnsupported));
        };
        check(None, P256);
        check(Some(KeyType::AES), P256);
        check(Some(KeyType::EC), EDWARDS25519);
        check(Some(KeyType::EC_EDWARDS), b"\x13\x0aedwards448");
        // secp256k1
        check(Some(KeyType::EC), b"\x06\x05\x2b\x81\x04\x00\x0a");
    }
}
