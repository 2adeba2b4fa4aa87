//! The profile: what each issued certificate contains, and in which form (RFC 5280, 4.1 and 4.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ::der::asn1::{GeneralizedTime, UtcTime};
use ::der::{DateTime, Encode as _};

use super::extensions::HostName;
use super::signature::SignatureAlgorithm;
use super::validity::{Validity, YEAR_2050};
use super::{LeafUrl, LeafUrls, PublicKey, SerialNumber, Signer};
use crate::der::writer::{bit_string, nested, primitive};
use crate::der::{oid, tag};
use crate::key::Host;
use crate::time::Timestamp;

/// `digitalSignature`, bit 0, and `keyCertSign` and `cRLSign`, bits 5 and 6, as the contents of
/// a BIT STRING: unused bits, then the bits.
const DIGITAL_SIGNATURE: &[u8] = &[7, 0x80];
const KEY_CERT_SIGN_CRL_SIGN: &[u8] = &[1, 0x06];

/// The fields of a TBSCertificate.
pub(super) struct Tbs<'a> {
    pub(super) serial: SerialNumber,
    /// The DER of the signature algorithm and of the issuer's name: see [`head`].
    pub(super) head: &'a [u8],
    pub(super) validity: Validity,
    pub(super) subject: &'a dyn Fn(&mut Vec<u8>),
    pub(super) public_key: &'a PublicKey,
    /// Writes the extensions.
    pub(super) extensions: &'a dyn Fn(&mut Vec<u8>),
}

/// The fields that are the same in all certificates of an issuer: algorithm and issuer's name.
pub(super) fn head(signer: &dyn Signer, issuer: &[u8]) -> Vec<u8> {
    let algorithm = SignatureAlgorithm::of(signer.public_key().algorithm());
    [algorithm.identifier(), issuer].concat()
}

/// RFC 5280, 4.1.2.
pub(super) fn write_tbs(tbs: &Tbs<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    nested(&mut out, tag::SEQUENCE, |out| {
        // Version 3 is the value 2.
        nested(out, tag::context(0), |out| primitive(out, tag::INTEGER, &[2]));
        primitive(out, tag::INTEGER, tbs.serial.as_bytes());
        out.extend_from_slice(tbs.head);
        write_validity(out, tbs.validity);
        (tbs.subject)(out);
        out.extend_from_slice(tbs.public_key.spki());
        nested(out, tag::context(3), |out| nested(out, tag::SEQUENCE, |out| (tbs.extensions)(out)));
    });
    out
}

/// RFC 5280, 4.1.1.
pub(super) fn write_certificate(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(tbs.len() + signature.len() + 32);
    nested(&mut out, tag::SEQUENCE, |out| {
        out.extend_from_slice(tbs);
        out.extend_from_slice(algorithm);
        bit_string(out, signature);
    });
    out
}

/// RFC 5280, A.1, `ub-common-name`: the longest common name, in characters.
const COMMON_NAME_CHARACTERS_MAX: usize = 64;

/// Writes the name of a connector: its id as the only common name.
pub(super) fn write_connector_name(out: &mut Vec<u8>, id: &str) {
    write_common_name(out, id);
}

/// Writes the name of a server: its host, if that is short enough for a common name. Clients check
/// only the alternative name.
pub(super) fn write_server_name(out: &mut Vec<u8>, host: &Host) {
    let short = host.name().len() <= COMMON_NAME_CHARACTERS_MAX;
    write_common_name(out, if short { host.name() } else { "provkey server" });
}

fn write_common_name(out: &mut Vec<u8>, name: &str) {
    nested(out, tag::SEQUENCE, |out| {
        write_attribute(out, oid::COMMON_NAME, tag::UTF8_STRING, name.as_bytes());
    });
}

/// Writes the name of a CA: a common name for people, and the id that makes the name unique. A
/// common name that is longer than RFC 5280 allows is cut.
pub(super) fn write_ca_name(out: &mut Vec<u8>, common_name: &str, id: &str) {
    let common_name: String = common_name.chars().take(COMMON_NAME_CHARACTERS_MAX).collect();
    nested(out, tag::SEQUENCE, |out| {
        write_attribute(out, oid::COMMON_NAME, tag::UTF8_STRING, common_name.as_bytes());
        write_attribute(out, oid::SERIAL_NUMBER, tag::PRINTABLE_STRING, id.as_bytes());
    });
}

