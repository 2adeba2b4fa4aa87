//! CRLs and OCSP responses, read and enforced by OpenSSL, GnuTLS and pkilint.

use std::fs;
use std::path::Path;
use std::process::Command;

use provkey::authority::{Crl, NewCertificate, RenewRequest};
use provkey::connector::RenewalKey;
use provkey::x509::{Certificate, KeyAlgorithm, LeafUrl, LeafUrls, RevocationReason};

use crate::foreign::{check_lint, run};
use crate::site::{Site, connector, enroll, name, now, request};

const ALGORITHMS: [KeyAlgorithm; 3] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];

/// Two connectors of one enrollment certificate: `revoked.pem` and `good.pem`, and the
/// certificates above them.
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

/// Runs a tool in a folder, which must fail. Returns its output.
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

/// Answers a request of `openssl ocsp`, in `answer.der`.
fn ask(site: &Site, arguments: &str) {
    let folder = site.folder();
    let request = format!("ocsp -issuer enrollment.pem {arguments} -reqout request.der");
    run(folder, "openssl", &split(&request));
    let answer = site.authority.ocsp(&fs::read(folder.join("request.der")).unwrap());
    fs::write(folder.join("answer.der"), answer).unwrap();
}

/// Checks that the signature is valid and the nonce correct. Returns the output of `openssl ocsp`.
fn openssl_ocsp(site: &Site, certificates: &str) -> String {
    ask(site, certificates);
    let answer = "ocsp -respin answer.der -CAfile root.pem -verify_other enrollment.pem";
    let said = run(site.folder(), "openssl", &split(&format!("{answer} -reqin request.der")));
    assert!(said.contains("Response verify OK") && !said.contains("WARNING"), "{said}");
    let status = format!("{answer} -no_nonce -issuer enrollment.pem {certificates}");
    run(site.folder(), "openssl", &split(&status))
}

#[test]
fn openssl_reads_and_enforces_ocsp_answers() {
    let site = Site::new();
    for algorithm in ALGORITHMS {
        fleet(&site, algorithm);
        for hash in ["-sha1", "-sha256"] {
            let said = openssl_ocsp(&site, &format!("{hash} -cert good.pem -cert revoked.pem"));
            for expected in ["good.pem: good", "revoked.pem: revoked", "Reason: keyCompromise"] {
                assert!(said.contains(expected), "{expected}: {said}");
            }
            let said = openssl_ocsp(&site, &format!("{hash} -serial 4711"));
            assert!(said.contains("4711: unknown"), "{said}");
        }
    }
}

#[test]
fn openssl_reads_the_reason_of_an_ocsp_error() {
    let site = Site::new();
    fleet(&site, KeyAlgorithm::EcdsaP256);
    let said = |answer: Vec<u8>| {
        fs::write(site.folder().join("answer.der"), answer).unwrap();
        fails(site.folder(), "openssl", &split("ocsp -respin answer.der"))
    };
    assert!(said(site.authority.ocsp(b"nonsense")).contains("malformedrequest"));
    ask(&site, "-sha384 -cert good.pem");
    let request = fs::read(site.folder().join("request.der")).unwrap();
    assert!(said(site.authority.ocsp(&request)).contains("unauthorized"));
    assert!(said(site.authority.ocsp(&[0; 20_000])).contains("malformedrequest"));
}

#[test]
fn pkilint_finds_nothing_in_ocsp_answers() {
    let site = Site::new();
    for algorithm in ALGORITHMS {
        fleet(&site, algorithm);
        for certificate in ["good.pem", "revoked.pem"] {
            ask(&site, &format!("-cert {certificate}"));
            check_lint(site.folder(), "lint_ocsp_response", &["answer.der"]);
        }
    }
}

