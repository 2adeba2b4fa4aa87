//! An authority whose enrollment certificate has its key in a token.

use std::fs;
use std::sync::Arc;

use provkey::authority::{
    Authority, EnrollRequest, Enrolled, Environment, Error, Name, NewAuthority, NewCertificate,
    NewKey,
};
use provkey::key::{Host, KeyId, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::store::Memory;
use provkey::x509::{KeyAlgorithm, Signer as _, SoftwareSigner, build_csr};
use provkey_pkcs11::Pkcs11Signer;

use crate::softhsm::SoftHsm;

pub(crate) struct Fleet {
    authority: Authority,
    key: KeyId,
    text: ProvisioningKey,
}

impl Fleet {
    /// With a provisioning key for any number of connectors.
    pub(crate) fn new(signer: Pkcs11Signer) -> Self {
        let environment = Environment::system(Arc::new(Memory::new()));
        let name = || Name::parse("Plant 7").unwrap();
        let new = NewAuthority::new(Host::parse("api.private.example.com").unwrap());
        let keyring = Keyring::new(MasterKey::from_bytes([7; 32]));
        let authority = Authority::create(environment, keyring, &new).unwrap();
        let group = authority.create_group(&name()).unwrap().id;
        let mut certificate = NewCertificate::new(name());
        certificate.signer = Some(Arc::new(signer));
        let certificate = authority.create_certificate(&certificate).unwrap().id;
        let new = NewKey::new(name(), group, certificate, 1_000_000);
        let key = authority.create_key(&new).unwrap().id;
        let text = authority.copy_key(key).unwrap();
        let text = ProvisioningKey::read(text.expose().as_bytes()).unwrap();
        Self { authority, key, text }
    }

    /// Enrolls a new connector.
    pub(crate) fn enroll(&self) -> Result<Enrolled, Error> {
        let (connector, _) = SoftwareSigner::generate(KeyAlgorithm::Ed25519).unwrap();
        let proof = Proof::make(&self.text, connector.public_key().spki(), None);
        let csr = build_csr(&connector, &[&proof.to_attribute()]).unwrap();
        self.authority.enroll(&EnrollRequest::new(csr))
    }

    /// How many uses the key has had.
    pub(crate) fn used(&self) -> u64 {
        self.authority.key(self.key).unwrap().used
    }

    /// A connector enrolls, and OpenSSL accepts its certificate.
    pub(crate) fn check_with_openssl(&self, hsm: &SoftHsm) {
        let chain = self.enroll().unwrap().chain_pem();
        fs::write(hsm.path("chain.pem"), chain).unwrap();
        fs::write(hsm.path("root.pem"), self.authority.root().to_pem()).unwrap();
        let options = ["verify", "-x509_strict", "-purpose", "sslclient"];
        let files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"];
        hsm.run("openssl", &[&options[..], &files].concat());
    }
}
