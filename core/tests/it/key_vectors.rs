//! The test vectors of all languages, which an independent implementation made.

use std::fmt::Write;
use std::path::Path;

use provkey::key::{
    Fingerprint, Host, KeyId, MasterKey, PROOF_OID_DER, Pin, Proof, ProvisioningKey, Secret,
};
use provkey::x509::{
    Certificate, Pkcs8, PublicKey, RENEWAL_OID_DER, RenewalProof, Signer, SoftwareSigner,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) fn load<T: DeserializeOwned>(name: &str) -> T {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let text = std::fs::read_to_string(directory.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits = |i: usize| u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn key(host: &str, id: &str, secret: &str, pin: Pin) -> ProvisioningKey {
    let secret = Secret::from_bytes(bytes(secret).try_into().unwrap());
    ProvisioningKey::from_parts(Host::parse(host).unwrap(), KeyId::parse(id).unwrap(), secret, pin)
}

#[derive(Deserialize)]
struct KeyTexts {
    keys: Vec<Key>,
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Key {
    host: String,
    id: String,
    secret: String,
    root_spki: String,
    pin: String,
    text: String,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    text: String,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    text: String,
    code: String,
    positions: Vec<usize>,
    repaired: Option<String>,
    missing: Option<usize>,
    extra: Option<usize>,
}

#[test]
fn key_texts_are_written_and_read() {
    for vector in load::<KeyTexts>("key_texts.json").keys {
        let pin = Pin::of_spki(&bytes(&vector.root_spki));
        assert_eq!(pin.to_string(), vector.pin);
        let key = key(&vector.host, &vector.id, &vector.secret, pin);
        assert_eq!(key.to_text().expose(), vector.text);
        for read in [
            ProvisioningKey::read(vector.text.as_bytes()).unwrap(),
            ProvisioningKey::parse_strict(&vector.text).unwrap(),
        ] {
            assert_eq!(read.host().as_str(), vector.host);
            assert_eq!(read.id().as_str(), vector.id);
            assert_eq!(hex(read.secret().expose()), vector.secret);
            assert_eq!(read.pin(), pin);
        }
    }
}

#[test]
fn what_copying_adds_is_ignored() {
    let vectors = load::<KeyTexts>("key_texts.json");
    for vector in vectors.accepted {
        let key = ProvisioningKey::read(vector.text.as_bytes()).expect(&vector.name);
        assert_eq!(key.to_text().expose(), vectors.keys[0].text, "{}", vector.name);
        assert!(ProvisioningKey::parse_strict(&vector.text).is_err(), "{}", vector.name);
    }
}

#[test]
fn wrong_key_texts_are_explained() {
    for vector in load::<KeyTexts>("key_texts.json").refused {
        let error = ProvisioningKey::read(vector.text.as_bytes()).expect_err(&vector.name);
        let said = (error.code(), error.positions(), error.missing(), error.extra());
        let expected = (&*vector.code, &*vector.positions, vector.missing, vector.extra);
        assert_eq!(said, expected, "{}", vector.name);
        let repaired = error.repaired().map(|text| text.expose().to_owned());
        assert_eq!(repaired, vector.repaired, "{}", vector.name);
        assert!(ProvisioningKey::parse_strict(&vector.text).is_err(), "{}", vector.name);
    }
}

#[derive(Deserialize)]
struct Derivation {
    masters: Vec<Master>,
    fingerprints: Vec<Raw>,
}

#[derive(Deserialize)]
struct Master {
    master: String,
    id: String,
    secrets: Vec<Derived>,
}

#[derive(Deserialize)]
struct Derived {
    host: String,
    id: String,
    secret: String,
}

#[derive(Deserialize)]
struct Raw {
    raw: String,
    fingerprint: String,
}

#[test]
fn secrets_are_derived() {
    for vector in load::<Derivation>("derivation.json").masters {
        let master = MasterKey::parse(&vector.master).unwrap();
        assert_eq!(master.id().to_string(), vector.id);
        for derived in vector.secrets {
            let (host, id) = (Host::parse(&derived.host).unwrap(), KeyId::parse(&derived.id));
            let secret = master.derive_secret(&host, id.unwrap());
            assert_eq!(hex(secret.expose()), derived.secret);
        }
    }
}

#[test]
fn fingerprints_are_derived() {
    for vector in load::<Derivation>("derivation.json").fingerprints {
        let fingerprint = Fingerprint::of_raw(&bytes(&vector.raw));
        assert_eq!(fingerprint.to_string(), vector.fingerprint);
    }
}

#[derive(Deserialize)]
struct Proofs {
    oid_contents: String,
    proofs: Vec<GoodProof>,
    malformed: Vec<MalformedProof>,
}

#[derive(Deserialize)]
struct GoodProof {
    name: String,
    host: String,
    id: String,
    secret: String,
    spki: String,
    fingerprint: Option<Fingerprint>,
    value: String,
    attribute: String,
}

#[derive(Deserialize)]
struct MalformedProof {
    name: String,
    value: String,
}

#[test]
fn proofs_are_made_and_verified() {
    let vectors = load::<Proofs>("proofs.json");
    assert_eq!(hex(PROOF_OID_DER), vectors.oid_contents);
    for vector in vectors.proofs {
        let key = key(&vector.host, &vector.id, &vector.secret, Pin::of_spki(b""));
        let spki = bytes(&vector.spki);
        let made = Proof::make(&key, &spki, vector.fingerprint);
        assert_eq!(hex(&made.to_attribute_value()), vector.value, "{}", vector.name);
        assert_eq!(hex(&made.to_attribute()), vector.attribute, "{}", vector.name);

        let read = Proof::from_der(&bytes(&vector.value)).unwrap();
        assert_eq!(read, made);
        assert_eq!((read.host(), read.id()), (key.host(), key.id()));
        assert_eq!(read.fingerprint(), vector.fingerprint);
        assert!(read.verify(key.secret(), &spki));
        assert!(!read.verify(&Secret::from_bytes([0; 20]), &spki));
        assert!(!read.verify(key.secret(), &spki[1..]));
    }
}

#[test]
fn malformed_proofs_are_refused() {
    for vector in load::<Proofs>("proofs.json").malformed {
        let error = Proof::from_der(&bytes(&vector.value)).expect_err(&vector.name);
        assert_eq!(error.code(), "proof_malformed");
    }
}

/// A proof with a flipped bit is malformed, or does not verify.
#[test]
fn every_flipped_bit_is_noticed() {
    for vector in load::<Proofs>("proofs.json").proofs {
        let secret = Secret::from_bytes(bytes(&vector.secret).try_into().unwrap());
        let (value, spki) = (bytes(&vector.value), bytes(&vector.spki));
        for bit in 0..8 * value.len() {
            let mut turned = value.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            let verifies = Proof::from_der(&turned).is_ok_and(|p| p.verify(&secret, &spki));
            assert!(!verifies, "{}, bit {bit}", vector.name);
        }
    }
}

#[derive(Deserialize)]
struct Renewals {
    oid_contents: String,
    old_key: String,
    certificate: String,
    renewals: Vec<Renewal>,
}

#[derive(Deserialize)]
struct Renewal {
    name: String,
    host: String,
    spki: String,
    fingerprint: Option<Fingerprint>,
    message: String,
    value: String,
    attribute: String,
}

#[test]
fn renewals_are_proven_and_verified() {
    let vectors = load::<Renewals>("renewals.json");
    assert_eq!(hex(RENEWAL_OID_DER), vectors.oid_contents);
    let certificate = Certificate::parse(&bytes(&vectors.certificate)).unwrap();
    let public_key = PublicKey::from_spki(certificate.spki()).unwrap();
    // RFC 8410, 7: the seed and the public key in PKCS #8 of version 2.
    let pkcs8 = ["3053020101300506032b657004220420", &vectors.old_key, "a123032100"].concat();
    let pkcs8 = Pkcs8::new([&bytes(&pkcs8), &public_key.spki()[12..]].concat().into());
    let old_key = SoftwareSigner::from_pkcs8(&pkcs8, &public_key).unwrap();
    for vector in vectors.renewals {
        let (host, spki) = (Host::parse(&vector.host).unwrap(), bytes(&vector.spki));
        let made =
            RenewalProof::make(&host, &certificate, &old_key, &spki, vector.fingerprint).unwrap();
        assert_eq!(hex(&made.to_attribute_value()), vector.value, "{}", vector.name);
        assert_eq!(hex(&made.to_attribute()), vector.attribute, "{}", vector.name);
        let signature = hex(&old_key.sign(&bytes(&vector.message)).unwrap());
        assert!(vector.value.ends_with(&signature), "{}", vector.name);

        let read = RenewalProof::from_der(&bytes(&vector.value)).unwrap();
        assert_eq!(read, made);
        assert!(read.verify(&spki));
    }
}
