//! Nearly the same certificate from rcgen, with ring: the CSR's signature is verified, and the
//! certificate has the extensions of a client and a random serial number.

use std::hint::black_box;

use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};

const URI: &str =
    "spiffe://api.private.example.com/group/qqqqqqqqqqqq/connector/qqqqqqqqqqqqqqqqqqqqqqqqqq";

fn serial() -> [u8; 17] {
    let mut serial = [0; 17];
    SystemRandom::new().fill(&mut serial).unwrap();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}

/// An issuer.
pub(super) struct Rcgen(Issuer<'static, KeyPair>);

impl Rcgen {
    pub(super) fn new() -> Self {
        let mut ca = CertificateParams::default();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        Self(Issuer::new(ca, KeyPair::generate().unwrap()))
    }

    pub(super) fn certify(&self, csr: &[u8]) {
        let mut csr = CertificateSigningRequestParams::from_der(&black_box(csr).into()).unwrap();
        let params = &mut csr.params;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "qqqqqqqqqqqqqqqqqqqqqqqqqq");
        params.subject_alt_names = vec![SanType::URI(URI.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(SerialNumber::from_slice(&serial()));
        black_box(csr.signed_by(&self.0).unwrap());
    }
}
