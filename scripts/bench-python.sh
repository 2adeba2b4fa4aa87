#!/usr/bin/env bash
# What Python costs beside Rust, and provkey beside a host that is written by hand. Prints tables.
source "$(dirname "$0")/common.sh"

python_packages
tools=$PWD/target/venv/bin
wheels=$PWD/target/bench-wheels
installed=$PWD/target/bench-wheel

# Both with the same settings, those of a release.
cargo build --quiet --locked --release -p provkey-benches --bin provkey-bench-worker
rm -rf "$wheels" "$installed"
"$tools/maturin" build --quiet --release --manifest-path python/Cargo.toml --out "$wheels" 2>/dev/null
"$tools/pip" install --quiet --disable-pip-version-check --no-index --no-deps --target "$installed" "$wheels"/*.whl
PYTHONPATH=$installed "$tools/python" python/benches/compare.py "$PWD/target/release/provkey-bench-worker" "$PWD/target"
