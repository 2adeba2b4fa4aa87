//! Where connections and requests come from, as far as limits are concerned.

use std::net::{IpAddr, Ipv6Addr};

use provkey::authority::AddressRange;

/// Those who share the limits of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// A trusted proxy, behind which are many: no share limits it.
    Trusted,
    /// All whose address is unknown.
    Unknown,
    Neighborhood(IpAddr),
}

impl Origin {
    /// Of a connection.
    pub(crate) fn of_peer(address: IpAddr, trusted: &[AddressRange]) -> Self {
        let address = address.to_canonical();
        if trusted.iter().any(|range| range.contains(address)) {
            return Self::Trusted;
        }
        Self::Neighborhood(neighborhood(address))
    }

    /// Of a request.
    pub(crate) fn of_client(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, |address| Self::Neighborhood(neighborhood(address)))
    }
}

/// What one subscriber has: an IPv4 address, or a /64 of IPv6, in which addresses cost nothing.
pub(crate) fn neighborhood(address: IpAddr) -> IpAddr {
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
    fn an_address_is_one_of_ipv4_or_a_64_of_ipv6() {
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
