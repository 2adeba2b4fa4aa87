#!/usr/bin/env bash
# Attacks a server of its own on this machine: what it uses, and how long honest clients wait.
# attack.sh [--release] [--deep] [NAME...]
source "$(dirname "$0")/common.sh"

need openssl openssl
profile=() folder=debug
if [ "${1:-}" = --release ]; then
    profile=(--release) folder=release
    shift
fi
cargo build --locked "${profile[@]}" --workspace --all-features --bin provkey --example attack
"target/$folder/examples/attack" "target/$folder/provkey" "$@"
