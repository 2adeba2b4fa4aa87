//! Certificate signing requests, certificates, chains, and issuing.
//!
//! Parsing needs only `alloc`: [`Csr`], [`Certificate`] and [`PublicKey`] accept strict DER only,
//! and report by code what is wrong with anything else. The feature `connector` adds everything
//! that verifies or makes signatures, on ring: `Csr::verify`, `Chain`, `Signer`, and the functions
//! that issue. An issued certificate is written, parsed again, and compared with the profile before
//! it is signed; `Flaw` lists these checks.
//!
//! # What each certificate contains
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
//! | cRLDistributionPoints | | | one URL, if it is set |
//! | authorityInfoAccess | | | ocsp and caIssuers, one URL each, if they are set |
//!
//! A server's certificate is a leaf that the root signed, for serverAuth. Its alternative name is
//! the host, and so is its common name if the host has at most 64 characters.
//!
//! A cross-certificate is an enrollment certificate with the subject, the public key and the key
//! identifier of an external CA's certificate, byte for byte.
//!
//! All certificates are version 3, have serial numbers of 17 bytes, and are valid only while their
//! issuer is. The URI is a SPIFFE ID, but a leaf without serverAuth is not an X.509-SVID
//! (X509-SVID, 4.4): a connector is only a client.

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
