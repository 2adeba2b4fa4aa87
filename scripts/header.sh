#!/usr/bin/env bash
# Makes include/provkey.h from the crate in ffi/. With --check: fails if the committed one differs.
source "$(dirname "$0")/common.sh"

cargo_tool cbindgen 0.29.4

header=include/provkey.h
if [ "${1:-}" = --check ]; then
    made=$(mktemp)
    trap 'rm -f "$made"' EXIT
    cbindgen --quiet --config ffi/cbindgen.toml ffi --output "$made"
    diff -u "$header" "$made" || {
        echo "error: $header is not that of ffi/: run make header" >&2
        exit 1
    }
else
    cbindgen --quiet --config ffi/cbindgen.toml ffi --output "$header"
fi
