//! Tests across crates, processes and foreign tools.
