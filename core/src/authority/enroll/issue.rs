//! Signing the certificate of a connector, for an enrollment or a renewal.

use alloc::sync::Arc;

use crate::authority::Inner;
use crate::authority::certificates::BACKDATE;
use crate::authority::error::{Error, Refusal};
use crate::authority::id::{CertificateId, ConnectorId, GroupId};
use crate::authority::issuers::OpenIssuer;
use crate::time::Timestamp;
use crate::x509::{IssuedLeaf, LeafParameters, SerialNumber, VerifiedCsr, issue_leaf};

/// A certificate to sign for a connector.
pub(in crate::authority) struct ToIssue<'a> {
    pub(in crate::authority) connector: ConnectorId,
    pub(in crate::authority) group: GroupId,
    /// The enrollment certificate that signs.
    pub(in crate::authority) certificate: CertificateId,
    pub(in crate::authority) csr: &'a VerifiedCsr,
    pub(in crate::authority) now: Timestamp,
}

/// A certificate that is signed.
pub(in crate::authority) struct Issued {
    pub(in crate::authority) leaf: IssuedLeaf,
    pub(in crate::authority) serial: SerialNumber,
    pub(in crate::authority) issuer: Arc<OpenIssuer>,
}

impl Inner {
    /// Signs a connector's certificate.
    pub(in crate::authority) fn issue(&self, new: &ToIssue<'_>) -> Result<Issued, Error> {
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
