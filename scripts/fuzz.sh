#!/usr/bin/env bash
# fuzz.sh SECONDS: every fuzz target for that long, from its seeds and what earlier runs found.
# What the fuzzer says goes to target/fuzz-TARGET.log, and is shown when it finds something.
source "$(dirname "$0")/common.sh"

seconds=${1:?usage: fuzz.sh SECONDS}
need c++ g++
cargo_tool cargo-fuzz 0.13.2

# The instrumentation is behind unstable flags of the stable compiler.
export RUSTC_BOOTSTRAP=1
cargo fuzz build
for target in $(cargo fuzz list); do
    log=target/fuzz-$target.log
    corpora=("fuzz/corpus/$target")
    mkdir -p "${corpora[0]}"
    if [ -d "fuzz/seeds/$target" ]; then corpora+=("fuzz/seeds/$target"); fi
    if ! cargo fuzz run "$target" "${corpora[@]}" -- \
        -max_total_time="$seconds" -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
        cat "$log"
        exit 1
    fi
    echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
done
