//! Foreign implementations verify our certificates and requests, and we verify theirs.

mod bulk;
mod kinds;
mod libraries;
mod python;

pub(crate) use python::check_lint;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use provkey::random::{Random, RandomError};
use provkey::time::Timestamp;
use provkey::x509::{
    CaParameters, Certificate, Chain, ChainUse, Csr, CsrError, Issuer, KeyAlgorithm,
    LeafParameters, Pkcs8, PublicKey, SerialNumber, Signer, SoftwareSigner, WeakKey, build_csr,
    issue_enrollment_certificate, issue_leaf, issue_root,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tempfile::TempDir;

const ALGORITHMS: [KeyAlgorithm; 3] =
    [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Ed25519];
const DAY: Duration = Duration::from_secs(86_400);

/// The files of a chain, from the root down.
const CHAIN: [&str; 3] = ["root.pem", "enrollment.pem", "leaf.pem"];

struct Counting;

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.iter_mut().zip(1..).for_each(|(byte, count)| *byte = count);
        Ok(())
    }
}

fn serial() -> SerialNumber {
    SerialNumber::random(&Counting, now()).unwrap()
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix_seconds(since_1970.as_secs())
}

/// The certificates of one authority, in a folder for foreign tools.
struct Authority {
    directory: TempDir,
    root: Certificate,
    enrollment: Issuer,
}

impl Authority {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let directory = TempDir::new().unwrap();
        let ca = |id, years: u32| CaParameters {
            common_name: "Plant 7",
            id,
            serial: serial(),
            not_before: now().minus(DAY),
            not_after: now().plus(years * 365 * DAY),
        };
        let (root_signer, _) = SoftwareSigner::generate(algorithm).unwrap();
        let root = issue_root(&root_signer, &ca("root", 40)).unwrap();
        let root_issuer = Issuer::new(root.clone(), Arc::new(root_signer)).unwrap();
        let (signer, _) = SoftwareSigner::generate(algorithm).unwrap();
        let certificate =
            issue_enrollment_certificate(&root_issuer, signer.public_key(), &ca("e1", 10)).unwrap();
        let enrollment = Issuer::new(certificate, Arc::new(signer)).unwrap();
        fs::write(directory.path().join("root.pem"), root.to_pem()).unwrap();
        let intermediate = enrollment.certificate().to_pem();
        fs::write(directory.path().join("enrollment.pem"), intermediate).unwrap();
        Self { directory, root, enrollment }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn issue(&self, public_key: &PublicKey) -> Certificate {
        let leaf = LeafParameters {
            connector_id: "3c143fb3-5018-4c20-bf8d-9675e926991d",
            group_id: "group-1",
            trust_domain: "api.private.example.com",
            public_key,
            serial: serial(),
            not_before: now().minus(Duration::from_secs(300)),
            not_after: now().plus(365 * DAY),
        };
        Certificate::parse(&issue_leaf(&self.enrollment, &leaf).unwrap().der).unwrap()
    }

    /// Enrolls a connector with a new key, and writes its certificate to `leaf.pem`.
    fn enroll(&self, algorithm: KeyAlgorithm) -> (Certificate, Pkcs8) {
        let (signer, pkcs8) = SoftwareSigner::generate(algorithm).unwrap();
        let request = build_csr(&signer, &[]).unwrap();
        fs::write(self.path("request.der"), &request).unwrap();
        let verified = Csr::parse(&request).unwrap().verify().unwrap();
        let leaf = self.issue(verified.public_key());
        fs::write(self.path("leaf.pem"), leaf.to_pem()).unwrap();
        let chain = [&leaf, self.enrollment.certificate(), &self.root];
        let pem: String = chain.map(Certificate::to_pem).concat();
        fs::write(self.path("chain.pem"), pem).unwrap();
        (leaf, pkcs8)
    }
}

/// One enrollment for each pair of an issuing and a requesting algorithm.
fn each_pair(check: impl Fn(&Authority, &Certificate, &Pkcs8)) {
    for issuing in ALGORITHMS {
        let authority = Authority::new(issuing);
        for asking in ALGORITHMS {
            let (leaf, pkcs8) = authority.enroll(asking);
            check(&authority, &leaf, &pkcs8);
        }
    }
}

/// Whether one of the keys is Ed25519, which some tools do not support.
fn uses_ed25519(certificates: [&Certificate; 2]) -> bool {
    certificates
        .into_iter()
        .any(|certificate| certificate.public_key().unwrap().algorithm() == KeyAlgorithm::Ed25519)
}

