//! The connectors. Their keys are the same in every run: generating them takes longer than a run.

use std::sync::OnceLock;

use provkey::authority::{ConnectorId, Enrolled, RenewRequest};
use provkey::key::Host;
use provkey::x509::{
    Certificate, KeyAlgorithm, PublicKey, RenewalProof, Signer, SignerError, build_csr,
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

pub(super) const CONNECTORS: usize = 7;
/// The key pairs of a connector: it enrolls with the first and renews with any.
const GENERATIONS: usize = 3;

/// A key pair of a connector, with a plain request.
pub(super) struct Generation {
    /// The id of a connector that enrolls with it.
    pub(super) id: ConnectorId,
    pub(super) csr: Vec<u8>,
    pub(super) signer: SeededSigner,
}

/// An Ed25519 key from a seed. Its signatures are deterministic, too.
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

/// The key pair that a connector enrolls with.
pub(super) fn connector(number: usize) -> &'static Generation {
    generation(number, 0)
}

/// The number of the connector with this id.
pub(super) fn number_of(id: &str) -> Option<usize> {
    (0..CONNECTORS).find(|number| connector(*number).id.as_str() == id)
}

/// A key pair of a connector. One connector renews with the key pair that another enrolls with.
fn generation(number: usize, generation: usize) -> &'static Generation {
    static ALL: OnceLock<Vec<Generation>> = OnceLock::new();
    let all = ALL.get_or_init(|| (1..).map(make).take(CONNECTORS * GENERATIONS).collect());
    match (number, generation) {
        (5, 1) => &all[6],
        _ => &all[number + generation * CONNECTORS],
    }
}

fn make(seed: u8) -> Generation {
    let signer = SeededSigner::new(seed);
    let id = ConnectorId::of_spki_sha256(&signer.public_key.sha256());
    let csr = build_csr(&signer, &[]).expect("the signer does not fail");
    Generation { id, csr, signer }
}

/// The state of a connector.
#[derive(Default)]
pub(super) struct Client {
    credential: Option<Credential>,
    /// The key pair of the renewal that was not answered yet.
    asked_for: Option<usize>,
}

#[derive(Clone)]
struct Credential {
    leaf: Vec<u8>,
    generation: usize,
}

impl Credential {
    fn certificate(&self) -> Certificate {
        Certificate::parse(&self.leaf).expect("the authority made it")
    }
}

/// A request for a renewal.
#[derive(Clone)]
pub(super) struct Renewal {
    number: usize,
    old: Credential,
    new: usize,
}

impl Client {
    /// Takes the certificate, unless the connector has renewed since.
    pub(super) fn enrolled(&mut self, enrolled: &Enrolled) {
        if self.credential.as_ref().is_none_or(|credential| credential.generation == 0)
            && self.asked_for.is_none()
        {
            self.credential = Some(Credential { leaf: enrolled.chain[0].clone(), generation: 0 });
        }
    }

    /// The renewal to request; the same again until there is an answer.
    pub(super) fn renewal(&mut self, number: usize, new_key: bool) -> Option<Renewal> {
        let old = self.credential.clone()?;
        let next = if new_key { (old.generation + 1) % GENERATIONS } else { old.generation };
        let new = *self.asked_for.get_or_insert(next);
        Some(Renewal { number, old, new })
    }

    /// Takes the answer, if the connector still waits for it.
    pub(super) fn renewed(&mut self, renewal: &Renewal, enrolled: &Enrolled) {
        let waits = self.asked_for == Some(renewal.new)
            && self
                .credential
                .as_ref()
                .is_some_and(|credential| credential.leaf == renewal.old.leaf);
        if waits {
            self.credential =
                Some(Credential { leaf: enrolled.chain[0].clone(), generation: renewal.new });
            self.asked_for = None;
        }
    }

    /// After a permanent refusal, uses another key pair or enrolls again.
    pub(super) fn refused(&mut self, code: &str) {
        match code {
            "public_key_in_use" => self.asked_for = None,
            "store_unavailable" | "store_busy" | "certificate_retired" => {}
            _ => *self = Self::default(),
        }
    }
}

impl Renewal {
    pub(super) fn old_leaf(&self) -> &[u8] {
        &self.old.leaf
    }

    /// When the renewed certificate expires.
    pub(super) fn old_not_after(&self) -> u64 {
        self.old.certificate().not_after().unix_ms()
    }

    /// The id of a connector that enrolls with the new key pair.
    pub(super) fn new_id(&self) -> ConnectorId {
        generation(self.number, self.new).id
    }

    pub(super) fn request(&self) -> RenewRequest {
        let host = Host::parse("api.example.com").expect("it is canonical");
        let old = &generation(self.number, self.old.generation).signer;
        let new = &generation(self.number, self.new).signer;
        let proof =
            RenewalProof::make(&host, &self.old.certificate(), old, new.public_key().spki(), None);
        let attribute = proof.expect("the signer does not fail").to_attribute();
        let csr = build_csr(new, &[&attribute]).expect("the signer does not fail");
        RenewRequest::new(csr)
    }
}
