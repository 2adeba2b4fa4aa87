//! CA private keys at rest: sealed under a master key, with ChaCha20-Poly1305.
//!
//! The sealing key is HKDF-SHA256 of the master key, for this one record. The additional data binds
//! the sealed key to its authority, its record and its public key, so that a writer of the store
//! cannot move it to another record.

use alloc::sync::Arc;
use alloc::vec::Vec;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::key::{Keyring, MasterKey, Slot};
use crate::ledger::State;
use crate::ledger::error::{Error, MasterError};
use crate::ledger::model::AuthorityId;
use crate::ledger::records::{Bytes, SealedKey};
use crate::random::Random;
use crate::x509::{Certificate, Issuer, Pkcs8, SoftwareSigner};

const VERSION: &[u8] = b"provkey/1/sealed-ca";

/// The record that the root's key is sealed into.
pub(crate) const ROOT: &str = "authority";

/// The record that a key is sealed into.
pub(crate) struct Place<'a> {
    pub(crate) authority: AuthorityId,
    pub(crate) record: &'a str,
}

impl Place<'_> {
    fn key(&self, master: &MasterKey) -> Result<LessSafeKey, Error> {
        let info = [b"provkey/1/seal-ca".as_slice(), self.record.as_bytes()].concat();
        let key = master.derive_seal_key(&info);
        UnboundKey::new(&CHACHA20_POLY1305, &*key)
            .map(LessSafeKey::new)
            .map_err(|_| MasterError::SealBroken.into())
    }

    /// Version, authority, record and public key, each preceded by its length.
    fn additional_data(&self, spki: &[u8]) -> Aad<Vec<u8>> {
        let mut data = Vec::new();
        for part in [VERSION, self.authority.as_str().as_bytes(), self.record.as_bytes(), spki] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        Aad::from(data)
    }
}

/// Seals a PKCS#8 private key under the master key of a slot.
pub(crate) fn seal(
    (slot, master): (Slot, &MasterKey),
    place: &Place<'_>,
    private_key: &Pkcs8,
    spki: &[u8],
    random: &dyn Random,
) -> Result<SealedKey, Error> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce)?;
    // Wiped if sealing fails; afterwards it holds no secret.
    let mut sealed = Zeroizing::new(private_key.expose().to_vec());
    place
        .key(master)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            place.additional_data(spki),
            &mut *sealed,
        )
        .map_err(|_| MasterError::SealBroken)?;
    Ok(SealedKey {
        slot: slot.number(),
        nonce: Bytes(nonce.to_vec()),
        sealed: Bytes(core::mem::take(&mut *sealed)),
    })
}

/// Opens a sealed key, and checks that it is the private key of a certificate.
pub(crate) fn open(
    keyring: &Keyring,
    place: &Place<'_>,
    sealed: &SealedKey,
    certificate: &Certificate,
) -> Result<SoftwareSigner, Error> {
    let private_key = open_pkcs8(keyring, place, sealed, certificate.spki())?;
    let public_key = certificate.public_key().map_err(|_| MasterError::SealBroken)?;
    SoftwareSigner::from_pkcs8(&private_key, &public_key)
        .map_err(|_| MasterError::SealBroken.into())
}

/// The PKCS#8 bytes of a sealed key.
pub(crate) fn open_pkcs8(
    keyring: &Keyring,
    place: &Place<'_>,
    sealed: &SealedKey,
    spki: &[u8],
) -> Result<Pkcs8, Error> {
    let master = keyring.master(sealed.slot()?).ok_or(MasterError::Missing)?;
    let nonce =
        Nonce::try_assume_unique_for_key(&sealed.nonce.0).map_err(|_| MasterError::SealBroken)?;
    let mut bytes = Zeroizing::new(sealed.sealed.0.clone());
    let length = place
        .key(master)?
        .open_in_place(nonce, place.additional_data(spki), &mut bytes)
        .map_err(|_| MasterError::SealBroken)?
        .len();
    bytes.truncate(length);
    Ok(Pkcs8::new(bytes))
}

/// The root of an authority, ready to sign.
pub(crate) fn open_root(state: &State) -> Result<Issuer, Error> {
    let place = Place { authority: state.record.id, record: ROOT };
    let signer = open(&state.keyring, &place, &state.record.root_key, &state.root)?;
    Ok(Issuer::new(state.root.clone(), Arc::new(signer))?)
}
