#!/usr/bin/env bash
# Builds core for machines without an operating system: what needs no ring for
# thumbv7em, the connector half with ring for armv7a.
#
# The compiler is Debian's, because it comes with the sources of the standard library,
# which are built along. It is unpacked below target/foreign, not installed, so it does
# not meet the machine's own.
source "$(dirname "$0")/common.sh"

toolchain=$PWD/target/foreign/toolchain

# Nobody is stopped by a machine that has no such packages, except CI.
skip() {
    echo "foreign targets: SKIPPED, $1" >&2
    if [ -n "${CI:-}" ]; then exit 1; else exit 0; fi
}

# depends_on PACKAGE PATTERN: the package of that name on which the package depends.
depends_on() {
    apt-cache depends "$1" | sed -n "s/^ *Depends: \($2\)$/\1/p" | head -n 1
}

fetch_toolchain() {
    [ -x "$toolchain/usr/bin/rustc" ] && return
    command -v apt-get >/dev/null || skip 'there is no apt-get'
    as_root apt-get update -q || skip 'the list of packages cannot be had'

    local runtime llvm unpacking=target/foreign/unpacking
    runtime=$(depends_on libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
    llvm=$(depends_on "$runtime" 'libllvm[0-9]*')

    rm -rf "$unpacking"
    mkdir -p "$unpacking/packages"
    (
        cd "$unpacking/packages"
        apt-get download -q rustc-web rust-web-src libstd-rust-web-dev "$runtime" "$llvm"
    ) || skip "Debian's compiler cannot be had"
    for package in "$unpacking"/packages/*.deb; do
        dpkg-deb -x "$package" "$unpacking"
    done
    rm -r "$unpacking/packages"
    rm -rf "$toolchain"
    mv "$unpacking" "$toolchain"
}

# build TARGET FEATURES
build() {
    echo "provkey for $1, features: ${2:-none}"
    RUSTC=$toolchain/usr/bin/rustc LD_LIBRARY_PATH=$toolchain/usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1 \
        cargo build --locked -p provkey --no-default-features --features "$2" \
        -Zbuild-std=core,alloc --target "$1" --target-dir target/foreign/build
}

fetch_toolchain
need arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi || skip 'a C compiler for ARM cannot be had'

build thumbv7em-none-eabihf ''
build armv7a-none-eabihf connector
