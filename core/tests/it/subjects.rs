//! What the errors of operators' calls are about.

use std::sync::Arc;
use std::time::Duration;

use provkey::authority::{
    AddressRange, AdminRole, AdminScope, Authority, CertificateImport, Checkpoint, ConnectorId,
    Cursor, EnrollmentCertificate, Error, ImportedKey, InputError, KeyUpdate, Name, NewAdminToken,
    NewAuthority, NewCertificate, NewKey, PageRequest,
};
use provkey::key::{Host, Keyring};
use provkey::store::Memory;
use provkey::testing::TestAuthority;
use provkey::time::Timestamp;
use provkey::x509::{KeyAlgorithm, Signer, SoftwareSigner};

use crate::common::{HOST, master, name};

/// A CA of another authority, which can be imported. The random numbers of a test begin anew in
/// each authority, so all these CAs have one subject.
fn external_ca() -> (EnrollmentCertificate, Arc<dyn Signer>) {
    let signer: Arc<dyn Signer> =
        Arc::new(SoftwareSigner::generate(KeyAlgorithm::EcdsaP256).unwrap().0);
    let mut new = NewCertificate::new(name("external"));
    new.signer = Some(Arc::clone(&signer));
    (TestAuthority::new().authority.create_certificate(&new).unwrap(), signer)
}

fn import(
    world: &TestAuthority,
    as_name: &str,
    (ca, signer): &(EnrollmentCertificate, Arc<dyn Signer>),
) -> Result<EnrollmentCertificate, Error> {
    let key = ImportedKey::Elsewhere(Arc::clone(signer));
    let certificates = vec![ca.certificate.clone()];
    world.authority.import_certificate(&CertificateImport::new(name(as_name), certificates, key))
}

fn host(number: usize) -> Host {
    Host::parse(&format!("h{number}.example.com")).unwrap()
}

/// An authority that was never created, or twice.
fn create(world: &TestAuthority, change: impl FnOnce(&mut NewAuthority)) -> Error {
    let mut new = NewAuthority::new(Host::parse(HOST).unwrap());
    change(&mut new);
    Authority::create(world.environment.clone(), Keyring::new(master(1)), &new).unwrap_err()
}

