//! The client of a request, also behind a proxy.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::app::App;
use crate::config::{Config, ProxyHeader};
use crate::connection::Connection;
use crate::forwarded::{forwarded, x_forwarded_for};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its address, if that is known: the one that a trusted proxy names, else the peer of the
    /// connection.
    pub(crate) address: Option<IpAddr>,
    /// Its certificate in DER; it has proved possession of the private key.
    pub(crate) certificate: Option<Arc<[u8]>>,
}

impl Client {
    pub(crate) fn of(
        config: &Config,
        connection: Option<&Connection>,
        headers: &HeaderMap,
    ) -> Self {
        let Some(connection) = connection else { return Self::default() };
        let certificate = connection.client_certificate.clone();
        Self { address: address(config, connection.peer.ip(), headers), certificate }
    }
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&app.config, parts.extensions.get::<Connection>(), &parts.headers))
    }
}

/// The last address on the way to us that is not a trusted proxy's. Each proxy appends the address
/// of its peer to the list, so the client may have written everything before that.
fn address(config: &Config, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let is_proxy = |address| config.trusted_proxies.iter().any(|range| range.contains(address));
    let mut address = peer.to_canonical();
    if !is_proxy(address) {
        return Some(address);
    }
    let lines = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let mut listed = match config.proxy_header {
        ProxyHeader::XForwardedFor => x_forwarded_for(lines(X_FORWARDED_FOR)),
        ProxyHeader::Forwarded => forwarded(lines(header::FORWARDED))?,
    };
    while is_proxy(address) {
        let Some(node) = listed.pop() else { break };
        // A proxy that names no address leaves the client unknown.
        address = node?.to_canonical();
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use provkey::authority::AddressRange;

    fn seen(header: ProxyHeader, values: &[&str], peer: &str) -> Option<String> {
        let config = Config {
            trusted_proxies: vec![AddressRange::parse("10.0.0.0/8").unwrap()],
            proxy_header: header,
            ..Config::default()
        };
        let mut headers = HeaderMap::new();
        for value in values {
            let name =
                if header == ProxyHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
            headers.append(name, value.parse().unwrap());
        }
        address(&config, peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn only_trusted_proxies_are_trusted() {
        let check = |values: &[&str], peer, expected: Option<&str>| {
            let found = seen(ProxyHeader::XForwardedFor, values, peer);
            assert_eq!(found.as_deref(), expected, "{values:?} {peer}");
        };
        check(&["192.0.2.1"], "198.51.100.7", Some("198.51.100.7"));
        check(&["192.0.2.1"], "10.0.0.1", Some("192.0.2.1"));
        check(&["192.0.2.1"], "::ffff:10.0.0.1", Some("192.0.2.1"));
        check(&["203.0.113.9, 192.0.2.1, 10.0.0.2"], "10.0.0.1", Some("192.0.2.1"));
        check(&["203.0.113.9", "192.0.2.1", "10.0.0.2"], "10.0.0.1", Some("192.0.2.1"));
        check(&["192.0.2.1:4711"], "10.0.0.1", Some("192.0.2.1"));
        check(&["[2001:db8::1]:4711"], "10.0.0.1", Some("2001:db8::1"));
        check(&["2001:db8::1"], "10.0.0.1", Some("2001:db8::1"));
        check(&["unknown"], "10.0.0.1", None);
        check(&["192.0.2.1, "], "10.0.0.1", None);
        check(&[], "10.0.0.1", Some("10.0.0.1"));
        check(&["10.0.0.3, 10.0.0.2"], "10.0.0.1", Some("10.0.0.3"));
    }

    #[test]
    fn forwarded_is_read_if_the_proxy_writes_it() {
        let check = |values: &[&str], expected: Option<&str>| {
            let found = seen(ProxyHeader::Forwarded, values, "10.0.0.1");
            assert_eq!(found.as_deref(), expected, "{values:?}");
        };
        check(&["for=192.0.2.60;proto=http;by=203.0.113.43"], Some("192.0.2.60"));
        check(
            &[r#"for=203.0.113.9, proto=https;For="[2001:db8:cafe::17]:4711""#],
            Some("2001:db8:cafe::17"),
        );
        check(&["for=203.0.113.9", "for=192.0.2.60"], Some("192.0.2.60"));
        check(&[r#"for=192.0.2.1;host="x;for=10.9.9.9;y=""#], Some("192.0.2.1"));
        check(&[r#"for=192.0.2.1;host="x,for=10.9.9.9;y=""#], None);
        check(&[r#"for="10.9.9.9, for=192.0.2.1"#], None);
        check(&["for=192.0.2.1:4711"], None);
        check(&["for=_hidden"], None);
        check(&["proto=http"], None);
    }
}
