//! The authority: groups, enrollment certificates, provisioning keys, enrollment, audit.
//!
//! [`Authority`] is the whole of it. A host gives it an [`Environment`] (store, clock,
//! randomness) and the master keys, and calls it from as many threads as it likes.

mod audit;
mod certificates;
mod connectors;
mod copy;
mod create;
mod groups;
mod keys;
mod status;
mod tokens;

pub use crate::ledger::error::{AdminTokenError, Error, InputError, MasterError, Refusal};
pub use crate::ledger::listing::{Cursor, Page, PageRequest};
pub use crate::ledger::model::{
    Actor, AddressRange, AdminRole, AdminTokenId, AuthorityId, CertificateId, ConnectorId, GroupId,
    Name,
};
pub use crate::ledger::observer::{Event, Observer};
pub use crate::ledger::records::{Action, AuditRecord};
pub use audit::{AuditFilter, Checkpoint, Pruned, Retention};
pub use certificates::{
    CertificateImport, CertificateRequest, CertificateWarning, EnrollmentCertificate, ImportedKey,
    NewCertificate, ServerCertificate,
};
pub use connectors::{
    Compromise, Compromised, Connector, ConnectorFilter, EnrollRequest, Enrolled, RenewRequest,
};
pub use create::NewAuthority;
pub use groups::ConnectorGroup;
pub use keys::{KeyDetails, KeyFile, KeyFilter, KeyOrder, KeyState, KeyUpdate, Named, NewKey};
pub use status::Crl;
pub use tokens::{AdminToken, AdminTokenText, NewAdminToken};

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{PoisonError, RwLock};

use audit::Reached;
use audit::tally::Tally;
use certificates::issuers::Issuers;
use certificates::masters::{self, Lookups};
use certificates::seal;
use status::Crls;

use crate::key::{Host, Keyring, MasterKey, Pin, Slot};
use crate::ledger::records::{self, AuthorityRecord};
use crate::process::{Owned, UsedAfterFork};
use crate::random::{Random, SystemRandom};
use crate::store::{
    GroupCommit, GroupRead, Guard, QueryError, QueryLimits, QueryResult, RecordKey, Store,
};
use crate::time::{Clock, SystemClock};
use crate::x509::{Certificate, Issuer};

/// What the host gives the authority to live in.
#[derive(Clone)]
pub struct Environment {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids, nonces and serial numbers come from.
    pub random: Arc<dyn Random>,
    /// Who is told what happens.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Environment {
    /// This store, the machine's clock and the operating system's randomness.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use provkey::authority::{Authority, Environment, NewAuthority};
    /// use provkey::key::{Host, Keyring, MasterKey};
    /// use provkey::random::SystemRandom;
    /// use provkey::store::Memory;
    ///
    /// let environment = Environment::system(Arc::new(Memory::new()));
    /// let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
    /// let new = NewAuthority::new(Host::parse("api.private.example.com")?);
    /// let authority = Authority::create(environment, keyring, &new)?;
    /// assert_eq!(authority.hosts(), [new.host]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn system(store: Arc<dyn Store>) -> Self {
        Self { store, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), observer: None }
    }
}

/// The side that makes provisioning keys and counts their uses.
///
/// Cheap to clone; clones are the same authority. All calls block, and may be made from any
/// thread of the process that opened it. In a forked child they fail with `used_after_fork`.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Owned<Inner>>,
    /// What it was when it was opened.
    opened: Arc<State>,
    actor: Option<Arc<Actor>>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<Guard>,
    /// Reads what enrollments and renewals stand on.
    reads: GroupRead,
    pub(crate) commit: GroupCommit,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    observer: Option<Arc<dyn Observer>>,
    state: RwLock<Arc<State>>,
    issuers: Issuers,
    crls: Crls,
    tally: Tally,
    reached: Reached,
    lookups: Lookups,
}

/// What every call needs of the authority's own record, and the master keys.
pub(crate) struct State {
    record: AuthorityRecord,
    version: u64,
    pin: Pin,
    root: Certificate,
    keyring: Arc<Keyring>,
}

impl Authority {
    /// Opens the authority that a store holds. The keyring must have every master key that the
    /// authority knows.
    ///
    /// # Errors
    /// `authority_missing`, `master_key_wrong`, `master_key_missing`, and those of the store.
    pub fn open(environment: Environment, keyring: Keyring) -> Result<Self, Error> {
        let Environment { store, clock, random, observer } = environment;
        let commit = GroupCommit::new(store);
        let opened = Arc::new(State::read(&commit.store(), Arc::new(keyring))?);
        let inner = Inner {
            store: commit.store(),
            reads: GroupRead::new(commit.store()),
            commit,
            clock,
            random,
            observer,
            state: RwLock::new(Arc::clone(&opened)),
            issuers: Issuers::default(),
            crls: Crls::default(),
            tally: Tally::default(),
            reached: Reached::default(),
            lookups: Lookups::default(),
        };
        Ok(Self { inner: Arc::new(Owned::new(inner)), opened, actor: None })
    }

    /// The same authority, with `actor` named in the audit records of what is done through it.
    /// A text is a name; an [`Actor`] has the admin token and the address, too.
    pub fn acting_as(&self, actor: impl Into<Actor>) -> Self {
        Self { actor: Some(Arc::new(actor.into().bounded())), ..self.clone() }
    }

    /// Its id.
    pub fn id(&self) -> AuthorityId {
        self.opened.record.id
    }

