//! An authority and a connector in one program: `cargo run --example enroll`.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;

use provkey::authority::{
    Authority, EnrollRequest, Environment, Name, NewAuthority, NewCertificate, NewKey, RenewRequest,
};
use provkey::connector::{Identity, RenewalKey};
use provkey::key::{Fingerprint, Host, Keyring, MasterKey, ProvisioningKey};
use provkey::random::SystemRandom;
use provkey::store::Memory;
use provkey::time::{Clock, SystemClock};
use provkey::x509::KeyAlgorithm;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();

    // The authority. The memory store forgets; provkey-sqlite and provkey-postgres do not. An
    // application keeps the master key outside the store: anyone who has both can enroll.
    let environment = Environment::system(Arc::new(Memory::new()));
    let keyring = Keyring::new(MasterKey::generate(&SystemRandom)?);
    let new = NewAuthority::new(Host::parse("api.private.example.com")?);
    let authority = Authority::create(environment, keyring, &new)?;

    // The operator: a group, a certificate that signs for it, and a key for 25 connectors.
    let group = authority.create_group(&Name::parse("Branch offices")?)?.id;
    let new = NewCertificate::new(Name::parse("Connectors 2026")?);
    let certificate = authority.create_certificate(&new)?.id;
    let expires_at = SystemClock.now().plus(core::time::Duration::from_secs(30 * 86_400));
    let new = NewKey::new(Name::parse("Rollout")?, group, certificate, 25).expires_at(expires_at);
    let key = authority.create_key(&new)?;
    let text = authority.copy_key(key.id)?;
    writeln!(out, "a key for {} connectors: {}", key.max_uses, key.id)?;

    // The connector: reads the text, generates a key pair, asks. It saves its identity before it
    // sends the request. If the answer is lost it asks again, and that costs no further use.
    let key_read = ProvisioningKey::read(text.expose().as_bytes())?;
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256)?;
    let machine = Fingerprint::of_raw(b"/etc/machine-id, a serial number, a TPM's key");
    let request = identity.request(&key_read, Some(machine))?;
    let saved = identity.to_bytes();

    // How request and answer travel is up to the application.
    let enrolled = authority.enroll(&EnrollRequest::new(request.der()))?;
    writeln!(
        out,
        "connector {} has a certificate until {}",
        enrolled.connector, enrolled.not_after
    )?;

    // The connector accepts what its key pins, and nothing else.
    let mut identity = Identity::from_bytes(&saved)?;
    identity.accept(enrolled.chain_pem().as_bytes(), SystemClock.now())?;

    // Later it renews, here for a new key pair. Renewals cost no use.
    let key_pair = RenewalKey::New(KeyAlgorithm::EcdsaP256);
    let request = identity.renew_request(key_pair, Some(machine))?;
    let renewed = authority.renew(&RenewRequest::new(request.der()))?;
    identity.accept(renewed.chain_pem().as_bytes(), SystemClock.now())?;
    let state = identity.state(SystemClock.now());
    writeln!(out, "its certificate is {state}; the key has {} use", authority.key(key.id)?.used)?;
    Ok(())
}

#[test]
fn runs() -> Result<(), Box<dyn Error>> {
    main()
}
