//! Every refusal has its code and costs no use, on SQLite.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use provkey::authority::{
    AddressRange, Compromise, EnrollRequest, Error, KeyUpdate, NewCertificate, Refusal,
};
use provkey::connector::RenewalKey;
use provkey::key::{Fingerprint, Host, KeyId, KeyText, MasterKey, Proof, ProvisioningKey};
use provkey::x509::{KeyAlgorithm, RevocationReason, Signer, SoftwareSigner, build_csr};
use provkey_tests::{MASTER_KEY_FILE, open_authority};
use serde::Deserialize;

use crate::error_codes::documented_codes;
use crate::foreign::{P256, RSA, openssl_request};
use crate::site::{DAY, Site, connector, enroll, name, request};

/// The count and the enrollments on record. A deleted key has no counter.
fn cost(site: &Site, key: KeyId) -> (Option<u64>, usize) {
    (site.authority.key(key).ok().map(|key| key.used), site.connectors(key).len())
}

#[track_caller]
fn check_refused(site: &Site, key: KeyId, request: &EnrollRequest, expected: &str) {
    let before = cost(site, key);
    let refused = site.authority.enroll(request).map_err(|error| error.code());
    assert_eq!(refused.map(|enrolled| enrolled.serial), Err(expected));
    assert_eq!(cost(site, key), before, "{expected}");
}

fn with_proof(csr: Vec<u8>) -> EnrollRequest {
    EnrollRequest::new(csr)
}

fn with_text(csr: Vec<u8>, key: &ProvisioningKey) -> EnrollRequest {
    EnrollRequest::new(csr).key_text(key.to_text())
}

fn plain_csr() -> Vec<u8> {
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
    build_csr(&signer, &[]).unwrap()
}

/// A key with a free use, and a request that is refused for this reason.
fn provoke(site: &Site, refusal: Refusal) -> (KeyId, EnrollRequest) {
    let key = site.key(refusal.code(), 2).id;
    let text = site.provisioning_key(key);
    let update = |update| site.update(key, update);
    let mut connector = connector();
    let mut proof = || with_proof(request(&mut connector, &text));
    let enrolled = || {
        assert!(!enroll(&site.authority, &request(&mut self::connector(), &text)).unwrap().replay)
    };
    let refused = match refusal {
        Refusal::KeyInvalid => {
            let upper = KeyText::new(text.to_text().expose().to_uppercase());
            with_proof(plain_csr()).key_text(upper)
        }
        Refusal::KeyMissing => with_proof(plain_csr()),
        Refusal::RequestWrongPurpose => {
            let enrolled = enroll(&site.authority, &proof().csr).unwrap();
            connector.accept(enrolled.chain_pem().as_bytes(), site.now()).unwrap();
            let renewal = connector.renew_request(RenewalKey::Same, None).unwrap();
            with_text(renewal.der().to_vec(), &text)
        }
        Refusal::CredentialsDisagree => {
            let other = site.provisioning_key(site.key("another", 1).id);
            proof().key_text(other.to_text())
        }
        Refusal::KeyDeleted => {
            enrolled();
            site.authority.delete_key(key).unwrap();
            proof()
        }
        Refusal::KeyCompromised => {
            enrolled();
            site.authority.compromise_key(key, &Compromise::default()).unwrap();
            proof()
        }
        Refusal::KeyDisabled => {
            update(KeyUpdate::default().enabled(false));
            proof()
        }
        Refusal::ProofRequired => {
            update(KeyUpdate::default().proof_only(true));
            with_text(plain_csr(), &text)
        }
        Refusal::AddressNotAllowed => {
            let allowed = vec![AddressRange::parse("10.0.0.0/8").unwrap()];
            update(KeyUpdate::default().allowed_addresses(allowed));
            proof().address("192.0.2.1".parse::<IpAddr>().unwrap())
        }
        Refusal::PublicKeyInUse => {
            let other = site.provisioning_key(site.key("the first", 1).id);
            let csr = plain_csr();
            site.authority.enroll(&with_text(csr.clone(), &other)).unwrap();
            with_text(csr, &text)
        }
        Refusal::PublicKeyOfAuthority => {
            let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap();
            let csr = build_csr(&signer, &[]).unwrap();
            let mut new = NewCertificate::new(name("key elsewhere"));
            new.signer = Some(Arc::new(signer));
            let certificate = site.authority.create_certificate(&new).unwrap().id;
            update(KeyUpdate::default().certificate(certificate));
            with_text(csr, &text)
        }
        Refusal::ConnectorRevoked => {
            let connector = site.authority.enroll(&proof()).unwrap().connector;
            site.authority.revoke_connector(connector, RevocationReason::default()).unwrap();
            proof()
        }
        Refusal::FingerprintMismatch => {
            site.authority.enroll(&proof()).unwrap();
            let fingerprint = Some(Fingerprint::of_raw(b"another machine"));
            let csr = connector.request(&text, fingerprint).unwrap().der().to_vec();
            with_proof(csr)
        }
        Refusal::CertificateExpired => {
            site.authority.enroll(&proof()).unwrap();
            site.advance(400 * DAY);
            proof()
        }
        Refusal::KeyExpired => {
            let soon = site.now().plus(DAY);
            update(KeyUpdate::default().expires_at(Some(soon)));
            site.advance(2 * DAY);
            proof()
        }
        Refusal::CertificateRetired => {
            let new = NewCertificate::new(name("retired"));
            let certificate = site.authority.create_certificate(&new).unwrap().id;
            update(KeyUpdate::default().certificate(certificate));
            site.authority.retire_certificate(certificate).unwrap();
            proof()
        }
        Refusal::KeyExhausted => {
            enrolled();
            enrolled();
            proof()
        }
        other => panic!("{} is refused, and no test provokes it", other.code()),
    };
    (key, refused)
}

