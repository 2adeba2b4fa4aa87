//! Shared by the benchmarks: an authority, connectors, the accounting alone, rivals, and the
//! table.

mod accounting;
mod many_keys;
mod rival_postgres;
mod rivals;
mod table;
mod world;

pub use accounting::Accounting;
pub use many_keys::ManyKeys;
pub use rival_postgres::HandWrittenPostgres;
pub use rivals::{HandWritten, Journal, verify_and_sign};
pub use table::{
    ROUNDS, Row, beside, beside_in_turns, cores, durations, median, median_ms, per_second, run,
    tail,
};
pub use world::{World, authority, open, p256_request};
