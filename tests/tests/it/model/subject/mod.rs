//! The tested authority: performs the steps of a history, and reads its visible state.

mod view;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use provkey::authority::{
    Authority, CertificateId, Compromise, ConnectorId, EnrollRequest, Enrolled, Environment, Error,
    GroupId, KeyDetails, KeyUpdate, NewAuthority, NewCertificate, RenewRequest,
};
use provkey::key::{Host, KeyId, KeyText, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::time::Timestamp;
use provkey::x509::{
    Certificate, KeyAlgorithm, RenewalProof, RevocationReason, Signer as _, SoftwareSigner,
    build_csr,
};

use super::OpenStore;
use super::reference::DAY;
use super::step::{Edit, KEY_PAIRS, NAMES, NewKey, Request, Step};
use super::view::Answer;
use crate::site::name;

const HOST: &str = "api.private.example.com";
const BEGINNING: Timestamp = Timestamp::from_unix_ms(1_790_000_000_000 / 60_000 * 60_000);

/// The same key pairs in every history: generating them takes long.
static KEY_PAIRS_MADE: LazyLock<Vec<SoftwareSigner>> = LazyLock::new(|| {
    let generate = |_| SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap().0;
    (0..KEY_PAIRS).map(generate).collect()
});

fn connector_id(key_pair: usize) -> ConnectorId {
    ConnectorId::of_spki_sha256(&KEY_PAIRS_MADE[key_pair].public_key().sha256())
}

/// An authority on a store, with two nodes that take turns.
pub(super) struct Subject<'a> {
    open_store: &'a OpenStore,
    nodes: [Authority; 2],
    /// In seconds since the beginning.
    clock: Arc<AtomicU64>,
    groups: Vec<GroupId>,
    certificates: Vec<CertificateId>,
    keys: Vec<Key>,
    leaves: Vec<Leaf>,
}

struct Key {
    id: KeyId,
    read: ProvisioningKey,
    first_version: u64,
}

/// An issued certificate.
struct Leaf {
    connector: usize,
    key_pair: usize,
    serial: String,
    der: Vec<u8>,
    not_after: Timestamp,
}

fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_bytes([1; 32]))
}

fn seconds(at: Timestamp) -> u64 {
    at.unix_seconds() - BEGINNING.unix_seconds()
}

fn moment(seconds: u64) -> Timestamp {
    BEGINNING.plus(Duration::from_secs(seconds))
}

