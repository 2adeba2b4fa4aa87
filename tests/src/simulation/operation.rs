//! The operations that operators and connectors ask the nodes for.

use provkey::authority::{
    Authority, Compromise, EnrollRequest, Enrolled, Error, KeyUpdate, Retention,
};
use provkey::key::{KeyText, Proof, ProvisioningKey};
use provkey::time::Timestamp;
use provkey::x509::{RevocationReason, Signer as _, build_csr};

use super::chance::Chance;
use super::connectors::{CONNECTORS, Renewal, connector};
use super::fixture::{CERTIFICATES, Fixture, HOUR_MS, KEYS};

/// An operation. Keys, certificates and connectors are numbered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Enroll {
        connector: usize,
        key: usize,
        proof: bool,
    },
    /// Several connectors, in turn with one key and the other, which may be the same.
    EnrollMany {
        first: usize,
        count: usize,
        keys: [usize; 2],
    },
    Renew {
        connector: usize,
        new_key: bool,
    },
    SetLimit {
        key: usize,
        limit: u64,
    },
    Enable {
        key: usize,
        enabled: bool,
    },
    /// 0 for `at_ms` means never.
    Expire {
        key: usize,
        at_ms: u64,
    },
    Move {
        key: usize,
        certificate: usize,
    },
    Retire {
        certificate: usize,
    },
    Delete {
        key: usize,
    },
    Revoke {
        connector: usize,
    },
    Compromise {
        key: usize,
    },
    Prune {
        before_ms: u64,
        audit: bool,
    },
    Copy {
        key: usize,
    },
}

/// The result of an operation that succeeded.
pub(super) enum Success {
    None,
    One(Box<Enrolled>),
    /// In the order of the requests.
    Many(Vec<Result<Enrolled, Error>>),
}

impl Operation {
    pub(super) fn draw(chance: &Chance, now_ms: u64) -> Self {
        // Most connectors ask with the first key, so that it runs out.
        let key = || if chance.happens(75) { 0 } else { chance.below(KEYS) };
        let connector = || chance.below(CONNECTORS);
        match chance.below(200) {
            0..82 => Self::Enroll { connector: connector(), key: key(), proof: chance.happens(20) },
            82..104 => {
                let (first, count) = (connector(), 2 + chance.below(CONNECTORS - 2));
                Self::EnrollMany { first, count, keys: [key(), key()] }
            }
            104..136 => Self::Renew { connector: connector(), new_key: chance.happens(60) },
            136..156 => Self::SetLimit { key: key(), limit: 1 + chance.below(5) as u64 },
            156..172 => Self::Enable { key: key(), enabled: chance.happens(50) },
            172..176 => {
                let hours = chance.below(60) as u64;
                let at_ms = if chance.happens(50) { now_ms + hours * HOUR_MS as u64 } else { 0 };
                Self::Expire { key: key(), at_ms }
            }
            176..181 => Self::Move { key: key(), certificate: chance.below(CERTIFICATES) },
            181..183 => Self::Retire { certificate: chance.below(CERTIFICATES) },
            183..187 => Self::Delete { key: key() },
            187..192 => Self::Revoke { connector: connector() },
            192..194 => Self::Compromise { key: key() },
            194..197 => {
                let before_ms = now_ms + chance.below(48 * HOUR_MS) as u64;
                Self::Prune { before_ms, audit: chance.happens(30) }
            }
            _ => Self::Copy { key: key() },
        }
    }

    /// The connectors that it enrolls, each with its key.
    pub(super) fn enrolls(self) -> Vec<(usize, usize)> {
        match self {
            Self::Enroll { connector, key, .. } => vec![(connector, key)],
            Self::EnrollMany { first, count, keys } => {
                (0..count).map(|n| ((first + n) % CONNECTORS, keys[n % 2])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it makes several changes, so that some stay when it fails.
    pub(super) fn takes_many_steps(self) -> bool {
        matches!(self, Self::Compromise { .. } | Self::Prune { .. })
    }

    /// Performs the operation on a node.
    pub(super) fn perform(
        self,
        fixture: &Fixture,
        authority: &Authority,
        renewal: Option<&Renewal>,
    ) -> Result<Success, Error> {
        let key_id = |key: usize| fixture.keys[key].id;
        let update = |key: usize, update| authority.update_key(key_id(key), &update).map(drop);
        match self {
            Self::Enroll { connector, key, proof } => {
                let enrolled = authority.enroll(&request(fixture, connector, key, proof))?;
                return Ok(Success::One(Box::new(enrolled)));
            }
            Self::EnrollMany { .. } => {
                let requests = self
                    .enrolls()
                    .into_iter()
                    .map(|(connector, key)| request(fixture, connector, key, connector % 2 == 0));
                return Ok(Success::Many(authority.enroll_many(&requests.collect::<Vec<_>>())));
            }
            Self::Renew { .. } => {
                let renewal = renewal.expect("it has a certificate");
                return Ok(Success::One(Box::new(authority.renew(&renewal.request())?)));
            }
            Self::SetLimit { key, limit } => update(key, KeyUpdate::default().max_uses(limit)),
            Self::Enable { key, enabled } => update(key, KeyUpdate::default().enabled(enabled)),
            Self::Expire { key, at_ms } => {
                let at = (at_ms > 0).then(|| Timestamp::from_unix_ms(at_ms));
                update(key, KeyUpdate::default().expires_at(at))
            }
            Self::Move { key, certificate } => {
                let certificate = Some(fixture.certificates[certificate]);
                update(key, KeyUpdate::default().certificate(certificate))
            }
            Self::Retire { certificate } => {
                authority.retire_certificate(fixture.certificates[certificate]).map(drop)
            }
            Self::Delete { key } => authority.delete_key(key_id(key)),
            Self::Revoke { connector: number } => {
                let (id, reason) = (connector(number).id, RevocationReason::KeyCompromise);
                authority.revoke_connector(id, reason)
            }
            Self::Compromise { key } => {
                authority.compromise_key(key_id(key), &Compromise::default()).map(drop)
            }
            Self::Prune { before_ms, audit } => {
                let before = Timestamp::from_unix_ms(before_ms);
                let audit_before = audit.then_some(before);
                let retention =
                    Retention::default().audit_before(audit_before).expired_before(before);
                authority.prune(&retention).map(drop)
            }
            Self::Copy { key } => authority.copy_key(key_id(key)).map(drop),
        }
        .map(|()| Success::None)
    }
}

/// The request of a connector: the key text beside a plain CSR, or a CSR with a proof.
fn request(fixture: &Fixture, number: usize, key: usize, proof: bool) -> EnrollRequest {
    let (connector, text) = (connector(number), &fixture.keys[key].text);
    if !proof {
        let key_text = Some(KeyText::new(text.clone()));
        return EnrollRequest::new(connector.csr.clone()).key_text(key_text);
    }
    let key = ProvisioningKey::parse_strict(text).expect("the authority gave the text");
    let proof = Proof::make(&key, connector.signer.public_key().spki(), None);
    let csr = build_csr(&connector.signer, &[&proof.to_attribute()]);
    EnrollRequest::new(csr.expect("the signer does not fail"))
}
