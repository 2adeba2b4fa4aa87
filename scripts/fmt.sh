#!/usr/bin/env bash
# Formats the Rust and the Python code.
source "$(dirname "$0")/common.sh"

python_packages
cargo fmt --all
cargo fmt --manifest-path fuzz/Cargo.toml
target/venv/bin/ruff format python scripts