/// Provokes the error, and says what it should be about.
fn provoke(world: &TestAuthority, reason: InputError) -> (Error, Option<String>) {
    let authority = &world.authority;
    let key = || world.key("first floor", 1);
    let new_key = |change: fn(&mut NewKey)| {
        let mut new = world.new_key("first floor", 1);
        change(&mut new);
        authority.create_key(&new).unwrap_err()
    };
    let (group, certificate) = (&world.group, &world.certificate);
    let request = || authority.request_certificate(&NewCertificate::new(name("asked"))).unwrap();
    let about = |error: Error, subject: &str| (error, Some(subject.to_owned()));
    match reason {
        InputError::NameEmpty => (Name::parse(" ").unwrap_err().into(), None),
        InputError::NameTooLong => {
            let shown = format!("{}x…", "x-".repeat(62));
            about(Name::parse(&"x-".repeat(65)).unwrap_err().into(), &shown)
        }
        InputError::NameBadCharacter => {
            about(Name::parse("first\nfloor").unwrap_err().into(), "first\\nfloor")
        }
        InputError::NameIsAKey => {
            let text = world.provisioning_key(&key()).to_text();
            (Name::parse(text.expose()).unwrap_err().into(), None)
        }
        InputError::NameInUse => {
            key();
            about(new_key(|new| new.name = name("FIRST floor")), "FIRST floor")
        }
        InputError::KeyNotFound => about(authority.find_key("attic").unwrap_err(), "attic"),
        InputError::GroupNotFound => {
            authority.delete_group(group.id).unwrap();
            about(authority.group(group.id).unwrap_err(), group.id.as_str())
        }
        InputError::CertificateNotFound => {
            about(authority.find_certificate("CA 9").unwrap_err(), "CA 9")
        }
        InputError::ConnectorNotFound => {
            let id = ConnectorId::of_spki_sha256(&[1; 32]);
            about(authority.connector(id).unwrap_err(), &id.to_string())
        }
        InputError::AdminTokenNotFound => about(authority.find_token("CI").unwrap_err(), "CI"),
        InputError::GroupInUse => {
            key();
            about(authority.delete_group(group.id).unwrap_err(), group.name.as_str())
        }
        InputError::CertificateInUse => {
            key();
            let error = authority.delete_certificate(certificate.id).unwrap_err();
            about(error, certificate.name.as_str())
        }
        InputError::CrlImportedCa => {
            let id = import(world, "imported", &external_ca()).unwrap().id;
            about(authority.crl(id).unwrap_err(), id.as_str())
        }
        InputError::CertificateUnanswered => {
            let id = request().id;
            about(authority.certificate(id).unwrap_err(), id.as_str())
        }
        InputError::CertificateRequestNotFound => {
            let error = authority.delete_certificate_request(certificate.id).unwrap_err();
            about(error, certificate.id.as_str())
        }
        InputError::CertificateImportedAlready => {
            let ca = external_ca();
            import(world, "imported", &ca).unwrap();
            let error = import(world, "again", &ca).unwrap_err();
            about(error, &ca.0.certificate.subject_text())
        }
        InputError::CertificateSubjectInUse => {
            let (ca, other) = (external_ca(), external_ca());
            import(world, "imported", &ca).unwrap();
            let error = import(world, "other", &other).unwrap_err();
            about(error, &ca.0.certificate.subject_text())
        }
        InputError::SignerMissing => {
            let mut new = NewCertificate::new(name("elsewhere"));
            new.signer = Some(external_ca().1);
            let id = authority.create_certificate(&new).unwrap().id;
            let opened = Authority::open(world.environment.clone(), Keyring::new(master(1)));
            about(opened.unwrap().crl(id).unwrap_err(), id.as_str())
        }
        InputError::CheckpointInvalid => {
            about(Checkpoint::parse("yesterday").unwrap_err().into(), "yesterday")
        }
        InputError::EditConflict => {
            let key = key();
            let update = KeyUpdate::default().version(key.version + 1);
            about(authority.update_key(key.id, &update).unwrap_err(), key.id.as_str())
        }
        InputError::MaxUsesInvalid => about(new_key(|new| new.max_uses = 0), "0"),
        InputError::ExpiryInPast => {
            let past = "1970-01-01T00:00:05.000Z";
            let expired = |new: &mut NewKey| {
                new.expires_at = Some(Timestamp::from_unix_seconds(5));
            };
            about(new_key(expired), past)
        }
        InputError::AddressRangeInvalid => {
            about(AddressRange::parse("10.0.0.1/8").unwrap_err().into(), "10.0.0.1/8")
        }
        InputError::TooManyAddresses => {
            let range: AddressRange = "10.0.0.0/8".parse().unwrap();
            let update = KeyUpdate::default().allowed_addresses(vec![range; 65]);
            about(authority.update_key(key().id, &update).unwrap_err(), "65")
        }
        InputError::ValidityInvalid => {
            let mut new = NewCertificate::new(name("short"));
            new.crl_validity = Duration::from_secs(95_039_699);
            about(authority.create_certificate(&new).unwrap_err(), "3 years")
        }
        InputError::AlgorithmUnsupported => {
            let error = create(world, |new| new.algorithm = KeyAlgorithm::Rsa);
            about(error, KeyAlgorithm::Rsa.as_str())
        }
        InputError::TrustDomainInvalid => {
            let error = create(world, |new| new.trust_domain = Some("Example.com".into()));
            about(error, "Example.com")
        }
        InputError::ScopeInvalid => {
            let scope = AdminScope::Operator(group.id);
            let new = NewAdminToken::new(name("CI"), AdminRole::Admin).scope(scope);
            about(authority.create_token(&new).unwrap_err(), &scope.to_string())
        }
        InputError::AuthorityExists => (create(world, |_| ()), None),
        InputError::AuthorityMissing => {
            let mut environment = world.environment.clone();
            environment.store = Arc::new(Memory::new());
            (Authority::open(environment, Keyring::new(master(1))).unwrap_err(), None)
        }
        InputError::TooManyHosts => {
            (1..64).for_each(|number| authority.add_host(&host(number)).unwrap());
            about(authority.add_host(&host(64)).unwrap_err(), host(64).as_str())
        }
        InputError::HostUnknown => about(new_key(|new| new.host = Some(host(1))), host(1).as_str()),
        InputError::CursorInvalid => {
            let page = PageRequest::default().after(Cursor::new("elsewhere"));
            about(authority.list_groups(&page).unwrap_err(), "elsewhere")
        }
        other => panic!("{} has no test that provokes it", other.code()),
    }
}

#[test]
fn every_rejected_argument_is_named() {
    for reason in InputError::ALL {
        let (error, subject) = provoke(&TestAuthority::new(), *reason);
        assert_eq!(error.code(), reason.code());
        assert_eq!(error.subject(), subject.as_deref(), "{error}");
        let sentence = match subject {
            Some(subject) => format!("{reason}: {subject}"),
            None => reason.to_string(),
        };
        assert_eq!(error.to_string(), sentence);
    }
}

/// A key text in place of an id or a name is a secret.
#[test]
fn a_key_text_is_never_the_subject() {
    let world = TestAuthority::new();
    let text = world.provisioning_key(&world.key("first floor", 1)).to_text();
    let error = world.authority.find_key(text.expose()).unwrap_err();
    assert_eq!((error.code(), error.subject()), ("key_not_found", None));
    assert!(!error.to_string().contains(text.expose()), "{error}");
}
