//! What records and requests are made of: ids, names, address ranges, roles, scopes, actors,
//! orders.

mod actor;
mod address;
mod id;
pub(crate) mod name;
mod order;
mod role;
mod scope;

pub use actor::Actor;
pub use address::AddressRange;
pub use id::{AdminTokenId, AuthorityId, CertificateId, ConnectorId, GroupId};
pub use name::Name;
pub use order::KeyOrder;
pub use role::AdminRole;
pub use scope::AdminScope;
