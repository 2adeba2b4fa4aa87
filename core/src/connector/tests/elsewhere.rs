//! Private keys elsewhere: in a secure element, behind a signer.

use super::*;
use crate::connector::RenewalKey;
use crate::x509::Signer;

const MATERIAL: &[u8] = b"the machine's material";

fn element() -> Arc<dyn Signer> {
    Arc::new(signer())
}

/// Seals and opens an identity, which loses its signer.
fn reopened(identity: &Identity) -> Identity {
    Identity::open(&identity.seal(MATERIAL, &SystemRandom).unwrap(), MATERIAL).unwrap()
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map(drop).unwrap_err().code()
}

#[test]
fn an_identity_enrolls_with_a_key_elsewhere() {
    let (pki, element) = (Pki::new(), element());
    let mut identity = Identity::with_signer(Arc::clone(&element));
    assert!(identity.private_key().is_none());
    identity.request(&pki.key(), None).unwrap();

    let mut identity = reopened(&identity);
    assert_eq!(identity.public_key(), element.public_key());
    assert_eq!(code(identity.request(&pki.key(), None)), "signer_unavailable");
    assert_eq!(code(identity.attach_signer(&self::element())), "signer_key_mismatch");
    identity.attach_signer(&element).unwrap();
    identity.request(&pki.key(), None).unwrap();
    identity.accept_certificates(&pki.answer(&identity), at(NOW)).unwrap();
    assert!(reopened(&identity).certificate().is_some());
}

#[test]
fn it_renews_for_another_key_elsewhere() {
    let (pki, old, new) = (Pki::new(), element(), element());
    let mut identity = Identity::with_signer(Arc::clone(&old));
    identity.request(&pki.key(), None).unwrap();
    identity.accept_certificates(&pki.answer(&identity), at(NOW)).unwrap();
    let key = || RenewalKey::Elsewhere(Arc::clone(&new));
    identity.renew_request(key(), None).unwrap();

    // Both signers take part, and each finds its place after the identity was opened again.
    let mut identity = reopened(&identity);
    assert_eq!(code(identity.renew_request(key(), None)), "signer_unavailable");
    identity.attach_signer(&new).unwrap();
    assert_eq!(code(identity.renew_request(key(), None)), "signer_unavailable");
    identity.attach_signer(&old).unwrap();
    identity.renew_request(key(), None).unwrap();
    let leaf = pki.answer_for(new.public_key());
    identity.accept_certificates(&leaf, at(NOW)).unwrap();
    assert_eq!(identity.public_key(), new.public_key());
    assert!(identity.private_key().is_none() && !identity.is_renewing());
}

#[test]
fn an_identity_with_a_private_key_takes_no_signer() {
    let mut identity = Identity::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let private_key = identity.private_key().unwrap();
    let same = SoftwareSigner::from_pkcs8(private_key, identity.public_key()).unwrap();
    let same: Arc<dyn Signer> = Arc::new(same);
    assert_eq!(code(identity.attach_signer(&same)), "signer_key_mismatch");
}
