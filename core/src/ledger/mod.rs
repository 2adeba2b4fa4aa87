//! What talks to the store: records, changes, listings. The authority is built on it; nothing here
//! knows the authority.

pub(crate) mod change;
pub(crate) mod error;
pub(crate) mod listing;
pub(crate) mod model;
pub(crate) mod observer;
pub(crate) mod records;
