//! What became of a certificate: CRLs and OCSP responses.

mod crl;
mod ocsp;

pub use crl::Crl;
pub(crate) use crl::Crls;
