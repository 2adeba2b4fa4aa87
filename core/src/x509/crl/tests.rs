//! Lists as another parser sees them, and lists that are not signed.

use proptest::prelude::*;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber, CrlReason};

use super::*;
use crate::x509::KeyAlgorithm;
use crate::x509::signature;
use crate::x509::tests::{NOW, SIGNING, at, enrollment, root, serial};

fn parameters(revoked: &[RevokedCertificate]) -> CrlParameters<'_> {
    CrlParameters { number: 1, this_update: at(NOW), next_update: at(NOW + 1), revoked }
}

fn revoked() -> impl Strategy<Value = RevokedCertificate> {
    let reasons = prop::sample::select(RevocationReason::ALL.to_vec());
    (any::<[u8; 17]>(), 0..NOW * 2, reasons).prop_map(|(mut serial, seconds, reason)| {
        serial[0] = serial[0] & 0x3f | 0x40;
        let serial = SerialNumber::from_bytes(&serial).unwrap();
        assert_eq!(SerialNumber::parse(&std::format!("{serial}")), Ok(serial));
        RevokedCertificate { serial, revoked_at: at(seconds), reason }
    })
}

/// The other parser's list in our types.
fn entry(theirs: &x509_cert::crl::RevokedCert) -> RevokedCertificate {
    let extensions = theirs.crl_entry_extensions.iter().flatten();
    let reason = extensions.map(|one| CrlReason::from_der(one.extn_value.as_bytes()).unwrap());
    let reason = reason.map(|reason| std::format!("{reason:?}").to_lowercase()).next();
    let reason = reason.unwrap_or("unspecified".into());
    let named = |one: &RevocationReason| one.as_str().to_lowercase() == reason;
    RevokedCertificate {
        serial: SerialNumber::from_bytes(theirs.serial_number.as_bytes()).unwrap(),
        revoked_at: at(theirs.revocation_date.to_unix_duration().as_secs()),
        reason: RevocationReason::ALL.into_iter().find(named).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn another_parser_reads_what_was_written(
        revoked in prop::collection::vec(revoked(), 0..9),
        number in prop_oneof![0..300_u64, any::<u64>()],
    ) {
        let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
        let parameters = CrlParameters { number, ..parameters(&revoked) };
        let der = issue_crl(&issuer, &parameters).unwrap();
        let ours = RevocationList::parse(&der).unwrap();
        prop_assert_eq!((ours.number, &ours.revoked), (number, &revoked));
        prop_assert_eq!(RevocationList::parse(pem::encode(PEM_LABEL, &der).as_bytes()), Ok(ours));

        let theirs = CertificateList::from_der(&der).unwrap().tbs_cert_list;
        let entries: Vec<_> = theirs.revoked_certificates.iter().flatten().map(entry).collect();
        prop_assert_eq!(&entries, &revoked);
        prop_assert_eq!(theirs.revoked_certificates.is_some(), !revoked.is_empty());
        prop_assert_eq!(theirs.next_update.map(|t| at(t.to_unix_duration().as_secs())), Some(at(NOW + 1)));
        let extensions = theirs.crl_extensions.unwrap();
        let [key_id, seen] = &extensions[..] else { panic!("{extensions:?}") };
        let key_id = AuthorityKeyIdentifier::from_der(key_id.extn_value.as_bytes()).unwrap();
        let key_id = key_id.key_identifier.unwrap();
        prop_assert_eq!(key_id.as_bytes(), issuer.key_id());
        let seen = CrlNumber::from_der(seen.extn_value.as_bytes()).unwrap().0;
        let bytes = seen.as_bytes().iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        prop_assert_eq!(bytes, number);
    }

    #[test]
    fn a_damaged_list_never_gains_entries(cut in 0..400_usize, byte in any::<u8>()) {
        let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
        let mut der = issue_crl(&issuer, &parameters(&[])).unwrap();
        let cut = cut % der.len();
        prop_assert!(RevocationList::parse(&der[..cut]).is_err());
        der[cut] = byte;
        let _ = RevocationList::parse(&der);
        der.push(0);
        prop_assert!(RevocationList::parse(&der).is_err());
    }
}

#[test]
fn every_algorithm_signs() {
    for algorithm in SIGNING {
        let root = root(algorithm);
        for issuer in [&enrollment(&root, algorithm), &root] {
            let der = issue_crl(issuer, &parameters(&[])).unwrap();
            let signed = Signed::read(&der).unwrap();
            signature::verify(&signed, issuer.signer().public_key()).unwrap();
        }
    }
}

#[test]
fn a_flawed_list_is_not_signed() {
    let issuer = enrollment(&root(KeyAlgorithm::Ed25519), KeyAlgorithm::Ed25519);
    let other = enrollment(&root(KeyAlgorithm::EcdsaP256), KeyAlgorithm::EcdsaP256);
    let one =
        [RevokedCertificate { serial: serial(), revoked_at: at(1), reason: Default::default() }];
    let good = parameters(&one);
    let check = |issuer: &Issuer, asked: &CrlParameters<'_>, tbs: &[u8], flaw| {
        assert_eq!(lint(tbs, issuer, asked), flaw);
    };
    let tbs = write_tbs(&issuer, &good);
    check(&issuer, &good, &tbs, Ok(()));
    check(&issuer, &good, &tbs[1..], Err(Flaw::Encoding));
    check(&other, &good, &tbs, Err(Flaw::AuthorityKeyId));
    check(&root(KeyAlgorithm::Ed25519), &good, &tbs, Err(Flaw::Issuer));
    check(&issuer, &CrlParameters { number: 2, ..good }, &tbs, Err(Flaw::CrlNumber));
    check(&issuer, &CrlParameters { next_update: at(NOW + 2), ..good }, &tbs, Err(Flaw::Validity));
    check(&issuer, &CrlParameters { revoked: &[], ..good }, &tbs, Err(Flaw::Revoked));
    let backwards = CrlParameters { next_update: at(NOW), ..good };
    let flawed = Err(IssueError::Flawed(Flaw::Validity));
    assert_eq!(issue_crl(&issuer, &backwards), flawed);
}