#[test]
fn a_revocation_covers_all_certificates_of_a_connector() {
    let site = Site::new();
    fleet(&site, KeyAlgorithm::EcdsaP256);
    let key = site.provisioning_key(site.key("fleet", 1).id);
    let mut identity = connector();
    let enrolled = enroll(&site.authority, &request(&mut identity, &key)).unwrap();
    identity.accept(enrolled.chain_pem().as_bytes(), now()).unwrap();
    let csr = identity.renew_request(RenewalKey::Same, None).unwrap().der().to_vec();
    let renewed = site.authority.renew(&RenewRequest::new(csr)).unwrap();
    let certificate = site.authority.certificate(site.certificate).unwrap().certificate;
    fs::write(site.folder().join("enrollment.pem"), certificate.to_pem()).unwrap();
    let serials = format!("-serial 0x{} -serial 0x{}", enrolled.serial, renewed.serial);
    let statuses = |status: &str| openssl_ocsp(&site, &serials).matches(status).count();
    assert_eq!(statuses(": good"), 2);
    site.authority.revoke_connector(enrolled.connector, RevocationReason::Superseded).unwrap();
    assert_eq!(statuses(": revoked"), 2);
    assert_eq!(site.authority.crl(site.certificate).unwrap().entries, 2);
}

/// Writes the certificate of a new connector, with these URLs, to `leaf.pem`. Returns what
/// OpenSSL prints for it.
fn leaf_with(site: &Site, leaf_urls: LeafUrls) -> String {
    let mut new = NewCertificate::new(name("With URLs"));
    new.leaf_urls = leaf_urls.clone();
    let certificate = site.authority.create_certificate(&new).unwrap();
    assert_eq!(certificate.leaf_urls, leaf_urls);
    let mut new = site.new_key("urls", 1);
    new.certificate = certificate.id;
    let key = site.provisioning_key(site.authority.create_key(&new).unwrap().id);
    // Another process reads the URLs from the store.
    let enrolled = enroll(&site.open(), &request(&mut connector(), &key)).unwrap();
    let write = |name: &str, text: &str| fs::write(site.folder().join(name), text).unwrap();
    write("root.pem", &site.authority.root().to_pem());
    write("enrollment.pem", &certificate.certificate.to_pem());
    write("leaf.pem", &Certificate::parse(&enrolled.chain[0]).unwrap().to_pem());
    let verify = "verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted enrollment.pem leaf.pem";
    run(site.folder(), "openssl", &split(verify));
    let show = "x509 -in leaf.pem -noout -ext crlDistributionPoints,authorityInfoAccess";
    let shown = run(site.folder(), "openssl", &split(show));
    shown.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn openssl_and_pkilint_read_the_urls_of_a_leaf() {
    let url = |text| Some(LeafUrl::parse(text).unwrap());
    let check = |urls: LeafUrls, expected: &[&str]| {
        let site = Site::new();
        assert_eq!(leaf_with(&site, urls), expected.join("\n"));
        check_lint(site.folder(), "lint_pkix_cert", &["leaf.pem"]);
        let chain = ["enrollment.pem", "leaf.pem"];
        check_lint(site.folder(), "lint_pkix_signer_signee_cert_chain", &chain);
    };
    let crl = url("http://pki.example.com/fleet.crl");
    let ocsp = url("http://ocsp.example.com:8080");
    let ca_issuers = url("http://pki.example.com/fleet.cer");
    let at_crl = "URI:http://pki.example.com/fleet.crl";
    let point = ["X509v3 CRL Distribution Points:", "Full Name:", at_crl];
    let access = "Authority Information Access:";
    let at_ocsp = "OCSP - URI:http://ocsp.example.com:8080";
    let at_issuers = "CA Issuers - URI:http://pki.example.com/fleet.cer";
    let none = LeafUrls::default();
    check(none.clone().crl(crl.clone()), &point);
    check(none.clone().ca_issuers(ca_issuers.clone()), &[access, at_issuers]);
    let all = LeafUrls::default().crl(crl).ocsp(ocsp).ca_issuers(ca_issuers);
    check(all, &[&point[..], &[access, at_ocsp, at_issuers]].concat());
    let shown = leaf_with(&Site::new(), none);
    assert!(shown.starts_with("No extensions"), "{shown}");
}
