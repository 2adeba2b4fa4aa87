//! A signer of your own: the key of an enrollment certificate that is not in the store.
//! `cargo run --example signer`.
//!
//! For tokens there is provkey-pkcs11. This one stands for a service that signs over a network.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use provkey::authority::{Authority, Name, NewCertificate, NewKey};
use provkey::testing::TestAuthority;
use provkey::x509::{KeyAlgorithm, PublicKey, Signer, SignerError, SoftwareSigner};

/// Calls the service, and counts the calls.
struct SigningService {
    /// Here the service is this key in memory.
    key: SoftwareSigner,
    signatures: AtomicU64,
}

impl Signer for SigningService {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Answers `SignerError::Unavailable` if the service cannot be reached: the enrollment fails
    /// with `signer_unavailable`, costs no use, and may be tried again.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        self.signatures.fetch_add(1, Ordering::Relaxed);
        self.key.sign(message)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let test = TestAuthority::new();
    let (key, _) = SoftwareSigner::generate(KeyAlgorithm::EcdsaP256)?;
    let service = Arc::new(SigningService { key, signatures: AtomicU64::new(0) });

    // The root signs a certificate for the service's public key, and attaches the service.
    let new = NewCertificate::new(Name::parse("Signed elsewhere")?).signer(service.clone());
    let certificate = test.authority.create_certificate(&new)?.id;

    let new = NewKey::new(Name::parse("Rollout")?, test.group.id, certificate, 2);
    let key = test.authority.create_key(&new)?;
    test.authority.enroll(&test.request(&key))?;

    // Each process that opens the authority attaches its signers.
    let again = Authority::open(test.environment.clone(), TestAuthority::keyring())?;
    again.attach_signer(service.clone())?;
    again.enroll(&test.request(&key))?;

    let signatures = service.signatures.load(Ordering::Relaxed);
    writeln!(std::io::stdout(), "the service has made {signatures} signatures")?;
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
