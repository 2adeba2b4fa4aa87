//! The certificates of each kind of enrollment certificate, under our root and an external one.

use std::fs;
use std::sync::Arc;
use std::thread;

use provkey::authority::{CertificateId, NewCertificate};
use provkey::x509::KeyAlgorithm::{self, EcdsaP256, EcdsaP384, Ed25519};
use provkey::x509::{Certificate, SoftwareSigner};

use super::libraries::MbedTls;
use super::python::{check_certificate, check_issued, pyca_accepts};
use super::{CHAIN, P256, P384, RSA, openssl_accepts, uses_ed25519, webpki_accepts};
use crate::external::{
    CA, certificates, enroll, external_root, external_signs, file, import, issuing_ca, read,
};
use crate::site::{Site, name};

fn answered(site: &Site, algorithm: KeyAlgorithm) -> CertificateId {
    let mut new = NewCertificate::new(name("Asked for"));
    new.algorithm = algorithm;
    answer(site, &new)
}

fn elsewhere(site: &Site) -> CertificateId {
    let (signer, _) = SoftwareSigner::generate(EcdsaP384).unwrap();
    let mut new = NewCertificate::new(name("Elsewhere"));
    new.signer = Some(Arc::new(signer));
    answer(site, &new)
}

fn answer(site: &Site, new: &NewCertificate) -> CertificateId {
    let request = site.authority.request_certificate(new).unwrap();
    fs::write(site.folder().join("ca.csr"), request.csr_pem()).unwrap();
    external_signs(site, CA, "-days 900");
    site.authority.import_answer(request.id, &certificates(site, &["ca.pem"])).unwrap();
    request.id
}

fn imported(site: &Site, key: &str) -> CertificateId {
    issuing_ca(site, key, CA, "-days 900");
    import(site, &["ca.pem"], file(&read(site, "ca.key"))).unwrap()
}

/// Writes a chain to the files of [`CHAIN`], and has the verifiers accept it under this root.
fn check_chain(site: &Site, mbedtls: &MbedTls, root: &Certificate, chain: &[Vec<u8>]) {
    let [leaf, enrollment] = [0, 1].map(|place| Certificate::parse(&chain[place]).unwrap());
    for (file, certificate) in CHAIN.iter().zip([root, &enrollment, &leaf]) {
        fs::write(site.folder().join(file), certificate.to_pem()).unwrap();
    }
    openssl_accepts(site.folder());
    webpki_accepts(site.folder());
    if !uses_ed25519([&enrollment, &leaf]) {
        mbedtls.accepts(site.folder());
        assert_eq!(pyca_accepts(site.folder()), leaf.uris()[0]);
    }
}

fn check_kind(kind: fn(&Site) -> CertificateId, mbedtls: &MbedTls) {
    let site = Site::new();
    external_root(&site);
    let certificate = kind(&site);
    let answer = enroll(&site, certificate);
    check_chain(&site, mbedtls, &site.authority.root(), &answer.chain);
    // With an external CA, the second one is the cross-certificate.
    check_certificate(site.folder(), "enrollment.pem");
    check_issued(site.folder(), "root.pem", "enrollment.pem");
    check_certificate(site.folder(), "leaf.pem");
    check_issued(site.folder(), "enrollment.pem", "leaf.pem");

    let is_external = certificate != site.certificate;
    assert_eq!(!answer.external_chain.is_empty(), is_external);
    if is_external {
        let external = certificates(&site, &["external.pem"]).remove(0);
        check_chain(&site, mbedtls, &external, &answer.external_chain);
        check_issued(site.folder(), "enrollment.pem", "leaf.pem");
    }
}

#[test]
fn every_kind_of_enrollment_certificate_is_accepted() {
    let mbedtls = &MbedTls::build();
    thread::scope(|scope| {
        // The name of the thread identifies a failure.
        let check = |name: &str, kind: fn(&Site) -> CertificateId| {
            let thread = thread::Builder::new().name(name.to_owned());
            thread.spawn_scoped(scope, move || check_kind(kind, mbedtls)).unwrap();
        };
        check("generated", |site| site.certificate);
        check("answered, P-256", |site| answered(site, EcdsaP256));
        check("answered, P-384", |site| answered(site, EcdsaP384));
        check("answered, Ed25519", |site| answered(site, Ed25519));
        check("imported, P-256", |site| imported(site, P256));
        check("imported, P-384", |site| imported(site, P384));
        check("imported, Ed25519", |site| imported(site, "-algorithm ED25519"));
        check("imported, RSA", |site| imported(site, RSA));
        check("key elsewhere", elsewhere);
    });
}
