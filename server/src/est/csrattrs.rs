//! The recommended attributes of a certificate signing request.

use axum::response::Response;
use der::Tag;
use der::asn1::ObjectIdentifier;

use super::answer;
use super::pkcs7::{oid, value};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// RFC 7030, 4.5.2: recommends a key on P-256. Other keys are accepted, too.
pub(super) async fn csrattrs() -> Response {
    let curve = value(Tag::Set, &oid(P_256));
    let key = value(Tag::Sequence, &[oid(EC_PUBLIC_KEY), curve].concat());
    let attributes = value(Tag::Sequence, &[key, oid(ECDSA_WITH_SHA256)].concat());
    answer::line("application/csrattrs", answer::encode(&attributes))
}
