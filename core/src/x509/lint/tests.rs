//! Each check of the lint can fail.

use std::boxed::Box;
use std::format;
use std::vec::Vec;

use super::*;
use crate::der::Reader;
use crate::der::writer::{nested, primitive};
use crate::der::{oid, tag};
use crate::time::Timestamp;
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::tests::{NOW, at, enrollment, leaf, root, serial, signer};
use crate::x509::{
    CrossParameters, ExternalCa, Issuer, KeyAlgorithm, LeafUrl, ServerParameters, Signer as _,
    issue_cross_certificate, issue_leaf, issue_server,
};

const VERSION: usize = 0;
const SERIAL: usize = 1;
const ALGORITHM: usize = 2;
const ISSUER: usize = 3;
const VALIDITY: usize = 4;
const SUBJECT: usize = 5;
const PUBLIC_KEY: usize = 6;
const BASIC_CONSTRAINTS: usize = 7;
const KEY_USAGE: usize = 8;
const PURPOSES: usize = 9;
const AUTHORITY_KEY_ID: usize = 10;
const SUBJECT_KEY_ID: usize = 11;
const ALT_NAMES: usize = 12;

/// The fields of a certificate, with the extensions separate.
fn take_apart(certificate: &Certificate) -> Vec<Vec<u8>> {
    let mut fields = Reader::within(&certificate.signed().tbs, tag::SEQUENCE).unwrap();
    let mut parts: Vec<_> = (0..7).map(|_| fields.any().unwrap().to_vec()).collect();
    let mut list = fields.enter(tag::context(3)).unwrap().enter(tag::SEQUENCE).unwrap();
    while !list.is_at_end() {
        parts.push(list.any().unwrap().to_vec());
    }
    parts
}

fn put_together(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        out.extend(parts[..7].concat());
        nested(out, tag::context(3), |out| {
            primitive(out, tag::SEQUENCE, &parts[7..].concat());
        });
    });
    out
}

/// A good certificate, and the expectations of the lint.
struct Good {
    role: Role<'static>,
    issuer: Option<Issuer>,
    certificate: Certificate,
}

impl Good {
    fn leaf() -> Self {
        Self::leaf_with(LeafUrls::default())
    }

    /// One with all URLs.
    fn leaf_with_urls() -> Self {
        let url = |text| Some(LeafUrl::parse(text).unwrap());
        let (crl, ocsp) = (url("http://crl.example/a"), url("http://ocsp.example/b"));
        Self::leaf_with(LeafUrls { crl, ocsp, ca_issuers: url("http://ca.example/c") })
    }

    fn leaf_with(urls: LeafUrls) -> Self {
        let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
        let issuer = issuer.with_leaf_urls(urls.clone());
        let urls = Box::leak(Box::new(urls));
        let connector = signer(KeyAlgorithm::Ed25519);
        let issued = issue_leaf(&issuer, &leaf(connector.public_key())).unwrap();
        let certificate = Certificate::parse(&issued.der).unwrap();
        Self { role: Role::Leaf(urls), issuer: Some(issuer), certificate }
    }

    /// That of a server under this host.
    fn server(host: &str) -> Self {
        let issuer = root(KeyAlgorithm::Ed25519);
        let host = Box::leak(Box::new(Host::parse(host).unwrap()));
        let server = signer(KeyAlgorithm::Ed25519);
        let parameters = ServerParameters {
            host,
            public_key: server.public_key(),
            serial: serial(),
            not_before: at(NOW),
            not_after: Timestamp::MAX,
        };
        let certificate = issue_server(&issuer, &parameters).unwrap();
        Self { role: Role::Server(host), issuer: Some(issuer), certificate }
    }

    fn enrollment() -> Self {
        let issuer = root(KeyAlgorithm::Ed25519);
        let certificate = enrollment(&issuer, KeyAlgorithm::Ed25519).certificate().clone();
        Self { role: Role::Enrollment, issuer: Some(issuer), certificate }
    }

