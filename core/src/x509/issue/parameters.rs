//! What the caller chooses for each kind of certificate. The profile decides the rest.

use alloc::vec::Vec;

use crate::key::Host;
use crate::time::Timestamp;
use crate::x509::{PublicKey, SerialNumber};

/// What differs between the certificates of authorities.
#[derive(Clone, Copy, Debug)]
pub struct CaParameters<'a> {
    /// What people call it. Cut to 64 characters (RFC 5280, A.1).
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

/// What differs between the certificates of connectors.
#[derive(Clone, Copy, Debug)]
pub struct LeafParameters<'a> {
    /// The connector's id, its common name: 1 to 64 letters, digits, `-`, `.` and `_`.
    pub connector_id: &'a str,
    /// The group's id, likewise.
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

/// The certificate of a connector, just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLeaf {
    /// The certificate in DER.
    pub der: Vec<u8>,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// What differs between the cross-certificates of authorities.
#[derive(Clone, Copy, Debug)]
pub struct CrossParameters {
    /// The serial number.
    pub serial: SerialNumber,
    /// From when it is valid; not before its issuer, nor before the external certificate.
    pub not_before: Timestamp,
    /// Until when it is valid; not past its issuer, nor past the external certificate.
    pub not_after: Timestamp,
}

/// What differs between the certificates of servers.
#[derive(Clone, Copy, Debug)]
pub struct ServerParameters<'a> {
    /// The server's host. Its port does not matter.
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
