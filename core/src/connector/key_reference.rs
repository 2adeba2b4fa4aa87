//! Which provisioning key an identity asked with.

use crate::key::{Host, KeyId, Pin, ProvisioningKey};

/// What may be remembered of a provisioning key: all of it but the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReference {
    host: Host,
    id: KeyId,
    pin: Pin,
}

impl KeyReference {
    /// Where the authority is found.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The public id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Which authority root to trust.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// As fields of an identity file: all empty if there is none.
    pub(super) fn to_fields(reference: Option<&Self>) -> [&[u8]; 3] {
        reference.map_or([&[]; 3], |reference| {
            let Self { host, id, pin } = reference;
            [host.as_str().as_bytes(), id.as_str().as_bytes(), pin.as_bytes()]
        })
    }

    /// Reads the fields of an identity file. The outer `None` is for damaged ones.
    pub(super) fn from_fields(fields: [&[u8]; 3]) -> Option<Option<Self>> {
        if fields.concat().is_empty() {
            return Some(None);
        }
        let [host, id, pin] = fields;
        let host = Host::parse(str::from_utf8(host).ok()?).ok()?;
        let id = KeyId::parse(str::from_utf8(id).ok()?).ok()?;
        Some(Some(Self { host, id, pin: Pin::from_bytes(pin.try_into().ok()?) }))
    }
}

impl From<&ProvisioningKey> for KeyReference {
    fn from(key: &ProvisioningKey) -> Self {
        Self { host: key.host().clone(), id: key.id(), pin: key.pin() }
    }
}
