//! Parsing the extensions of certificates and requests (RFC 5280, 4.2).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::der::{Malformed, Reader, oid, tag};
use crate::key::Host;
use crate::limits::EXTENSIONS_MAX;

/// What a key may be used for (RFC 5280, 4.2.1.3): a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Signatures other than on certificates and revocation lists.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// Signatures on certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// Signatures on revocation lists.
    pub const CRL_SIGN: Self = Self(1 << 6);

    /// The union of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this includes all of `other`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn read(value: &[u8]) -> Result<Self, Malformed> {
        // X.690, 8.6.2: the number of unused bits, then the bits, the first one highest.
        let (unused, last, bits) = match *Reader::only(value, tag::BIT_STRING)? {
            [unused, first] => (unused, first, [first, 0]),
            [unused, first, second] => (unused, second, [first, second]),
            _ => return Err(Malformed),
        };
        // X.690, 11.2.2: the last used bit is set. RFC 5280, 4.2.1.3: nine bits are defined.
        let bits = u16::from_be_bytes(bits).reverse_bits();
        if last.trailing_zeros() != u32::from(unused) || bits >= 1 << 9 {
            return Err(Malformed);
        }
        Ok(Self(bits))
    }
}

/// What a certificate may be used for (RFC 5280, 4.2.1.12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purposes {
    /// TLS clients: `clientAuth`.
    pub client_auth: bool,
    /// TLS servers: `serverAuth`.
    pub server_auth: bool,
    /// Any purpose: `anyExtendedKeyUsage`.
    pub any: bool,
    /// A purpose that this library does not know.
    pub other: bool,
}

impl Purposes {
    /// TLS clients, and nothing else.
    pub const CLIENT_AUTH: Self =
        Self { client_auth: true, server_auth: false, any: false, other: false };

    /// TLS servers, and nothing else.
    pub const SERVER_AUTH: Self =
        Self { client_auth: false, server_auth: true, any: false, other: false };

    fn read(value: &[u8]) -> Result<Self, Malformed> {
        let mut list = Reader::within(value, tag::SEQUENCE)?;
        let mut purposes = Self::default();
        let mut seen = BTreeSet::new();
        // RFC 5280, 4.2.1.12: at least one.
        loop {
            let purpose = list.contents(tag::OBJECT_IDENTIFIER)?;
            if !seen.insert(purpose) {
                return Err(Malformed);
            }
            match purpose {
                oid::CLIENT_AUTH => purposes.client_auth = true,
                oid::SERVER_AUTH => purposes.server_auth = true,
                oid::ANY_PURPOSE => purposes.any = true,
                _ => purposes.other = true,
            }
            if list.is_at_end() {
                return Ok(purposes);
            }
        }
    }
}

/// Whether a certificate may sign others (RFC 5280, 4.2.1.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it is a CA certificate.
    pub ca: bool,
    /// How many CA certificates may be between it and a leaf; `None`: any number.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    fn read(value: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::within(value, tag::SEQUENCE)?;
        let ca = fields.default_false()?;
        let path_length = if fields.is_at_end() { None } else { Some(fields.small()?) };
        fields.end()?;
        // RFC 5280, 4.2.1.9: only a CA has a path length.
        if path_length.is_some() && !ca {
            return Err(Malformed);
        }
        Ok(Self { ca, path_length })
    }
}

/// A host without its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostName {
    /// In lower case.
    Dns(String),
    Address(IpAddr),
}

impl HostName {
    /// The name that a certificate for this host contains.
    pub(super) fn of(host: &Host) -> Self {
        let name = host.name();
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        match address.unwrap_or(name).parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Dns(name.into()),
        }
    }

    fn dns(contents: &[u8]) -> Option<Self> {
        let name = core::str::from_utf8(contents).ok().filter(|name| name.is_ascii())?;
        Some(Self::Dns(name.to_ascii_lowercase()))
    }

    fn address(contents: &[u8]) -> Option<Self> {
        let v4 = <[u8; 4]>::try_from(contents).map(|bytes| Ipv4Addr::from(bytes).into());
        let v6 = || <[u8; 16]>::try_from(contents).map(|bytes| Ipv6Addr::from(bytes).into());
        v4.or_else(|_| v6()).ok().map(Self::Address)
    }
}

/// The alternative names of a subject (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AltNames<'a> {
    pub(super) uris: Vec<&'a str>,
    pub(super) hosts: Vec<HostName>,
    /// Whether there are names of other kinds.
    pub(super) other: bool,
}

