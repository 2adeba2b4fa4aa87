//! The format of identity files, and sealing them to a machine.
//!
//! ```text
//! plain    "provkey/1/identity"  0  fields                                 checksum
//! sealed   "provkey/1/identity"  1  fingerprint  salt  sealed fields, tag  checksum
//! bytes     18                   1  16           32                    16  32
//! ```
//!
//! The 1 in the name is the version. It is 2 while a renewal is pending, so that a program without
//! renewal refuses the file instead of losing the renewal. The checksum is SHA-256 of everything
//! before it, and distinguishes damage from a file of another machine. The fields are sealed with
//! ChaCha20-Poly1305 (RFC 8439), with the bytes before them as additional data. The key is
//! HKDF-SHA256(salt, material of the machine, "provkey/1/seal-identity"). Each sealing draws a
//! salt, so each key is used once, and the nonce is zero.

use alloc::vec::Vec;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Error, Identity, fields};
use crate::key::Fingerprint;
use crate::limits::IDENTITY_BYTES_MAX;
use crate::random::Random;

const NAME: &[u8] = b"provkey/1/identity";
const RENEWING_NAME: &[u8] = b"provkey/2/identity";
const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const SALT_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 32;

/// # Saving and opening
impl Identity {
    /// The whole identity as bytes that only this machine can open. Save them before a request is
    /// sent, and after an answer is accepted.
    ///
    /// `material` is the raw material of the machine's [`Fingerprint`]. The seal is as strong as
    /// the material is secret: a key from a TPM or a keystore keeps others from reading the file,
    /// while guessable material, such as a serial number or a machine id, stops only accidental
    /// clones.
    ///
    /// # Errors
    /// `fingerprint_empty`, `random_unavailable`.
    pub fn seal(&self, material: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        check_material(material)?;
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt)?;
        let fingerprint = Fingerprint::of_raw(material);
        let header = [name(self), &[SEALED], fingerprint.as_bytes(), &salt].concat();
        let mut fields = fields::write(self);
        let tag = sealing_key(material, &salt)
            .seal_in_place_separate_tag(nonce(), Aad::from(&header), &mut fields)
            .expect("an identity is short enough to seal");
        let mut file = [header.as_slice(), fields.as_slice(), tag.as_ref()].concat();
        let checksum = Sha256::digest(&file);
        file.extend_from_slice(&checksum);
        Ok(file)
    }

    /// Opens a file that [`seal`](Self::seal) made with the same material.
    ///
    /// # Errors
    /// `identity_other_machine` if the material differs; `identity_not_sealed` for a file of
    /// [`to_bytes`](Self::to_bytes); `identity_damaged`, `identity_too_new`,
    /// `identity_not_recognized`, `identity_too_large`, `fingerprint_empty`.
    pub fn open(file: &[u8], material: &[u8]) -> Result<Self, Error> {
        check_material(material)?;
        match Contents::read(file)? {
            Contents::Plain(_) => Err(Error::NotSealed),
            Contents::Sealed(sealed) => {
                fields::read(&sealed.open(material)?, is_renewing(file)).ok_or(Error::Damaged)
            }
        }
    }

    /// The whole identity as bytes, with the private key in the clear. Only the permissions of the
    /// file protect it: prefer [`seal`](Self::seal).
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let fields = fields::write(self);
        let length = NAME.len() + 1 + fields.len() + CHECKSUM_BYTES;
        let mut file = Zeroizing::new(Vec::with_capacity(length));
        file.extend_from_slice(name(self));
        file.push(PLAIN);
        file.extend_from_slice(&fields);
        let checksum = Sha256::digest(&*file);
        file.extend_from_slice(&checksum);
        file
    }

    /// Parses a file that [`to_bytes`](Self::to_bytes) made.
    ///
    /// # Errors
    /// `identity_sealed` for a file of [`seal`](Self::seal); `identity_damaged`,
    /// `identity_too_new`, `identity_not_recognized`, `identity_too_large`.
    pub fn from_bytes(file: &[u8]) -> Result<Self, Error> {
        match Contents::read(file)? {
            Contents::Plain(fields) => {
                fields::read(fields, is_renewing(file)).ok_or(Error::Damaged)
            }
            Contents::Sealed(_) => Err(Error::Sealed),
        }
    }
}

/// The content of a file with a right checksum.
enum Contents<'a> {
    Plain(&'a [u8]),
    Sealed(Sealed<'a>),
}

struct Sealed<'a> {
    /// The bytes before the sealed fields.
    header: &'a [u8],
    fingerprint: Fingerprint,
    salt: &'a [u8],
    /// The sealed fields and their tag.
    fields: &'a [u8],
}

impl<'a> Contents<'a> {
    fn read(file: &'a [u8]) -> Result<Self, Error> {
        if file.len() > IDENTITY_BYTES_MAX {
            return Err(Error::TooLarge);
        }
        match version(file) {
            Some(b'1' | b'2') => {}
            Some(b'3'..=b'9') => return Err(Error::TooNew),
            // A crash may leave any prefix of a file, even an empty one.
            _ if NAME.starts_with(file) || RENEWING_NAME.starts_with(file) => {
                return Err(Error::Damaged);
            }
            _ => return Err(Error::NotRecognized),
        }
        Self::read_checked(file).ok_or(Error::Damaged)
    }

    fn read_checked(file: &'a [u8]) -> Option<Self> {
        let (bytes, checksum) = file.split_last_chunk::<CHECKSUM_BYTES>()?;
        if *checksum != *Sha256::digest(bytes) {
            return None;
        }
        match bytes.get(NAME.len()..)?.split_first()? {
            (&PLAIN, fields) => Some(Self::Plain(fields)),
            (&SEALED, rest) => {
                let (fingerprint, rest) = rest.split_first_chunk()?;
                let (salt, fields) = rest.split_at_checked(SALT_BYTES)?;
                let header = bytes.get(..bytes.len() - fields.len())?;
                let fingerprint = Fingerprint::from_bytes(*fingerprint);
                Some(Self::Sealed(Sealed { header, fingerprint, salt, fields }))
            }
            _ => None,
        }
    }
}

impl Sealed<'_> {
    fn open(&self, material: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        if self.fingerprint != Fingerprint::of_raw(material) {
            return Err(Error::OtherMachine);
        }
        let mut fields = Zeroizing::new(self.fields.to_vec());
        let length = sealing_key(material, self.salt)
            .open_in_place(nonce(), Aad::from(self.header), &mut fields)
            .map_err(|_| Error::Damaged)?
            .len();
        fields.truncate(length);
        Ok(fields)
    }
}

fn name(identity: &Identity) -> &'static [u8] {
    if identity.is_renewing() { RENEWING_NAME } else { NAME }
}

fn is_renewing(file: &[u8]) -> bool {
    file.starts_with(RENEWING_NAME)
}

/// The version of an identity file; `None` if it is not an identity file.
fn version(file: &[u8]) -> Option<u8> {
    let (&version, rest) = file.strip_prefix(b"provkey/")?.split_first()?;
    rest.starts_with(b"/identity").then_some(version)
}

/// Empty material would be the same on every machine.
fn check_material(material: &[u8]) -> Result<(), Error> {
    if material.is_empty() { Err(Error::FingerprintEmpty) } else { Ok(()) }
}

fn sealing_key(material: &[u8], salt: &[u8]) -> LessSafeKey {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(material);
    extracted
        .expand(&[b"provkey/1/seal-identity"], &CHACHA20_POLY1305)
        .map(|expanded| LessSafeKey::new(UnboundKey::from(expanded)))
        .expect("HKDF can output a sealing key")
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
