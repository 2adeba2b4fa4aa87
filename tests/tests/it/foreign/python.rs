//! Python tools: a path verifier, a linter, and the test requests of pyca/cryptography.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use provkey::authority::{Crl, NewCertificate};
use provkey::x509::{Csr, CsrError, RevocationReason, WeakKey};
use serde::Deserialize;

use super::{ALGORITHMS, Authority, CHAIN, each_pair, run, uses_ed25519};
use crate::site::{Site, connector, enroll, name, request, scaled};

/// The virtual environment that `scripts/test.sh` creates.
fn venv() -> PathBuf {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv");
    venv.canonicalize().expect("`make test` installs what this test needs")
}

fn tool(name: &str) -> String {
    venv().join("bin").join(name).to_str().unwrap().to_owned()
}

/// Verifies a chain for a TLS client. Returns the URI in it.
#[track_caller]
pub(super) fn pyca_accepts(folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign/verify.py");
    let arguments = [&[script.to_str().unwrap()], &CHAIN[..]].concat();
    run(folder, &tool("python"), &arguments).trim().to_owned()
}

/// Except for Ed25519, which its policy allows neither for CAs nor for leaves.
#[test]
fn pyca_accepts_every_chain() {
    each_pair(|authority, leaf, _| {
        if !uses_ed25519([&authority.root, leaf]) {
            assert_eq!(pyca_accepts(authority.directory.path()), leaf.uris()[0]);
        }
    });
}

#[derive(Deserialize)]
struct Report {
    results: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    node_path: String,
    finding_descriptions: Vec<Description>,
}

#[derive(Deserialize)]
struct Description {
    code: String,
    message: Option<String>,
}

/// Runs one of pkilint's programs. It wrongly reports the URI of a SPIFFE ID as invalid; every
/// other finding counts.
#[track_caller]
pub(crate) fn check_lint(directory: &Path, program: &str, arguments: &[&str]) {
    let all = [&["lint", "-s", "WARNING", "-f", "JSON"], arguments].concat();
    let output = Command::new(tool(program)).args(all).current_dir(directory).output().unwrap();
    let report: Report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
    for finding in report.results {
        for Description { code, message } in finding.finding_descriptions {
            let message = message.unwrap_or_default();
            let spiffe = code == "pkix.invalid_uri_syntax" && message.contains("\"spiffe://");
            assert!(spiffe, "{arguments:?}, {}: {code} {message}", finding.node_path);
        }
    }
}

#[track_caller]
pub(super) fn check_certificate(directory: &Path, file: &str) {
    check_lint(directory, "lint_pkix_cert", &[file]);
}

/// A certificate and that of its issuer.
#[track_caller]
pub(super) fn check_issued(directory: &Path, issuer: &str, file: &str) {
    check_lint(directory, "lint_pkix_signer_signee_cert_chain", &[issuer, file]);
}

#[test]
fn pkilint_finds_nothing_in_each_kind_of_certificate() {
    thread::scope(|scope| {
        for issuing in ALGORITHMS {
            scope.spawn(move || {
                let authority = Authority::new(issuing);
                let directory = authority.directory.path();
                check_certificate(directory, "root.pem");
                check_certificate(directory, "enrollment.pem");
                check_issued(directory, "root.pem", "enrollment.pem");
                for asking in ALGORITHMS {
                    authority.enroll(asking);
                    check_certificate(directory, "leaf.pem");
                    check_issued(directory, "enrollment.pem", "leaf.pem");
                }
            });
        }
    });
}

#[test]
fn pkilint_finds_nothing_in_a_crl() {
    let site = Site::new();
    let check = |crl: &Crl| {
        fs::write(site.folder().join("list.crl"), &crl.der).unwrap();
        check_lint(site.folder(), "lint_crl", &["-t", "CRL", "-p", "PKIX", "list.crl"]);
    };
    check(&site.authority.root_crl().unwrap());
    for algorithm in ALGORITHMS {
        let mut new = NewCertificate::new(name(algorithm.as_str()));
        new.algorithm = algorithm;
        let certificate = site.authority.create_certificate(&new).unwrap().id;
        let key = site.new_key(algorithm.as_str(), 1).certificate(certificate);
        let text = site.provisioning_key(site.authority.create_key(&key).unwrap().id);
        let revoked = enroll(&site.authority, &request(&mut connector(), &text)).unwrap();
        let reason = RevocationReason::KeyCompromise;
        let empty = site.authority.crl(certificate).unwrap();
        site.authority.revoke_connector(revoked.connector, reason).unwrap();
        let full = site.authority.crl(certificate).unwrap();
        assert_eq!((empty.entries, full.entries), (0, 1));
        check(&empty);
        check(&full);
    }
}

