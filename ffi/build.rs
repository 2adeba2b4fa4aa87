//! How the library is linked, and whether it may use what a stable compiler keeps back.

use std::env;

/// As `PROVKEY_ABI_VERSION` in `src/version.rs`.
const ABI_VERSION: u32 = 1;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_BOOTSTRAP");
    println!("cargo::rustc-check-cfg=cfg(alloc_error_hook)");
    // The name of this crate for the compiler, or 1 for all crates.
    if env::var("RUSTC_BOOTSTRAP").is_ok_and(|crates| ["1", "provkey"].contains(&&*crates)) {
        println!("cargo::rustc-cfg=alloc_error_hook");
    }
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux" || os == "android") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libprovkey.so.{ABI_VERSION}");
    }
}
