//! What the caller chooses for each kind of certificate. The profile decides the rest.

use alloc::vec::Vec;

use crate::key::Host;
use crate::time::Timestamp;
use crate::x509::{PublicKey, SerialNumber};

/// The parameters of a root or an enrollment certificate.
#[derive(Clone, Copy, Debug)]
pub struct CaParameters<'a> {
    /// A name for people. It is cut to 64 characters (RFC 5280, A.1).
    pub common_name: &'a str,
    /// Its id, which makes the subject unique: 1 to 64 letters, digits, `-` and `.`.
    pub id: &'a str,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}

/// The parameters of a connector's certificate.
#[derive(Clone, Copy, Debug)]
pub struct LeafParameters<'a> {
    /// The connector's id, its common name: 1 to 64 letters, digits, `-`, `.` and `_`.
    pub connector_id: &'a str,
    /// The group's id, of the same form.
    pub group_id: &'a str,
    /// The trust domain: 1 to 255 lower-case letters, digits, `-`, `.` and `_` (SPIFFE-ID, 2.1).
    pub trust_domain: &'a str,
    /// The connector's public key.
    pub public_key: &'a PublicKey,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}

/// An issued certificate of a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLeaf {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// The parameters of a cross-certificate.
#[derive(Clone, Copy, Debug)]
pub struct CrossParameters {
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; not before its issuer, nor before the external certificate.
    pub not_before: Timestamp,
    /// Until when it is valid; not past its issuer, nor past the external certificate.
    pub not_after: Timestamp,
}

/// The parameters of a server's certificate.
#[derive(Clone, Copy, Debug)]
pub struct ServerParameters<'a> {
    /// The server's host. Its port is ignored.
    pub host: &'a Host,
    /// The server's public key.
    pub public_key: &'a PublicKey,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; rounded down to a second, and not before its issuer.
    pub not_before: Timestamp,
    /// Until when it is valid; rounded down to a second, and not past its issuer.
    pub not_after: Timestamp,
}
