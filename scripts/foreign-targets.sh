#!/usr/bin/env bash
# Builds for other machines. Without an operating system core alone: what needs no ring for
# thumbv7em, the connector half with ring for armv7a. For Linux on armv7 and aarch64 the C library
# of a connector, with which a program enrolls under qemu; and that of this machine, as small.
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
    apt_get update || skip 'the list of packages cannot be had'

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

# The compiler, for the commands that are given.
with_toolchain() {
    RUSTC=$toolchain/usr/bin/rustc LD_LIBRARY_PATH=$toolchain/usr/lib/x86_64-linux-gnu "$@"
}

# build_core TARGET FEATURES
build_core() {
    echo "provkey for $1, features: ${2:-none}"
    RUSTC_BOOTSTRAP=1 with_toolchain \
        cargo build --locked -p provkey --no-default-features --features "$2" \
        -Zbuild-std=core,alloc --target "$1" --target-dir target/foreign/build
}

# build_authority: what foreign connectors enroll with, for this machine.
build_authority() {
    scripts/build-library.sh full
    cc -Iinclude tests/packaging/authority.c target/libprovkey/full/libprovkey.a -lm -o target/foreign/authority
}

# enroll_from TARGET GNU-NAME QEMU: a C program for another machine enrolls, linked with either
# library.
enroll_from() {
    local target=$1 gnu=$2 qemu=$3
    local root=$PWD/target/foreign/$target
    local program=$root/connector requests=$root/requests

    export TARGET=$target CROSS=$gnu- BUILD_STD=1 CONNECTOR_ONLY=1
    with_toolchain scripts/library-size.sh
    DESTDIR=$root PREFIX=/usr with_toolchain scripts/install.sh
    unset TARGET CROSS BUILD_STD CONNECTOR_ONLY

    for linked in so a; do
        "$gnu-gcc" -DPROVKEY_CONNECTOR_ONLY -I"$root/usr/include" tests/packaging/connector.c \
            "$root/usr/lib/libprovkey.$linked" -Wl,-rpath,"$root/usr/lib" -o "$program"
        rm -f "$requests"
        mkfifo "$requests"
        # shellcheck disable=SC2094 # A pipe, not a file.
        target/foreign/authority <"$requests" | "$qemu" -L "/usr/$gnu" "$program" >"$requests"
        echo "$target: enrolled under $qemu with libprovkey.$linked"
    done
}

fetch_toolchain
need arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi || skip 'a C compiler for ARM cannot be had'
need arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf libc6-dev-armhf-cross || skip 'a C compiler for armv7 cannot be had'
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross || skip 'a C compiler for aarch64 cannot be had'
need qemu-arm qemu-user || skip 'qemu cannot be had'

build_core thumbv7em-none-eabihf ''
build_core armv7a-none-eabihf connector

build_authority
enroll_from armv7-unknown-linux-gnueabihf arm-linux-gnueabihf qemu-arm
enroll_from aarch64-unknown-linux-gnu aarch64-linux-gnu qemu-aarch64
BUILD_STD=1 with_toolchain scripts/library-size.sh
