//! Object identifiers, as the content bytes of their DER.
//!
//! They are compared as bytes, because `const-oid` cannot represent every arc that X.660 allows.

/// `commonName`, RFC 5280, A.1.
pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// `serialNumber`, an attribute of a name, RFC 5280, A.1.
#[cfg(feature = "connector")]
pub(crate) const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];

/// RFC 5280, 4.2.1.2.
pub(crate) const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 14];
/// RFC 5280, 4.2.1.3.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// RFC 5280, 4.2.1.6.
pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
/// RFC 5280, 4.2.1.9.
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// RFC 5280, 5.2.3.
#[cfg(feature = "connector")]
pub(crate) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
/// RFC 5280, 5.3.1.
#[cfg(feature = "connector")]
pub(crate) const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
/// RFC 5280, 4.2.1.10.
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
/// RFC 5280, 4.2.1.13.
#[cfg(feature = "connector")]
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
/// RFC 5280, 4.2.1.1.
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
/// RFC 5280, 4.2.1.12.
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];

/// `id-pe-authorityInfoAccess`, RFC 5280, 4.2.2.1.
#[cfg(feature = "connector")]
pub(crate) const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
/// `id-ad-ocsp`, RFC 5280, 4.2.2.1.
#[cfg(feature = "connector")]
pub(crate) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];
/// `id-ad-caIssuers`, RFC 5280, 4.2.2.1.
#[cfg(feature = "connector")]
pub(crate) const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 2];

/// `anyExtendedKeyUsage`, RFC 5280, 4.2.1.12.
pub(crate) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 37, 0];
/// `id-kp-serverAuth`, RFC 5280, 4.2.1.12.
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// `id-kp-clientAuth`, RFC 5280, 4.2.1.12.
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// `extensionRequest`, RFC 2985, 5.4.2: 1.2.840.113549.1.9.14.
pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
/// The same under Microsoft's older name: 1.3.6.1.4.1.311.2.1.14.
pub(crate) const MICROSOFT_EXTENSION_REQUEST: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14];

/// `id-sha1`, RFC 3279, 2.2.1: 1.3.14.3.2.26.
#[cfg(feature = "authority")]
pub(crate) const SHA1: &[u8] = &[0x2b, 14, 3, 2, 26];
/// `id-sha256`, RFC 4055, 2.1: 2.16.840.1.101.3.4.2.1.
#[cfg(feature = "authority")]
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// `id-pkix-ocsp-basic`, RFC 6960, 4.2.1: 1.3.6.1.5.5.7.48.1.1.
#[cfg(feature = "authority")]
pub(crate) const OCSP_BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
/// `id-pkix-ocsp-nonce`, RFC 9654, 2.1: 1.3.6.1.5.5.7.48.1.2.
#[cfg(feature = "authority")]
pub(crate) const OCSP_NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 2];

#[cfg(test)]
mod tests {
    use super::*;
    use ::der::asn1::ObjectIdentifier;

    #[test]
    fn match_their_dotted_form() {
        let check =
            |bytes, dotted| assert_eq!(bytes, ObjectIdentifier::new(dotted).unwrap().as_bytes());
        check(COMMON_NAME, "2.5.4.3");
        #[cfg(feature = "connector")]
        check(SERIAL_NUMBER, "2.5.4.5");
        check(SUBJECT_KEY_IDENTIFIER, "2.5.29.14");
        check(KEY_USAGE, "2.5.29.15");
        check(SUBJECT_ALT_NAME, "2.5.29.17");
        check(BASIC_CONSTRAINTS, "2.5.29.19");
        #[cfg(feature = "connector")]
        check(CRL_NUMBER, "2.5.29.20");
        #[cfg(feature = "connector")]
        check(REASON_CODE, "2.5.29.21");
        check(NAME_CONSTRAINTS, "2.5.29.30");
        #[cfg(feature = "connector")]
        check(CRL_DISTRIBUTION_POINTS, "2.5.29.31");
        #[cfg(feature = "connector")]
        check(AUTHORITY_INFO_ACCESS, "1.3.6.1.5.5.7.1.1");
        #[cfg(feature = "connector")]
        check(OCSP, "1.3.6.1.5.5.7.48.1");
        #[cfg(feature = "connector")]
        check(CA_ISSUERS, "1.3.6.1.5.5.7.48.2");
        check(AUTHORITY_KEY_IDENTIFIER, "2.5.29.35");
        check(EXTENDED_KEY_USAGE, "2.5.29.37");
        check(ANY_PURPOSE, "2.5.29.37.0");
        check(SERVER_AUTH, "1.3.6.1.5.5.7.3.1");
        check(CLIENT_AUTH, "1.3.6.1.5.5.7.3.2");
        #[cfg(feature = "authority")]
        check(SHA1, "1.3.14.3.2.26");
        #[cfg(feature = "authority")]
        check(SHA256, "2.16.840.1.101.3.4.2.1");
        #[cfg(feature = "authority")]
        check(OCSP_BASIC, "1.3.6.1.5.5.7.48.1.1");
        #[cfg(feature = "authority")]
        check(OCSP_NONCE, "1.3.6.1.5.5.7.48.1.2");
        check(EXTENSION_REQUEST, "1.2.840.113549.1.9.14");
        check(MICROSOFT_EXTENSION_REQUEST, "1.3.6.1.4.1.311.2.1.14");
    }
}
