#!/usr/bin/env bash
# All tests, from a machine with nothing but Rust.
source "$(dirname "$0")/common.sh"

test_tools

cargo test --locked --workspace --all-features
# Core with less: what it is without the standard library, without and with ring.
cargo test --locked -p provkey --lib --no-default-features
cargo test --locked -p provkey --lib --no-default-features --features connector

scripts/python.sh
