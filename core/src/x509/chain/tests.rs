//! Certificates that form a chain, and ones that do not, each for its own reason.

use std::sync::Arc;
use std::vec::Vec;

use super::*;
use crate::x509::profile::{
    Tbs, head, write_authority_key_id, write_ca_constraints, write_certificate, write_client_auth,
    write_connector_name, write_leaf_constants, write_subject_key_id, write_tbs,
};
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::tests::{NOW, YEAR, at, ca, enrollment, leaf, root, serial, signer};
use crate::x509::validity::Validity;
use crate::x509::{
    Issuer, KeyAlgorithm, PublicKey, Signer, SoftwareSigner, issue_leaf, issue_root,
};

const ALGORITHM: KeyAlgorithm = KeyAlgorithm::Ed25519;

/// A root, an authority below it, and a connector.
struct World {
    root: Issuer,
    enrollment: Issuer,
    connector: SoftwareSigner,
    leaf: Certificate,
}

impl World {
    fn new() -> Self {
        let root = root(ALGORITHM);
        let enrollment = enrollment(&root, ALGORITHM);
        let connector = signer(ALGORITHM);
        let issued = issue_leaf(&enrollment, &leaf(connector.public_key())).unwrap();
        let leaf = Certificate::parse(&issued.der).unwrap();
        Self { root, enrollment, connector, leaf }
    }

    fn certificates(&self) -> Vec<Certificate> {
        [&self.leaf, self.enrollment.certificate(), self.root.certificate()]
            .map(Clone::clone)
            .into()
    }

    fn build(&self, certificates: &[Certificate]) -> Result<Chain, ChainError> {
        let pin = self.root.certificate().spki();
        let leaf = self.connector.public_key().spki();
        Chain::build(certificates, leaf, ChainUse::ClientAuth, |spki| spki == pin)
    }

    #[track_caller]
    fn check(&self, certificates: &[Certificate], expected: ChainError) {
        assert_eq!(self.build(certificates), Err(expected));
    }

    /// A chain in which these stand instead of the enrollment certificate and the leaf.
    #[track_caller]
    fn check_with(&self, enrollment: Certificate, leaf: Certificate, expected: ChainError) {
        self.check(&[leaf, enrollment, self.root.certificate().clone()], expected);
    }
}

/// A certificate with any content, signed by any key.
fn forge(
    signer: &dyn Signer,
    issuer: &[u8],
    name: &str,
    public_key: &PublicKey,
    extensions: &dyn Fn(&mut Vec<u8>),
) -> Certificate {
    let tbs = write_tbs(&Tbs {
        serial: serial(),
        head: &head(signer, issuer),
        validity: Validity { not_before: at(NOW), not_after: at(NOW + YEAR) },
        subject: &|out| write_connector_name(out, name),
        public_key,
        extensions,
    });
    let algorithm = SignatureAlgorithm::of(signer.public_key().algorithm()).identifier();
    let der = write_certificate(&tbs, algorithm, &signer.sign(&tbs).unwrap());
    Certificate::parse(&der).unwrap()
}

#[test]
fn order_and_extra_certificates_do_not_matter() {
    let world = World::new();
    let stranger = World::new();
    let certificates = world.certificates();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut shuffled: Vec<_> = order.map(|at| certificates[at].clone()).into();
        assert_eq!(world.build(&shuffled).unwrap().certificates(), certificates);
        shuffled.extend(stranger.certificates());
        shuffled.push(certificates[1].clone());
        assert_eq!(world.build(&shuffled).unwrap().certificates(), certificates);
    }
    let many = std::vec![certificates[0].clone(); CHAIN_CERTIFICATES_MAX + 1];
    world.check(&many, ChainError::TooMany);
}

#[test]
fn nothing_may_be_missing() {
    let world = World::new();
    let [leaf, enrollment, root] = world.certificates().try_into().unwrap();
    world.check(&[leaf.clone(), root.clone()], ChainError::Incomplete);
    world.check(&[leaf, enrollment.clone()], ChainError::UntrustedRoot);
    world.check(&[enrollment, root], ChainError::NoLeaf);
    world.check(&[], ChainError::UntrustedRoot);
    world.check(&World::new().certificates(), ChainError::UntrustedRoot);
}

#[test]
fn every_signature_counts() {
    let world = World::new();
    for (at, certificate) in world.certificates().iter().enumerate() {
        let mut der = certificate.der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let mut certificates = world.certificates();
        certificates[at] = Certificate::parse(&der).unwrap();
        world.check(&certificates, ChainError::BadSignature);
    }
}

#[test]
fn a_root_of_the_same_name_is_not_trusted() {
    let world = World::new();
    let impostor = root(ALGORITHM);
    assert_eq!(impostor.certificate().subject(), world.root.certificate().subject());
    let mut certificates = world.certificates();
    certificates.insert(0, impostor.certificate().clone());
    assert_eq!(world.build(&certificates).unwrap().certificates(), world.certificates());
    // A root with the pinned key, but signed with another.
    let (pinned, own) = (world.root.certificate(), signer(ALGORITHM));
    let public_key = pinned.public_key().unwrap();
    let subject = enrollment(&world.root, ALGORITHM).certificate().issuer().to_vec();
    let forged = forge(&own, &subject, "Test", &public_key, &|out| write_ca_constraints(out, None));
    let leaf = forge(
        world.root.signer(),
        forged.subject(),
        "leaf",
        world.connector.public_key(),
        &|out| write_client_auth(out),
    );
    world.check(&[leaf, forged], ChainError::BadSignature);
}

