//! The authority: groups, enrollment certificates, provisioning keys, enrollment, audit.
//!
//! [`Authority`] has every call. The application passes it an [`Environment`] (store, clock,
//! randomness) and the master keys, and calls it from any number of threads.

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
    KeyOrder, Name,
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
pub use keys::{KeyDetails, KeyFile, KeyFilter, KeyState, KeyUpdate, Named, NewKey};
pub use status::Crl;
pub use tokens::{AdminToken, AdminTokenText, NewAdminToken};

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use audit::Reached;
use audit::tally::Tally;
use certificates::issuers::Issuers;
use certificates::lookups::Lookups;
use status::Crls;

use crate::key::{Host, Keyring};
use crate::ledger::records;
use crate::ledger::{Change, Ledger, State};
use crate::process::{Owned, UsedAfterFork};
use crate::random::{Random, SystemRandom};
use crate::store::{QueryError, QueryLimits, QueryResult, Store};
use crate::time::{Clock, SystemClock};
use crate::x509::Certificate;

/// What the application passes to an authority: where it stores, and what it must not do by itself.
#[derive(Clone)]
#[non_exhaustive]
pub struct Environment {
    /// The store of every record.
    pub store: Arc<dyn Store>,
    /// The source of the time.
    pub clock: Arc<dyn Clock>,
    /// The source of ids, nonces and serial numbers.
    pub random: Arc<dyn Random>,
    /// What is notified of enrollments and refusals, if anything.
    pub observer: Option<Arc<dyn Observer>>,
}

crate::setters::setters!(Environment {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
});

impl Environment {
    /// This store, this clock and this randomness.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, clock, random, observer: None }
    }

    /// Sets `observer`.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

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
/// A clone is cheap, and is the same authority. Every call blocks, and can be made from any thread
/// of the process that opened the authority. In a forked child every call fails with
/// `used_after_fork`.
#[derive(Clone)]
pub struct Authority {
    inner: Arc<Owned<Inner>>,
    /// The authority's record as it was at opening.
    opened: Arc<State>,
    actor: Option<Arc<Actor>>,
}

/// What the clones of an authority share: its ledger, and what this process remembers.
struct Inner {
    ledger: Ledger,
    issuers: Issuers,
    crls: Crls,
    tally: Tally,
    reached: Reached,
    lookups: Lookups,
}

impl Authority {
    /// Opens the authority that a store holds. The keyring must have every master key that the
    /// authority knows.
    ///
    /// # Errors
    /// `authority_missing`, `master_key_wrong`, `master_key_missing`, and those of the store.
    pub fn open(environment: Environment, keyring: Keyring) -> Result<Self, Error> {
        let Environment { store, clock, random, observer } = environment;
        let ledger = Ledger::open(store, clock, random, observer, keyring)?;
        let opened = ledger.state();
        let inner = Inner {
            ledger,
            issuers: Issuers::default(),
            crls: Crls::default(),
            tally: Tally::default(),
            reached: Reached::default(),
            lookups: Lookups::default(),
        };
        Ok(Self { inner: Arc::new(Owned::new(inner)), opened, actor: None })
    }

    /// The same authority, whose changes name `actor` in their audit records. A text is a name
    /// alone; an [`Actor`] can also have an admin token and an address.
    pub fn acting_as(&self, actor: impl Into<Actor>) -> Self {
        Self { actor: Some(Arc::new(actor.into().bounded())), ..self.clone() }
    }

    /// Its id.
    pub fn id(&self) -> AuthorityId {
        self.opened.record.id
    }

    /// Its hosts. A new key gets the first one unless it names another. In a forked child these are
    /// the hosts at opening.
    pub fn hosts(&self) -> Vec<Host> {
        let state = self.ledger().map_or_else(|_| Arc::clone(&self.opened), Ledger::state);
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

    /// Answers one SELECT over the views of its store: `provisioning_keys`, `enrollments`,
    /// `connector_groups`, `enrollment_certificates` and `audit`.
    ///
    /// # Errors
    /// `query_refused`, `query_failed`, `query_timed_out`, and those of the store.
    pub fn query(&self, sql: &str, limits: &QueryLimits) -> Result<QueryResult, QueryError> {
        self.ledger()?.query(sql, limits)
    }

    /// Adds a host. Key texts for the other hosts stay valid. Another process that has the
    /// authority open enrolls for the new host at once; it may have to open the authority again
    /// before it renews for it.
    ///
    /// # Errors
    /// `too_many_hosts`, and those of the store.
    pub fn add_host(&self, host: &Host) -> Result<(), Error> {
        let ledger = self.ledger()?;
        let added = self.transact(Action::HostAdded, |change| {
            ledger.reload()?;
            let state = ledger.state();
            if state.record.hosts.contains(host) {
                change.skip();
                return Ok(false);
            }
            if state.record.hosts.len() >= crate::limits::HOSTS_MAX {
                return Err(InputError::TooManyHosts.into());
            }
            let mut record = state.record.clone();
            record.hosts.push(host.clone());
            change.audit.details = Some(host.as_str().to_string());
            change.expect(records::authority(), state.version);
            change.put(records::authority(), &record);
            Ok(true)
        })?;
        if added { ledger.reload().map_err(Error::outcome_unknown) } else { Ok(()) }
    }

    /// The shared parts, in the process that opened the authority only.
    fn inner(&self) -> Result<&Inner, UsedAfterFork> {
        self.inner.get()
    }

    fn ledger(&self) -> Result<&Ledger, UsedAfterFork> {
        Ok(&self.inner()?.ledger)
    }

    fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    /// [Reads, decides and writes](Ledger::transact) for the actor of this authority.
    fn transact<T>(
        &self,
        action: Action,
        step: impl FnMut(&mut Change) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.ledger()?.transact(self.actor(), action, step)
    }

    /// An audit record of this moment, for the actor of this authority.
    fn audit(&self, action: Action) -> Result<AuditRecord, UsedAfterFork> {
        Ok(self.ledger()?.audit(self.actor(), action))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("id", &self.id()).finish_non_exhaustive()
    }
}
