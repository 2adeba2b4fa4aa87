//! The public part of the provisioning key that an identity uses.

use crate::key::{Host, KeyId, Pin, ProvisioningKey};

/// A provisioning key without its secret, as an identity stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyReference {
    host: Host,
    id: KeyId,
    pin: Pin,
}

impl KeyReference {
    /// The host and port at which the authority is reached.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The public id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The pin of the authority root to trust.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The fields of an identity file; all empty if there is no reference.
    pub(super) fn to_fields(reference: Option<&Self>) -> [&[u8]; 3] {
        reference.map_or([&[]; 3], |reference| {
            let Self { host, id, pin } = reference;
            [host.as_str().as_bytes(), id.as_str().as_bytes(), pin.as_bytes()]
        })
    }

    /// Parses the fields of an identity file. The outer `None` means that they are damaged.
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
