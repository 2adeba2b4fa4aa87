//! The clients that limits apply to.

use std::net::{IpAddr, Ipv6Addr};

use provkey::authority::AddressRange;

/// Who a limit per client applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// A trusted proxy with many clients behind it: no limit per client applies.
    Trusted,
    /// All clients whose address is unknown.
    Unknown,
    /// The prefix of a client's address.
    Prefix(IpAddr),
}

impl Origin {
    /// The origin of a connection.
    pub(crate) fn of_peer(address: IpAddr, trusted: &[AddressRange]) -> Self {
        let address = address.to_canonical();
        if trusted.iter().any(|range| range.contains(address)) {
            return Self::Trusted;
        }
        Self::Prefix(client_prefix(address))
    }

    /// The origin of a request.
    pub(crate) fn of_client(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, |address| Self::Prefix(client_prefix(address)))
    }
}

/// What one subscriber controls: an IPv4 address, or an IPv6 /64, in which addresses cost nothing.
pub(crate) fn client_prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(bits).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_64() {
        let same = |one: &str, two: &str| {
            let [one, two] = [one, two].map(|text| Origin::of_client(text.parse().ok()));
            one == two
        };
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("2001:db8::1", "2001:db8::2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        let trusted = [AddressRange::parse("10.0.0.0/8").unwrap()];
        let mapped = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(Origin::of_peer(mapped, &trusted), Origin::Trusted);
    }
}