/// Lints some leaves, spread over all of them.
pub(super) fn lint_drawn(leaves: &[Vec<u8>]) {
    let directory = tempfile::TempDir::new().unwrap();
    let drawn: Vec<_> = leaves.iter().step_by((leaves.len() / scaled(8, 200)).max(1)).collect();
    let names: Vec<_> = (0..drawn.len()).map(|number| format!("{number}.der")).collect();
    for (name, leaf) in names.iter().zip(drawn) {
        fs::write(directory.path().join(name), leaf).unwrap();
    }
    thread::scope(|scope| {
        for names in names.chunks(names.len().div_ceil(2)) {
            let directory = directory.path();
            scope.spawn(move || {
                names.iter().for_each(|name| check_certificate(directory, name));
            });
        }
    });
}

/// The verdict on each request of the `cryptography_vectors`; `None` if it is accepted. Some
/// were edited after they were signed, and one RSA key with another fault has 1024 bits.
const REQUESTS: [(&str, Option<CsrError>); 26] = [
    ("bad-version.pem", Some(CsrError::UnsupportedVersion)),
    ("basic_constraints.pem", Some(CsrError::RequestsCa)),
    ("challenge-invalid.der", Some(CsrError::BadSignature)),
    ("challenge-multi-valued.der", Some(CsrError::BadSignature)),
    ("challenge-unstructured.pem", None),
    ("challenge.pem", None),
    ("dsa_sha1.der", Some(CsrError::UnsupportedKey)),
    ("dsa_sha1.pem", Some(CsrError::UnsupportedKey)),
    ("ec_sha256.der", None),
    ("ec_sha256.pem", None),
    ("ec_sha256_old_header.pem", None),
    ("freeipa-bad-critical.pem", Some(CsrError::Malformed)),
    ("invalid_signature.pem", Some(CsrError::WeakKey(WeakKey::Short))),
    ("long-form-attribute.pem", Some(CsrError::Malformed)),
    ("rsa_md4.der", Some(CsrError::WeakAlgorithm)),
    ("rsa_md4.pem", Some(CsrError::WeakAlgorithm)),
    ("rsa_sha1.der", Some(CsrError::WeakAlgorithm)),
    ("rsa_sha1.pem", Some(CsrError::WeakAlgorithm)),
    ("rsa_sha256.der", None),
    ("rsa_sha256.pem", None),
    ("san_rsa_sha1.der", Some(CsrError::RequestsNames)),
    ("san_rsa_sha1.pem", Some(CsrError::RequestsNames)),
    ("two_basic_constraints.pem", Some(CsrError::DuplicateExtension)),
    ("unsupported_extension.pem", Some(CsrError::RequestsExtension)),
    ("unsupported_extension_critical.pem", Some(CsrError::RequestsExtension)),
    ("zero-element-attribute.pem", Some(CsrError::AttributeNotSingle)),
];

#[test]
fn requests_that_pyca_tests_with_have_their_verdicts() {
    let site_packages = fs::read_dir(venv().join("lib")).unwrap().next().unwrap().unwrap().path();
    let folder = site_packages.join("site-packages/cryptography_vectors/x509/requests");
    let mut files: Vec<_> = (fs::read_dir(&folder).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    assert!(files.iter().eq(REQUESTS.iter().map(|(name, _)| name)), "{files:?}");
    for (name, expected) in REQUESTS {
        let request = fs::read(folder.join(name)).unwrap();
        let outcome = Csr::parse(&request).and_then(Csr::verify);
        assert_eq!(outcome.err(), expected, "{name}");
    }
}