/// Runs a tool in `directory`, which must succeed. Returns its output.
#[track_caller]
pub(crate) fn run(directory: &Path, tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} is needed by this test: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{tool} {arguments:?}: {said}");
    said
}

#[track_caller]
fn openssl_accepts(folder: &Path) {
    let verify = "verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted enrollment.pem leaf.pem";
    let said = run(folder, "openssl", &verify.split(' ').collect::<Vec<_>>());
    assert!(said.contains("leaf.pem: OK"), "{said}");
}

#[test]
fn openssl_accepts_every_chain() {
    each_pair(|authority, _, _| openssl_accepts(authority.directory.path()));
}

#[test]
fn openssl_refuses_a_connector_as_a_server() {
    let authority = Authority::new(KeyAlgorithm::EcdsaP256);
    authority.enroll(KeyAlgorithm::EcdsaP256);
    let verify =
        "verify -purpose sslserver -CAfile root.pem -untrusted enrollment.pem leaf.pem".split(' ');
    let output =
        Command::new("openssl").args(verify).current_dir(authority.directory.path()).output();
    assert!(!output.unwrap().status.success());
}

#[test]
fn gnutls_accepts_every_chain() {
    each_pair(|authority, _, _| {
        let verify = "--verify --verify-purpose 1.3.6.1.5.5.7.3.2 \
                      --load-ca-certificate root.pem --infile chain.pem";
        let arguments: Vec<_> = verify.split_whitespace().collect();
        run(authority.directory.path(), "certtool", &arguments);
    });
}

/// For a client, not for a server.
#[track_caller]
fn webpki_accepts(folder: &Path) {
    let [root, enrollment, leaf] =
        CHAIN.map(|file| CertificateDer::from_pem_file(folder.join(file)).unwrap());
    let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
    let enrollment = [enrollment];
    let leaf = webpki::EndEntityCert::try_from(&leaf).unwrap();
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let now = UnixTime::now();
    let client = webpki::KeyUsage::client_auth();
    leaf.verify_for_usage(algorithms, &anchors, &enrollment, now, client, None, None).unwrap();
    let server = webpki::KeyUsage::server_auth();
    let refused = leaf.verify_for_usage(algorithms, &anchors, &enrollment, now, server, None, None);
    assert!(refused.is_err());
}

#[test]
fn webpki_accepts_every_chain() {
    each_pair(|authority, _, _| webpki_accepts(authority.directory.path()));
}

#[test]
fn openssl_accepts_every_request() {
    let authority = Authority::new(KeyAlgorithm::Ed25519);
    for algorithm in ALGORITHMS {
        authority.enroll(algorithm);
        let arguments = ["req", "-verify", "-noout", "-inform", "DER", "-in", "request.der"];
        run(authority.directory.path(), "openssl", &arguments);
    }
}

/// A request made by OpenSSL for a new key.
fn openssl_request(key: &str, request: &str) -> Vec<u8> {
    let directory = TempDir::new().unwrap();
    let key: Vec<_> = ["genpkey", "-out", "key.pem"].into_iter().chain(key.split(' ')).collect();
    run(directory.path(), "openssl", &key);
    let request = ["req", "-new", "-key", "key.pem", "-subj", "/O=x/CN=y", "-out", "request.pem"]
        .into_iter()
        .chain(request.split_whitespace())
        .collect::<Vec<_>>();
    run(directory.path(), "openssl", &request);
    fs::read(directory.path().join("request.pem")).unwrap()
}

pub(crate) const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub(crate) const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
pub(crate) const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";