    fn cross() -> Self {
        let external = Self::enrollment().certificate;
        let now = at(NOW);
        let external =
            ExternalCa::check(core::slice::from_ref(&external), external.spki(), now).unwrap();
        let issuer = root(KeyAlgorithm::Ed25519);
        let (not_before, not_after) = (now, Timestamp::MAX);
        let parameters = CrossParameters { serial: serial(), not_before, not_after };
        let certificate = issue_cross_certificate(&issuer, &external, &parameters).unwrap();
        let external = Box::leak(Box::new(external.certificate().clone()));
        Self { role: Role::Cross(external), issuer: Some(issuer), certificate }
    }

    fn root() -> Self {
        let certificate = root(KeyAlgorithm::Ed25519).certificate().clone();
        Self { role: Role::Root, issuer: None, certificate }
    }

    fn lint(&self, tbs: &[u8]) -> Result<(), Flaw> {
        let expected = Expected {
            role: self.role,
            signature_algorithm: SignatureAlgorithm::Ed25519.identifier(),
            issuer: self.issuer.as_ref().map(Issuer::certificate),
            public_key: &self.certificate.public_key().unwrap(),
        };
        lint(tbs, &expected)
    }

    /// Replaces one part. The lint must notice.
    #[track_caller]
    fn check(&self, part: usize, by: &[u8], flaw: Flaw) {
        let mut parts = take_apart(&self.certificate);
        parts[part] = by.to_vec();
        assert_eq!(self.lint(&put_together(&parts)), Err(flaw));
    }

    /// Replaces the bytes `from`, which occur once. The lint must notice.
    #[track_caller]
    fn check_edit(&self, part: usize, from: &[u8], to: &[u8], flaw: Flaw) {
        let mut bytes = take_apart(&self.certificate)[part].clone();
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
        self.check(part, &bytes, flaw);
    }
}

#[test]
fn what_is_issued_is_sound() {
    let leaves = [Good::leaf(), Good::leaf_with_urls()];
    let hosts = ["h.example:8443", "192.0.2.1", "[2001:db8::1]"];
    let long = format!("{0}.{0}.example", "a".repeat(60));
    let servers = hosts.into_iter().chain([long.as_str()]).map(Good::server);
    let authorities = [Good::enrollment(), Good::cross(), Good::root()];
    for good in leaves.into_iter().chain(servers).chain(authorities) {
        assert_eq!(good.lint(&good.certificate.signed().tbs), Ok(()));
        let parts = take_apart(&good.certificate);
        assert_eq!(put_together(&parts), good.certificate.signed().tbs);
    }
}

#[test]
fn without_urls_their_extensions_are_absent() {
    assert_eq!(take_apart(&Good::leaf().certificate).len(), ALT_NAMES + 1);
    assert_eq!(take_apart(&Good::leaf_with_urls().certificate).len(), ALT_NAMES + 3);
}

#[test]
fn flaws_of_any_certificate_are_found() {
    let good = Good::leaf();
    good.check(VERSION, &[], Flaw::Encoding);
    good.check(VERSION, &[0xa0, 3, 2, 1, 1], Flaw::Encoding);
    good.check(SERIAL, &[2, 1, 7], Flaw::Serial);
    good.check(SERIAL, &[2, 2, 0, 7], Flaw::Encoding);
    good.check(SERIAL, &[2, 1, 0x87], Flaw::Encoding);
    good.check(ALGORITHM, SignatureAlgorithm::EcdsaSha256.identifier(), Flaw::Algorithm);
    good.check_edit(ISSUER, b"Test", b"Tess", Flaw::Issuer);
    good.check(ISSUER, &[0x30, 0], Flaw::Issuer);
    good.check(SUBJECT, &[0x30, 0], Flaw::Subject);
    good.check(SUBJECT, good.certificate.issuer(), Flaw::Subject);
    let empty = b"\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x03\x0c\x00";
    good.check(SUBJECT, empty, Flaw::Subject);
    good.check(PUBLIC_KEY, signer(KeyAlgorithm::Ed25519).public_key().spki(), Flaw::PublicKey);
    let twice = take_apart(&good.certificate)[KEY_USAGE].repeat(2);
    good.check(KEY_USAGE, &twice, Flaw::Encoding);
    let unknown = b"\x30\x08\x06\x04\x55\x1d\x20\x00\x04\x00";
    let unknown = [&take_apart(&good.certificate)[KEY_USAGE][..], unknown].concat();
    good.check(KEY_USAGE, &unknown, Flaw::Extensions);
}

