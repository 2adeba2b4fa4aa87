//! Lists of addresses from which a provisioning key may be used.

use core::fmt;
use core::net::IpAddr;

use ipnet::IpNet;

use crate::ledger::error::{InputError, RejectedInput};

/// A range of IP addresses in CIDR notation; a lone address is a range of one.
///
/// IPv4 addresses that arrive in their IPv6 form (`::ffff:10.0.0.1`) count as IPv4.
///
/// ```
/// use provkey::authority::AddressRange;
///
/// let range: AddressRange = "10.0.0.0/8".parse()?;
/// assert!(range.contains("10.1.2.3".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange(IpNet);

impl AddressRange {
    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a lone address. Bits beyond the prefix must be 0.
    ///
    /// # Errors
    /// `address_range_invalid`.
    pub fn parse(text: &str) -> Result<Self, RejectedInput> {
        let range = match text.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address.to_canonical())),
            Err(_) => text.parse::<IpNet>().ok(),
        };
        let range = range.filter(|range| range.addr() == range.network());
        range
            .map(|range| Self(canonical(range)))
            .ok_or_else(|| InputError::AddressRangeInvalid.about(text))
    }

    /// Whether the address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// A range of IPv4 addresses in their IPv6 form as what it means.
fn canonical(range: IpNet) -> IpNet {
    let mapped = || {
        let IpAddr::V4(address) = range.addr().to_canonical() else { return None };
        IpNet::new(address.into(), range.prefix_len().checked_sub(96)?).ok()
    };
    if let IpNet::V6(_) = range { mapped().unwrap_or(range) } else { range }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

crate::text::from_str!(AddressRange, RejectedInput);
crate::text::serde_as_text!(AddressRange);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_their_addresses() {
        let check = |range: &str, address: &str, expected| {
            let range = AddressRange::parse(range).unwrap();
            assert_eq!(range.contains(address.parse().unwrap()), expected, "{range} {address}");
        };
        check("10.0.0.0/8", "10.255.0.1", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("::ffff:10.1.2.3", "10.1.2.3", true);
        check("::ffff:10.0.0.0/104", "10.1.2.3", true);
        check("::ffff:10.0.0.0/104", "11.1.2.3", false);
        check("::ffff:0:0/96", "::ffff:192.0.2.1", true);
        check("2001:db8::/32", "2001:db8::1", true);
        check("0.0.0.0/0", "::1", false);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.1/8", "10.0.0.0/33", "example.com", "10.0.0.0/8 "] {
            let error = AddressRange::parse(text).unwrap_err();
            assert_eq!(error.code(), "address_range_invalid", "{text}");
        }
    }
}
