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
pub(super) struct ToIssue<'a> {
    pub(super) connector: ConnectorId,
    pub(super) group: GroupId,
    /// The enrollment certificate that signs.
    pub(super) certificate: CertificateId,
    pub(super) csr: &'a VerifiedCsr,
    pub(super) now: Timestamp,
}

/// A certificate that is signed.
pub(super) struct Issued {
    pub(super) leaf: IssuedLeaf,
    pub(super) serial: SerialNumber,
    pub(super) issuer: Arc<OpenIssuer>,
}

/// Signs a connector's certificate.
pub(super) fn issue(inner: &Inner, new: &ToIssue<'_>) -> Result<Issued, Error> {
    let Inner { ledger, issuers, .. } = inner;
    let (issuer, state) = (issuers.get(ledger, new.certificate)?, ledger.state());
    // A connector that has a CA's key could sign certificates of others.
    let public_key = new.csr.public_key();
    if [&state.root, &issuer.certificate].iter().any(|ours| ours.spki() == public_key.spki()) {
        return Err(Refusal::PublicKeyOfAuthority.into());
    }
    let serial = SerialNumber::random(ledger.random(), new.now)?;
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
