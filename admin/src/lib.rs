//! Administration of a provkey authority as types and one trait.
//!
//! [`Administration`] has a method for each operation. Its requests and answers are plain types,
//! whose JSON is that of the API of `provkey-server`. [`Local`] implements it in the process:
//!
//! ```text
//!   axum routes (provkey-server) ──▶ Administration ◀── Local ──▶ provkey::authority::Authority
//! ```
//!
//! Every call names an [`Actor`]: who calls, with which role, limited to which scope. The module
//! [`operation`] states for each operation who may call it.
//!
//! ```
//! use provkey::authority::AdminRole;
//! use provkey::testing::TestAuthority;
//! use provkey_admin::{Actor, Administration, KeyQuery, Local, NewKey};
//!
//! let test = TestAuthority::new();
//! let administration = Local::new(test.authority.clone());
//! let operator = Actor::new("alice", AdminRole::Operator);
//! let (group, certificate) = (test.group.id.to_string(), test.certificate.id.to_string());
//! let mut new = NewKey::new("first floor", group, certificate, 25);
//! new.proof_only = true;
//! let key = administration.create_key(&operator, &new)?;
//! let text = administration.copy_key(&operator, &key.id)?.text;
//! assert!(text.starts_with("pvk1_api.private.example.com_"));
//!
//! let viewer = Actor::new("bob", AdminRole::Viewer);
//! assert_eq!(administration.list_keys(&viewer, &KeyQuery::default())?.items, [key.clone()]);
//! let refused = administration.delete_key(&viewer, &key.id).unwrap_err();
//! assert_eq!(refused.code(), "role_insufficient");
//! # Ok::<(), provkey_admin::Error>(())
//! ```
//!
//! With the feature `openapi` the types have schemas for an OpenAPI description.

mod actor;
mod administration;
mod audit;
mod authority;
mod certificates;
mod connectors;
mod error;
mod groups;
mod ids;
mod keys;
mod local;
mod moment;
mod nullable;
pub mod operation;
mod page;
#[cfg(feature = "openapi")]
mod schema;
mod tokens;
mod utilization;

pub use actor::Actor;
pub use administration::Administration;
pub use audit::{AuditEntry, AuditQuery};
pub use authority::{AuthorityDetails, NewHost, Root};
pub use certificates::{
    Answer, Certificate, CertificateImport, CertificateRequest, NewCertificate,
};
pub use connectors::{Connector, ConnectorQuery, Revocation};
pub use error::Error;
pub use groups::{Group, NewGroup};
pub use keys::{
    Compromise, Compromised, Key, KeyFile, KeyPatch, KeyQuery, KeySort, KeyText, Named, NewKey,
};
pub use local::Local;
pub use moment::Moment;
pub use page::{Page, PageQuery};
pub use tokens::{AdminToken, CreatedToken, NewAdminToken};
pub use utilization::{Utilization, UtilizationQuery};
