//! What the authority keeps in its store: the record keys, and the bodies as JSON.
//!
//! | record | holds |
//! |---|---|
//! | `authority` | [`AuthorityRecord`] |
//! | `master-users/<slot>` | counter of what stands on a master key |
//! | `group/<id>`, `group-by-name/<name>`, `group-users/<id>` | [`GroupRecord`], its id, counter of its keys |
//! | `certificate/<id>`, `certificate-by-name/<name>`, `certificate-users/<id>` | [`CertificateRecord`], its id, counter of its keys |
//! | `certificate-by-subject/<hash>` | the id of the certificate with this subject |
//! | `certificate-request/<id>` | [`CertificateRequestRecord`]; its name is in `certificate-by-name` |
//! | `key/<id>`, `key-uses/<id>`, `key-deleted/<id>` | [`KeyRecord`], counter of its uses, [`Tombstone`] |
//! | `key-by-name/<name>`, `key-by-created/<ms>/<id>` | the key's id |
//! | `key-by-group/<group>/{name,created}/…`, `key-by-certificate/<certificate>/{name,created}/…` | the key's id |
//! | `enrollment/<id of a public key>` | [`Owner`]: the enrollment of the connector that has this id, or who renewed with this public key |
//! | `enrollment-by-key/<key>/<ms>/<connector>`, `enrollment-by-group/<group>/<ms>/<connector>` | nothing |
//! | `enrollment-by-serial/<certificate>/<serial>` | the connector's id |
//! | `revoked/<certificate>/<serial>` | [`RevokedRecord`]: what CRLs are made of |
//! | `last-revocation/<certificate>` | the connector's id; its version tells whether a CRL is complete |
//! | `crl/<certificate>` | [`CrlRecord`]; of the root, `crl/root` |
//! | `admin-token/<id>`, `admin-token-by-name/<name>` | [`AdminTokenRecord`], its id while it is not revoked |
//! | `replays/<connector>` | [`ReplaysRecord`], best effort |
//! | `audit/<ms>/<16 hex digits>` | [`AuditRecord`] |
//! | `audit-pruned` | before which moment audit records may be gone |
//!
//! Names are folded, moments are Unix milliseconds of 13 digits, so byte order is their order.

mod audit;
mod body;
mod forms;
mod keys;
mod owner;

pub use audit::{Action, AuditRecord};
pub(crate) use body::{counter, damaged, decode, encode, ids, last_part, text};
pub(crate) use forms::*;
pub(crate) use keys::*;
pub(crate) use owner::{Owner, RenewedKeyRecord, enrolled};
