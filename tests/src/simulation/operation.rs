//! What people and connectors ask the hosts for.

use provkey::authority::{Authority, EnrollRequest, Enrolled, Error, KeyUpdate};
use provkey::key::{KeyText, Proof, ProvisioningKey};
use provkey::x509::{RevocationReason, Signer as _, build_csr};

use super::chance::Chance;
use super::connectors::{CONNECTORS, connector};
use super::world::{KEYS, World};

/// What is asked for, by the numbers of keys and connectors.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Enroll { connector: usize, key: usize, proof: bool },
    SetLimit { key: usize, limit: u64 },
    Enable { key: usize, enabled: bool },
    Delete { key: usize },
    Revoke { connector: usize },
    Copy { key: usize },
}

impl Operation {
    pub(super) fn draw(chance: &Chance) -> Self {
        // Most connectors ask with the first key, so that it runs out.
        let key = if chance.happens(75) { 0 } else { chance.below(KEYS) };
        match chance.below(100) {
            0..68 => {
                let (connector, proof) = (chance.below(CONNECTORS), chance.happens(20));
                Self::Enroll { connector, key, proof }
            }
            68..80 => Self::SetLimit { key, limit: 1 + chance.below(5) as u64 },
            80..91 => Self::Enable { key, enabled: chance.happens(50) },
            91..93 => Self::Delete { key },
            93..96 => Self::Revoke { connector: chance.below(CONNECTORS) },
            _ => Self::Copy { key },
        }
    }

    /// Asks a host. `None`: it was no enrollment, and succeeded.
    pub(super) fn perform(
        self,
        world: &World,
        authority: &Authority,
    ) -> Result<Option<Enrolled>, Error> {
        let update = |key: usize, update| authority.update_key(world.keys()[key].id, &update);
        match self {
            Self::Enroll { connector, key, proof } => {
                return authority.enroll(&request(world, connector, key, proof)).map(Some);
            }
            Self::SetLimit { key, limit } => {
                let max_uses = Some(limit);
                update(key, KeyUpdate { max_uses, ..KeyUpdate::default() }).map(drop)
            }
            Self::Enable { key, enabled } => {
                let enabled = Some(enabled);
                update(key, KeyUpdate { enabled, ..KeyUpdate::default() }).map(drop)
            }
            Self::Delete { key } => authority.delete_key(world.keys()[key].id),
            Self::Revoke { connector: number } => {
                let (id, reason) = (connector(number).id, RevocationReason::KeyCompromise);
                authority.revoke_connector(id, reason)
            }
            Self::Copy { key } => authority.copy_key(world.keys()[key].id).map(drop),
        }
        .map(|()| None)
    }
}

/// What a connector sends: the text beside a plain CSR, or a CSR with a proof.
fn request(world: &World, number: usize, key: usize, proof: bool) -> EnrollRequest {
    let (connector, text) = (connector(number), &world.keys()[key].text);
    if !proof {
        let key_text = Some(KeyText::new(text.clone()));
        return EnrollRequest { csr: connector.csr.clone(), key_text, ..EnrollRequest::default() };
    }
    let key = ProvisioningKey::parse_strict(text).expect("the authority gave the text");
    let proof = Proof::make(&key, connector.signer.public_key().spki(), None);
    let csr = build_csr(&connector.signer, &[&proof.to_attribute()]);
    EnrollRequest { csr: csr.expect("the signer does not fail"), ..EnrollRequest::default() }
}
