//! What a host decides of the server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use provkey::authority::AddressRange;
use provkey::time::{Clock, Timestamp};

use crate::administrators::{AdminCertificates, Administrators};
use crate::keyring::KeyringSource;
use crate::metrics::Metrics;

/// What a host decides of the server.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The proxies that are believed when they say where a request comes from.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where they say it. It must be the header that they write: another one comes from whoever
    /// asks.
    pub proxy_header: ProxyHeader,
    /// The client certificates that may look after the authority.
    pub admin_certificates: AdminCertificates,
    /// The application's own idea of an administrator, if it has one.
    pub administrators: Option<Arc<dyn Administrators>>,
    /// Where the master keys are read again when another process has rotated. `None`: what needs a
    /// master key that this process lacks is refused until the application calls
    /// [`Authority::replace_keyring`](provkey::authority::Authority::replace_keyring).
    pub keyring: Option<KeyringSource>,
    /// What time it is: whether the certificate of an administrator is valid.
    pub clock: Arc<dyn Clock>,
    /// Whether a browser may send the cookie of the console without TLS. For plain HTTP on
    /// loopback only.
    pub insecure_cookies: bool,
    /// How many calls of the authority are made at a time for connectors; each has a thread. Others
    /// wait. One address, or /64 of IPv6, has a quarter of them at most, and addresses take turns.
    pub calls_max: usize,
    /// The same for administrators, and for those who show an admin token.
    pub administrator_calls_max: usize,
    /// How long the body of a request may take to arrive.
    pub body_time_max: Duration,
    /// How many bytes the bodies of all requests may use together, before they are answered. The last
    /// third is kept for addresses that use little. Requests for which there are none are answered
    /// with `server_busy`.
    pub bodies_bytes_max: usize,
    /// How many of them those from one address may use.
    pub bodies_bytes_per_address_max: usize,
    /// How many requests that prove nothing may come from one address in a second, for long. Beyond
    /// that, renewals from there are answered one after the other. 0: any number.
    pub unproven_per_second: f64,
    /// How many of them may come at once.
    pub unproven_burst: u32,
    /// How many connectors enroll with the same provisioning key in a second, for long. Replays and
    /// refusals do not count. 0: any number.
    pub per_key_per_second: f64,
    /// How many of them may come at once.
    pub per_key_burst: u32,
    /// How many replays and refusals of one connector with one provisioning key are answered in a
    /// second, for long. 0: any number.
    pub per_connector_per_second: f64,
    /// How many of them may come at once.
    pub per_connector_burst: u32,
    /// How many replays and refusals of all connectors at one address are answered in a second, for
    /// long. 0: any number.
    pub repeats_per_second: f64,
    /// How many of them may come at once.
    pub repeats_burst: u32,
    /// What is counted and measured, if anything is.
    pub metrics: Option<Metrics>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
            calls_max: 256,
            administrator_calls_max: 32,
            body_time_max: Duration::from_secs(15),
            bodies_bytes_max: 36 * 1024 * 1024,
            bodies_bytes_per_address_max: 9 * 1024 * 1024,
            unproven_per_second: 1.0,
            unproven_burst: 60,
            per_key_per_second: 500.0,
            per_key_burst: 20_000,
            per_connector_per_second: 1.0,
            per_connector_burst: 60,
            repeats_per_second: 100.0,
            repeats_burst: 20_000,
            admin_certificates: AdminCertificates::default(),
            administrators: None,
            keyring: None,
            clock: Arc::new(|| Timestamp::from(SystemTime::now())),
            insecure_cookies: false,
            metrics: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
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
