//! Verifiers in libraries: Mbed TLS for firmware, and spiffe.

use std::path::Path;

use spiffe::X509Svid;
use tempfile::TempDir;

use super::{CHAIN, each_pair, run, uses_ed25519};

/// The verifier of `mbedtls.c`, built.
pub(super) struct MbedTls(TempDir);

impl MbedTls {
    pub(super) fn build() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/foreign/mbedtls.c");
        let built = TempDir::new().unwrap();
        let flags = "-Wall -Wextra -Werror -o verify".split(' ');
        let libraries = "-lmbedx509 -lmbedcrypto".split(' ');
        let arguments: Vec<_> = flags.chain([source.to_str().unwrap()]).chain(libraries).collect();
        run(built.path(), "cc", &arguments);
        Self(built)
    }

    #[track_caller]
    pub(super) fn accepts(&self, folder: &Path) {
        run(folder, self.0.path().join("verify").to_str().unwrap(), &CHAIN);
    }
}

/// Except for Ed25519, which Mbed TLS 2.28 does not support.
#[test]
fn mbedtls_accepts_every_chain() {
    let mbedtls = MbedTls::build();
    each_pair(|authority, leaf, _| {
        if !uses_ed25519([&authority.root, leaf]) {
            mbedtls.accepts(authority.directory.path());
        }
    });
}

/// As an X.509-SVID: a leaf that signs, is not a CA, and has one SPIFFE ID.
#[test]
fn every_leaf_reads_as_an_svid() {
    each_pair(|authority, leaf, pkcs8| {
        let chain = [leaf.der(), authority.enrollment.certificate().der()].concat();
        let svid = X509Svid::parse_from_der(&chain, pkcs8.expose()).unwrap();
        assert_eq!(svid.spiffe_id().to_string(), leaf.uris()[0]);
        assert_eq!(svid.spiffe_id().trust_domain().as_str(), "api.private.example.com");
        assert_eq!(svid.leaf().as_bytes(), leaf.der());
    });
}
