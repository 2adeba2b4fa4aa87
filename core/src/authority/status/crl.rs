//! CRLs: full lists of what each enrollment certificate, and the root, has revoked.
//!
//! What is stored of a CRL is its number and its moment, not its bytes, which may be many
//! megabytes. A host that has none in memory makes the next one: it reads the number, then what
//! is revoked, signs, and moves the number forward if it is still the one that it read. Only then
//! does the CRL leave. So two hosts never give two CRLs one number, and a higher number never
//! lacks what a lower one has.

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
use crate::x509::{CrlParameters, RevokedCertificate, SerialNumber, crl_to_pem};

/// How long a CRL of the root is good.
pub(crate) const ROOT_CRL_VALIDITY: Duration = Duration::from_secs(7 * 86_400);
/// Stands in record keys where the id of an enrollment certificate stands else; none is like it.
pub(crate) const ROOT: &str = "root";

/// A certificate revocation list. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crl {
    /// The list in DER.
    pub der: Arc<[u8]>,
    /// Its number: higher than that of every list before it.
    pub number: u64,
    /// As of when it is complete.
    pub this_update: Timestamp,
    /// When the next list is there at the latest.
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
    /// Held while one is made, so that many who ask at once cause one signature.
    making: Mutex<()>,
}

/// A list in memory.
#[derive(Clone)]
struct Made {
    crl: Crl,
    /// The version of the record of the last revocation, read before the list was made.
    last_revocation: Option<u64>,
    /// From when on it is made anew although nothing was revoked.
    stale_at: Timestamp,
}

/// An issuer of CRLs.
pub(crate) struct CrlIssuer<'a> {
    /// Where it stands in record keys.
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

    /// The list in memory, if it is still good and nothing has been revoked since it was made.
    fn fresh(&self, ledger: &Ledger, issuer: &CrlIssuer<'_>) -> Result<Option<Crl>, Error> {
        let made = lock(&self.made).get(issuer.name).cloned();
        let Some(made) = made.filter(|made| ledger.now() < made.stale_at) else {
            return Ok(None);
        };
        let [last_revocation] = ledger.get_array([records::last_revocation(issuer.name)])?;
        let last_revocation = last_revocation.map(|record| record.version);
        Ok((last_revocation == made.last_revocation).then_some(made.crl))
    }

    /// Makes the next list; `None` if another host did meanwhile.
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

/// What belongs on the list after `last`. The pages are not of one moment, but a revocation is
/// never taken back: all that was there at the beginning is found.
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
    let serial = records::last_part(record, SerialNumber::parse)?;
    Ok(RevokedCertificate { serial, revoked_at, reason })
}
