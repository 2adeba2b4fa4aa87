#!/usr/bin/env bash
# All benchmarks, those of the C ABI with a C program that is built here.
source "$(dirname "$0")/common.sh"

need gcc gcc libc6-dev

# As the benchmarks themselves are built, or C and Rust would not be compared.
cargo build --locked --profile bench -p provkey-ffi
gcc -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude benches/c/overhead.c \
    target/release/libprovkey.a -lpthread -ldl -lm -o target/c-overhead
PROVKEY_C_OVERHEAD=$PWD/target/c-overhead cargo bench --locked -p provkey-benches "$@"
