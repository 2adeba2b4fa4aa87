#!/usr/bin/env bash
# Builds and runs the Rust program of the README, with the manifest that stands beside it. Its C
# program is run by scripts/c-examples.sh, its Python program by python/tests/test_docs.py.
source "$(dirname "$0")/common.sh"

root=$PWD
program=$root/target/readme
rm -rf "$program"
mkdir -p "$program/src"
# block LANGUAGE: the only block of the README in this language.
block() {
    awk -v begins="\`\`\`$1" '$0 == "```" { inside = 0 } inside { print } $0 == begins { inside = 1 }' README.md
}
block toml | sed "s#\"\.\./provkey/#\"$root/#" >"$program/Cargo.toml"
block rust >"$program/src/main.rs"
cp Cargo.lock "$program"

cd "$program"
CARGO_TARGET_DIR=$root/target cargo run --quiet --offline
echo 'README.md: the Rust program was built and run'
