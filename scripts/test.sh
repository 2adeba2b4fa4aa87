#!/usr/bin/env bash
# All tests, from a machine with nothing but Rust.
source "$(dirname "$0")/common.sh"

need cc gcc libc6-dev
need openssl openssl
need certtool gnutls-bin
need softhsm2-util softhsm2
need pkcs11-tool opensc
need_file /usr/include/mbedtls/x509_crt.h libmbedtls-dev
python_packages

cargo test --locked --workspace --all-features
# Core with less: what it is without the standard library, without and with ring.
cargo test --locked -p provkey --lib --no-default-features
cargo test --locked -p provkey --lib --no-default-features --features connector
