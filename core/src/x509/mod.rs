//! Certificate signing requests, certificates, and what is put into them.
//!
//! Reading needs nothing but `alloc`: [`Csr`], [`Certificate`] and [`PublicKey`] accept strict
//! DER only, and say by code what is wrong with anything else. With the feature `connector`,
//! ring checks and makes signatures: `Csr::verify`, `Chain`, `Signer`, and the functions that
//! issue. What is issued is written by code of its own, then read again and compared with the
//! profile before it is signed; see `Flaw` for each check.
//!
//! # What each certificate holds
//! | | root | enrollment certificate | leaf |
//! |---|---|---|---|
//! | issuer | itself | the root | the enrollment certificate |
//! | subject | CN name, serialNumber id | CN name, serialNumber id | CN connector's id |
//! | basicConstraints, critical | CA | CA, path length 0 | not CA |
//! | keyUsage, critical | keyCertSign, cRLSign | keyCertSign, cRLSign | digitalSignature |
//! | extKeyUsage | | clientAuth | clientAuth |
//! | subjectKeyIdentifier | RFC 7093, method 1 | the same | the same |
//! | authorityKeyIdentifier | | the root's | the enrollment certificate's |
//! | subjectAltName | | | URI `spiffe://DOMAIN/group/GROUP/connector/CONNECTOR` |
//! | cRLDistributionPoints | | | one URL, if it is given |
//! | authorityInfoAccess | | | ocsp and caIssuers, one URL of each, if they are given |
//!
//! The certificate of a server is one that the root signed: a leaf with the host as its common name,
//! as far as that is short enough, and as its alternative name, for serverAuth.
//!
//! A cross-certificate is an enrollment certificate with the subject, the public key and the key
//! identifier of an external CA's, byte for byte.
//!
//! All are of version 3, with serial numbers of 17 bytes, and none is valid when its issuer is
//! not. The URI is a SPIFFE ID, but a leaf without serverAuth is not an X.509-SVID (X509-SVID,
//! 4.4): a connector is a client only.

mod algorithm;
mod certificate;
mod csr;
mod extensions;
mod name;
mod public_key;
mod renewal;
mod revocation;
mod serial;
mod signed;
mod validity;

pub use algorithm::KeyAlgorithm;
pub use certificate::{Certificate, CertificateError};
pub use csr::{Csr, CsrError};
pub use extensions::{BasicConstraints, KeyUsage, Purposes};
pub use public_key::{PublicKey, PublicKeyError, WeakKey};
pub use renewal::{RENEWAL_OID_DER, RenewalProof, RenewalProofError};
pub use revocation::RevocationReason;
pub use serial::SerialNumber;

#[cfg(feature = "connector")]
pub(crate) use crate::der::pem::encode as encode_pem;

#[cfg(feature = "connector")]
mod chain;
#[cfg(feature = "connector")]
mod crl;
#[cfg(feature = "connector")]
mod external;
#[cfg(feature = "connector")]
mod issue;
#[cfg(feature = "connector")]
mod lint;
#[cfg(feature = "authority")]
mod ocsp;
#[cfg(feature = "authority")]
mod private_key;
#[cfg(feature = "connector")]
mod profile;
#[cfg(feature = "connector")]
mod signature;
#[cfg(feature = "connector")]
mod signer;
#[cfg(feature = "connector")]
mod url;

#[cfg(feature = "connector")]
pub use chain::{Chain, ChainError, ChainUse};
#[cfg(feature = "authority")]
pub(crate) use crl::crl_to_pem;
#[cfg(feature = "connector")]
pub use crl::{CrlParameters, RevocationList, RevokedCertificate, issue_crl};
#[cfg(feature = "authority")]
pub(crate) use csr::Purpose;
#[cfg(feature = "connector")]
pub use csr::{VerifiedCsr, build_ca_csr, build_csr};
#[cfg(feature = "connector")]
pub use external::{ExternalCa, ExternalError};
#[cfg(feature = "connector")]
pub use issue::{
    CaParameters, CrossParameters, IssueError, IssuedLeaf, Issuer, LeafParameters,
    ServerParameters, issue_cross_certificate, issue_enrollment_certificate, issue_leaf,
    issue_root, issue_server,
};
#[cfg(feature = "connector")]
pub use lint::Flaw;
#[cfg(feature = "authority")]
pub(crate) use ocsp::{
    CertId, OcspFailure, OcspRequest, OcspStatus, issue_ocsp_response, ocsp_failure,
};
#[cfg(feature = "authority")]
pub use private_key::{PrivateKeyError, read_private_key};
#[cfg(feature = "connector")]
pub use signer::{Pkcs8, Signer, SignerError, SoftwareSigner};
#[cfg(feature = "connector")]
pub use url::{LeafUrl, LeafUrlError, LeafUrls};

#[cfg(test)]
#[cfg(feature = "connector")]
mod tests;
