#!/usr/bin/env bash
# seal-archive.sh ARCHIVE SHARED OUT: makes a static library that defines only what the shared
# library exports, so that it does not clash with other copies of ring, SQLite or Rust's standard
# library in the programs that link it.
#
# Everything is linked into one object, without what the exports do not reach, and all other symbols
# are made local. Sections stay separate, so that a program's --gc-sections can drop more.
source "$(dirname "$0")/common.sh"

archive=$1 shared=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
object=$work/provkey.o sealed=$work/libprovkey.a

mapfile -t exports < <("${CROSS:-}nm" -D --defined-only "$shared" | awk '{ print $NF }')

"${CROSS:-}ld" -r --gc-sections --strip-debug "${exports[@]/#/--undefined=}" \
    --unique=.text --unique=.rodata --unique=.data --unique=.bss -o "$object" "$archive"
# .llvm*: what a compiler would link-time optimise once more. Unneeded: what only left out code
# asked for.
"${CROSS:-}objcopy" --strip-unneeded --remove-section='.llvm*' "$object"
"${CROSS:-}objcopy" --wildcard --keep-global-symbol='provkey_*' "$object"

"${CROSS:-}ar" rcsD "$sealed" "$object"
mv "$sealed" "$out"