impl<'a> AltNames<'a> {
    fn read(value: &'a [u8]) -> Result<Self, Malformed> {
        let mut list = Reader::within(value, tag::SEQUENCE)?;
        let mut names = Self::default();
        // RFC 5280, 4.2.1.6: at least one.
        loop {
            if let Some(uri) = list.optional(tag::context_primitive(6))? {
                let uri = core::str::from_utf8(uri).ok().filter(|uri| uri.is_ascii());
                names.uris.push(uri.ok_or(Malformed)?);
            } else {
                match read_host(&mut list)? {
                    Some(host) => names.hosts.push(host),
                    None => names.other = true,
                }
            }
            if list.is_at_end() {
                return Ok(names);
            }
        }
    }
}

/// Reads a name of any type except URI; `None` if it does not name a host.
fn read_host(list: &mut Reader<'_>) -> Result<Option<HostName>, Malformed> {
    if let Some(contents) = list.optional(tag::context_primitive(2))? {
        return Ok(HostName::dns(contents));
    }
    if let Some(contents) = list.optional(tag::context_primitive(7))? {
        return Ok(HostName::address(contents));
    }
    list.any().map(|_| None)
}

/// An extension's value, and whether it is critical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extension<T> {
    pub(super) critical: bool,
    pub(super) value: T,
}

/// Why extensions cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExtensionsError {
    Malformed,
    /// RFC 5280, 4.2: a certificate contains an extension at most once.
    Duplicate,
    TooMany,
}

impl From<Malformed> for ExtensionsError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// The extensions that this library knows, and all others unparsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions<'a> {
    pub(super) basic_constraints: Option<Extension<BasicConstraints>>,
    pub(super) key_usage: Option<Extension<KeyUsage>>,
    pub(super) purposes: Option<Extension<Purposes>>,
    pub(super) alt_names: Option<Extension<AltNames<'a>>>,
    pub(super) subject_key_id: Option<Extension<&'a [u8]>>,
    pub(super) authority_key_id: Option<Extension<Option<&'a [u8]>>>,
    /// The object identifiers and values of all others.
    pub(super) others: Vec<(&'a [u8], Extension<&'a [u8]>)>,
    /// Whether one of the others is critical.
    pub(super) critical_other: bool,
}

impl<'a> Extensions<'a> {
    /// Parses the DER of Extensions.
    pub(super) fn read(der: &'a [u8]) -> Result<Self, ExtensionsError> {
        let mut list = Reader::within(der, tag::SEQUENCE)?;
        let mut extensions = Self::default();
        for count in 1.. {
            if count > EXTENSIONS_MAX {
                return Err(ExtensionsError::TooMany);
            }
            extensions.add(list.enter(tag::SEQUENCE)?)?;
            if list.is_at_end() {
                break;
            }
        }
        Ok(extensions)
    }

    /// One of the others.
    pub(super) fn other(&self, oid: &[u8]) -> Option<&Extension<&'a [u8]>> {
        self.others.iter().find(|(other, _)| *other == oid).map(|(_, extension)| extension)
    }

    fn add(&mut self, mut fields: Reader<'a>) -> Result<(), ExtensionsError> {
        let oid = fields.contents(tag::OBJECT_IDENTIFIER)?;
        let critical = fields.default_false()?;
        let value = fields.contents(tag::OCTET_STRING)?;
        fields.end()?;
        match oid {
            oid::BASIC_CONSTRAINTS => {
                put(&mut self.basic_constraints, critical, BasicConstraints::read(value)?)
            }
            oid::KEY_USAGE => put(&mut self.key_usage, critical, KeyUsage::read(value)?),
            oid::EXTENDED_KEY_USAGE => put(&mut self.purposes, critical, Purposes::read(value)?),
            oid::SUBJECT_ALT_NAME => put(&mut self.alt_names, critical, AltNames::read(value)?),
            oid::SUBJECT_KEY_IDENTIFIER => {
                put(&mut self.subject_key_id, critical, Reader::only(value, tag::OCTET_STRING)?)
            }
            oid::AUTHORITY_KEY_IDENTIFIER => {
                put(&mut self.authority_key_id, critical, read_authority_key_id(value)?)
            }
            other if self.other(other).is_some() => Err(ExtensionsError::Duplicate),
            other => {
                self.others.push((other, Extension { critical, value }));
                self.critical_other |= critical;
                Ok(())
            }
        }
    }
}

fn put<T>(
    place: &mut Option<Extension<T>>,
    critical: bool,
    value: T,
) -> Result<(), ExtensionsError> {
    match place.replace(Extension { critical, value }) {
        None => Ok(()),
        Some(_) => Err(ExtensionsError::Duplicate),
    }
}

/// RFC 5280, 4.2.1.1: the key identifier, which is optional. Issuer and serial are skipped.
fn read_authority_key_id(value: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let mut fields = Reader::within(value, tag::SEQUENCE)?;
    let key_id = fields.optional(tag::context_primitive(0))?;
    fields.optional(tag::context(1))?;
    fields.optional_implicit(tag::context_primitive(2), tag::INTEGER)?;
    fields.end()?;
    Ok(key_id)
}
