#!/usr/bin/env bash
# Shows that the simulation finds bugs: each patch in tests/mutations plants one, in a copy of the
# sources, and has to be found within MUTATION_SEEDS seeds.
source "$(dirname "$0")/common.sh"

seeds=${MUTATION_SEEDS:-5000}
copy=target/mutations/sources
failed=0

for patch in tests/mutations/*.patch; do
    name=$(basename "$patch" .patch)
    rm -rf "$copy"
    mkdir -p "$copy"
    git ls-files -z | xargs -0 cp --parents -t "$copy" 2>/dev/null || true
    (cd "$copy" && patch --quiet -p1) <"$patch"
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
