//! CRLs: full lists of the revoked certificates of each enrollment certificate, and of the root.
//!
//! The store has the number and the moment of a CRL, not its bytes, which can be many megabytes. A
//! node that has no list in memory makes the next one: it reads the number, then the revocations,
//! signs, and increments the number if it is still the one that it read. Only then does it return
//! the CRL. So no two nodes issue two CRLs with one number, and a CRL never lacks an entry of one
//! with a lower number.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ledger::Ledger;
use crate::ledger::error::Error;
use crate::ledger::records::{self, CrlRecord, RevokedRecord};
use crate::limits::CRLS_KEPT_MAX;
use crate::store::Record;
use crate::time::Timestamp;
use crate::x509::{CrlParameters, RevokedCertificate, crl_to_pem};

/// How long a CRL of the root is valid.
pub(crate) const ROOT_CRL_VALIDITY: Duration = Duration::from_secs(7 * 86_400);
/// The root's name in record keys, in place of the id of an enrollment certificate. No id is like
/// it.
pub(crate) const ROOT: &str = "root";

/// A certificate revocation list. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crl {
    /// The list in DER.
    pub der: Arc<[u8]>,
    /// Its number, higher than that of every earlier list.
    pub number: u64,
    /// The moment as of which it is complete.
    pub this_update: Timestamp,
    /// The moment by which the next list is issued.
    pub next_update: Timestamp,
    /// How many certificates are on it.
    pub entries: usize,
}

impl Crl {
    /// The list as PEM.
    pub fn to_pem(&self) -> String {
        crl_to_pem(&self.der)
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl({}, {} entries)", self.number, self.entries)
    }
}

/// The lists in memory.
#[derive(Default)]
pub(crate) struct Crls {
    made: Mutex<BTreeMap<String, Made>>,
    /// Locked while a list is made, so that many callers at once cause one signature.
    making: Mutex<()>,
}

/// A list in memory.
#[derive(Clone)]
struct Made {
    crl: Crl,
    /// The version of the record of the last revocation, read before the list was made.
    last_revocation: Option<u64>,
    /// The moment from which on a new one is made, even without a revocation.
    stale_at: Timestamp,
}

/// An issuer of CRLs.
pub(crate) struct CrlIssuer<'a> {
    /// Its name in record keys.
    pub(crate) name: &'a str,
    pub(crate) validity: Duration,
    pub(crate) sign: &'a dyn Fn(&CrlParameters<'_>) -> Result<Vec<u8>, Error>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crls {
    /// The list in memory, or the next one.
    pub(crate) fn current(&self, ledger: &Ledger, issuer: &CrlIssuer<'_>) -> Result<Crl, Error> {
        if let Some(crl) = self.fresh(ledger, issuer)? {
            return Ok(crl);
        }
        let _making = lock(&self.making);
        if let Some(crl) = self.fresh(ledger, issuer)? {
            return Ok(crl);
        }
        ledger.retry_on_conflict(|| self.make(ledger, issuer))
    }

    /// The list in memory, if it is recent and nothing was revoked since it was made.
    fn fresh(&self, ledger: &Ledger, issuer: &CrlIssuer<'_>) -> Result<Option<Crl>, Error> {
        let made = lock(&self.made).get(issuer.name).cloned();
        let Some(made) = made.filter(|made| ledger.now() < made.stale_at) else {
            return Ok(None);
        };
        let [last_revocation] = ledger.get_array([records::last_revocation(issuer.name)])?;
        let last_revocation = last_revocation.map(|record| record.version);
        Ok((last_revocation == made.last_revocation).then_some(made.crl))
    }

    /// Makes the next list; `None` if another node did meanwhile.
    fn make(&self, ledger: &Ledger, issuer: &CrlIssuer<'_>) -> Result<Option<Crl>, Error> {
        let key = records::crl(issuer.name);
        let [before, last_revocation] =
            ledger.get_array([key.clone(), records::last_revocation(issuer.name)])?;
        let last: CrlRecord = before.as_ref().map(records::decode).transpose()?.unwrap_or_default();
        let revoked = revoked(ledger, issuer.name, &last)?;
        let number = last.number.saturating_add(1);
        let this_update = ledger.now().max(last.this_update);
        let next_update = this_update.plus(issuer.validity);
        let parameters = CrlParameters { number, this_update, next_update, revoked: &revoked };
        let der = (issuer.sign)(&parameters)?.into();

        let version = before.map(|record| record.version);
        if !ledger.replace(key, version, &CrlRecord { number, this_update })? {
            return Ok(None);
        }
        let crl = Crl { der, number, this_update, next_update, entries: revoked.len() };
        let last_revocation = last_revocation.map(|record| record.version);
        let stale_at = this_update.plus(issuer.validity / 2);
        self.remember(issuer.name, Made { crl: crl.clone(), last_revocation, stale_at });
        Ok(Some(crl))
    }

    fn remember(&self, issuer: &str, made: Made) {
        let mut lists = lock(&self.made);
        if lists.len() >= CRLS_KEPT_MAX {
            lists.clear();
        }
        lists.insert(issuer.into(), made);
    }
}

/// The entries of the list after `last`. The pages are not one snapshot, but a revocation is never
/// taken back: each one that was there at the beginning is found.
fn revoked(
    ledger: &Ledger,
    issuer: &str,
    last: &CrlRecord,
) -> Result<Vec<RevokedCertificate>, Error> {
    let mut revoked = Vec::new();
    for page in ledger.pages(records::revoked_by(issuer)) {
        for record in &page? {
            let body: RevokedRecord = records::decode(record)?;
            if !last.is_over(&body) {
                revoked.push(entry(record, &body)?);
            }
        }
    }
    Ok(revoked)
}

fn entry(record: &Record, body: &RevokedRecord) -> Result<RevokedCertificate, Error> {
    let RevokedRecord { revoked_at, reason, .. } = *body;
    let serial = records::last_part(record)?;
    Ok(RevokedCertificate { serial, revoked_at, reason })
}
