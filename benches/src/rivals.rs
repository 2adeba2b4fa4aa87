//! The rivals: the cryptography alone, and hand-written accounting on SQLite.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use provkey::x509::KeyAlgorithm;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ED25519, EcdsaKeyPair, EcdsaVerificationAlgorithm,
    Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use rusqlite::{Connection, TransactionBehavior};

/// Verifies one signature and makes another with ring: the least work of an enrollment. The
/// messages are as long as a CSR and a certificate.
pub fn verify_and_sign(algorithm: KeyAlgorithm) -> Box<dyn Fn() + Sync> {
    let (request, certificate) = ([1; 300], [2; 450]);
    let random = SystemRandom::new();
    let (signing, verifying): (_, &EcdsaVerificationAlgorithm) = match algorithm {
        KeyAlgorithm::EcdsaP384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1),
        KeyAlgorithm::Ed25519 => {
            let key = Ed25519KeyPair::generate_pkcs8(&random).expect("a key pair");
            let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("the same key pair");
            let signature = key.sign(&request);
            return Box::new(move || {
                let public_key = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
                public_key.verify(&request, signature.as_ref()).expect("a good signature");
                std::hint::black_box(key.sign(&certificate));
            });
        }
        _ => (&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_ASN1),
    };
    let key = EcdsaKeyPair::generate_pkcs8(signing, &random).expect("a key pair");
    let key = EcdsaKeyPair::from_pkcs8(signing, key.as_ref(), &random).expect("the same key pair");
    let signature = key.sign(&random, &request).expect("a signature");
    Box::new(move || {
        let public_key = UnparsedPublicKey::new(verifying, key.public_key().as_ref());
        public_key.verify(&request, signature.as_ref()).expect("a good signature");
        key.sign(&SystemRandom::new(), &certificate).expect("a signature");
    })
}

/// The journal mode of the hand-written program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// The default of SQLite: a rollback journal.
    Rollback,
    /// The write-ahead log, synced at each commit.
    Wal,
}

/// Hand-written accounting: a table of keys with a count, a table of enrollments, and one
/// transaction for each use, over one connection that all threads share.
#[derive(Debug)]
pub struct HandWritten(Mutex<Connection>);

impl HandWritten {
    /// Creates the tables, and one key with a limit.
    pub fn create(path: &Path, journal: Journal, max_uses: u64) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        if journal == Journal::Wal {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
        }
        connection.execute_batch(
            "CREATE TABLE keys (id INTEGER PRIMARY KEY, max_uses INTEGER, used INTEGER);
             CREATE TABLE enrollments (
                 public_key BLOB PRIMARY KEY, key INTEGER, serial BLOB, at INTEGER, certificate BLOB
             );
             CREATE INDEX by_key ON enrollments (key, at);
             CREATE INDEX by_serial ON enrollments (serial);
             CREATE TABLE audit (at INTEGER, what TEXT);",
        )?;
        connection.execute("INSERT INTO keys VALUES (1, ?1, 0)", [max_uses])?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Counts one use and records the enrollment. Returns whether the key allowed it.
    pub fn enroll(&self, public_key: &[u8; 32], certificate: &[u8]) -> rusqlite::Result<bool> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let counted = transaction
            .prepare_cached("UPDATE keys SET used = used + 1 WHERE id = 1 AND used < max_uses")?
            .execute(())?;
        if counted == 1 {
            transaction
                .prepare_cached("INSERT INTO enrollments VALUES (?1, 1, ?2, 1, ?3)")?
                .execute((public_key, &public_key[..17], certificate))?;
            transaction
                .prepare_cached("INSERT INTO audit VALUES (1, 'connector enrolled with key 1')")?
                .execute(())?;
        }
        transaction.commit()?;
        Ok(counted == 1)
    }
}