/// Reasons without a use, which core's tests of renewal cover.
fn is_of_a_renewal(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::RenewalMissing
            | Refusal::RenewalInvalid
            | Refusal::RenewalTooLate
            | Refusal::RenewalTooEarly
            | Refusal::CertificateRenewed
            | Refusal::CertificateUnknown
    )
}

#[test]
fn each_refusal_has_its_code_and_costs_nothing() {
    let site = Site::new();
    for refusal in Refusal::ALL.iter().filter(|refusal| !is_of_a_renewal(**refusal)) {
        let (key, request) = provoke(&site, *refusal);
        check_refused(&site, key, &request, refusal.code());
    }
}

#[test]
fn a_text_of_another_authority_is_invalid_in_any_form() {
    let site = Site::new();
    let key = site.key("fleet", 2).id;
    let ours = site.provisioning_key(key);
    let host = Host::parse("elsewhere.example.com").unwrap();
    let master = fs::read_to_string(site.folder().join(MASTER_KEY_FILE)).unwrap();
    let secret = MasterKey::parse(&master).unwrap().derive_secret(&host, key);
    let theirs = ProvisioningKey::from_parts(host, key, secret, ours.pin());
    check_refused(&site, key, &with_text(plain_csr(), &theirs), "key_invalid");
    check_refused(&site, key, &with_proof(request(&mut connector(), &theirs)), "key_invalid");
    let stranger = Site::new();
    let unknown = stranger.provisioning_key(stranger.key("fleet", 2).id);
    check_refused(&site, key, &with_text(plain_csr(), &unknown), "key_invalid");
    check_refused(&site, key, &with_proof(request(&mut connector(), &unknown)), "key_invalid");
}

#[test]
fn a_wrong_master_file_opens_nothing() {
    let site = Site::new();
    let file = site.folder().join(MASTER_KEY_FILE);
    let right = fs::read_to_string(&file).unwrap();
    let check = |contents: &str, expected: &str| {
        fs::write(&file, contents).unwrap();
        let error = open_authority(site.folder()).unwrap_err();
        let code = error.downcast_ref::<Error>().map(Error::code);
        assert_eq!(code, Some(expected));
    };
    check(&MasterKey::from_bytes([7; 32]).to_hex(), "master_key_wrong");
    check(&format!("-\n{}", right.trim_end()), "master_key_missing");
    fs::write(&file, right).unwrap();
    assert_eq!(site.open().id(), site.authority.id());
}

#[test]
fn a_lost_answer_to_the_last_use_is_replayed() {
    let site = Site::new();
    let key = site.key("fleet", 1).id;
    let text = site.provisioning_key(key);
    let mut unlucky = connector();
    let csr = request(&mut unlucky, &text);
    let lost = enroll(&site.authority, &csr).unwrap();
    let late = with_proof(request(&mut connector(), &text));
    check_refused(&site, key, &late, "key_exhausted");
    assert_eq!(site.authority.copy_key(key).unwrap_err().code(), "key_exhausted");

    // With the same or a new request for the key pair, in this process or another.
    for authority in [&site.authority, &site.open()] {
        for csr in [&csr, &request(&mut unlucky, &text)] {
            let again = enroll(authority, csr).unwrap();
            assert!(again.replay);
            assert_eq!((&again.chain, &again.serial), (&lost.chain, &lost.serial));
        }
    }
    assert_eq!(site.used(key), 1);
    site.check_books(key, []);
}

