#!/usr/bin/env bash
# The libraries build with the oldest dependencies that their manifests allow. In a copy, because
# the workspace has one Cargo.lock.
source "$(dirname "$0")/common.sh"

copy=$PWD/target/minimal-versions
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -r {} +
git ls-files -z | xargs -0 cp --parents --preserve=timestamps -t "$copy" 2>/dev/null || true

cd "$copy"
# RUSTC_BOOTSTRAP: the flag is an unstable one of the stable cargo.
RUSTC_BOOTSTRAP=1 cargo update --quiet -Z direct-minimal-versions
cargo check --quiet --locked --all-features --target-dir target \
    -p provkey -p provkey-sqlite -p provkey-postgres -p provkey-pkcs11 -p provkey-admin
