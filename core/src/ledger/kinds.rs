//! The kinds of records that operators name.

use alloc::vec::Vec;

use super::Ledger;
use super::entity::Entity;
use super::error::{Error, InputError, Refusal};
use super::model::{AdminTokenId, CertificateId, GroupId, Name};
use super::records::{
    self, ADMIN_TOKEN_NAMES, AdminTokenRecord, CERTIFICATE_NAMES, CertificateRecord,
    CertificateRequestRecord, GROUP_NAMES, GroupRecord, KEY_NAMES, KeyRecord, SealedKey,
};
use crate::key::KeyId;
use crate::store::RecordKey;

impl Entity for GroupRecord {
    type Id = GroupId;
    const NAMES: &'static str = GROUP_NAMES;
    const MISSING: InputError = InputError::GroupNotFound;

    fn id(&self) -> GroupId {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn key(id: GroupId) -> RecordKey {
        records::group(id)
    }

    fn counter(id: GroupId) -> Option<RecordKey> {
        Some(records::group_users(id))
    }
}

impl Entity for CertificateRecord {
    type Id = CertificateId;
    const NAMES: &'static str = CERTIFICATE_NAMES;
    const MISSING: InputError = InputError::CertificateNotFound;

    fn id(&self) -> CertificateId {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn key(id: CertificateId) -> RecordKey {
        records::certificate(id)
    }

    fn counter(id: CertificateId) -> Option<RecordKey> {
        Some(records::certificate_users(id))
    }

    /// An external CA may have been asked for it, and not have answered yet.
    fn missing(ledger: &Ledger, id: CertificateId) -> Result<Error, Error> {
        let [request] = ledger.get_array([records::certificate_request(id)])?;
        Ok(match request {
            Some(_) => InputError::CertificateUnanswered.about(id).into(),
            None => Self::MISSING.about(id).into(),
        })
    }
}

impl Entity for CertificateRequestRecord {
    type Id = CertificateId;
    const NAMES: &'static str = CERTIFICATE_NAMES;
    const MISSING: InputError = InputError::CertificateRequestNotFound;

    fn id(&self) -> CertificateId {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn key(id: CertificateId) -> RecordKey {
        records::certificate_request(id)
    }

    fn counter(_: CertificateId) -> Option<RecordKey> {
        None
    }
}

impl Entity for KeyRecord {
    type Id = KeyId;
    const NAMES: &'static str = KEY_NAMES;
    const MISSING: InputError = InputError::KeyNotFound;

    fn id(&self) -> KeyId {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn key(id: KeyId) -> RecordKey {
        records::key(id)
    }

    fn counter(id: KeyId) -> Option<RecordKey> {
        Some(records::key_uses(id))
    }

    fn missing(ledger: &Ledger, id: KeyId) -> Result<Error, Error> {
        let [tombstone] = ledger.get_array([records::key_deleted(id)])?;
        Ok(match tombstone {
            Some(_) => Refusal::KeyDeleted.into(),
            None => Self::MISSING.about(id).into(),
        })
    }
}

impl Entity for AdminTokenRecord {
    type Id = AdminTokenId;
    const NAMES: &'static str = ADMIN_TOKEN_NAMES;
    const MISSING: InputError = InputError::AdminTokenNotFound;

    fn id(&self) -> AdminTokenId {
        self.id
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn key(id: AdminTokenId) -> RecordKey {
        records::admin_token(id)
    }

    fn counter(_: AdminTokenId) -> Option<RecordKey> {
        None
    }
}

/// A record that may hold the private key of a CA.
pub(crate) trait HoldsKey: Entity<Id = CertificateId> {
    /// The SubjectPublicKeyInfo, which the key is sealed with.
    fn spki(&self) -> Result<Vec<u8>, Error>;
    /// The key.
    fn private_key(&mut self) -> Option<&mut SealedKey>;
}

impl HoldsKey for CertificateRecord {
    fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.parsed()?.spki().to_vec())
    }

    fn private_key(&mut self) -> Option<&mut SealedKey> {
        self.private_key.as_mut()
    }
}

impl HoldsKey for CertificateRequestRecord {
    fn spki(&self) -> Result<Vec<u8>, Error> {
        Ok(self.public_key.0.clone())
    }

    fn private_key(&mut self) -> Option<&mut SealedKey> {
        self.private_key.as_mut()
    }
}
