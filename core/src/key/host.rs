//! The host in a key, in canonical form.

use alloc::string::{String, ToString};
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::error_family::error_family;
use crate::limits::HOST_CHARACTERS_MAX;

/// Longest label of a host name (RFC 1035, section 2.3.4).
const LABEL_CHARACTERS_MAX: usize = 63;
/// The port of a host that is written without one.
const PORT_DEFAULT: u16 = 443;

/// The address of an authority: `host` or `host:port`, in canonical form.
///
/// The host is a DNS name in lower case, with labels of letters, digits and hyphens (international
/// ones as A-labels), without a trailing dot; or an IPv4 address; or an IPv6 address in brackets as
/// RFC 5952 writes it, without a zone. The port has no leading zero, and 443 is left out. Each host
/// has one spelling, so texts can be compared.
///
/// ```
/// use provkey::key::Host;
///
/// let host = Host::parse("api.example.com:8443")?;
/// assert_eq!((host.name(), host.port()), ("api.example.com", 8443));
/// assert_eq!(Host::parse("API.example.com").unwrap_err().code(), "host_bad_name");
/// # Ok::<(), provkey::key::HostError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

error_family! {
    /// Why a text is not a canonical [`Host`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[non_exhaustive]
    pub enum HostError {
        /// The text is empty, or begins with the port.
        #[error("the host name is missing")]
        Empty => "host_empty",
        /// The name has more than [`HOST_CHARACTERS_MAX`] characters.
        #[error("the host name is longer than 253 characters")]
        TooLong => "host_too_long",
        /// A label is empty, is longer than 63 characters, begins or ends with a
        /// hyphen, or contains a character other than `a` to `z`, `0` to `9` and the hyphen.
        #[error("the host name may contain only a to z, 0 to 9, hyphens, and dots between its labels")]
        BadName => "host_bad_name",
        /// It looks like an IP address, but is not one in canonical form.
        #[error(
            "the host looks like an IP address: write an IPv4 address in full, an IPv6 address in brackets in its shortest form"
        )]
        BadAddress => "host_bad_address",
        /// The port is not 1 to 65535, has a leading zero, or is the default 443.
        #[error("the port must be 1 to 65535 without a leading zero; leave 443 out")]
        BadPort => "host_bad_port",
    }
}

impl Host {
    /// Parses a host in canonical form. Nothing is converted, not even case.
    ///
    /// # Errors
    /// [`HostError`]: which part is not canonical.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (name, port) = split_port(text);
        check_name(name)?;
        port.map_or(Ok(()), check_port)?;
        Ok(Self(text.into()))
    }

    /// The whole text, with the port if it has one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port. An IPv6 address keeps its brackets.
    pub fn name(&self) -> &str {
        split_port(&self.0).0
    }

    /// The port; 443 if none is written.
    pub fn port(&self) -> u16 {
        split_port(&self.0).1.and_then(|port| port.parse().ok()).unwrap_or(PORT_DEFAULT)
    }
}

/// Splits at the last colon that is not inside brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    }
}

fn check_port(text: &str) -> Result<(), HostError> {
    let port: u16 = text.parse().map_err(|_| HostError::BadPort)?;
    // Comparing with its own spelling refuses a leading zero or plus.
    let canonical = port != 0 && port != PORT_DEFAULT && port.to_string() == text;
    if canonical { Ok(()) } else { Err(HostError::BadPort) }
}

fn check_name(name: &str) -> Result<(), HostError> {
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if name.len() > HOST_CHARACTERS_MAX {
        return Err(HostError::TooLong);
    }
    if name.starts_with('[') {
        return check_ipv6(name);
    }
    if name.contains(':') {
        return Err(HostError::BadAddress);
    }
    if !name.split('.').all(is_label) {
        return Err(HostError::BadName);
    }
    // A name that ends in a number is an IPv4 address to URL parsers, or an error.
    let last = name.rsplit('.').next().unwrap_or(name);
    if is_number(last) && name.parse::<Ipv4Addr>().is_err() {
        return Err(HostError::BadAddress);
    }
    Ok(())
}

fn check_ipv6(name: &str) -> Result<(), HostError> {
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = address.ok_or(HostError::BadAddress)?;
    let parsed: Ipv6Addr = address.parse().map_err(|_| HostError::BadAddress)?;
    // The standard library writes addresses as RFC 5952 wants them.
    if parsed.to_string() == address { Ok(()) } else { Err(HostError::BadAddress) }
}

fn is_label(label: &str) -> bool {
    let known = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=LABEL_CHARACTERS_MAX).contains(&label.len())
        && label.bytes().all(known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|c| c.is_ascii_hexdigit()),
        None => label.bytes().all(|c| c.is_ascii_digit()),
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({self})")
    }
}

crate::text::from_str!(Host, HostError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(Host);

#[cfg(test)]
mod tests {
    use super::*;
    use HostError::{BadAddress, BadName, BadPort, Empty, TooLong};

    #[test]
    fn accepts_canonical_hosts() {
        let check = |text: &str, name: &str, port: u16| {
            let host = Host::parse(text).unwrap();
            assert_eq!((host.as_str(), host.name(), host.port()), (text, name, port));
        };
        check("api.private.example.com", "api.private.example.com", 443);
        check("localhost:8443", "localhost", 8443);
        check("xn--bcher-kva.example:1", "xn--bcher-kva.example", 1);
        check("3com.example", "3com.example", 443);
        check("192.0.2.7:65535", "192.0.2.7", 65535);
        check("[2001:db8::1]", "[2001:db8::1]", 443);
        check("[::ffff:192.0.2.7]:8443", "[::ffff:192.0.2.7]", 8443);
        check(&["a"; 127].join("."), &["a"; 127].join("."), 443);
    }

    #[test]
    fn refuses_every_other_form() {
        let check = |text: &str, why| assert_eq!(Host::parse(text), Err(why), "{text}");
        check("", Empty);
        check(":8443", Empty);
        check(&["a"; 128].join("."), TooLong);
        for text in ["Example.com", "a_b", "a.", ".a", "a..b", "-a", "a-", "bücher", "a b", "a/b"]
        {
            check(text, BadName);
        }
        check(&"a".repeat(64), BadName);
        for text in ["192.0.2.07", "192.0.2", "256.0.0.1", "1", "a.0x1f", "2001:db8::1", "[::1"] {
            check(text, BadAddress);
        }
        for text in ["[2001:DB8::1]", "[0:0::1]", "[fe80::1%eth0]", "[]", "[::1]x", "[192.0.2.7]"] {
            check(text, BadAddress);
        }
        for text in ["a:", "a:0", "a:443", "a:080", "a:+80", "a:65536", "a:x", "[::1]:443"] {
            check(text, BadPort);
        }
    }
}