impl<'a> Subject<'a> {
    pub(super) fn new(open_store: &'a OpenStore, groups: [&str; 2]) -> Self {
        let clock = Arc::new(AtomicU64::new(0));
        let new = NewAuthority::new(Host::parse(HOST).unwrap());
        let first = Authority::create(surroundings(open_store, &clock), keyring(), &new).unwrap();
        let second = Authority::open(surroundings(open_store, &clock), keyring()).unwrap();
        let groups = groups.map(|group| first.create_group(&name(group)).unwrap().id);
        let certificates = ["CA 1", "CA 2"].map(|certificate| {
            let mut new = NewCertificate::new(name(certificate));
            new.algorithm = KeyAlgorithm::Ed25519;
            first.create_certificate(&new).unwrap().id
        });
        Self {
            open_store,
            nodes: [first, second],
            clock,
            groups: groups.into(),
            certificates: certificates.into(),
            keys: Vec::new(),
            leaves: Vec::new(),
        }
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(super) fn take(&mut self, step: &Step) -> Vec<Answer> {
        self.nodes.swap(0, 1);
        let node = self.nodes[0].clone();
        let answer = match step {
            Step::CreateGroup { name: at } => {
                node.create_group(&name(NAMES[*at])).map(|group| self.groups.push(group.id))
            }
            Step::DeleteGroup { group } => {
                node.delete_group(self.groups[group % self.groups.len()])
            }
            Step::Retire { certificate } => {
                node.retire_certificate(self.certificates[*certificate]).map(drop)
            }
            Step::CreateKey(new) => self.create_key(&node, new),
            Step::Edit { key, edit } => self.edit(&node, *key, edit),
            Step::Delete { key } => node.delete_key(self.key(*key).id),
            Step::Copy { key, download: false } => node.copy_key(self.key(*key).id).map(drop),
            Step::Copy { key, download: true } => node.download_key(self.key(*key).id).map(drop),
            Step::Enroll(requests) => return self.enroll(&node, requests),
            Step::Renew { connector, back, key_pair } => {
                return vec![self.renew(&node, *connector, *back, *key_pair)];
            }
            Step::Revoke { connector } => {
                node.revoke_connector(connector_id(*connector), RevocationReason::default())
            }
            Step::Compromise { key, dry_run } => {
                let what = Compromise::default().dry_run(*dry_run);
                let done = node.compromise_key(self.key(*key).id, &what).unwrap();
                let (connectors, revoked) = (done.connectors, done.revoked);
                return vec![Answer::Compromised { connectors, revoked }];
            }
            Step::Wait { seconds } => {
                self.wait(*seconds);
                Ok(())
            }
            Step::Reopen => {
                let surroundings = surroundings(self.open_store, &self.clock);
                self.nodes[0] = Authority::open(surroundings, keyring()).unwrap();
                Ok(())
            }
        };
        vec![answer.map_or_else(|error| Answer::Refused(error.code()), |()| Answer::Done)]
    }

    fn key(&self, key: usize) -> &Key {
        &self.keys[key % self.keys.len()]
    }

    fn create_key(&mut self, node: &Authority, new: &NewKey) -> Result<(), Error> {
        let group = self.groups[new.group % self.groups.len()];
        let certificate = self.certificates[new.certificate];
        let mut key = new_key(new, group, certificate);
        key.expires_at = new.expires.map(|days| self.in_days(days));
        let KeyDetails { id, version, .. } = node.create_key(&key)?;
        let text = node.copy_key(id)?;
        let read = ProvisioningKey::read(text.expose().as_bytes()).unwrap();
        self.keys.push(Key { id, read, first_version: version });
        Ok(())
    }

    fn edit(&self, node: &Authority, key: usize, edit: &Edit) -> Result<(), Error> {
        let Key { id, first_version, .. } = self.key(key);
        let mut update = KeyUpdate::default()
            .version(edit.on_the_first_version.then_some(*first_version))
            .name(edit.name.map(|at| name(NAMES[at])))
            .max_uses(edit.max_uses)
            .enabled(edit.enabled)
            .certificate(edit.certificate.map(|certificate| self.certificates[certificate]))
            .proof_only(edit.proof_only);
        update.expires_at = edit.expires.map(|days| days.map(|days| self.in_days(days)));
        node.update_key(*id, &update).map(drop)
    }

    fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn in_days(&self, days: u64) -> Timestamp {
        moment(self.now() + days * DAY)
    }

    fn enroll(&mut self, node: &Authority, requests: &[Request]) -> Vec<Answer> {
        let asked: Vec<_> = requests.iter().map(|request| self.request(request)).collect();
        let results = match &asked[..] {
            [one] => vec![node.enroll(one)],
            many => node.enroll_many(many),
        };
        let answers = results.into_iter().zip(requests);
        answers
            .map(|(result, asked)| self.answer(result, asked.connector, asked.connector))
            .collect()
    }

    fn request(&self, request: &Request) -> EnrollRequest {
        let (key, signer) = (&self.key(request.key).read, &KEY_PAIRS_MADE[request.connector]);
        if request.bearer {
            let key_text = Some(KeyText::new(key.to_text().expose().to_owned()));
            let csr = build_csr(signer, &[]).unwrap();
            return EnrollRequest::new(csr).key_text(key_text);
        }
        let proof = Proof::make(key, signer.public_key().spki(), None);
        let csr = build_csr(signer, &[&proof.to_attribute()]).unwrap();
        EnrollRequest::new(csr)
    }

    fn renew(
        &mut self,
        node: &Authority,
        connector: usize,
        back: usize,
        key_pair: usize,
    ) -> Answer {
        let issued = self.leaves.iter().filter(|leaf| leaf.connector == connector);
        let Some(old) = issued.rev().nth(back) else { return Answer::Done };
        let (old_key, new_key) = (&KEY_PAIRS_MADE[old.key_pair], &KEY_PAIRS_MADE[key_pair]);
        let (at, leaf) = (Host::parse(HOST).unwrap(), Certificate::parse(&old.der).unwrap());
        let spki = new_key.public_key().spki();
        let proof = RenewalProof::make(&at, &leaf, old_key, spki, None).unwrap();
        let csr = build_csr(new_key, &[&proof.to_attribute()]).unwrap();
        let result = node.renew(&RenewRequest::new(csr));
        self.answer(result, connector, key_pair)
    }

    /// Numbers a new certificate.
    fn answer(
        &mut self,
        result: Result<Enrolled, Error>,
        connector: usize,
        key_pair: usize,
    ) -> Answer {
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => return Answer::Refused(error.code()),
        };
        assert_eq!(answer.connector, connector_id(connector));
        let known = self.leaves.iter().position(|leaf| leaf.serial == answer.serial);
        assert_eq!(known.is_some(), answer.replay, "a new answer is a new certificate");
        let number = known.unwrap_or_else(|| {
            let (der, serial) = (answer.chain[0].clone(), answer.serial.clone());
            let not_after = answer.not_after;
            self.leaves.push(Leaf { connector, key_pair, serial, der, not_after });
            self.leaves.len() - 1
        });
        assert_eq!(self.leaves[number].der, answer.chain[0]);
        Answer::Certificate { number, replay: answer.replay }
    }
}

fn new_key(new: &NewKey, group: GroupId, certificate: CertificateId) -> provkey::authority::NewKey {
    let name = name(NAMES[new.name]);
    let mut key = provkey::authority::NewKey::new(name, group, certificate, new.max_uses);
    key.proof_only = new.proof_only;
    key
}

fn surroundings(open_store: &OpenStore, clock: &Arc<AtomicU64>) -> Environment {
    let clock = Arc::clone(clock);
    let clock = Arc::new(move || moment(clock.load(Ordering::SeqCst)));
    Environment::system(open_store()).clock(clock)
}
