//! The audit trail: who changed what, who enrolled, and what was refused after a proof.

mod checkpoint;
mod list;
mod prune;
mod rollback;
pub(crate) mod tally;

pub use checkpoint::Checkpoint;
pub(crate) use checkpoint::Reached;
pub use list::AuditFilter;
pub use prune::{Pruned, Retention};
