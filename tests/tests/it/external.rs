//! OpenSSL as the external CA: it signs requests, and its keys and certificates are imported.

use std::fs;
use std::sync::Arc;

use provkey::authority::{
    CertificateId, CertificateImport, EnrollRequest, Enrolled, EnrollmentCertificate, Error,
    ImportedKey, KeyUpdate, NewCertificate, NewKey, PageRequest,
};
use provkey::connector::Identity;
use provkey::key::{MasterKey, Slot};
use provkey::time::Timestamp;
use provkey::x509::{
    Certificate, ExternalCa, KeyAlgorithm, Signer, SoftwareSigner, read_private_key,
};

use crate::foreign::{P256, P384, RSA, run};
use crate::site::{DAY, Site, name, now};

/// The extensions of an issuing CA, for OpenSSL.
pub(crate) const CA: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\n\
                             keyUsage=critical,keyCertSign,cRLSign\n\
                             subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// Runs OpenSSL in the folder of a site, with arguments that have no spaces in them.
#[track_caller]
fn openssl(site: &Site, arguments: &str) -> String {
    run(site.folder(), "openssl", &arguments.split_whitespace().collect::<Vec<_>>())
}

pub(crate) fn read(site: &Site, file: &str) -> Vec<u8> {
    fs::read(site.folder().join(file)).unwrap()
}

pub(crate) fn certificates(site: &Site, files: &[&str]) -> Vec<Certificate> {
    files.iter().map(|file| Certificate::parse_all(&read(site, file)).unwrap().remove(0)).collect()
}

/// Creates an external root, `external.pem` with `external.key`.
pub(crate) fn external_root(site: &Site) {
    openssl(
        site,
        "req -x509 -newkey rsa:2048 -nodes -keyout external.key -out external.pem -days 3000 \
         -subj /O=Example/CN=Root -addext keyUsage=critical,keyCertSign,cRLSign",
    );
}

/// Has the external root sign `ca.csr` with these extensions, as `ca.pem`.
#[track_caller]
pub(crate) fn external_signs(site: &Site, extensions: &str, more: &str) {
    fs::write(site.folder().join("extensions"), extensions).unwrap();
    openssl(
        site,
        &format!(
            "x509 -req -in ca.csr -CA external.pem -CAkey external.key -CAcreateserial \
             -extfile extensions -out ca.pem {more}"
        ),
    );
}

/// Creates a key `ca.key`, and its certificate `ca.pem` under the external root.
pub(crate) fn issuing_ca(site: &Site, key: &str, extensions: &str, more: &str) {
    openssl(site, &format!("genpkey -out ca.key {key}"));
    openssl(site, "req -new -key ca.key -subj /O=Example/CN=Issuing -out ca.csr");
    external_signs(site, extensions, more);
}

pub(crate) fn import(
    site: &Site,
    files: &[&str],
    key: ImportedKey<'_>,
) -> Result<CertificateId, Error> {
    let import = CertificateImport::new(name("External"), certificates(site, files), key);
    site.authority.import_certificate(&import).map(|certificate| certificate.id)
}

pub(crate) fn file(contents: &[u8]) -> ImportedKey<'_> {
    ImportedKey::File { contents, passphrase: None }
}

/// Enrolls an identity under an enrollment certificate. The identity accepts the answer.
pub(crate) fn enroll(site: &Site, certificate: CertificateId) -> Enrolled {
    let new = NewKey::new(name(&format!("under {certificate}")), site.group, certificate, 9);
    let key = site.authority.create_key(&new).unwrap().id;
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = identity.request(&site.provisioning_key(key), None).unwrap();
    let request = EnrollRequest::new(request.der().to_vec());
    let answer = site.authority.enroll(&request).unwrap();
    assert_eq!(site.authority.enroll(&request).unwrap().external_chain, answer.external_chain);
    identity.accept(answer.chain_pem().as_bytes(), now()).unwrap();
    assert_eq!(site.used(key), 1);
    site.authority.delete_key(key).unwrap();
    answer
}

