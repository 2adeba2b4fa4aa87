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
for features in std std,connector; do
    cargo check --quiet --locked -p provkey --no-default-features --features "$features"
done
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
    patch --dry-run --quiet --fuzz=0 -p1 <"$planted"
done

# The C ABI and the wheel are documented by their header and their stubs.
RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --exclude provkey-ffi --exclude provkey-python \
    --lib --no-deps --all-features

python_packages
target/venv/bin/ruff format --quiet --check python scripts
target/venv/bin/ruff check --quiet python scripts

# The console is that of its sources.
scripts/console.sh --check

need python3 python3
shellcheck --external-sources --source-path=scripts .ci/run scripts/*.sh ffi/examples/tests/*.sh

# What no compiler checks: which file imports which, the width of comments, what documents name.
python3 scripts/layers.py
python3 scripts/comment_width.py
python3 scripts/named_paths.py
python3 scripts/doc_anchors.py
target/venv/bin/python scripts/workflows.py

# The libraries with their oldest dependencies, and their public API.
scripts/minimal-versions.sh
scripts/public-api.sh

cargo deny --locked check licenses bans sources
# What is known of advisories without their database; with it: make advisories.
target/venv/bin/python scripts/yanked.py Cargo.lock "${CARGO_HOME:-$HOME/.cargo}"
