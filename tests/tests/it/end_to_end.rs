//! From key text to certificate, with foreign requests and verifiers.

use std::fs;
use std::time::SystemTime;

use provkey::authority::{EnrollRequest, Enrolled};
use provkey::connector::Identity;
use provkey::key::Fingerprint;
use provkey::time::Timestamp;
use provkey::x509::KeyAlgorithm;

use crate::foreign::{
    P256, P384, RSA, connect, openssl_request, run, tls_client, tls_server, tls_server_identity,
};
use crate::site::Site;

/// OpenSSL accepts the chain for a TLS client, under the authority's root only.
#[track_caller]
fn check_with_openssl(site: &Site, answer: &Enrolled) {
    fs::write(site.folder().join("root.pem"), site.authority.root().to_pem()).unwrap();
    fs::write(site.folder().join("chain.pem"), answer.chain_pem()).unwrap();
    let verify =
        "verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted chain.pem chain.pem";
    let said = run(site.folder(), "openssl", &verify.split(' ').collect::<Vec<_>>());
    assert!(said.contains("chain.pem: OK"), "{said}");
}

#[test]
fn requests_by_openssl_enroll_with_the_key_text_beside_them() {
    let site = Site::new();
    let key = site.key("fleet", 4).id;
    for algorithm in [P256, P384, "-algorithm ED25519", RSA] {
        let csr = openssl_request(algorithm, "");
        let key_text = Some(site.authority.copy_key(key).unwrap());
        let request = EnrollRequest::new(csr).key_text(key_text);
        let answer = site.authority.enroll(&request).unwrap();
        assert!(!answer.replay);
        check_with_openssl(&site, &answer);
    }
    assert_eq!(site.used(key), 4);
    site.check_books(key, []);
}

#[test]
fn an_identity_enrolls_by_proof_alone_and_makes_a_tls_connection() {
    let site = Site::new();
    let key = site.key("fleet", 3).id;
    let text = site.provisioning_key(key);
    let fingerprint = Some(Fingerprint::of_raw(b"a machine's own id"));
    let (server_certificate, server_key) = tls_server_identity();
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let mut identity = Identity::generate(algorithm).unwrap();
        let csr = identity.request(&text, fingerprint).unwrap().to_pem().into_bytes();
        let request = EnrollRequest::new(csr);
        let answer = site.authority.enroll(&request).unwrap();
        check_with_openssl(&site, &answer);
        let now = Timestamp::from(SystemTime::now());
        identity.accept(answer.chain_pem().as_bytes(), now).unwrap();

        let server = tls_server(&site.authority.root(), &server_certificate, &server_key);
        let issuer = site.authority.certificate(site.certificate).unwrap().certificate;
        let leaf = identity.certificate().unwrap();
        let client =
            tls_client(&server_certificate, &[leaf, &issuer], identity.private_key().unwrap());
        let (client, server) = connect(client, server);
        assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(server.peer_certificates().unwrap()[0].as_ref(), answer.chain[0]);
    }
    assert_eq!(site.used(key), 3);
}