fn validity(from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::UTC_TIME, from);
        primitive(out, tag::UTC_TIME, to);
    });
    out
}

#[test]
fn flaws_in_time_are_found() {
    let good = Good::leaf();
    // The end before the beginning; a beginning before the issuer's, and an end past its.
    good.check(VALIDITY, &validity(b"280101000000Z", b"270901000000Z"), Flaw::Validity);
    good.check(VALIDITY, &validity(b"260101000000Z", b"270901000000Z"), Flaw::Validity);
    good.check(VALIDITY, &validity(b"270901000000Z", b"490101000000Z"), Flaw::Validity);
    good.check(VALIDITY, &[0x30, 0], Flaw::Encoding);
}

#[test]
fn flaws_of_a_leaf_are_found() {
    let good = Good::leaf();
    let ca = take_apart(&Good::enrollment().certificate);
    for (part, flaw) in [
        (BASIC_CONSTRAINTS, Flaw::BasicConstraints),
        (KEY_USAGE, Flaw::KeyUsage),
        (PURPOSES, Flaw::Purposes),
        (AUTHORITY_KEY_ID, Flaw::AuthorityKeyId),
        (SUBJECT_KEY_ID, Flaw::SubjectKeyId),
        (ALT_NAMES, Flaw::AltNames),
    ] {
        good.check(part, &[], flaw);
        if let Some(other) = ca.get(part).filter(|_| part != PURPOSES) {
            good.check(part, other, flaw);
        }
    }
    let not_critical = b"\x30\x09\x06\x03\x55\x1d\x13\x04\x02\x30\x00";
    good.check(BASIC_CONSTRAINTS, not_critical, Flaw::BasicConstraints);
    let not_critical = b"\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80";
    good.check(KEY_USAGE, not_critical, Flaw::KeyUsage);
    let (client, server) = (oid::CLIENT_AUTH, oid::SERVER_AUTH);
    good.check_edit(PURPOSES, client, server, Flaw::Purposes);
    good.check_edit(ALT_NAMES, b"spiffe", b"spoffe", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"/c7", b"/c8", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"/g1/", b"//1/", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"\x86", b"\x82", Flaw::AltNames);
    good.check_edit(SUBJECT, b"c7", b"c8", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"/group/", b"/groub/", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"//api", b"///pi", Flaw::AltNames);
    let uri = b"\x86\x20spiffe://d/group/g1/connector/c7";
    let two = [&[0x30, 2 * uri.len() as u8], &uri[..], uri].concat();
    good.check(ALT_NAMES, &extension(oid::SUBJECT_ALT_NAME, &two), Flaw::AltNames);
    let more = [&[0x30, uri.len() as u8 + 3], &uri[..], b"\x82\x01a"].concat();
    good.check(ALT_NAMES, &extension(oid::SUBJECT_ALT_NAME, &more), Flaw::AltNames);
    let one = [&[0x30, uri.len() as u8], &uri[..]].concat();
    let mut parts = take_apart(&good.certificate);
    parts[ALT_NAMES] = extension(oid::SUBJECT_ALT_NAME, &one);
    assert_eq!(good.lint(&put_together(&parts)), Ok(()), "so each of them is the flaw");
}

