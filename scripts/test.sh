#!/usr/bin/env bash
# All tests, from a machine with nothing but Rust.
source "$(dirname "$0")/common.sh"

test_tools
scripts/apt-tests.sh

cargo test --locked --workspace --all-features
# Core with less: what it is without the standard library, without and with ring.
cargo test --locked -p provkey --lib --no-default-features
cargo test --locked -p provkey --lib --no-default-features --features connector
scripts/readme.sh
# What attacks cost the server, and those who ask it meanwhile.
scripts/attack.sh
# Group commit and the store in memory, in many schedules of their threads.
scripts/schedules.sh

scripts/python.sh

# The C library as it is installed, and its ABI.
scripts/packaging-tests.sh
scripts/abi.sh --self-test
scripts/abi.sh --check
# The C and C++ programs, and those in the documents.
scripts/c-examples.sh
scripts/c-tests.sh

# The web console in a browser, and the API against its description.
scripts/console.sh --test
scripts/api-tests.sh