    /// Its hosts. The first is the one that new keys get unless they name another. In a forked child:
    /// those that it had when it was opened.
    pub fn hosts(&self) -> Vec<Host> {
        let state = self.inner.get().map_or_else(|_| Arc::clone(&self.opened), Inner::state);
        state.record.hosts.clone()
    }

    /// Its SPIFFE trust domain.
    pub fn trust_domain(&self) -> String {
        self.opened.record.trust_domain.clone()
    }

    /// The certificate of its root.
    pub fn root(&self) -> Certificate {
        self.opened.root.clone()
    }

    /// Answers one SELECT over the views for people that its store has: `provisioning_keys`,
    /// `enrollments`, `connector_groups`, `enrollment_certificates` and `audit`.
    ///
    /// # Errors
    /// `query_refused`, `query_failed`, `query_timed_out`, and those of the store.
    pub fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        self.inner()?.store.query(sql, limits)
    }

    /// Adds a host. Texts made for the others stay good. Other processes that have the
    /// authority open learn of it when they open it again.
    ///
    /// # Errors
    /// `too_many_hosts`, and those of the store.
    pub fn add_host(&self, host: &Host) -> Result<(), Error> {
        self.inner()?.until_undisturbed(|| {
            self.inner()?.reload()?;
            let state = self.inner()?.state();
            if state.record.hosts.contains(host) {
                return Ok(Some(()));
            }
            if state.record.hosts.len() >= crate::limits::HOSTS_MAX {
                return Err(InputError::TooManyHosts.into());
            }
            let mut record = state.record.clone();
            record.hosts.push(host.clone());
            let mut audit = self.audit(Action::HostAdded)?;
            audit.details = Some(host.as_str().to_string());
            let mut change = self.inner()?.change(&audit)?;
            change.expect(records::authority(), state.version);
            change.put(records::authority(), &record);
            match self.inner()?.apply(change)? {
                Ok(()) => self.inner()?.reload().map(Some).map_err(Error::after_change),
                Err(_) => self.inner()?.reload().map(|()| None),
            }
        })
    }

    /// What works: for the process that opened the authority only.
    fn inner(&self) -> Result<&Inner, UsedAfterFork> {
        self.inner.get()
    }

    fn audit(&self, action: Action) -> Result<AuditRecord, UsedAfterFork> {
        let mut audit = AuditRecord::new(self.inner()?.clock.now(), action);
        audit.set_actor(self.actor.as_deref());
        Ok(audit)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Inner {
    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the authority's record again, with the same master keys. Another process may have
    /// rotated, so one of them may be missing: what does not need it goes on.
    pub(crate) fn reload(&self) -> Result<(), Error> {
        let state = State::read_any(&self.store, Arc::clone(&self.state().keyring))?;
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // The keyring may have been replaced meanwhile.
        *current = Arc::new(State { keyring: Arc::clone(&current.keyring), ..state });
        Ok(())
    }

    fn replace_state(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }

    /// Replaces the state if it is still `before`. Whether it was.
    fn replace_state_if(&self, before: &Arc<State>, state: State) -> bool {
        let mut current = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let unchanged = Arc::ptr_eq(&current, before);
        if unchanged {
            *current = Arc::new(state);
        }
        unchanged
    }

    fn observe(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    /// Reads one record that is an index entry.
    fn read_text(&self, key: RecordKey) -> Result<Option<String>, Error> {
        let record = self.store.get(&[key])?.into_iter().next().flatten();
        record.map(|record| records::text(&record).map(Into::into)).transpose()
    }

    /// Reads one record that is a body.
    fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: RecordKey,
    ) -> Result<Option<(u64, T)>, Error> {
        read(&self.store, key)
    }
}

fn read<T: serde::de::DeserializeOwned>(
    store: &Guard,
    key: RecordKey,
) -> Result<Option<(u64, T)>, Error> {
    let record = store.get(&[key])?.into_iter().next().flatten();
    record.map(|record| Ok((record.version, records::decode(&record)?))).transpose()
}

impl State {
    /// Reads it for a keyring that must have every master key.
    fn read(store: &Guard, keyring: Arc<Keyring>) -> Result<Self, Error> {
        let state = Self::read_any(store, keyring)?;
        masters::check(&state.record.masters, &state.keyring)?;
        Ok(state)
    }

    /// Reads it for a keyring that may lack master keys.
    fn read_any(store: &Guard, keyring: Arc<Keyring>) -> Result<Self, Error> {
        let (version, record) = read::<AuthorityRecord>(store, records::authority())?
            .ok_or(InputError::AuthorityMissing)?;
        masters::check_present(&record.masters, &keyring)?;
        let root = Certificate::parse(&record.root_certificate.0).map_err(|error| {
            Error::RecordDamaged { key: "authority".into(), what: error.to_string() }
        })?;
        let pin = Pin::of_spki(root.spki());
        Ok(Self { record, version, pin, root, keyring })
    }

    /// The master key that keys are derived from now, and its slot.
    fn current_master(&self) -> Result<(Slot, &MasterKey), MasterError> {
        let slot = Slot::new(self.record.current_master).ok_or(MasterError::SlotEmpty)?;
        Ok((slot, self.keyring.master(slot).ok_or(MasterError::Missing)?))
    }

    /// The root, ready to sign.
    fn open_root(&self) -> Result<Issuer, Error> {
        let place = seal::Place { authority: self.record.id, record: "authority" };
        let signer = seal::open(&self.keyring, &place, &self.record.root_key, &self.root)?;
        Ok(Issuer::new(self.root.clone(), Arc::new(signer))?)
    }
}