#[test]
fn flaws_of_a_server_are_found() {
    let (good, leaf) = (Good::server("h.example:8443"), take_apart(&Good::leaf().certificate));
    for (part, flaw) in [(PURPOSES, Flaw::Purposes), (ALT_NAMES, Flaw::AltNames)] {
        good.check(part, &[], flaw);
        good.check(part, &leaf[part], flaw);
        good.check(part, &critical(&good, part), flaw);
    }
    good.check_edit(ALT_NAMES, b"h.example", b"i.example", Flaw::AltNames);
    good.check_edit(ALT_NAMES, b"\x82", b"\x81", Flaw::AltNames);
    let name = b"\x82\x09h.example";
    let two = [&[0x30, 2 * name.len() as u8], &name[..], name].concat();
    good.check(ALT_NAMES, &extension(oid::SUBJECT_ALT_NAME, &two), Flaw::AltNames);
    Good::server("192.0.2.1").check_edit(
        ALT_NAMES,
        &[192, 0, 2, 1],
        &[192, 0, 2, 2],
        Flaw::AltNames,
    );
}

fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    nested(&mut out, tag::SEQUENCE, |out| {
        primitive(out, tag::OBJECT_IDENTIFIER, oid);
        primitive(out, tag::OCTET_STRING, value);
    });
    out
}

/// An extension that is not critical, as a critical one.
fn critical(good: &Good, part: usize) -> Vec<u8> {
    let extension = &take_apart(&good.certificate)[part];
    let mut fields = Reader::within(extension, tag::SEQUENCE).unwrap();
    let (oid, value) = (fields.any().unwrap(), fields.any().unwrap());
    let mut critical = Vec::new();
    nested(&mut critical, tag::SEQUENCE, |out| {
        out.extend([oid, &[tag::BOOLEAN, 1, 0xff], value].concat());
    });
    critical
}

/// RFC 5280, 4.2.1.1, 4.2.1.2, 4.2.1.6 and 4.2.1.12: not critical in the profile.
#[test]
fn a_wrongly_critical_extension_is_found() {
    let good = Good::leaf();
    for (part, flaw) in [
        (PURPOSES, Flaw::Purposes),
        (AUTHORITY_KEY_ID, Flaw::AuthorityKeyId),
        (SUBJECT_KEY_ID, Flaw::SubjectKeyId),
        (ALT_NAMES, Flaw::AltNames),
    ] {
        good.check(part, &critical(&good, part), flaw);
    }
}

// In a leaf with URLs, which stand before what is its own.
const CRL_URL: usize = 11;
const ACCESS_URLS: usize = 12;

#[test]
fn flaws_of_urls_are_found() {
    let good = Good::leaf_with_urls();
    let part = |part: usize| take_apart(&good.certificate)[part].clone();
    let crl = |edit: &[u8], to: &[u8]| good.check_edit(CRL_URL, edit, to, Flaw::CrlUrl);
    good.check(CRL_URL, &[], Flaw::CrlUrl);
    crl(b"example/a", b"example/x");
    crl(b"\x86\x14", b"\x82\x14");
    // A nameRelativeToCRLIssuer, and a cRLIssuer.
    crl(b"\xa0\x16\x86", b"\xa1\x16\x86");
    crl(b"\xa0\x18\xa0", b"\xa2\x18\xa0");
    let uri = b"\x86\x14http://crl.example/a";
    let point = |names: &[&[u8]]| {
        let names = names.concat();
        let headers = [0x30, names.len() as u8 + 4, 0xa0, names.len() as u8 + 2];
        [&headers, &[0xa0, names.len() as u8][..], &names].concat()
    };
    let points = |points: &[Vec<u8>]| {
        let mut value = Vec::new();
        primitive(&mut value, tag::SEQUENCE, &points.concat());
        extension(oid::CRL_DISTRIBUTION_POINTS, &value)
    };
    assert_eq!(points(&[point(&[uri])]), part(CRL_URL), "so each of these is the flaw");
    good.check(CRL_URL, &points(&[point(&[uri, uri])]), Flaw::CrlUrl);
    good.check(CRL_URL, &points(&[point(&[uri]), point(&[uri])]), Flaw::CrlUrl);
    good.check(CRL_URL, &points(&[]), Flaw::CrlUrl);
    let access = |edit: &[u8], to: &[u8]| good.check_edit(ACCESS_URLS, edit, to, Flaw::AccessUrls);
    good.check(ACCESS_URLS, &[], Flaw::AccessUrls);
    access(b"example/b", b"example/x");
    access(b"example/c", b"example/x");
    access(oid::OCSP, oid::CA_ISSUERS);
    access(oid::CA_ISSUERS, oid::OCSP);
    access(b"\x86\x15", b"\x82\x15");
    let value = |value: &[u8]| extension(oid::AUTHORITY_INFO_ACCESS, value);
    good.check(ACCESS_URLS, &value(&[0x30, 0]), Flaw::AccessUrls);
    good.check(ACCESS_URLS, &value(&[0x30, 2, 0x30, 0]), Flaw::AccessUrls);
    good.check(ACCESS_URLS, &value(&[]), Flaw::AccessUrls);
    good.check(CRL_URL, &part(CRL_URL).repeat(2), Flaw::Encoding);
    for (part, flaw) in [(CRL_URL, Flaw::CrlUrl), (ACCESS_URLS, Flaw::AccessUrls)] {
        good.check(part, &critical(&good, part), flaw);
    }
}

