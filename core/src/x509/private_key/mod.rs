//! Private keys in the file formats of other programs.

mod error;
mod pbes2;

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{KeyAlgorithm, Pkcs8, PublicKey, SignerError, SoftwareSigner};
use crate::der::writer::{bit_string, nested, primitive};
use crate::der::{Reader, check_all, pem, tag};
use crate::limits::PRIVATE_KEY_BYTES_MAX;

pub use error::PrivateKeyError;

/// Reads the private key of `public_key`, in PEM or DER: PKCS #8 (RFC 5958), encrypted or not,
/// SEC 1 (RFC 5915) or PKCS #1 (RFC 8017). The file need not contain the public key.
///
/// # Errors
/// Any [`PrivateKeyError`].
pub fn read_private_key(
    bytes: &[u8],
    passphrase: Option<&[u8]>,
    public_key: &PublicKey,
) -> Result<Pkcs8, PrivateKeyError> {
    if bytes.len() > PRIVATE_KEY_BYTES_MAX {
        return Err(PrivateKeyError::TooLarge);
    }
    if pem::is_der(bytes) {
        return read(bytes, passphrase, public_key);
    }
    let mut blocks = pem::Blocks::new(bytes).filter(|block| block.label.ends_with(b"PRIVATE KEY"));
    let block = blocks.next().ok_or(PrivateKeyError::Missing)?;
    if blocks.next().is_some() {
        return Err(PrivateKeyError::TooMany);
    }
    // RFC 1421, 4.6.1.1: what OpenSSL wrote before it wrote PKCS #8.
    if block.has_headers() {
        return Err(PrivateKeyError::UnsupportedEncryption);
    }
    let der = block.decode_secret().ok_or(PrivateKeyError::Malformed)?;
    read(&der, passphrase, public_key)
}

fn read(
    der: &[u8],
    passphrase: Option<&[u8]>,
    public_key: &PublicKey,
) -> Result<Pkcs8, PrivateKeyError> {
    check_all(der)?;
    let mut fields = Reader::within(der, tag::SEQUENCE)?;
    if !fields.is_next(tag::SEQUENCE) {
        return read_plain(der, public_key);
    }
    // RFC 5958, 3: EncryptedPrivateKeyInfo.
    let algorithm = fields.enter(tag::SEQUENCE)?;
    let encrypted = fields.contents(tag::OCTET_STRING)?;
    fields.end()?;
    let passphrase = passphrase.ok_or(PrivateKeyError::PassphraseMissing)?;
    let plain = pbes2::decrypt(algorithm, encrypted, passphrase)?;
    read_plain(&plain, public_key).map_err(|error| match error {
        PrivateKeyError::Malformed => PrivateKeyError::WrongPassphrase,
        error => error,
    })
}

fn read_plain(der: &[u8], public_key: &PublicKey) -> Result<Pkcs8, PrivateKeyError> {
    check_all(der)?;
    let mut fields = Reader::within(der, tag::SEQUENCE)?;
    let version = fields.unsigned()?;
    // RFC 5958, 2: version 1 of PKCS #8 is the value 0, version 2 has a public key.
    if fields.is_next(tag::SEQUENCE) && matches!(version, [0] | [1]) {
        if fields.value(tag::SEQUENCE)? != public_key.algorithm().identifier() {
            return Err(PrivateKeyError::Mismatch);
        }
        let key = fields.contents(tag::OCTET_STRING)?;
        // Attributes are ignored. So is the public key, which some programs tag explicitly: the
        // private key is checked against the certificate's.
        fields.optional(tag::context(0))?;
        if fields.optional(tag::context(1))?.is_none() {
            fields.optional_implicit(tag::context_primitive(1), tag::BIT_STRING)?;
        }
        fields.end()?;
        return read_key(key, public_key);
    }
    let algorithm = public_key.algorithm();
    match version {
        // RFC 8017, A.1.2: RSAPrivateKey.
        [0] if algorithm == KeyAlgorithm::Rsa => read_key(der, public_key),
        // RFC 5915, 3: ECPrivateKey.
        [1] if is_ecdsa(algorithm) => read_key(der, public_key),
        [0] | [1] => Err(PrivateKeyError::Mismatch),
        _ => Err(PrivateKeyError::Malformed),
    }
}

/// Writes the PKCS #8 that ring reads, which contains the public key.
fn read_key(key: &[u8], public_key: &PublicKey) -> Result<Pkcs8, PrivateKeyError> {
    let algorithm = public_key.algorithm();
    let key = match algorithm {
        KeyAlgorithm::Rsa => Zeroizing::new(key.to_vec()),
        KeyAlgorithm::Ed25519 => {
            // RFC 8410, 7: CurvePrivateKey.
            Reader::only(key, tag::OCTET_STRING)?;
            Zeroizing::new(key.to_vec())
        }
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 => with_public_key(key, public_key)?,
    };
    let pkcs8 = write_pkcs8(&key, public_key);
    match SoftwareSigner::from_pkcs8(&pkcs8, public_key) {
        Ok(_) => Ok(pkcs8),
        Err(SignerError::KeyRejected) if algorithm == KeyAlgorithm::Rsa => {
            Err(PrivateKeyError::Malformed)
        }
        // The form is right, so the two keys do not belong together.
        Err(_) => Err(PrivateKeyError::Mismatch),
    }
}

/// RFC 5915, 3: the ECPrivateKey with its public key, and without its curve.
fn with_public_key(
    key: &[u8],
    public_key: &PublicKey,
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let mut fields = Reader::within(key, tag::SEQUENCE)?;
    if fields.unsigned()? != [1] {
        return Err(PrivateKeyError::Malformed);
    }
    let scalar = fields.contents(tag::OCTET_STRING)?;
    // Curve and public key are ignored: the private key is checked against the certificate's.
    fields.optional(tag::context(0))?;
    fields.optional(tag::context(1))?;
    fields.end()?;
    let mut out = Zeroizing::new(Vec::with_capacity(SECRET_CAPACITY));
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::INTEGER, &[1]);
        primitive(out, tag::OCTET_STRING, scalar);
        nested(out, tag::context(1), |out| bit_string(out, public_key.key()));
    });
    Ok(out)
}

/// Enough for every accepted key: a buffer that grew would leave a copy of the secret behind.
const SECRET_CAPACITY: usize = PRIVATE_KEY_BYTES_MAX + 256;

/// RFC 5958, 2: OneAsymmetricKey. ring needs the public key in it only for Ed25519.
fn write_pkcs8(key: &[u8], public_key: &PublicKey) -> Pkcs8 {
    let algorithm = public_key.algorithm();
    let with_public_key = algorithm == KeyAlgorithm::Ed25519;
    let mut out = Zeroizing::new(Vec::with_capacity(SECRET_CAPACITY));
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::INTEGER, &[u8::from(with_public_key)]);
        out.extend_from_slice(algorithm.identifier());
        primitive(out, tag::OCTET_STRING, key);
        if with_public_key {
            let bits = [&[0], public_key.key()].concat();
            primitive(out, tag::context_primitive(1), &bits);
        }
    });
    Pkcs8::new(out)
}

fn is_ecdsa(algorithm: KeyAlgorithm) -> bool {
    matches!(algorithm, KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384)
}
