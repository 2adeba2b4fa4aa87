#!/usr/bin/env bash
# Everything that holds without running the code. Warnings are errors.
source "$(dirname "$0")/common.sh"

need cc gcc libc6-dev
need shellcheck shellcheck
cargo_tool cargo-deny "$CARGO_DENY"

cargo fmt --all --check
cargo fmt --manifest-path fuzz/Cargo.toml --check

cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
# Core with less: no import or item may be left over without a feature.
cargo clippy --locked -p provkey --all-targets --no-default-features -- -D warnings
cargo clippy --locked -p provkey --all-targets --no-default-features --features connector -- -D warnings
# The tests that only scripts/schedules.sh builds.
RUSTFLAGS='--cfg shuttle' CARGO_TARGET_DIR=target/schedules/build \
    cargo clippy --locked -p provkey --lib --tests -- -D warnings

# The C library of a connector alone; and with what its own builds may use beyond a stable compiler.
cargo clippy --locked -p provkey-ffi --no-default-features -- -D warnings
RUSTC_BOOTSTRAP=provkey cargo clippy --locked -p provkey-ffi --target-dir target/bootstrap -- -D warnings
scripts/header.sh --check

# The bugs that are planted to be found still apply to the sources.
need patch patch
for planted in tests/mutations/*.patch tests/mutations/schedules/*.patch; do
    patch --dry-run --quiet -p1 <"$planted"
done

# The C ABI and the wheel are documented by their header and their stubs.
RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --exclude provkey-ffi --exclude provkey-python \
    --lib --no-deps --all-features

python_packages
target/venv/bin/ruff format --quiet --check python scripts
target/venv/bin/ruff check --quiet python scripts

# The console is that of its sources.
scripts/console.sh --check

shellcheck --external-sources --source-path=scripts .ci/run scripts/*.sh ffi/examples/tests/*.sh

cargo deny --locked check licenses bans sources
# What is known of advisories without their database; with it: make advisories.
target/venv/bin/python scripts/yanked.py Cargo.lock "${CARGO_HOME:-$HOME/.cargo}"
