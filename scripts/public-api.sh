#!/usr/bin/env bash
# The public API of the libraries: shows what differs from the recorded one, or records it
# (--record).
source "$(dirname "$0")/common.sh"

# Reads the form of rustdoc's JSON that Rust 1.95 writes.
cargo_tool cargo-public-api 0.52.0

differs=
for package in core:provkey stores/sqlite:provkey-sqlite stores/postgres:provkey-postgres \
    signers/pkcs11:provkey-pkcs11 admin:provkey-admin server:provkey-server; do
    folder=${package%:*} name=${package#*:} crate=${package#*:}
    crate=${crate//-/_}
    # RUSTC_BOOTSTRAP: the JSON is behind an unstable flag of the stable rustdoc. For this crate
    # only, so that its dependencies are those of `cargo doc`.
    RUSTC_BOOTSTRAP=$crate cargo rustdoc --quiet --locked -p "$name" --lib --all-features -- \
        -Z unstable-options --output-format json
    api=target/doc/$crate.public-api.txt
    target/tools/bin/cargo-public-api public-api -sss --rustdoc-json "target/doc/$crate.json" >"$api"
    if [ "${1:-}" = --record ]; then
        cp "$api" "$folder/public-api.txt"
    else
        diff -u "$folder/public-api.txt" "$api" || differs=1
    fi
done
if [ -n "$differs" ]; then
    echo 'error: the public API differs from the recorded one; if that is meant: make public-api' >&2
    exit 1
fi
