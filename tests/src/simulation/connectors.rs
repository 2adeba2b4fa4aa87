//! The connectors, which are the same in every run: making their keys takes longer than a run.

use std::sync::OnceLock;

use provkey::authority::ConnectorId;
use provkey::x509::{KeyAlgorithm, PublicKey, Signer, SignerError, build_csr};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

pub(super) const CONNECTORS: usize = 7;

/// A connector with a plain request.
pub(super) struct Connector {
    pub(super) id: ConnectorId,
    pub(super) csr: Vec<u8>,
    pub(super) signer: SeededSigner,
}

/// An Ed25519 key that is always the same: its signatures are, too.
pub(super) struct SeededSigner {
    public_key: PublicKey,
    key: Ed25519KeyPair,
}

impl Signer for SeededSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign(message).as_ref().to_vec())
    }
}

impl SeededSigner {
    pub(super) fn new(seed: u8) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes are a seed");
        let public_key = PublicKey::from_key(KeyAlgorithm::Ed25519, key.public_key().as_ref());
        Self { public_key: public_key.expect("ring makes sound keys"), key }
    }
}

/// The connector of this number.
pub(super) fn connector(number: usize) -> &'static Connector {
    static ALL: OnceLock<Vec<Connector>> = OnceLock::new();
    &ALL.get_or_init(|| (1..).map(make).take(CONNECTORS).collect())[number]
}

fn make(seed: u8) -> Connector {
    let signer = SeededSigner::new(seed);
    let id = ConnectorId::of_spki_sha256(&signer.public_key.sha256());
    let csr = build_csr(&signer, &[]).expect("the signer does not fail");
    Connector { id, csr, signer }
}
