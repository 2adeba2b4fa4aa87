//! A durable [provkey store](provkey::store) in PostgreSQL: several hosts, one truth.

mod address;
mod batch;
mod error;
mod options;
mod outside;
mod pool;
mod read;
mod record;
mod schema;
mod session;
mod store;
mod tls;

pub use options::PostgresOptions;
pub use store::PostgresStore;