#[test]
fn unexpected_urls_are_found() {
    let urls = take_apart(&Good::leaf_with_urls().certificate);
    for good in [Good::leaf(), Good::enrollment(), Good::cross(), Good::root()] {
        let usage = take_apart(&good.certificate)[KEY_USAGE].clone();
        for (part, flaw) in [(CRL_URL, Flaw::CrlUrl), (ACCESS_URLS, Flaw::AccessUrls)] {
            good.check(KEY_USAGE, &[&usage[..], &urls[part]].concat(), flaw);
        }
    }
}

#[test]
fn flaws_of_a_ca_are_found() {
    let (root, enrollment, leaf) = (Good::root(), Good::enrollment(), Good::leaf());
    let names = take_apart(&leaf.certificate)[ALT_NAMES].clone();
    let leaf_usage = take_apart(&leaf.certificate)[KEY_USAGE].clone();
    let of = |good: &Good, part: usize| take_apart(&good.certificate)[part].clone();
    enrollment.check(BASIC_CONSTRAINTS, &of(&root, BASIC_CONSTRAINTS), Flaw::BasicConstraints);
    root.check(BASIC_CONSTRAINTS, &of(&enrollment, BASIC_CONSTRAINTS), Flaw::BasicConstraints);
    for good in [&root, &enrollment] {
        good.check(KEY_USAGE, &leaf_usage, Flaw::KeyUsage);
        let last = take_apart(&good.certificate).len() - 1;
        let key_id_and_names = [of(good, last), names.clone()].concat();
        good.check(last, &key_id_and_names, Flaw::AltNames);
    }
    root.check(ISSUER, leaf.certificate.subject(), Flaw::Issuer);
    let usage_and_purposes = [of(&root, KEY_USAGE), of(&leaf, PURPOSES)].concat();
    root.check(KEY_USAGE, &usage_and_purposes, Flaw::Purposes);
    let with_authority = [of(&root, KEY_USAGE), of(&leaf, AUTHORITY_KEY_ID)].concat();
    root.check(KEY_USAGE, &with_authority, Flaw::AuthorityKeyId);
}

#[test]
fn flaws_of_a_cross_certificate_are_found() {
    let (good, other) = (Good::cross(), take_apart(&Good::enrollment().certificate));
    good.check_edit(SUBJECT, b"Test", b"Tess", Flaw::Subject);
    good.check(SUBJECT_KEY_ID, &other[SUBJECT_KEY_ID], Flaw::SubjectKeyId);
    good.check(AUTHORITY_KEY_ID, &other[AUTHORITY_KEY_ID], Flaw::AuthorityKeyId);
    good.check(BASIC_CONSTRAINTS, &[], Flaw::BasicConstraints);
    good.check(PURPOSES, &[], Flaw::Purposes);
    // The root's time goes on after the end of the external certificate's.
    good.check(VALIDITY, &validity(b"270901000000Z", b"400101000000Z"), Flaw::Validity);
}
