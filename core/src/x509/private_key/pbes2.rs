//! Encrypted private keys: PBES2 (RFC 8018, 6.2) with PBKDF2 and AES-CBC.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use ring::pbkdf2;
use zeroize::Zeroizing;

use super::error::PrivateKeyError;
use crate::der::{Reader, tag};
use crate::limits::PASSPHRASE_ITERATIONS_MAX;

/// `id-PBES2`, 1.2.840.113549.1.5.13.
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
/// `id-PBKDF2`, 1.2.840.113549.1.5.12.
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
/// `id-hmacWithSHA256`, -SHA384 and -SHA512, 1.2.840.113549.2.9 to 11.
const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
/// `aes128-CBC-PAD`, `aes192-CBC-PAD` and `aes256-CBC-PAD`, 2.16.840.1.101.3.4.1.2, 22 and 42.
const AES128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
const AES192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
const AES256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";

/// Decrypts as `algorithm` says, a reader inside an AlgorithmIdentifier.
pub(super) fn decrypt(
    mut algorithm: Reader<'_>,
    encrypted: &[u8],
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    if algorithm.contents(tag::OBJECT_IDENTIFIER)? != PBES2 {
        return Err(PrivateKeyError::UnsupportedEncryption);
    }
    let mut parameters = algorithm.enter(tag::SEQUENCE)?;
    algorithm.end()?;
    let derivation = Derivation::read(parameters.enter(tag::SEQUENCE)?)?;
    let mut cipher = parameters.enter(tag::SEQUENCE)?;
    parameters.end()?;
    let oid = cipher.contents(tag::OBJECT_IDENTIFIER)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let length =
        match oid {
            AES128_CBC => derivation
                .decrypt::<cbc::Decryptor<aes::Aes128>, 16>(passphrase, cipher, &mut plain),
            AES192_CBC => derivation
                .decrypt::<cbc::Decryptor<aes::Aes192>, 24>(passphrase, cipher, &mut plain),
            AES256_CBC => derivation
                .decrypt::<cbc::Decryptor<aes::Aes256>, 32>(passphrase, cipher, &mut plain),
            _ => Err(PrivateKeyError::UnsupportedEncryption),
        }?;
    plain.truncate(length);
    Ok(plain)
}

/// How the key is derived from the passphrase (RFC 8018, A.2).
struct Derivation<'a> {
    salt: &'a [u8],
    iterations: NonZeroU32,
    key_bytes: Option<u32>,
    algorithm: pbkdf2::Algorithm,
}

impl<'a> Derivation<'a> {
    fn read(mut fields: Reader<'a>) -> Result<Self, PrivateKeyError> {
        if fields.contents(tag::OBJECT_IDENTIFIER)? != PBKDF2 {
            return Err(PrivateKeyError::UnsupportedEncryption);
        }
        let mut parameters = fields.enter(tag::SEQUENCE)?;
        fields.end()?;
        let salt = parameters.contents(tag::OCTET_STRING)?;
        let iterations = parameters.small()?;
        if iterations > PASSPHRASE_ITERATIONS_MAX {
            return Err(PrivateKeyError::TooManyIterations);
        }
        let iterations = NonZeroU32::new(iterations).ok_or(PrivateKeyError::Malformed)?;
        let key_bytes = parameters.is_next(tag::INTEGER).then(|| parameters.small()).transpose()?;
        // If it is left out, the function is HMAC with SHA-1.
        if !parameters.is_next(tag::SEQUENCE) {
            return Err(PrivateKeyError::UnsupportedEncryption);
        }
        let mut function = parameters.enter(tag::SEQUENCE)?;
        parameters.end()?;
        let algorithm = match function.contents(tag::OBJECT_IDENTIFIER)? {
            HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(PrivateKeyError::UnsupportedEncryption),
        };
        // RFC 8018, B.1.2: the parameters are NULL. Some programs leave them out.
        function.optional(tag::NULL)?;
        function.end()?;
        Ok(Self { salt, iterations, key_bytes, algorithm })
    }

    /// Decrypts in place with a key of `N` bytes. Returns the length without padding.
    fn decrypt<Cipher: KeyIvInit + BlockModeDecrypt, const N: usize>(
        &self,
        passphrase: &[u8],
        mut cipher: Reader<'_>,
        bytes: &mut [u8],
    ) -> Result<usize, PrivateKeyError> {
        if self.key_bytes.is_some_and(|length| length as usize != N) {
            return Err(PrivateKeyError::Malformed);
        }
        let vector = cipher.contents(tag::OCTET_STRING)?;
        cipher.end()?;
        let mut key = Zeroizing::new([0; N]);
        pbkdf2::derive(self.algorithm, self.iterations, self.salt, passphrase, &mut *key);
        let cipher =
            Cipher::new_from_slices(&*key, vector).map_err(|_| PrivateKeyError::Malformed)?;
        // A wrong passphrase gives valid padding in one case of 256.
        let plain = cipher.decrypt_padded::<Pkcs7>(bytes);
        plain.map(<[u8]>::len).map_err(|_| PrivateKeyError::WrongPassphrase)
    }
}
