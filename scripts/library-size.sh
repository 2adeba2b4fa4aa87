#!/usr/bin/env bash
# Prints how much libprovkey.a adds to a stripped C program that enrolls, and the size of
# libprovkey.so, both for a connector. Fails above the limits below. Options as for
# build-library.sh.
source "$(dirname "$0")/common.sh"

# A little above the measured sizes (docs/packaging.md), so that growth is a decision.
limit_static_kib=768 limit_shared_kib=864
if [ -n "${BUILD_STD:-}" ]; then limit_static_kib=600 limit_shared_kib=700; fi

scripts/build-library.sh connector

library=target/libprovkey/${TARGET:+$TARGET/}connector${BUILD_STD:+-build-std}
work=target/size
mkdir -p "$work"

# linked PROGRAM SOURCE...: links a program as for a small machine, and prints its size in bytes.
linked() {
    local program=$work/$1
    shift
    "${CROSS:-}gcc" -Os -ffunction-sections -fdata-sections -Wl,--gc-sections -s -DPROVKEY_CONNECTOR_ONLY \
        -Iinclude -o "$program" "$@"
    stat -c %s "$program"
}

# within WHAT BYTES LIMIT_KIB
within() {
    local kib=$((($2 + 1023) / 1024))
    echo "$1, ${TARGET:-$(uname -m)}${BUILD_STD:+, with a standard library of its own}: $2 bytes ($kib KiB, limit $3)"
    if ((kib > $3)); then
        echo "error: $1 has grown beyond its limit" >&2
        exit 1
    fi
}

echo 'int main(void) { return 0; }' >"$work/empty.c"
empty=$(linked empty "$work/empty.c")
enrolling=$(linked connector tests/packaging/connector.c "$library/libprovkey.a")

within 'libprovkey.a in a C program that enrolls' $((enrolling - empty)) "$limit_static_kib"
within 'libprovkey.so of a connector' "$(stat -c %s "$library/libprovkey.so")" "$limit_shared_kib"
