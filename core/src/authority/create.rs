//! Creating and opening an authority.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::time::Duration;

use crate::authority::certificates::{BACKDATE, ca_not_after, new_signer, seal};
use crate::authority::{Authority, Environment, Inner};
use crate::key::{Host, Keyring};
use crate::ledger::error::{Error, InputError, RejectedInput};
use crate::ledger::model::AuthorityId;
use crate::ledger::records::{self, Action, AuditRecord, AuthorityRecord, Bytes};
use crate::ledger::{Change, Ledger, describe_master};
use crate::process::Owned;
use crate::store::{GroupCommit, Outcome, Store};
use crate::time::Timestamp;
use crate::x509::{CaParameters, KeyAlgorithm, SerialNumber, issue_root};

/// How to create an authority.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAuthority {
    /// The host that connectors reach it at. Every key text contains it.
    pub host: Host,
    /// The SPIFFE trust domain of its certificates. It never changes. `None`: the host without its
    /// port. Required if the host is an IPv6 address.
    pub trust_domain: Option<String>,
    /// The algorithm of the root's key: P-256, P-384 or Ed25519.
    pub algorithm: KeyAlgorithm,
    /// How long the root is valid.
    pub validity: Duration,
}

impl NewAuthority {
    /// An authority at this host: P-256, valid for 30 years.
    pub fn new(host: Host) -> Self {
        let validity = Duration::from_secs(30 * 365 * 86_400);
        Self { host, trust_domain: None, algorithm: KeyAlgorithm::EcdsaP256, validity }
    }

    /// The trust domain (SPIFFE-ID 2.1: letters, digits, dots, hyphens, underscores).
    fn checked_trust_domain(&self) -> Result<String, RejectedInput> {
        let domain = self.trust_domain.as_deref().unwrap_or(self.host.name());
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        if domain.is_empty() || domain.len() > 253 || !domain.bytes().all(allowed) {
            return Err(InputError::TrustDomainInvalid.about(domain));
        }
        Ok(domain.into())
    }
}

crate::setters::setters!(NewAuthority {
    trust_domain: Option<String>,
    algorithm: KeyAlgorithm,
    validity: Duration,
});

/// # Creating and opening
impl Authority {
    /// Whether a store holds an authority. Needs no master key.
    ///
    /// # Errors
    /// Those of the store.
    pub fn exists(store: &dyn Store) -> Result<bool, Error> {
        let found = store.get(&[records::authority()])?;
        Ok(found.into_iter().flatten().next().is_some())
    }

    /// Creates an authority with its root in an empty store. New provisioning keys are derived from
    /// the current master key of the keyring.
    ///
    /// # Errors
    /// `authority_exists`, `trust_domain_invalid`, `validity_invalid`, `algorithm_unsupported`,
    /// and those of the store.
    pub fn create(
        environment: Environment,
        keyring: Keyring,
        new: &NewAuthority,
    ) -> Result<Self, Error> {
        let now = environment.clock.now();
        let record = new_record(&environment, &keyring, new, now)?;
        let change = creation(&keyring, &record, now);
        let commit = GroupCommit::new(Arc::clone(&environment.store));
        match commit.apply(change.into_unit(&*environment.random)?)? {
            Outcome::Applied(_) => Self::open(environment, keyring).map_err(Error::outcome_unknown),
            Outcome::Refused(_) => Err(InputError::AuthorityExists.into()),
        }
    }

    /// Opens the authority that a store holds. The keyring must have every master key that the
    /// authority knows.
    ///
    /// # Errors
    /// `authority_missing`, `master_key_wrong`, `master_key_missing`, and those of the store.
    pub fn open(environment: Environment, keyring: Keyring) -> Result<Self, Error> {
        let Environment { store, clock, random, observer } = environment;
        let ledger = Ledger::open(store, clock, random, observer, keyring)?;
        let opened = ledger.state();
        Ok(Self { inner: Arc::new(Owned::new(Inner::new(ledger))), opened, actor: None })
    }
}

/// Makes the root, and the record that holds it.
fn new_record(
    environment: &Environment,
    keyring: &Keyring,
    new: &NewAuthority,
    now: Timestamp,
) -> Result<AuthorityRecord, Error> {
    let random = &*environment.random;
    let id = AuthorityId::random(random)?;
    let trust_domain = new.checked_trust_domain()?;
    let not_after = ca_not_after(now, new.validity)?;
    let (signer, private_key) = new_signer(new.algorithm)?;
    let root = issue_root(
        &signer,
        &CaParameters {
            common_name: new.host.name(),
            id: id.as_str(),
            not_before: now.minus(BACKDATE),
            not_after,
            serial: SerialNumber::random(random, now)?,
        },
    )?;
    let (slot, master) = (keyring.current_slot(), keyring.current());
    let place = seal::Place { authority: id, record: seal::ROOT };
    Ok(AuthorityRecord {
        id,
        hosts: alloc::vec![new.host.clone()],
        trust_domain,
        created_at: now,
        masters: alloc::vec![describe_master(slot, master)],
        current_master: slot.number(),
        root_certificate: Bytes(root.der().to_vec()),
        root_key: seal::seal((slot, master), &place, &private_key, root.spki(), random)?,
    })
}

fn creation(keyring: &Keyring, record: &AuthorityRecord, now: Timestamp) -> Change {
    let mut audit = AuditRecord::new(now, Action::AuthorityCreated);
    audit.details = record.hosts.first().map(ToString::to_string);
    let mut change = Change::new(audit);
    change.expect_absent(records::authority());
    change.put(records::authority(), record);
    change.set_limit(records::master_users(keyring.current_slot()), None);
    change
}
