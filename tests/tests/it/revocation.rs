//! CRLs as OpenSSL and GnuTLS read and enforce them.

use std::fs;
use std::path::Path;
use std::process::Command;

use provkey::authority::{Compromise, Crl, NewCertificate};
use provkey::x509::{Certificate, KeyAlgorithm, RevocationReason};

use crate::foreign::run;
use crate::site::{Site, connector, enroll, name, request};

const ALGORITHMS: [KeyAlgorithm; 3] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];

/// Two connectors of one enrollment certificate in a folder: `revoked.pem` and `good.pem`, with
/// the certificates above them.
fn fleet(site: &Site, algorithm: KeyAlgorithm) {
    let mut new = NewCertificate::new(name(algorithm.as_str()));
    new.algorithm = algorithm;
    let certificate = site.authority.create_certificate(&new).unwrap();
    let mut new = site.new_key(algorithm.as_str(), 2);
    new.certificate = certificate.id;
    let key = site.provisioning_key(site.authority.create_key(&new).unwrap().id);
    let write = |name: &str, text: &str| fs::write(site.folder().join(name), text).unwrap();
    write("root.pem", &site.authority.root().to_pem());
    write("enrollment.pem", &certificate.certificate.to_pem());
    for name in ["revoked", "good"] {
        let enrolled = enroll(&site.authority, &request(&mut connector(), &key)).unwrap();
        let leaf = Certificate::parse(&enrolled.chain[0]).unwrap().to_pem();
        write(&format!("{name}.pem"), &leaf);
        write(&format!("{name}-chain.pem"), &enrolled.chain_pem());
        if name == "revoked" {
            let reason = RevocationReason::KeyCompromise;
            site.authority.revoke_connector(enrolled.connector, reason).unwrap();
        }
    }
    let list = |crl: &Crl| crl.to_pem();
    let crls = [site.authority.crl(certificate.id).unwrap(), site.authority.root_crl().unwrap()];
    write("crls.pem", &crls.each_ref().map(list).concat());
    fs::write(site.folder().join("list.crl"), &crls[0].der).unwrap();
}

/// Runs a tool in a folder, which must fail; what it says.
#[track_caller]
fn fails(folder: &Path, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!output.status.success(), "{tool} {arguments:?}: {said}");
    said
}

fn split(arguments: &str) -> Vec<&str> {
    arguments.split_whitespace().collect()
}

#[test]
fn openssl_reads_and_enforces_a_crl() {
    let site = Site::new();
    for algorithm in ALGORITHMS {
        fleet(&site, algorithm);
        let shown = "crl -inform DER -in list.crl -noout -text -verify -CAfile enrollment.pem";
        let shown = run(site.folder(), "openssl", &split(shown));
        for expected in ["verify OK", "Version 2", "X509v3 CRL Number", "Key Compromise"] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
        let verify = "verify -x509_strict -purpose sslclient -crl_check_all -CRLfile crls.pem \
                      -CAfile root.pem -untrusted enrollment.pem";
        let said = run(site.folder(), "openssl", &split(&format!("{verify} good.pem")));
        assert!(said.contains("good.pem: OK"), "{said}");
        let said = fails(site.folder(), "openssl", &split(&format!("{verify} revoked.pem")));
        assert!(said.contains("certificate revoked"), "{said}");
    }
}

#[test]
fn gnutls_enforces_a_crl() {
    let site = Site::new();
    for algorithm in ALGORITHMS {
        fleet(&site, algorithm);
        let verify = "--verify --load-ca-certificate root.pem --load-crl crls.pem --infile";
        run(site.folder(), "certtool", &split(&format!("{verify} good-chain.pem")));
        let said = fails(site.folder(), "certtool", &split(&format!("{verify} revoked-chain.pem")));
        assert!(said.contains("revoked"), "{said}");
    }
}

#[test]
fn on_sqlite_a_compromise_reaches_the_list_of_another_process() {
    let site = Site::new();
    let key = site.key("leaked", 300);
    let text = site.provisioning_key(key.id);
    for csr in crate::site::requests(&text, 130) {
        enroll(&site.authority, &csr).unwrap();
    }
    let other = site.open();
    let before = other.crl(site.certificate).unwrap();
    let done = site.authority.compromise_key(key.id, &Compromise::default()).unwrap();
    assert_eq!((done.connectors, done.revoked), (130, 130));
    let after = other.crl(site.certificate).unwrap();
    assert_eq!((before.entries, after.entries), (0, 130));
    assert!(before.number < after.number);
}