/// OpenSSL and GnuTLS accept both chains of an answer, each under its own root only.
#[track_caller]
fn check_both_chains(site: &Site, answer: &Enrolled) {
    let root = site.authority.root().to_pem();
    fs::write(site.folder().join("root.pem"), root).unwrap();
    fs::write(site.folder().join("chain.pem"), answer.chain_pem()).unwrap();
    let external = answer.external_chain_pem();
    fs::write(site.folder().join("external_chain.pem"), external).unwrap();
    assert_eq!(answer.chain[0], answer.external_chain[0]);
    for (root, chain) in [("root.pem", "chain.pem"), ("external.pem", "external_chain.pem")] {
        let said = openssl(
            site,
            &format!("verify -purpose sslclient -CAfile {root} -untrusted {chain} {chain}"),
        );
        assert!(said.contains("OK"), "{said}");
        let verify = format!(
            "--verify --verify-purpose 1.3.6.1.5.5.7.3.2 --load-ca-certificate {root} --infile {chain}"
        );
        run(site.folder(), "certtool", &verify.split(' ').collect::<Vec<_>>());
    }
}

/// The cross-certificate equals the external one in everything that a leaf refers to.
fn check_cross(site: &Site, found: &EnrollmentCertificate) {
    let (cross, external) = (&found.certificate, &found.external[0]);
    assert_eq!(cross.subject(), external.subject());
    assert_eq!(cross.spki(), external.spki());
    assert_eq!(cross.subject_key_id(), external.subject_key_id());
    assert_eq!(cross.authority_key_id(), site.authority.root().subject_key_id());
    assert_eq!(cross.issuer(), site.authority.root().subject());
    assert_eq!(cross.not_after(), external.not_after());
    assert_ne!(cross.serial(), external.serial());
    assert_eq!(cross.basic_constraints().path_length, Some(0));
    let purposes = cross.purposes().unwrap();
    assert!(purposes.client_auth && !purposes.server_auth && !purposes.any && !purposes.other);
}

#[test]
fn an_external_ca_answers_a_request() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519] {
        let site = Site::new();
        external_root(&site);
        let mut new = NewCertificate::new(name("Asked for"));
        new.algorithm = algorithm;
        let request = site.authority.request_certificate(&new).unwrap();
        fs::write(site.folder().join("ca.csr"), request.csr_pem()).unwrap();
        let said = openssl(&site, "req -verify -noout -text -in ca.csr");
        for part in ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", request.id.as_str()] {
            assert!(said.contains(part), "{part}: {said}");
        }

        let key = NewKey::new(name("early"), site.group, request.id, 1);
        let code = |error: Error| error.code();
        let unanswered = Some("certificate_unanswered");
        assert_eq!(site.authority.create_key(&key).err().map(code), unanswered);
        assert_eq!(site.authority.find_certificate("asked FOR").err().map(code), unanswered);
        let moved = KeyUpdate::default().certificate(request.id);
        let other = site.key("other", 1).id;
        assert_eq!(site.authority.update_key(other, &moved).err().map(code), unanswered);
        assert_eq!(site.authority.find_certificate_request("asked for").unwrap(), request);
        let again = site.authority.request_certificate(&new).err().map(code);
        assert_eq!(again, Some("name_in_use"));

        external_signs(&site, CA, "-days 900");
        let wrong =
            site.authority.import_answer(request.id, &certificates(&site, &["external.pem"]));
        assert_eq!(wrong.err().map(code), Some("external_wrong_key"));
        let answer = certificates(&site, &["external.pem", "ca.pem"]);
        let found = site.authority.import_answer(request.id, &answer).unwrap();
        assert_eq!((found.id, found.external.len()), (request.id, 2));
        check_cross(&site, &found);
        assert_eq!(site.authority.certificate(request.id).unwrap(), found);
        check_both_chains(&site, &enroll(&site, request.id));
        let again = site.authority.import_answer(request.id, &answer).err().map(code);
        assert_eq!(again, Some("certificate_request_not_found"));
    }
}

/// Has OpenSSL write the private key `ca.key` to `key` in each format.
const PLAIN: [&str; 2] = ["pkey -in ca.key -out key", "pkey -in ca.key -outform DER -out key"];
const ENCRYPTED: [&str; 3] = [
    "pkcs8 -topk8 -in ca.key -out key -passout pass:secret",
    "pkcs8 -topk8 -in ca.key -out key -passout pass:secret -v2 aes-128-cbc -v2prf hmacWithSHA512",
    "pkcs8 -topk8 -in ca.key -out key -passout pass:secret -v2 aes192 -iter 5000 -outform DER",
];
const SEC1: [&str; 3] = [
    "ec -in ca.key -out key",
    "ec -in ca.key -outform DER -out key",
    "ec -in ca.key -no_public -out key",
];
const PKCS1: [&str; 2] =
    ["rsa -in ca.key -traditional -out key", "rsa -in ca.key -traditional -outform DER -out key"];