#[test]
fn a_ca_must_not_exceed_its_constraints() {
    let world = World::new();
    let (issuer, ca_key) = (world.root.certificate(), signer(ALGORITHM));
    let root_key = issuer.subject_key_id().unwrap();
    let root_signer = world.root.signer();
    let make = |name: &str, extensions: &dyn Fn(&mut Vec<u8>)| {
        let ca = forge(root_signer, issuer.subject(), name, ca_key.public_key(), &|out| {
            extensions(out);
            write_authority_key_id(out, root_key);
            write_subject_key_id(out, &ca_key.public_key().key_id());
        });
        let key_id = ca.subject_key_id().unwrap().to_vec();
        let leaf = forge(&ca_key, ca.subject(), "leaf", world.connector.public_key(), &|out| {
            write_leaf_constants(out, &key_id);
        });
        (ca, leaf)
    };
    let (ca, leaf) = make("good", &|out| write_ca_constraints(out, Some(0)));
    assert!(world.build(&[ca, leaf, issuer.clone()]).is_ok());
    let (ca, leaf) = make("no authority", &write_client_auth);
    world.check_with(ca, leaf, ChainError::NotAnAuthority);
    let (ca, leaf) = make("for servers", &|out| {
        write_ca_constraints(out, Some(0));
        out.extend(
            b"\x30\x13\x06\x03\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
        );
    });
    world.check_with(ca, leaf, ChainError::WrongUsage);
    let (ca, leaf) = make("with a critical extension", &|out| {
        write_ca_constraints(out, Some(0));
        out.extend(b"\x30\x0c\x06\x03\x55\x1d\x1e\x01\x01\xff\x04\x02\x30\x00");
    });
    world.check_with(ca, leaf, ChainError::UnknownCriticalExtension);
}

#[test]
fn a_path_must_not_exceed_the_path_length() {
    let world = World::new();
    // An enrollment certificate, whose path length is 0, signs another authority.
    let (above, ca_key) = (world.enrollment.certificate(), signer(ALGORITHM));
    let ca =
        forge(world.enrollment.signer(), above.subject(), "below", ca_key.public_key(), &|out| {
            write_ca_constraints(out, None)
        });
    let leaf = forge(&ca_key, ca.subject(), "leaf", world.connector.public_key(), &|out| {
        write_client_auth(out);
    });
    let root = world.root.certificate().clone();
    world.check(&[leaf, ca, above.clone(), root], ChainError::PathTooLong);
}

#[test]
fn a_leaf_is_for_its_use() {
    let world = World::new();
    let enrollment = world.enrollment.certificate();
    let make = |extensions: &dyn Fn(&mut Vec<u8>)| {
        let public_key = world.connector.public_key();
        forge(world.enrollment.signer(), enrollment.subject(), "leaf", public_key, extensions)
    };
    let check = |leaf, expected| world.check_with(enrollment.clone(), leaf, expected);
    let public_key = world.connector.public_key();
    check(make(&|out| write_subject_key_id(out, &public_key.key_id())), ChainError::WrongUsage);
    check(
        make(&|out| {
            write_client_auth(out);
            write_ca_constraints(out, None);
        }),
        ChainError::WrongUsage,
    );
    let leaf_spki = world.connector.public_key().spki();
    let pin = world.root.certificate().spki();
    let certificates = world.certificates();
    let server = Chain::build(&certificates, leaf_spki, ChainUse::ServerAuth, |spki| spki == pin);
    assert_eq!(server, Err(ChainError::WrongUsage));
}

#[test]
fn time_is_checked_separately() {
    let world = World::new();
    let chain = world.build(&world.certificates()).unwrap();
    let (not_before, not_after) = (at(NOW - 300), at(NOW + YEAR));
    assert_eq!((chain.not_before(), chain.not_after()), (not_before, not_after));
    assert_eq!(chain.check_time(not_before), Ok(()));
    assert_eq!(chain.check_time(not_after), Ok(()));
    let now = at(NOW - 301);
    assert_eq!(chain.check_time(now), Err(ChainError::NotYetValid { now, not_before }));
    let now = at(NOW + YEAR + 1);
    assert_eq!(chain.check_time(now), Err(ChainError::Expired { now, not_after }));
}

#[test]
fn a_root_that_signed_nothing_but_itself_is_no_chain() {
    let signer = signer(ALGORITHM);
    let root = issue_root(&signer, &ca("root", 1)).unwrap();
    let issuer = Issuer::new(root.clone(), Arc::new(signer)).unwrap();
    let spki = issuer.certificate().spki();
    let result = Chain::build(&[root], spki, ChainUse::ClientAuth, |key| key == spki);
    assert_eq!(result, Err(ChainError::WrongUsage));
}
