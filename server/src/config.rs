//! What a host decides of the server.

use provkey::authority::AdminRole;

/// What a host decides of the server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// The client certificates that may look after the authority.
    pub admin_certificates: Vec<AdminCertificate>,
    /// Whether a browser may send the cookie of the console without TLS. For plain HTTP on
    /// loopback only.
    pub insecure_cookies: bool,
}

/// A client certificate that may look after the authority.
#[derive(Clone, Debug)]
pub struct AdminCertificate {
    /// SHA-256 of it in DER.
    pub sha256: [u8; 32],
    /// Whose it is: the audit trail says so.
    pub name: String,
    /// What its holder may do.
    pub role: AdminRole,
}