#[test]
fn keys_are_imported_in_every_form() {
    let kinds: [(&str, &[&str]); 4] =
        [(P256, &SEC1), (P384, &SEC1), ("-algorithm ED25519", &[]), (RSA, &PKCS1)];
    for (key, more) in kinds {
        let site = Site::new();
        external_root(&site);
        issuing_ca(&site, key, CA, "-days 900");
        let public_key = certificates(&site, &["ca.pem"])[0].public_key().unwrap();
        for convert in PLAIN.iter().chain(&ENCRYPTED).chain(more) {
            openssl(&site, convert);
            let contents = read(&site, "key");
            let pkcs8 = read_private_key(&contents, Some(b"secret"), &public_key)
                .unwrap_or_else(|error| panic!("{key}: {convert}: {error}"));
            SoftwareSigner::from_pkcs8(&pkcs8, &public_key).unwrap();
        }
        let contents = read(&site, "key");
        let passphrase = Some(&b"secret"[..]);
        let key = ImportedKey::File { contents: &contents, passphrase };
        let id = import(&site, &["ca.pem", "external.pem"], key).unwrap();
        check_cross(&site, &site.authority.certificate(id).unwrap());
        check_both_chains(&site, &enroll(&site, id));
    }
}

#[test]
fn unusable_private_key_files_are_refused() {
    let site = Site::new();
    external_root(&site);
    issuing_ca(&site, P256, CA, "-days 900");
    openssl(&site, &format!("genpkey -out other.key {P256}"));
    let public_key = certificates(&site, &["ca.pem"])[0].public_key().unwrap();
    let check = |contents: &[u8], passphrase: Option<&[u8]>, expected| {
        let refused = read_private_key(contents, passphrase, &public_key).unwrap_err();
        assert_eq!(refused.code(), expected);
    };
    let key = read(&site, "ca.key");
    check(b"", None, "private_key_missing");
    check(&read(&site, "ca.pem"), None, "private_key_missing");
    check(&[key.clone(), key.clone()].concat(), None, "private_key_too_many");
    check(&vec![b' '; 20_000], None, "private_key_too_large");
    check(&key[..key.len() / 2], None, "private_key_malformed");
    check(b"\x30\x03\x02\x01\x05", None, "private_key_malformed");
    openssl(&site, "pkcs8 -topk8 -nocrypt -in ca.key -outform DER -out key");
    let mut longer = read(&site, "key");
    assert_eq!(longer[..2], [0x30, 0x81]);
    assert!(read_private_key(&longer, None, &public_key).is_ok());
    longer[2] += 2;
    longer.extend([5, 0]);
    check(&longer, None, "private_key_malformed");
    check(
        &[b"-----BEGIN PRIVATE KEY-----\n", &key[..key.len() / 2], b"\n-----END A-----"].concat(),
        None,
        "private_key_malformed",
    );
    check(&read(&site, "other.key"), None, "private_key_mismatch");
    check(&read(&site, "external.key"), None, "private_key_mismatch");
    openssl(&site, "ec -in other.key -no_public -out key");
    check(&read(&site, "key"), None, "private_key_mismatch");
    openssl(&site, ENCRYPTED[0]);
    check(&read(&site, "key"), None, "private_key_passphrase_missing");
    check(&read(&site, "key"), Some(b"wrong"), "private_key_passphrase_wrong");
    for old in ["-v1 PBE-SHA1-3DES", "-v2 aes256 -v2prf hmacWithSHA1", "-v2 des3", "-scrypt"] {
        let convert = format!("pkcs8 -topk8 -in ca.key -out key -passout pass:secret {old}");
        openssl(&site, &convert);
        check(&read(&site, "key"), Some(b"secret"), "private_key_unsupported_encryption");
    }
    openssl(&site, "ec -in ca.key -aes256 -passout pass:secret -out key");
    check(&read(&site, "key"), Some(b"secret"), "private_key_unsupported_encryption");
    check(&encrypted(5000), Some(b"secret"), "private_key_passphrase_wrong");
    check(&encrypted(10_000_001), Some(b"secret"), "private_key_too_many_iterations");
}

