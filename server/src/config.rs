//! What a host decides of the server.

use provkey::authority::{AddressRange, AdminRole};

/// What a host decides of the server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// The proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where they say it. It must be the header that they write: another one comes from whoever
    /// asks.
    pub proxy_header: ProxyHeader,
    /// The client certificates that may look after the authority.
    pub admin_certificates: Vec<AdminCertificate>,
    /// Whether a browser may send the cookie of the console without TLS. For plain HTTP on
    /// loopback only.
    pub insecure_cookies: bool,
}

/// The header in which a proxy says where a request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
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
