//! The stored verifier of an admin token.
//!
//! ```text
//! verifier = HMAC(master, "provkey/1/admin-token" ‖ 0x00 ‖ DER of AdminTokenMessage)
//!
//! AdminTokenMessage ::= SEQUENCE {
//!     id      UTF8String,
//!     role    UTF8String,                    -- viewer, operator or admin
//!     scope   [0] IMPLICIT UTF8String OPTIONAL,   -- operator:<group id>; absent: everything
//!     end     [1] IMPLICIT INTEGER OPTIONAL,      -- Unix milliseconds; absent: never
//!     secret  OCTET STRING (SIZE (32)) }     -- SHA-256 of the id and the secret
//!
//! revoked = HMAC(master, "provkey/1/admin-token-revoked" ‖ 0x00 ‖ verifier)
//! ```
//!
//! So a writer of the store without the master key cannot make a token, extend one, or change its
//! role or its scope. Revoking a token replaces its verifier by `revoked`, so a revoked token comes
//! back only with its whole record from before.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::text::sha256;
use crate::der::tag;
use crate::der::writer::{nested, primitive};
use crate::key::{MasterKey, Secret};
use crate::ledger::records::AdminTokenRecord;

const SCOPE: u8 = tag::context_primitive(0);
const END: u8 = tag::context_primitive(1);

/// The verifier of a token with this record and this secret, while it is not revoked.
pub(crate) fn live(master: &MasterKey, record: &AdminTokenRecord, secret: &Secret) -> [u8; 32] {
    master.authenticate(b"provkey/1/admin-token", &message(record, secret))
}

/// The value that replaces a verifier when its token is revoked.
pub(crate) fn revoked(master: &MasterKey, live: &[u8]) -> [u8; 32] {
    master.authenticate(b"provkey/1/admin-token-revoked", live)
}

fn message(record: &AdminTokenRecord, secret: &Secret) -> Vec<u8> {
    let mut message = Vec::with_capacity(96);
    nested(&mut message, tag::SEQUENCE, |out| {
        primitive(out, tag::UTF8_STRING, record.id.as_str().as_bytes());
        primitive(out, tag::UTF8_STRING, record.role.as_str().as_bytes());
        if let Some(scope) = record.scope {
            primitive(out, SCOPE, scope.to_string().as_bytes());
        }
        if let Some(end) = record.expires_at {
            primitive(out, END, unsigned(&end.unix_ms().to_be_bytes()).as_slice());
        }
        primitive(out, tag::OCTET_STRING, &sha256(record.id, secret));
    });
    message
}

/// The contents of an INTEGER, in the fewest bytes (X.690, 8.3.2), with the top bit clear.
fn unsigned(big_endian: &[u8]) -> Vec<u8> {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    let significant = &big_endian[zeros.min(big_endian.len() - 1)..];
    let sign: &[u8] = if significant[0] & 0x80 == 0 { &[] } else { &[0] };
    [sign, significant].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::model::{AdminRole, AdminScope, AdminTokenId, Name};
    use crate::time::Timestamp;

    fn record(role: AdminRole, end: Option<u64>) -> AdminTokenRecord {
        AdminTokenRecord {
            id: AdminTokenId::parse("q2w3e4r5t6y7").unwrap(),
            name: Name::parse("ci").unwrap(),
            role,
            scope: None,
            created_at: Timestamp::default(),
            created_by: None,
            expires_at: end.map(Timestamp::from_unix_ms),
            revoked_at: None,
            verifier: None,
        }
    }

    fn hex(bytes: &[u8]) -> alloc::string::String {
        bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect()
    }

    /// The format is fixed: existing tokens stay valid. Another implementation made these.
    #[test]
    fn verifiers_are_these() {
        let (master, secret) = (MasterKey::from_bytes([7; 32]), Secret::from_bytes([9; 20]));
        let of = |role, end| live(&master, &record(role, end), &secret);
        let scope = AdminScope::parse("operator:p2w3e4r5t6y7").ok();
        let scoped =
            AdminTokenRecord { scope, ..record(AdminRole::Operator, Some(1_800_000_000_123)) };
        assert_eq!(
            hex(&live(&master, &scoped, &secret)),
            "8175d2baeeace68ee1fe81da31eeaf10b45a64746ba63ed31c2a27b314bae089"
        );
        let never = of(AdminRole::Viewer, None);
        assert_eq!(hex(&never), "d729b6001b4762d9c0c3eeea3a5b0c025955e88c06c279b361a99d332f154be4");
        assert_eq!(
            hex(&of(AdminRole::Admin, Some(1_800_000_000_123))),
            "c9caaaef72b5b5757ee5eb50fbdb4f15709149ea61a36bed58304210afccd5ee"
        );
        assert_eq!(
            hex(&revoked(&master, &never)),
            "b942a63b6dfe337eafd0b8d53cd9d147944f904039872abd2e5a31a6dcd8a590"
        );
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        let check = |value: u64, contents: &[u8]| {
            assert_eq!(unsigned(&value.to_be_bytes()), contents);
        };
        check(0, &[0]);
        check(127, &[127]);
        check(128, &[0, 128]);
        check(u64::MAX, &[0, 255, 255, 255, 255, 255, 255, 255, 255]);
    }
}