/// Noise that claims to be a key, encrypted with so many iterations of PBKDF2: OpenSSL would take
/// seconds.
fn encrypted(iterations: u32) -> Vec<u8> {
    let der = |tag: u8, parts: &[&[u8]]| {
        let contents = parts.concat();
        [&[tag, contents.len() as u8], &contents[..]].concat()
    };
    let count = iterations.to_be_bytes();
    let count = &count[usize::from(count[..2] == [0, 0]) * 2..];
    let hmac_sha256 = b"\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09\x05\x00";
    let pbkdf2 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
    let pbes2 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    let aes256_cbc = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    let parameters = der(0x30, &[&der(4, &[&[7; 8]]), &der(2, &[count]), hmac_sha256]);
    let derivation = der(0x30, &[pbkdf2, &parameters]);
    let cipher = der(0x30, &[aes256_cbc, &der(4, &[&[7; 16]])]);
    let algorithm = der(0x30, &[pbes2, &der(0x30, &[&derivation, &cipher])]);
    // Longer than 127 bytes.
    let contents = [algorithm, der(4, &[&[7; 48]])].concat();
    [&[0x30, 0x81, contents.len() as u8], &contents[..]].concat()
}

#[test]
fn unusable_external_certificates_are_refused() {
    let site = Site::new();
    external_root(&site);
    let check = |extensions: &str, more: &str, expected: &str| {
        issuing_ca(&site, P256, extensions, more);
        let key = read(&site, "ca.key");
        let code = import(&site, &["ca.pem", "external.pem"], file(&key)).map_err(|e| e.code());
        assert_eq!(code, Err(expected), "{extensions} {more}");
    };
    let ca = |more: &str| format!("{CA}{more}\n");
    check(&CA.replace("CA:TRUE,pathlen:0", "CA:FALSE"), "", "external_not_an_authority");
    check(&CA.replace("keyCertSign,", ""), "", "external_key_usage");
    check(&CA.replace(",cRLSign", ""), "", "external_key_usage");
    check(&ca("extendedKeyUsage=serverAuth"), "", "external_wrong_purpose");
    check(&ca("nameConstraints=permitted;URI:.example.com"), "", "external_name_constraints");
    check(&ca("nameConstraints=critical,excluded;DNS:a.b"), "", "external_name_constraints");
    check(
        &ca("policyConstraints=critical,requireExplicitPolicy:0"),
        "",
        "external_unknown_critical_extension",
    );
    check(CA, "-sha1", "external_weak_signature");
    check(CA, "-md5", "external_weak_signature");
    check(CA, "-sigopt rsa_padding_mode:pss", "external_unsupported_signature");
    check(CA, "-days -1", "external_expired");
    check(
        &CA.replace("subjectKeyIdentifier=hash", "subjectKeyIdentifier=none"),
        "",
        "external_no_key_id",
    );

    issuing_ca(&site, "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", CA, "");
    let key = read(&site, "ca.key");
    let refused = |files: &[&str]| import(&site, files, file(&key)).unwrap_err().code();
    assert_eq!(refused(&["ca.pem"]), "public_key_unsupported");
    // A root with a path length of 0.
    let config = "[req]\ndistinguished_name=dn\nx509_extensions=strict\n[dn]\n[strict]\n\
                  basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=hash\n";
    fs::write(site.folder().join("strict.cnf"), config).unwrap();
    let make = "req -x509 -key external.key -subj /O=Example/CN=Root -config strict.cnf";
    openssl(&site, &format!("{make} -out strict.pem"));
    assert_eq!(refused(&["ca.pem", "strict.pem"]), "external_path_too_long");
    assert_eq!(refused(&["ca.pem", "external.pem", "strict.pem"]), "external_unrelated");
    assert_eq!(refused(&[]), "external_wrong_key");

    issuing_ca(&site, P256, CA, "-days 900");
    let good = certificates(&site, &["ca.pem", "external.pem"]);
    let check = |certificates: &[Certificate], at: Timestamp, expected: &str| {
        let refused = ExternalCa::check(certificates, certificates[0].spki(), at).unwrap_err();
        assert_eq!(refused.code(), expected);
        assert_eq!(refused.retryable(), expected == "external_not_yet_valid");
    };
    check(&good, now().minus(DAY), "external_not_yet_valid");
    check(&good, now().plus(1000 * DAY), "external_expired");
    let many = [&good[..]; 5].concat();
    check(&many, now(), "external_too_large");
    let mut der = good[0].der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let forged = [Certificate::parse(&der).unwrap(), good[1].clone()];
    check(&forged, now(), "external_bad_signature");
    openssl(&site, "req -new -key ca.key -subj / -out ca.csr");
    external_signs(&site, CA, "");
    check(&certificates(&site, &["ca.pem"]), now(), "external_no_subject");
    let listed = site.authority.list_certificates(&PageRequest::default()).unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[test]
fn no_two_authorities_have_one_subject() {
    let site = Site::new();
    external_root(&site);
    issuing_ca(&site, P256, CA, "-days 900");
    let key = read(&site, "ca.key");
    let id = import(&site, &["ca.pem"], file(&key)).unwrap();
    let import_as = |text: &str, key: &[u8]| {
        let certificates = certificates(&site, &["ca.pem"]);
        let import = CertificateImport::new(name(text), certificates, file(key));
        site.authority.import_certificate(&import).map_err(|error| error.code())
    };
    assert_eq!(import_as("external", &key), Err("name_in_use"));
    assert_eq!(import_as("Again", &key), Err("certificate_imported_already"));
    // Another key, with a subject that differs only in case or spaces.
    openssl(&site, &format!("genpkey -out ca.key {P256}"));
    openssl(&site, "req -new -key ca.key -subj /O=EXAMPLE/CN=issuing -out ca.csr");
    external_signs(&site, CA, "");
    let other = read(&site, "ca.key");
    assert_eq!(import_as("Again", &other), Err("certificate_subject_in_use"));
    site.authority.delete_certificate(id).unwrap();
    import_as("Again", &other).unwrap();
}

#[test]
fn imported_keys_and_requests_move_to_a_new_master_key() {
    let site = Site::new();
    external_root(&site);
    issuing_ca(&site, RSA, CA, "-days 900");
    let key = read(&site, "ca.key");
    let imported = import(&site, &["ca.pem", "external.pem"], file(&key)).unwrap();
    let request = site.authority.request_certificate(&NewCertificate::new(name("Asked"))).unwrap();
    let deleted = site.authority.request_certificate(&NewCertificate::new(name("Gone"))).unwrap();

    let slot = Slot::new(1).unwrap();
    let new = MasterKey::from_bytes([7; 32]);
    let keyring = site.keyring().with(slot, new).with_current(slot).unwrap();
    site.authority.rotate_master(keyring).unwrap();
    site.authority.delete_certificate_request(deleted.id).unwrap();
    // Neither the imported key nor the pending request needs the old one.
    site.authority.remove_master(Slot::new(0).unwrap()).unwrap();
    fs::write(site.folder().join("ca.csr"), request.csr_pem()).unwrap();
    external_signs(&site, CA, "-days 900");
    let answer = certificates(&site, &["ca.pem", "external.pem"]);
    site.authority.import_answer(request.id, &answer).unwrap();
    for id in [imported, request.id] {
        check_both_chains(&site, &enroll(&site, id));
    }
    // The owner of the imported key signs its own CRLs.
    let refused = site.authority.crl(imported).map_err(|error| error.code());
    assert_eq!(refused.unwrap_err(), "crl_imported_ca");
    site.authority.crl(request.id).unwrap();
}

#[test]
fn an_external_key_may_live_elsewhere() {
    let site = Site::new();
    external_root(&site);
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let signer: Arc<dyn Signer> = Arc::new(signer);
    let mut new = NewCertificate::new(name("In a token"));
    new.signer = Some(Arc::clone(&signer));
    let request = site.authority.request_certificate(&new).unwrap();
    assert!(request.key_elsewhere);
    fs::write(site.folder().join("ca.csr"), request.csr_pem()).unwrap();
    external_signs(&site, CA, "-days 900");
    let answer = certificates(&site, &["ca.pem", "external.pem"]);
    site.authority.delete_certificate_request(request.id).unwrap();
    let id = import(&site, &["external.pem", "ca.pem"], ImportedKey::Elsewhere(signer)).unwrap();
    let found = site.authority.certificate(id).unwrap();
    assert!(found.key_elsewhere);
    assert_eq!(found.external, answer);
    check_both_chains(&site, &enroll(&site, id));
}
