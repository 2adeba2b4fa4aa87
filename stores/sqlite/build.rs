//! Builds the few lines of C that SQLite calls for its locks: `fcntl` is variadic, which Rust
//! cannot define.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/locks.c");
    if env::var_os("CARGO_CFG_UNIX").is_some() {
        cc::Build::new()
            .file("src/locks.c")
            .std("c11")
            .warnings_into_errors(env::var_os("CI").is_some())
            .extra_warnings(true)
            .compile("provkey_sqlite_locks");
    }
}
