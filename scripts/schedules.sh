#!/usr/bin/env bash
# Runs group commit and the store in memory in many schedules of their threads. With --mutations it
# also shows that the bugs in tests/mutations/schedules are found, each of which a patch plants in a
# copy of the sources.
source "$(dirname "$0")/common.sh"

# check SOURCES BUILD: the tests of the sources in one folder, built in another. Each has its own:
# cargo does not tell two copies of a workspace apart.
check() {
    RUSTFLAGS='--cfg shuttle' CARGO_TARGET_DIR="$PWD/$2" \
        cargo test --quiet --locked --manifest-path "$1/Cargo.toml" -p provkey --lib schedules
}

check . target/schedules/build
[ "${1:-}" = --mutations ] || exit 0

copy=target/schedules/sources
said=target/schedules/said
failed=0
for patch in tests/mutations/schedules/*.patch; do
    name=$(basename "$patch" .patch)
    plant "$patch" "$copy"
    if (unset PROVKEY_TEST_DEEP && check "$copy" target/schedules/mutated) >"$said" 2>&1; then
        echo "mutation $name: NOT FOUND"
        failed=1
    elif found=$(grep -m 1 -o '^    store::schedules::.*' "$said"); then
        echo "mutation $name: found by ${found##*::}"
    else
        echo "mutation $name: does not build:"
        tail -n 20 "$said"
        failed=1
    fi
done
exit "$failed"
