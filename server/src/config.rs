//! What an application decides about the server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use provkey::authority::AddressRange;
use provkey::time::{Clock, Timestamp};

use crate::administrators::{AdminCertificates, Administrators};
use crate::keyring::KeyringSource;
use crate::metrics::Metrics;

/// What an application decides about the server. Begin with `default()` and set fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The proxies whose word on the address of a client is trusted.
    pub trusted_proxies: Vec<AddressRange>,
    /// The header in which they name the address. It must be the one that they write: any other
    /// comes from the client.
    pub proxy_header: ProxyHeader,
    /// The client certificates that may administer the authority.
    pub admin_certificates: AdminCertificates,
    /// Recognizes the application's own administrators.
    pub administrators: Option<Arc<dyn Administrators>>,
    /// Reads the master keys again after another process has rotated. `None`: a request that needs
    /// a missing master key is refused until the application calls
    /// [`Authority::replace_keyring`](provkey::authority::Authority::replace_keyring).
    pub keyring: Option<KeyringSource>,
    /// Decides whether the certificate of an administrator is valid.
    pub clock: Arc<dyn Clock>,
    /// Whether a browser may send the session cookie without TLS. For plain HTTP on loopback only.
    pub insecure_cookies: bool,
    /// How many calls of the authority run at a time for connectors, each on a thread; further ones
    /// wait. One client, which is an IPv4 address or an IPv6 /64, has at most a quarter of them,
    /// and clients take turns.
    pub calls_max: usize,
    /// The same for administrators, and for checking admin tokens.
    pub administrator_calls_max: usize,
    /// How long the body of a request may take to arrive.
    pub body_time_max: Duration,
    /// How many bytes the bodies of all requests in flight may use together. The last third is for
    /// clients that use little. At the limit, a request is answered with `server_busy`.
    pub bodies_bytes_max: usize,
    /// How many of them one client may use.
    pub bodies_bytes_per_address_max: usize,
    /// The sustained rate of requests from one client that prove neither a key nor a certificate.
    /// From a client over the rate, renewals are checked one at a time. 0: no limit.
    pub unproven_per_second: f64,
    /// How many of them may come in a burst.
    pub unproven_burst: u32,
    /// The sustained rate of new enrollments with one provisioning key. Replays and refusals do not
    /// count. 0: no limit.
    pub per_key_per_second: f64,
    /// How many of them may come in a burst.
    pub per_key_burst: u32,
    /// The sustained rate of replays and refusals for one connector with one provisioning key. 0:
    /// no limit.
    pub per_connector_per_second: f64,
    /// How many of them may come in a burst.
    pub per_connector_burst: u32,
    /// The sustained rate of replays and refusals for all connectors of one client. 0: no limit.
    pub repeats_per_second: f64,
    /// How many of them may come in a burst.
    pub repeats_burst: u32,
    /// The metrics to count in.
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

/// The header in which a proxy names the address of the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}
