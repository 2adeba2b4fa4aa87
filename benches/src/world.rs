//! An authority over a store, and requests to it.

use std::sync::Arc;

use provkey::authority::{
    Authority, CertificateId, EnrollRequest, Environment, GroupId, KeyDetails, Name, NewAuthority,
    NewCertificate, NewKey,
};
use provkey::key::{Host, Keyring, MasterKey, Proof, ProvisioningKey};
use provkey::store::Store;
use provkey::x509::{KeyAlgorithm, Signer, SoftwareSigner, build_csr};

/// An authority with a group and an enrollment certificate.
#[derive(Debug)]
pub struct World {
    /// The authority.
    pub authority: Authority,
    /// Its only group.
    pub group: GroupId,
    /// Its only enrollment certificate, P-256.
    pub certificate: CertificateId,
}

fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_bytes([7; 32]))
}

/// Opens the authority that [`authority`] has created in a store.
pub fn open(store: Arc<dyn Store>) -> Authority {
    Authority::open(Environment::system(store), keyring()).expect("an authority")
}

/// Creates an authority in a store.
pub fn authority(store: Arc<dyn Store>) -> World {
    let host = Host::parse("api.private.example.com").expect("a host");
    let new = NewAuthority::new(host);
    let authority =
        Authority::create(Environment::system(store), keyring(), &new).expect("an authority");
    let group = authority.create_group(&name("group")).expect("a group").id;
    let new = NewCertificate::new(name("certificate"));
    let certificate = authority.create_certificate(&new).expect("a certificate").id;
    World { authority, group, certificate }
}

impl World {
    /// Creates a provisioning key.
    pub fn key(&self, key_name: &str, max_uses: u64) -> (KeyDetails, ProvisioningKey) {
        let new = NewKey::new(name(key_name), self.group, self.certificate, max_uses);
        let details = self.authority.create_key(&new).expect("a key");
        let text = self.authority.copy_key(details.id).expect("its text");
        let key = ProvisioningKey::read(text.expose().as_bytes()).expect("a good text");
        (details, key)
    }
}

/// A request of a new connector with a P-256 key, proven in its CSR.
pub fn p256_request(key: &ProvisioningKey) -> EnrollRequest {
    let (signer, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).expect("a key pair");
    let proof = Proof::make(key, signer.public_key().spki(), None);
    let csr = build_csr(&signer, &[&proof.to_attribute()]).expect("a CSR");
    EnrollRequest::new(csr)
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}
