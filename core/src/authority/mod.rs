//! The authority: groups, enrollment certificates, provisioning keys, enrollment, audit.
//!
//! [`Authority`] has every call. The application passes it an [`Environment`] (store, clock,
//! randomness) and the master keys, and calls it from any number of threads.
//!
//! # Words
//! - A *connector* is a device or a program that gets a certificate. It *is* its key pair: the
//!   [`ConnectorId`] is a hash of its public key.
//! - A *provisioning key* ([`NewKey`], [`KeyDetails`]) lets connectors enroll, up to a maximum
//!   number of uses. A *use* is the first enrollment of a connector. The same connector asking
//!   again is a *replay*, at no use.
//! - A *connector group* ([`ConnectorGroup`]) is what connectors of a key have in common, for
//!   example a branch office. Their certificates contain its id, by which servers grant access.
//! - An *enrollment certificate* ([`EnrollmentCertificate`]) is a CA certificate that signs those
//!   of connectors. An authority can have several, under one *root*, which every key text pins.
//! - A *host* ([`Host`](crate::key::Host)) is the DNS name or address at which connectors reach the
//!   authority. Every key text contains one.
//! - The *master key* ([`MasterKey`](crate::key::MasterKey)) is what the secrets of provisioning
//!   keys are derived from. The application keeps it outside the store.

// rustdoc shows the blocks `impl Authority` in the order of these lines. The blank lines keep
// rustfmt from sorting them.
mod create;

mod hosts;

mod groups;

mod certificates;

mod keys;

mod connectors;

mod status;

mod audit;

mod tokens;

mod copy;

pub use crate::ledger::error::{
    AdminTokenError, Error, InputError, MasterError, Refusal, RejectedInput,
};
pub use crate::ledger::listing::{Cursor, Page, PageRequest};
pub use crate::ledger::model::{
    Actor, AddressRange, AdminRole, AdminScope, AdminTokenId, AuthorityId, CertificateId,
    ConnectorId, GroupId, KeyOrder, Name,
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

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use audit::Reached;
use audit::tally::Tally;
use certificates::issuers::Issuers;
use certificates::lookups::Lookups;
use status::Crls;

use crate::ledger::{Change, Ledger, State};
use crate::process::{Owned, UsedAfterFork};
use crate::random::{Random, SystemRandom};
use crate::store::{QueryError, QueryLimits, QueryResult, Store};
use crate::time::{Clock, SystemClock};
use crate::x509::Certificate;

/// The store, the clock, the randomness and the observer that an authority works with.
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

impl Environment {
    /// This store, this clock and this randomness.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, clock, random, observer: None }
    }

    /// Sets `observer`.
    #[must_use]
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

crate::setters::setters!(Environment {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
});

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// Creates provisioning keys, enrolls connectors, and counts every use.
///
/// A clone is cheap, and is the same authority. Every call blocks, and can be made from any thread
/// of the process that opened the authority. In a forked child every call fails with
/// `used_after_fork`.
///
/// Where a method names the errors *of the store*, it means those of
/// [`StoreError`](crate::store::StoreError), and what a damaged record or constant conflicts with
/// other changes cause: `store_corrupt`, `store_busy`.
///
/// | subject | methods |
/// |---|---|
/// | [Creating and opening](#creating-and-opening) | [`create`](Self::create), [`open`](Self::open), [`exists`](Self::exists) |
/// | [Hosts](#hosts) | [`hosts`](Self::hosts), [`add_host`](Self::add_host) |
/// | [Connector groups](#connector-groups) | [`create_group`](Self::create_group), [`list_groups`](Self::list_groups) … |
/// | [Enrollment certificates](#enrollment-certificates) | [`create_certificate`](Self::create_certificate), [`retire_certificate`](Self::retire_certificate) … |
/// | [Certificates of an external CA](#certificates-of-an-external-ca) | [`request_certificate`](Self::request_certificate), [`import_answer`](Self::import_answer), [`import_certificate`](Self::import_certificate) … |
/// | [Certificates of servers](#certificates-of-servers) | [`issue_server_certificate`](Self::issue_server_certificate) |
/// | [Master keys](#master-keys) | [`rotate_master`](Self::rotate_master), [`replace_keyring`](Self::replace_keyring), [`remove_master`](Self::remove_master) … |
/// | [Provisioning keys](#provisioning-keys) | [`create_key`](Self::create_key), [`list_keys`](Self::list_keys), [`update_key`](Self::update_key), [`copy_key`](Self::copy_key) … |
/// | [Enrolling](#enrolling) | [`enroll`](Self::enroll), [`enroll_many`](Self::enroll_many) |
/// | [Renewing](#renewing) | [`renew`](Self::renew) |
/// | [Revoking](#revoking) | [`revoke_connector`](Self::revoke_connector), [`compromise_key`](Self::compromise_key) |
/// | [Connectors](#connectors) | [`connector`](Self::connector), [`list_connectors`](Self::list_connectors) … |
/// | [Revocation status](#revocation-status) | [`crl`](Self::crl), [`root_crl`](Self::root_crl), [`ocsp`](Self::ocsp) |
/// | [Audit trail](#audit-trail) | [`list_audit`](Self::list_audit), [`flush`](Self::flush) … |
/// | [Retention](#retention) | [`prune`](Self::prune) |
/// | [Rollback checkpoints](#rollback-checkpoints) | [`checkpoint`](Self::checkpoint), [`verify_checkpoint`](Self::verify_checkpoint) … |
/// | [Admin tokens](#admin-tokens) | [`create_token`](Self::create_token), [`authenticate_token`](Self::authenticate_token) … |
/// | [Moving to another store](#moving-to-another-store) | [`move_store`](Self::move_store), [`copy_store`](Self::copy_store) … |
/// | [The authority itself](#the-authority-itself) | [`acting_as`](Self::acting_as), [`id`](Self::id), [`root`](Self::root), [`query`](Self::query) … |
///
/// ```
/// use std::sync::Arc;
///
/// use provkey::authority::{Authority, Environment, NewAuthority, NewCertificate, NewKey};
/// use provkey::key::{Host, Keyring, MasterKey};
/// use provkey::random::SystemRandom;
/// use provkey::store::Memory;
///
/// let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
/// let new = NewAuthority::new(Host::parse("api.private.example.com")?);
/// let environment = Environment::system(Arc::new(Memory::new()));
/// let authority = Authority::create(environment, keyring, &new)?;
///
/// let group = authority.create_group(&"Branch offices".parse()?)?;
/// let certificate = authority.create_certificate(&NewCertificate::new("CA 1".parse()?))?;
/// let new = NewKey::new("first floor".parse()?, group.id, certificate.id, 10);
/// let text = authority.copy_key(authority.create_key(&new)?.id)?;
/// assert!(text.expose().starts_with("pvk1_api.private.example.com_"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

impl Inner {
    fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            issuers: Issuers::default(),
            crls: Crls::default(),
            tally: Tally::default(),
            reached: Reached::default(),
            lookups: Lookups::default(),
        }
    }
}

/// # The authority itself
impl Authority {
    /// The same authority, whose changes name `actor` in their audit records. A text is a name
    /// alone; an [`Actor`] can also have an admin token and an address.
    #[must_use]
    pub fn acting_as(&self, actor: impl Into<Actor>) -> Self {
        Self { actor: Some(Arc::new(actor.into().bounded())), ..self.clone() }
    }

    /// Its id.
    pub fn id(&self) -> AuthorityId {
        self.opened.record.id
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