#[test]
fn requests_by_openssl_become_certificates() {
    let authority = Authority::new(KeyAlgorithm::EcdsaP256);
    let check = |key, request| {
        let csr = Csr::parse(&openssl_request(key, request)).unwrap().verify().unwrap();
        let leaf = authority.issue(csr.public_key());
        let spki = csr.public_key().spki();
        let certificates =
            [leaf, authority.enrollment.certificate().clone(), authority.root.clone()];
        let pin = authority.root.spki();
        let chain = Chain::build(&certificates, spki, ChainUse::ClientAuth, |spki| spki == pin);
        chain.unwrap().check_time(now()).unwrap();
    };
    check(P256, "");
    check(P256, "-sha384");
    check(P384, "-sha256");
    check(P384, "-sha384");
    check("-algorithm ED25519", "");
    check(RSA, "");
    check(RSA, "-sha512");
    check("-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "-sha384");
    check(P256, "-addext basicConstraints=CA:FALSE -addext keyUsage=digitalSignature");
    check(P256, "-addext extendedKeyUsage=clientAuth -addext subjectKeyIdentifier=hash");
}

#[test]
fn unsuitable_requests_by_openssl_are_refused() {
    let check = |key, request, expected| {
        let outcome = Csr::parse(&openssl_request(key, request)).and_then(Csr::verify);
        assert_eq!(outcome.err(), Some(expected), "{key} {request}");
    };
    check(P256, "-sha512", CsrError::UnsupportedAlgorithm);
    check(RSA, "-sha1", CsrError::WeakAlgorithm);
    check(RSA, "-sigopt rsa_padding_mode:pss", CsrError::UnsupportedAlgorithm);
    check("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "", CsrError::WeakKey(WeakKey::Short));
    let three = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3";
    check(three, "", CsrError::WeakKey(WeakKey::SmallExponent));
    check("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "", CsrError::UnsupportedKey);
    check("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "", CsrError::UnsupportedKey);
    check("-algorithm ED448", "", CsrError::UnsupportedKey);
    let explicit = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit";
    check(explicit, "", CsrError::BadKey);
    check(P256, "-addext basicConstraints=critical,CA:TRUE", CsrError::RequestsCa);
    check(P256, "-addext keyUsage=keyCertSign", CsrError::RequestsKeyUsage);
    check(P256, "-addext extendedKeyUsage=serverAuth", CsrError::RequestsExtendedKeyUsage);
    check(P256, "-addext subjectAltName=DNS:example.com", CsrError::RequestsNames);
    check(P256, "-addext tlsfeature=status_request", CsrError::RequestsExtension);
}

#[test]
fn every_certificate_makes_a_tls_connection() {
    let (server_certificate, server_key) = tls_server_identity();
    each_pair(|authority, leaf, pkcs8| {
        let server = tls_server(&authority.root, &server_certificate, &server_key);
        let chain = [leaf, authority.enrollment.certificate()];
        let client = tls_client(&server_certificate, &chain, pkcs8);
        let (client, server) = connect(client, server);
        assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(server.peer_certificates().unwrap()[0].as_ref(), leaf.der());
    });
}

/// A self-signed server certificate, and its private key in PKCS #8.
fn tls_server_identity() -> (Certificate, Vec<u8>) {
    let server = TempDir::new().unwrap();
    let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem \
                   -out cert.pem -subj /CN=server -addext basicConstraints=critical,CA:FALSE \
                   -addext subjectAltName=DNS:localhost";
    run(server.path(), "openssl", &request.split_whitespace().collect::<Vec<_>>());
    let to_der = "pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der";
    run(server.path(), "openssl", &to_der.split(' ').collect::<Vec<_>>());
    let server_key = fs::read(server.path().join("key.der")).unwrap();
    let server_pem = fs::read(server.path().join("cert.pem")).unwrap();
    (Certificate::parse_all(&server_pem).unwrap().remove(0), server_key)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn key(pkcs8: &[u8]) -> PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(pkcs8.to_vec()).into()
}

fn der(certificate: &Certificate) -> CertificateDer<'static> {
    certificate.der().to_vec().into()
}

fn trusting(certificate: &Certificate) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der(certificate)).unwrap();
    Arc::new(roots)
}

/// A server that requires a client certificate under `root`.
fn tls_server(root: &Certificate, own: &Certificate, pkcs8: &[u8]) -> rustls::ServerConnection {
    let clients =
        rustls::server::WebPkiClientVerifier::builder_with_provider(trusting(root), provider());
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![der(own)], key(pkcs8))
        .unwrap();
    rustls::ServerConnection::new(Arc::new(config)).unwrap()
}

fn tls_client(
    server: &Certificate,
    chain: &[&Certificate],
    pkcs8: &Pkcs8,
) -> rustls::ClientConnection {
    let chain = chain.iter().map(|certificate| der(certificate)).collect();
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(trusting(server))
        .with_client_auth_cert(chain, key(pkcs8.expose()))
        .unwrap();
    rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
}

/// Exchanges the data of both sides until neither has any.
fn connect(
    mut client: rustls::ClientConnection,
    mut server: rustls::ServerConnection,
) -> (rustls::ClientConnection, rustls::ServerConnection) {
    while client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut &bytes[..]).unwrap();
        server.process_new_packets().unwrap();
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut &bytes[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}
