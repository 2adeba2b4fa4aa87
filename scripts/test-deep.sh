#!/usr/bin/env bash
# The checks that take long. PROVKEY_TEST_DEEP makes the tests race and repeat more;
# FUZZ_SECONDS is the time for each fuzz target.
source "$(dirname "$0")/common.sh"

test_tools
PROVKEY_TEST_DEEP=1 cargo test --locked --release --workspace --all-features

scripts/attack.sh --release --deep
scripts/sqlite-beside.sh

# RUSTC_BOOTSTRAP: sanitizers are behind unstable flags of the stable compiler.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address \
    cargo test --locked -p provkey --lib --target "$host" --target-dir target/asan

PROVKEY_TEST_DEEP=1 scripts/schedules.sh --mutations

# What the simulation must not find, and what it must.
make simulate SEEDS="${SEEDS:-100000}"
scripts/mutations.sh

scripts/fuzz.sh "${FUZZ_SECONDS:-600}"
scripts/foreign-targets.sh
scripts/c-tests.sh --deep