/// The DER of a value shorter than 64 KiB.
fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = (contents.len() as u16).to_be_bytes();
    let mut value = match (high, low) {
        (0, 0..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    value.extend_from_slice(contents);
    value
}

/// A CSR that requests keyUsage digitalSignature this many times.
fn asking_for_key_usage(times: usize) -> Vec<u8> {
    let key_usage = b"\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80".repeat(times);
    let value = der(0x31, &der(0x30, &key_usage));
    let extension_request = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";
    let attribute = der(0x30, &[&extension_request[..], &value].concat());
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
    build_csr(&signer, &[&attribute]).unwrap()
}

const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";

/// A CSR of 128 to 255 bytes with the first `from` replaced.
fn replaced(csr: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let contents = csr.strip_prefix(&[0x30, 0x81, csr.len() as u8 - 3]).unwrap();
    let at = contents.windows(from.len()).position(|window| window == from).unwrap();
    let (before, after) = (&contents[..at], &contents[at + from.len()..]);
    der(0x30, &[before, to, after].concat())
}

/// A request for each code of refusal.
fn bad_csrs(text: &ProvisioningKey) -> Vec<(Vec<u8>, &'static str)> {
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
    let proof = Proof::make(text, signer.public_key().spki(), None).to_attribute();
    let mut forged = plain_csr();
    *forged.last_mut().unwrap() ^= 1;
    let openssl = openssl_request;
    let rsa_1024 = "-algorithm RSA -pkeyopt rsa_keygen_bits:1024";
    let p521 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521";
    let explicit = format!("{P256} -pkeyopt ec_param_enc:explicit");
    vec![
        (vec![0x30; 20_000], "csr_too_large"),
        (vec![0x30, 1], "csr_malformed"),
        ([plain_csr(), vec![0]].concat(), "csr_trailing_data"),
        (replaced(&plain_csr(), &[2, 1, 0], &[2, 1, 1]), "csr_unsupported_version"),
        (build_csr(&signer, &[&proof, &proof]).unwrap(), "csr_attribute_not_single"),
        (asking_for_key_usage(2), "csr_duplicate_extension"),
        (openssl(&explicit, ""), "csr_bad_key"),
        (openssl(rsa_1024, ""), "weak_key_short"),
        (openssl(p521, ""), "csr_unsupported_key"),
        (openssl(RSA, "-sha1"), "csr_weak_algorithm"),
        (openssl(P256, "-sha512"), "csr_unsupported_algorithm"),
        (replaced(&plain_csr(), ECDSA_SHA256, ED25519), "csr_algorithm_mismatch"),
        (forged, "csr_bad_signature"),
        (openssl(P256, "-addext basicConstraints=critical,CA:TRUE"), "csr_requests_ca"),
        (openssl(P256, "-addext keyUsage=keyCertSign"), "csr_requests_key_usage"),
        (openssl(P256, "-addext extendedKeyUsage=serverAuth"), "csr_requests_extended_key_usage"),
        (openssl(P256, "-addext subjectAltName=DNS:example.com"), "csr_requests_names"),
        (openssl(P256, "-addext tlsfeature=status_request"), "csr_requests_extension"),
    ]
}

#[derive(Deserialize)]
struct Hostile {
    cases: Vec<HostileCase>,
}

#[derive(Deserialize)]
struct HostileCase {
    csr: String,
    #[serde(default)]
    zeros: usize,
    code: String,
}

/// The requests that every language must refuse, with their codes.
fn hostile_csrs() -> Vec<(Vec<u8>, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/csrs.json");
    let hostile: Hostile = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let refused = |case: HostileCase| {
        let digits = |at: usize| u8::from_str_radix(&case.csr[at..at + 2], 16).unwrap();
        let csr: Vec<_> = (0..case.csr.len()).step_by(2).map(digits).collect();
        (case.code != "enrolled").then(|| ([csr, vec![0; case.zeros]].concat(), case.code))
    };
    hostile.cases.into_iter().filter_map(refused).collect()
}

#[test]
fn each_refused_csr_has_its_code_and_costs_nothing() {
    let site = Site::new();
    let key = site.key("fleet", 2).id;
    let text = site.provisioning_key(key);
    let mut codes = BTreeSet::new();
    let made_here = bad_csrs(&text).into_iter().map(|(csr, code)| (csr, code.to_owned()));
    for (csr, code) in made_here.chain(hostile_csrs()) {
        check_refused(&site, key, &with_text(csr, &text), &code);
        codes.insert(code);
    }
    let of_a_csr = |code: &String| code.starts_with("csr_") || code.starts_with("weak_key_");
    codes.retain(of_a_csr);
    let documented: BTreeSet<_> = documented_codes().into_iter().filter(of_a_csr).collect();
    assert_eq!(codes, documented);
    site.authority.enroll(&with_text(asking_for_key_usage(1), &text)).unwrap();
}