fn write_attribute(out: &mut Vec<u8>, oid: &[u8], tag: u8, value: &[u8]) {
    nested(out, tag::SET, |out| {
        nested(out, tag::SEQUENCE, |out| {
            primitive(out, tag::OBJECT_IDENTIFIER, oid);
            primitive(out, tag, value);
        });
    });
}

/// RFC 5280, 4.1.2.5.
fn write_validity(out: &mut Vec<u8>, validity: Validity) {
    nested(out, tag::SEQUENCE, |out| {
        write_time(out, validity.not_before);
        write_time(out, validity.not_after);
    });
}

/// RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
pub(super) fn write_time(out: &mut Vec<u8>, moment: Timestamp) {
    let seconds = moment.unix_seconds();
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds))
        .expect("a timestamp is at most the end of 9999");
    let written = if seconds < YEAR_2050 {
        UtcTime::from_date_time(date).and_then(|time| time.encode_to_vec(out))
    } else {
        GeneralizedTime::from_date_time(date).encode_to_vec(out)
    };
    written.expect("a date between 1970 and 9999 is always written");
}

/// RFC 6960, 4.2.2.1: GeneralizedTime, in whole seconds.
#[cfg(feature = "authority")]
pub(super) fn write_generalized_time(out: &mut Vec<u8>, moment: Timestamp) {
    let seconds = Duration::from_secs(moment.unix_seconds());
    let date =
        DateTime::from_unix_duration(seconds).expect("a timestamp is at most the end of 9999");
    GeneralizedTime::from_date_time(date)
        .encode_to_vec(out)
        .expect("a date between 1970 and 9999 is always written");
}

/// The extensions that are the same in all leaves of an issuer.
pub(super) fn write_leaf_constants(out: &mut Vec<u8>, issuer_key_id: &[u8]) {
    write_end_entity(out);
    write_client_auth(out);
    write_authority_key_id(out, issuer_key_id);
}

fn write_end_entity(out: &mut Vec<u8>) {
    write_extension(out, oid::BASIC_CONSTRAINTS, true, |out| {
        // RFC 5280, 4.2.1.9: not a CA. DER leaves the default out.
        primitive(out, tag::SEQUENCE, &[]);
    });
    write_extension(out, oid::KEY_USAGE, true, |out| {
        primitive(out, tag::BIT_STRING, DIGITAL_SIGNATURE);
    });
}

/// RFC 5280, 4.2.1.9 and 4.2.1.3: the extensions that make a CA.
pub(super) fn write_ca_constraints(out: &mut Vec<u8>, path_length: Option<u8>) {
    write_extension(out, oid::BASIC_CONSTRAINTS, true, |out| {
        nested(out, tag::SEQUENCE, |out| {
            primitive(out, tag::BOOLEAN, &[0xff]);
            if let Some(path_length @ 0..0x80) = path_length {
                primitive(out, tag::INTEGER, &[path_length]);
            }
        });
    });
    write_extension(out, oid::KEY_USAGE, true, |out| {
        primitive(out, tag::BIT_STRING, KEY_CERT_SIGN_CRL_SIGN);
    });
}

/// RFC 5280, 4.2.1.12.
pub(super) fn write_client_auth(out: &mut Vec<u8>) {
    write_purpose(out, oid::CLIENT_AUTH);
}

fn write_purpose(out: &mut Vec<u8>, purpose: &[u8]) {
    write_extension(out, oid::EXTENDED_KEY_USAGE, false, |out| {
        nested(out, tag::SEQUENCE, |out| primitive(out, tag::OBJECT_IDENTIFIER, purpose));
    });
}

/// RFC 5280, 4.2.1.9, 4.2.1.3 and 4.2.1.12: the extensions that make a TLS server.
pub(super) fn write_server_constants(out: &mut Vec<u8>, issuer_key_id: &[u8]) {
    write_end_entity(out);
    write_purpose(out, oid::SERVER_AUTH);
    write_authority_key_id(out, issuer_key_id);
}

/// RFC 5280, 4.2.1.6: one host. Not critical, as the subject is not empty.
pub(super) fn write_host(out: &mut Vec<u8>, host: &HostName) {
    write_extension(out, oid::SUBJECT_ALT_NAME, false, |out| {
        nested(out, tag::SEQUENCE, |out| match host {
            HostName::Dns(name) => primitive(out, tag::context_primitive(2), name.as_bytes()),
            HostName::Address(IpAddr::V4(address)) => {
                primitive(out, tag::context_primitive(7), &address.octets());
            }
            HostName::Address(IpAddr::V6(address)) => {
                primitive(out, tag::context_primitive(7), &address.octets());
            }
        });
    });
}

