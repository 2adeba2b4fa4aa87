#!/usr/bin/env bash
# Shows that the simulation finds bugs: each patch in tests/mutations plants one, in a copy of the
# sources, and has to be found within MUTATION_SEEDS seeds.
source "$(dirname "$0")/common.sh"

seeds=${MUTATION_SEEDS:-5000}
copy=target/mutations/sources
failed=0

for patch in tests/mutations/*.patch; do
    name=$(basename "$patch" .patch)
    plant "$patch" "$copy"
    cargo build --quiet --release --manifest-path "$copy/Cargo.toml" --target-dir target/mutations/build \
        -p provkey-tests --bin provkey-simulate
    if said=$(target/mutations/build/release/provkey-simulate --seeds "$seeds"); then
        echo "mutation $name: NOT FOUND in $seeds seeds"
        failed=1
    else
        echo "mutation $name: ${said%%$'\n'*}"
    fi
done
exit "$failed"
