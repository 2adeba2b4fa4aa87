//! What a host decides of the server.

use provkey::authority::AddressRange;

/// What a host decides of the server.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// The proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where they say it. It must be the header that they write: another one comes from whoever
    /// asks.
    pub proxy_header: ProxyHeader,
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
