//! What records and requests are made of: ids, names, address ranges, roles, actors, orders.

mod actor;
mod address;
mod id;
pub(crate) mod name;
mod order;
mod role;

pub use actor::Actor;
pub use address::AddressRange;
pub use id::{AdminTokenId, AuthorityId, CertificateId, ConnectorId, GroupId};
pub use name::Name;
pub use order::KeyOrder;
pub use role::AdminRole;
