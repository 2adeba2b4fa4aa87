#!/usr/bin/env bash
# fuzz.sh SECONDS: every fuzz target for that long, from the corpus that earlier runs left.
source "$(dirname "$0")/common.sh"

seconds=${1:?usage: fuzz.sh SECONDS}
need c++ g++
cargo_tool cargo-fuzz 0.13.2

# The instrumentation is behind unstable flags of the stable compiler.
export RUSTC_BOOTSTRAP=1
for target in $(cargo fuzz list); do
    cargo fuzz run "$target" -- -max_total_time="$seconds" -timeout=10
done
