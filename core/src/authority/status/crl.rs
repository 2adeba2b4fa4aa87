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

use crate::authority::{Authority, Inner};
use crate::ledger::change::check_passing;
use crate::ledger::error::{Error, InputError};
use crate::ledger::model::CertificateId;
use crate::ledger::records::{self, CrlRecord, RevokedRecord};
use crate::limits::{CRLS_KEPT_MAX, SCAN_RECORDS_MAX};
use crate::store::{Operation, Outcome, Record, ScanRange, Unit};
use crate::time::Timestamp;
use crate::x509::{CrlParameters, RevokedCertificate, SerialNumber, crl_to_pem, issue_crl};

/// How long a CRL of the root is good.
const ROOT_CRL_VALIDITY: Duration = Duration::from_secs(7 * 86_400);
/// Stands in record keys where the id of an enrollment certificate stands else; none is like it.
const ROOT: &str = "root";

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
struct CrlIssuer<'a> {
    /// Where it stands in record keys.
    name: &'a str,
    validity: Duration,
    sign: &'a dyn Fn(&CrlParameters<'_>) -> Result<Vec<u8>, Error>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Authority {
    /// The CRL of an enrollment certificate: every certificate that it signed, was revoked and has
    /// not expired; one that has is on one more list (RFC 5280, 3.3).
    ///
    /// The list in memory is given for half its time, as long as nobody is revoked. So it costs
    /// one small read, and a revocation is on the next list that any host gives. After a restart
    /// the first list is a new one.
    ///
    /// # Errors
    /// `certificate_not_found`, `crl_imported_ca` for one that was imported with its key, and
    /// those of the signer and of the store.
    pub fn crl(&self, id: CertificateId) -> Result<Crl, Error> {
        let open = self.inner()?.issuer(id)?;
        // RFC 5280, 5.2.3: whoever has the key too numbers lists of his own, under the same name.
        if open.imported {
            return Err(InputError::CrlImportedCa.into());
        }
        self.inner()?.crl(&CrlIssuer {
            name: id.as_str(),
            validity: open.crl_validity,
            sign: &|parameters| Ok(issue_crl(open.issuer()?, parameters)?),
        })
    }

    /// The CRL of the root, for enrollment certificates. None of them can be revoked, so it is
    /// empty; some programs want one of every authority in a chain.
    ///
    /// # Errors
    /// `seal_broken`, and those of the store.
    pub fn root_crl(&self) -> Result<Crl, Error> {
        self.inner()?.crl(&CrlIssuer {
            name: ROOT,
            validity: ROOT_CRL_VALIDITY,
            sign: &|parameters| Ok(issue_crl(&self.inner()?.state().open_root()?, parameters)?),
        })
    }
}

impl Inner {
    fn crl(&self, issuer: &CrlIssuer<'_>) -> Result<Crl, Error> {
        if let Some(crl) = self.fresh_crl(issuer)? {
            return Ok(crl);
        }
        let _making = lock(&self.crls.making);
        if let Some(crl) = self.fresh_crl(issuer)? {
            return Ok(crl);
        }
        self.until_undisturbed(|| self.make_crl(issuer))
    }

    /// The list in memory, if it is still good and nothing has been revoked since it was made.
    fn fresh_crl(&self, issuer: &CrlIssuer<'_>) -> Result<Option<Crl>, Error> {
        let made = lock(&self.crls.made).get(issuer.name).cloned();
        let Some(made) = made.filter(|made| self.clock.now() < made.stale_at) else {
            return Ok(None);
        };
        let found = self.store.get(&[records::last_revocation(issuer.name)])?;
        let last_revocation = found.into_iter().flatten().next().map(|record| record.version);
        Ok((last_revocation == made.last_revocation).then_some(made.crl))
    }

    /// Makes the next list; `None` if another host did meanwhile.
    fn make_crl(&self, issuer: &CrlIssuer<'_>) -> Result<Option<Crl>, Error> {
        let key = records::crl(issuer.name);
        let found = self.store.get(&[key.clone(), records::last_revocation(issuer.name)])?;
        let [before, last_revocation] = &found[..] else { return Ok(None) };
        let last: CrlRecord = before.as_ref().map(records::decode).transpose()?.unwrap_or_default();
        let revoked = self.revoked(issuer.name, &last)?;
        let number = last.number.saturating_add(1);
        let this_update = self.clock.now().max(last.this_update);
        let next_update = this_update.plus(issuer.validity);
        let parameters = CrlParameters { number, this_update, next_update, revoked: &revoked };
        let der = (issuer.sign)(&parameters)?.into();

        let version = before.as_ref().map(|record| record.version);
        let body = records::encode(&CrlRecord { number, this_update });
        let expect = Operation::Expect { key: key.clone(), version };
        let unit = Unit::new(alloc::vec![expect, Operation::Put { key, body }]);
        if let Outcome::Refused(refused) = self.commit.apply(unit)? {
            return check_passing(&refused).map(|()| None);
        }
        let crl = Crl { der, number, this_update, next_update, entries: revoked.len() };
        let last_revocation = last_revocation.as_ref().map(|record| record.version);
        let stale_at = this_update.plus(issuer.validity / 2);
        self.keep_crl(issuer.name, Made { crl: crl.clone(), last_revocation, stale_at });
        Ok(Some(crl))
    }

    fn keep_crl(&self, issuer: &str, made: Made) {
        let mut kept = lock(&self.crls.made);
        if kept.len() >= CRLS_KEPT_MAX {
            kept.clear();
        }
        kept.insert(issuer.into(), made);
    }

    /// What belongs on the list after `last`. The pages are not of one moment, but a revocation is
    /// never taken back: all that was there at the beginning is found.
    fn revoked(&self, issuer: &str, last: &CrlRecord) -> Result<Vec<RevokedCertificate>, Error> {
        let prefix = records::revoked_by(issuer).into_bytes();
        let mut range = ScanRange { prefix, after: None, reverse: false };
        let mut revoked = Vec::new();
        loop {
            let found = self.store.scan(&range, SCAN_RECORDS_MAX)?;
            for record in &found {
                let body: RevokedRecord = records::decode(record)?;
                if !last.is_over(&body) {
                    revoked.push(entry(record, &body)?);
                }
            }
            match found.into_iter().last() {
                Some(record) => range.after = Some(record.key),
                None => return Ok(revoked),
            }
        }
    }
}

fn entry(record: &Record, body: &RevokedRecord) -> Result<RevokedCertificate, Error> {
    let RevokedRecord { revoked_at, reason, .. } = *body;
    let serial = records::last_part(record, SerialNumber::parse)?;
    Ok(RevokedCertificate { serial, revoked_at, reason })
}
