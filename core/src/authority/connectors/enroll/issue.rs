//! Signing the certificate of a connector, for an enrollment or a renewal.

use alloc::sync::Arc;

use crate::authority::Inner;
use crate::authority::certificates::BACKDATE;
use crate::authority::certificates::issuers::OpenIssuer;
use crate::ledger::error::{Error, Refusal};
use crate::ledger::model::{CertificateId, ConnectorId, GroupId};
use crate::time::Timestamp;
use crate::x509::{IssuedLeaf, LeafParameters, SerialNumber, VerifiedCsr, issue_leaf};

/// A certificate to sign for a connector.
pub(crate) struct ToIssue<'a> {
    pub(crate) connector: ConnectorId,
    pub(crate) group: GroupId,
    /// The enrollment certificate that signs.
    pub(crate) certificate: CertificateId,
    pub(crate) csr: &'a VerifiedCsr,
    pub(crate) now: Timestamp,
}

/// A certificate that is signed.
pub(crate) struct Issued {
    pub(crate) leaf: IssuedLeaf,
    pub(crate) serial: SerialNumber,
    pub(crate) issuer: Arc<OpenIssuer>,
}

impl Inner {
    /// Signs a connector's certificate.
    pub(crate) fn issue(&self, new: &ToIssue<'_>) -> Result<Issued, Error> {
        let (issuer, state) = (self.issuer(new.certificate)?, self.state());
        // A connector with the key of an authority would be one that signs for others.
        let public_key = new.csr.public_key();
        if [&state.root, &issuer.certificate].iter().any(|ours| ours.spki() == public_key.spki()) {
            return Err(Refusal::PublicKeyOfAuthority.into());
        }
        let serial = SerialNumber::draw(&*self.random, new.now)?;
        let leaf = issue_leaf(
            issuer.leaf_issuer()?,
            &LeafParameters {
                connector_id: new.connector.as_str(),
                group_id: new.group.as_str(),
                trust_domain: &state.record.trust_domain,
                public_key,
                serial,
                not_before: new.now.minus(BACKDATE),
                not_after: new.now.plus(issuer.leaf_validity),
            },
        )?;
        Ok(Issued { leaf, serial, issuer })
    }
}
