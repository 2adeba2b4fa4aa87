#!/usr/bin/env bash
# build-library.sh full|connector: libprovkey as it is installed, libprovkey.so and libprovkey.a in
# target/libprovkey/full or target/libprovkey/connector, without debug information.
#
# BUILD_STD=1 builds Rust's standard library along, without the printing of backtraces, which is
# smaller. It needs the sources of the standard library (rustup component add rust-src; Debian's
# rust-web-src). TARGET builds for this Rust target; CROSS is the prefix of its binutils.
source "$(dirname "$0")/common.sh"

flavour=${1:?usage: build-library.sh full|connector}
target=${TARGET:-}
built=target/library
out=target/libprovkey/${TARGET:+$TARGET/}$flavour${BUILD_STD:+-build-std}

need "${CROSS:-}ld" binutils
need "${CROSS:-}gcc" gcc libc6-dev

case $flavour in
full) profile=release options=() ;;
connector) profile=small options=(--no-default-features) ;;
*) echo "error: what is '$flavour'? full or connector" >&2 && exit 1 ;;
esac

# Allows the crate `provkey` to survive running out of memory: ffi/src/memory.rs.
export RUSTC_BOOTSTRAP=provkey
if [ -n "${BUILD_STD:-}" ]; then
    RUSTC_BOOTSTRAP=1
    options+=('-Zbuild-std=std,panic_unwind' '-Zbuild-std-features=')
    built+=-build-std
    target=${target:-$("${RUSTC:-rustc}" -vV | sed -n 's/^host: //p')}
fi
if [ -n "$target" ]; then
    underscored=${target//-/_}
    export "CARGO_TARGET_${underscored^^}_LINKER=${CROSS:-}gcc" "CC_$underscored=${CROSS:-}gcc"
fi
CARGO_ENCODED_RUSTFLAGS=$(flags_without_folders | paste -s -d $'\x1f')
export CARGO_ENCODED_RUSTFLAGS

cargo build --locked -p provkey-ffi --profile "$profile" "${options[@]}" ${target:+--target "$target"} --target-dir "$built"

mkdir -p "$out"
from=$built/${target:+$target/}$profile
"${CROSS:-}strip" --strip-unneeded -o "$out/libprovkey.so" "$from/libprovkey.so"
scripts/seal-archive.sh "$from/libprovkey.a" "$from/libprovkey.so" "$out/libprovkey.a"