/// RFC 5280, 4.2.1.1.
pub(super) fn write_authority_key_id(out: &mut Vec<u8>, key_id: &[u8]) {
    write_extension(out, oid::AUTHORITY_KEY_IDENTIFIER, false, |out| {
        nested(out, tag::SEQUENCE, |out| primitive(out, tag::context_primitive(0), key_id));
    });
}

/// RFC 5280, 4.2.1.2: the identifier by RFC 7093, or the external CA's own.
pub(super) fn write_subject_key_id(out: &mut Vec<u8>, key_id: &[u8]) {
    write_extension(out, oid::SUBJECT_KEY_IDENTIFIER, false, |out| {
        primitive(out, tag::OCTET_STRING, key_id);
    });
}

/// RFC 5280, 4.2.1.6: one URI, as its parts. Not critical, as the subject is not empty.
pub(super) fn write_uri(out: &mut Vec<u8>, parts: &[&str]) {
    write_extension(out, oid::SUBJECT_ALT_NAME, false, |out| {
        nested(out, tag::SEQUENCE, |out| {
            nested(out, tag::context_primitive(6), |out| {
                parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
            });
        });
    });
}

/// RFC 5280, 4.2.1.13 and 4.2.2.1: not critical, and absent without a URL.
pub(super) fn write_leaf_urls(out: &mut Vec<u8>, urls: &LeafUrls) {
    if let Some(url) = &urls.crl {
        write_extension(out, oid::CRL_DISTRIBUTION_POINTS, false, |out| {
            nested(out, tag::SEQUENCE, |out| write_distribution_point(out, url));
        });
    }
    let LeafUrls { ocsp, ca_issuers, .. } = urls;
    if ocsp.is_some() || ca_issuers.is_some() {
        write_extension(out, oid::AUTHORITY_INFO_ACCESS, false, |out| {
            nested(out, tag::SEQUENCE, |out| {
                ocsp.iter().for_each(|url| write_access(out, oid::OCSP, url));
                ca_issuers.iter().for_each(|url| write_access(out, oid::CA_ISSUERS, url));
            });
        });
    }
}

/// A DistributionPoint whose distributionPoint is a fullName of one URI.
fn write_distribution_point(out: &mut Vec<u8>, url: &LeafUrl) {
    nested(out, tag::SEQUENCE, |out| {
        nested(out, tag::context(0), |out| {
            nested(out, tag::context(0), |out| write_url(out, url));
        });
    });
}

/// An AccessDescription.
fn write_access(out: &mut Vec<u8>, method: &[u8], url: &LeafUrl) {
    nested(out, tag::SEQUENCE, |out| {
        primitive(out, tag::OBJECT_IDENTIFIER, method);
        write_url(out, url);
    });
}

fn write_url(out: &mut Vec<u8>, url: &LeafUrl) {
    primitive(out, tag::context_primitive(6), url.as_str().as_bytes());
}

pub(super) fn write_extension(
    out: &mut Vec<u8>,
    oid: &[u8],
    critical: bool,
    value: impl FnOnce(&mut Vec<u8>),
) {
    nested(out, tag::SEQUENCE, |out| {
        primitive(out, tag::OBJECT_IDENTIFIER, oid);
        // X.690, 11.5: the default, false, is left out.
        if critical {
            primitive(out, tag::BOOLEAN, &[0xff]);
        }
        nested(out, tag::OCTET_STRING, value);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::Reader;
    use crate::x509::name::common_name;

    #[test]
    fn the_form_of_a_time_changes_in_2050() {
        let check = |seconds, text: &[u8]| {
            let moment = Timestamp::from_unix_seconds(seconds);
            let both = Validity { not_before: moment, not_after: moment };
            let mut out = Vec::new();
            write_validity(&mut out, both);
            assert!(out.ends_with(text));
            let fields = Reader::new(&out).enter(tag::SEQUENCE).unwrap();
            assert_eq!(Validity::read(fields), Ok(both));
        };
        check(0, b"\x17\x0d700101000000Z");
        check(YEAR_2050 - 1, b"\x17\x0d491231235959Z");
        check(YEAR_2050, b"\x18\x0f20500101000000Z");
        check(Timestamp::MAX.unix_seconds(), b"\x18\x0f99991231235959Z");
    }

    #[test]
    fn long_common_names_are_cut_at_a_character() {
        let mut out = Vec::new();
        write_ca_name(&mut out, &"é".repeat(100), "ab12");
        assert_eq!(common_name(&out), Some("é".repeat(64).as_str()));
    }
}
