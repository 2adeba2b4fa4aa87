//! The URLs in a connector's certificate, for revocation and for its issuer.

use alloc::string::String;
use core::fmt;

use crate::error_family::error_family;
use crate::key::Host;
use crate::limits::URL_BYTES_MAX;

/// A URL in certificates: `http://` or `https://`, a [`Host`], and optionally a path and a query,
/// in at most 256 bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LeafUrl(String);

error_family! {
    /// The text is not a [`LeafUrl`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error(
        "a URL in certificates must be http:// or https:// with a host and optionally a path, in at most 256 bytes"
    )]
    pub struct LeafUrlError => "url_invalid";
}

impl LeafUrl {
    /// Parses a URL. Certificates contain it as it is: nothing is converted.
    ///
    /// # Errors
    /// `url_invalid` for any other text.
    pub fn parse(text: &str) -> Result<Self, LeafUrlError> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let rest = rest.filter(|_| text.len() <= URL_BYTES_MAX).ok_or(LeafUrlError)?;
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let sound = Host::parse(host).is_ok() && is_path(path);
        if sound { Ok(Self(text.into())) } else { Err(LeafUrlError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 3986, 3.3 and 3.4: a path and a query. `'` is refused, although the RFC allows it.
fn is_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/?%".contains(&byte);
    let escape = |after: &str| matches!(after.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    text.bytes().all(allowed) && text.split('%').skip(1).all(escape)
}

impl fmt::Display for LeafUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LeafUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

crate::text::from_str!(LeafUrl, LeafUrlError);
#[cfg(feature = "authority")]
crate::text::serde_as_text!(LeafUrl);

/// The URLs in the certificates that an issuer makes for connectors. By default there are none,
/// because this library does not serve them.
///
/// ```
/// # #[cfg(feature = "authority")] {
/// use provkey::x509::{LeafUrl, LeafUrls};
///
/// let urls = LeafUrls::default().crl(LeafUrl::parse("http://crl.example.com/ca-1.crl")?);
/// assert_eq!(urls.ocsp, None);
/// # }
/// # Ok::<(), provkey::x509::LeafUrlError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "authority", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LeafUrls {
    /// Where the issuer's CRL is (RFC 5280, 4.2.1.13).
    #[cfg_attr(feature = "authority", serde(default, skip_serializing_if = "Option::is_none"))]
    pub crl: Option<LeafUrl>,
    /// Where OCSP requests are answered (RFC 5280, 4.2.2.1).
    #[cfg_attr(feature = "authority", serde(default, skip_serializing_if = "Option::is_none"))]
    pub ocsp: Option<LeafUrl>,
    /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
    #[cfg_attr(feature = "authority", serde(default, skip_serializing_if = "Option::is_none"))]
    pub ca_issuers: Option<LeafUrl>,
}

#[cfg(feature = "authority")]
crate::setters::setters!(LeafUrls {
    crl: Option<LeafUrl>,
    ocsp: Option<LeafUrl>,
    ca_issuers: Option<LeafUrl>,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_not_converted() {
        let longest = std::format!("http://a/{}", "x".repeat(URL_BYTES_MAX - 9));
        for text in [
            "http://crl.example.com/fleet.crl",
            "https://crl.example.com:8443/a/b%20c?list=1&x=(2)",
            "http://10.0.0.1",
            "http://[2001:db8::1]:8080/",
            "http://ocsp?a",
            &longest,
        ] {
            assert_eq!(LeafUrl::parse(text).unwrap().as_str(), text);
        }
        assert!(LeafUrl::parse(&std::format!("{longest}x")).is_err());
    }

    #[test]
    fn other_texts_are_not_urls() {
        for text in [
            "",
            "crl.example.com/fleet.crl",
            "ldap://crl.example.com/",
            "HTTP://crl.example.com/",
            "http:/crl.example.com/",
            "http://",
            "http:///fleet.crl",
            "http://:8080/",
            "http://user@crl.example.com/",
            "http://crl.example.com:99999/",
            "http://crl_example/",
            "http://crl.example.com/a b",
            "http://crl.example.com/\"a\"",
            "http://crl.example.com/'a'",
            "http://crl.example.com/<a>",
            "http://crl.example.com/\n",
            "http://crl.example.com/\0",
            "http://crl.example.com/ä",
            "http://crl.example.com/%2",
            "http://crl.example.com/%zz",
            "http://crl.example.com/#part",
            "http://crl.example.com#part",
        ] {
            let error = LeafUrl::parse(text).unwrap_err();
            assert_eq!(error.code(), "url_invalid", "{text}");
            assert!(!error.retryable());
        }
    }
}
