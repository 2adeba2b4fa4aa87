//! Nearly the same certificate from other Rust crates: the CSR's signature is verified, and the
//! certificate has the extensions of a client and a random serial number.

use std::hint::black_box;
use std::str::FromStr;
use std::time::Duration;

use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::der::asn1::{BitString, Ia5String, ObjectIdentifier};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::request::CertReq;
use x509_cert::spki::{
    AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, EncodePublicKey,
    SignatureBitStringEncoding, SubjectPublicKeyInfoRef,
};
use x509_cert::time::Validity;
use x509_cert::{TbsCertificate, serial_number};

const URI: &str =
    "spiffe://api.private.example.com/group/qqqqqqqqqqqq/connector/qqqqqqqqqqqqqqqqqqqqqqqqqq";

fn serial() -> [u8; 17] {
    let mut serial = [0; 17];
    SystemRandom::new().fill(&mut serial).unwrap();
    serial[0] = serial[0] & 0x3f | 0x40;
    serial
}

/// rcgen, with ring.
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

/// The builder of x509-cert, with signatures of ring.
pub(super) struct X509Cert {
    signer: RingSigner,
    issuer: Name,
}

impl X509Cert {
    pub(super) fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        let (pki, _) =
            provkey::x509::SoftwareSigner::generate(provkey::x509::KeyAlgorithm::EcdsaP256)
                .unwrap();
        let mut spki = provkey::x509::Signer::public_key(&pki).spki().to_vec();
        let point = spki.len() - key.public_key().as_ref().len();
        spki[point..].copy_from_slice(key.public_key().as_ref());
        Self {
            signer: RingSigner { key, public_key: RingPublicKey(spki) },
            issuer: Name::from_str("CN=bench").unwrap(),
        }
    }

    pub(super) fn certify(&self, csr: &[u8]) {
        let csr = CertReq::from_der(black_box(csr)).unwrap();
        let point = csr.info.public_key.subject_public_key.raw_bytes();
        let signed = csr.info.to_der().unwrap();
        let public_key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        public_key.verify(&signed, csr.signature.raw_bytes()).unwrap();
        let profile = Leaf {
            issuer: self.issuer.clone(),
            subject: Name::from_str("CN=qqqqqqqqqqqqqqqqqqqqqqqqqq").unwrap(),
        };
        let serial = serial_number::SerialNumber::new(&serial()).unwrap();
        let validity = Validity::from_now(Duration::from_secs(86_400)).unwrap();
        let builder =
            CertificateBuilder::new(profile, serial, validity, csr.info.public_key).unwrap();
        let certificate = builder.build::<_, RingSignature>(&self.signer).unwrap();
        black_box(certificate.to_der().unwrap());
    }
}

struct Leaf {
    issuer: Name,
    subject: Name,
}

impl BuilderProfile for Leaf {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        spk: SubjectPublicKeyInfoRef<'_>,
        issuer_spk: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let client_auth = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
        let mut all = Vec::new();
        let mut add = |extension: Extension| all.push(extension);
        let subject = tbs.subject();
        add(SubjectKeyIdentifier::try_from(spk)?.to_extension(subject, &[])?);
        add(AuthorityKeyIdentifier::try_from(issuer_spk)?.to_extension(subject, &[])?);
        add(BasicConstraints { ca: false, path_len_constraint: None }.to_extension(subject, &[])?);
        add(KeyUsage(KeyUsages::DigitalSignature.into()).to_extension(subject, &[])?);
        add(ExtendedKeyUsage(vec![client_auth]).to_extension(subject, &[])?);
        let uri = GeneralName::UniformResourceIdentifier(Ia5String::new(URI)?);
        add(SubjectAltName(vec![uri]).to_extension(subject, &[])?);
        Ok(all)
    }
}

struct RingSigner {
    key: EcdsaKeyPair,
    public_key: RingPublicKey,
}

/// A SubjectPublicKeyInfo.
#[derive(Clone)]
struct RingPublicKey(Vec<u8>);

struct RingSignature(Vec<u8>);

impl signature::Keypair for RingSigner {
    type VerifyingKey = RingPublicKey;

    fn verifying_key(&self) -> RingPublicKey {
        self.public_key.clone()
    }
}

impl signature::Signer<RingSignature> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<RingSignature, signature::Error> {
        let signature = self.key.sign(&SystemRandom::new(), message);
        signature.map(|it| RingSignature(it.as_ref().to_vec())).map_err(|_| signature::Error::new())
    }
}

impl DynSignatureAlgorithmIdentifier for RingSigner {
    fn signature_algorithm_identifier(&self) -> x509_cert::spki::Result<AlgorithmIdentifierOwned> {
        let oid = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
        Ok(AlgorithmIdentifierOwned { oid, parameters: None })
    }
}

impl EncodePublicKey for RingPublicKey {
    fn to_public_key_der(&self) -> x509_cert::spki::Result<x509_cert::der::Document> {
        Ok(x509_cert::der::Document::try_from(self.0.as_slice())?)
    }
}

impl SignatureBitStringEncoding for RingSignature {
    fn to_bitstring(&self) -> x509_cert::der::Result<BitString> {
        BitString::from_bytes(&self.0)
    }
}
