//! What became of a certificate: CRLs and OCSP responses.

mod crl;
mod ocsp;

pub use crl::Crl;
pub(crate) use crl::Crls;

use crl::{CrlIssuer, ROOT, ROOT_CRL_VALIDITY};

use crate::authority::certificates::seal;
use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::model::CertificateId;
use crate::x509::{CrlParameters, issue_crl};

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
        let Inner { ledger, issuers, crls, .. } = self.inner()?;
        let open = issuers.get(ledger, id)?;
        // RFC 5280, 5.2.3: whoever has the key too numbers lists of his own, under the same name.
        if open.imported {
            return Err(InputError::CrlImportedCa.into());
        }
        let sign = |parameters: &CrlParameters<'_>| Ok(issue_crl(open.issuer()?, parameters)?);
        let (name, validity) = (id.as_str(), open.crl_validity);
        crls.current(ledger, &CrlIssuer { name, validity, sign: &sign })
    }

    /// The CRL of the root, for enrollment certificates. None of them can be revoked, so it is
    /// empty; some programs want one of every authority in a chain.
    ///
    /// # Errors
    /// `seal_broken`, and those of the store.
    pub fn root_crl(&self) -> Result<Crl, Error> {
        let Inner { ledger, crls, .. } = self.inner()?;
        let sign = |parameters: &CrlParameters<'_>| {
            Ok(issue_crl(&seal::open_root(&ledger.state())?, parameters)?)
        };
        crls.current(ledger, &CrlIssuer { name: ROOT, validity: ROOT_CRL_VALIDITY, sign: &sign })
    }
}
