//! The status of certificates: CRLs and OCSP responses.

mod crl;
mod ocsp;

pub use crl::Crl;
pub(crate) use crl::Crls;

use alloc::vec::Vec;

use crl::{CrlIssuer, ROOT, ROOT_CRL_VALIDITY};

use crate::authority::certificates::seal;
use crate::authority::{Authority, Inner};
use crate::ledger::error::{Error, InputError};
use crate::ledger::model::CertificateId;
use crate::x509::{CrlParameters, OcspFailure, issue_crl, ocsp_failure};

/// # Revocation status
impl Authority {
    /// The CRL of an enrollment certificate: the revoked certificates that it signed and that have
    /// not expired. An expired one is on one more list (RFC 5280, 3.3).
    ///
    /// The list is kept in memory for half of its validity, or until a connector is revoked. One
    /// small read finds out, so a revocation is on the next list that any node returns. The first
    /// list after a restart is a new one.
    ///
    /// # Errors
    /// `certificate_not_found`, `crl_imported_ca` for one that was imported with its key, and
    /// those of the signer and of the store.
    pub fn crl(&self, id: CertificateId) -> Result<Crl, Error> {
        let Inner { ledger, issuers, crls, .. } = self.inner()?;
        let open = issuers.get(ledger, id)?;
        // RFC 5280, 5.2.3: the CA's owner has the key, too, and numbers its own lists under the
        // same name.
        if open.imported {
            return Err(InputError::CrlImportedCa.about(id).into());
        }
        let sign = |parameters: &CrlParameters<'_>| Ok(issue_crl(open.issuer()?, parameters)?);
        let (name, validity) = (id.as_str(), open.crl_validity);
        crls.current(ledger, &CrlIssuer { name, validity, sign: &sign })
    }

    /// The CRL of the root, for enrollment certificates. None of them can be revoked, so it is
    /// empty; some programs require a CRL of every CA in a chain.
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
    /// Answers an OCSP request (RFC 6960), DER as it comes over HTTP, with the DER to send back.
    ///
    /// The enrollment certificate that the first certificate of the request names as its issuer
    /// signs the response. It is valid for a day, repeats the nonce of the request, and reports
    /// what the store has at this moment. A request can name 16 certificates; those of another
    /// issuer, and those without a record, are `unknown`.
    ///
    /// This never fails. A request that cannot be answered gets one of OCSP's own error responses:
    /// `malformedRequest`, `unauthorized` (the issuer is not an enrollment certificate here),
    /// `tryLater` and `internalError`.
    pub fn ocsp(&self, request: &[u8]) -> Vec<u8> {
        let answer = self.inner().map_err(Error::from).map_err(OcspFailure::from);
        answer.and_then(|inner| ocsp::respond(inner, request)).unwrap_or_else(ocsp_failure)
    }
}
