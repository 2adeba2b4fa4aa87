//! Certificates as PKCS #7: the degenerate case of SignedData, which signs nothing (RFC 5652, 5).

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Encode as _, Tag, TagNumber};

/// RFC 7030, 4.2.3. The response to cacerts needs no parameter, but may have this one.
pub(super) const CERTS_ONLY: &str = "application/pkcs7-mime; smime-type=certs-only";

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// `[0]`, constructed: the content of a ContentInfo, and the certificates of a SignedData.
const CONTEXT_0: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

/// A ContentInfo with these certificates in DER.
pub(super) fn certs_only<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut certificates: Vec<_> = certificates.into_iter().collect();
    // X.690, 11.6: DER sorts a SET OF.
    certificates.sort_unstable();
    let signed_data = [
        value(Tag::Integer, &[1]),
        // No digest algorithms, no content, and below no signers.
        value(Tag::Set, &[]),
        value(Tag::Sequence, &oid(DATA)),
        value(CONTEXT_0, &certificates.concat()),
        value(Tag::Set, &[]),
    ];
    let content = value(CONTEXT_0, &value(Tag::Sequence, &signed_data.concat()));
    value(Tag::Sequence, &[oid(SIGNED_DATA), content].concat())
}

pub(super) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    value(Tag::ObjectIdentifier, oid.as_bytes())
}

pub(super) fn value(tag: Tag, contents: &[u8]) -> Vec<u8> {
    AnyRef::new(tag, contents)
        .and_then(|any| any.to_der())
        .expect("a response is far shorter than the longest DER")
}
