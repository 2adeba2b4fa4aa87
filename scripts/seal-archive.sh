#!/usr/bin/env bash
# seal-archive.sh ARCHIVE SHARED OUT: makes of a static library of Rust's one that defines what the
# shared library exports and nothing else, so that it meets no other copy of ring, SQLite or Rust's
# standard library in the programs that it is linked into.
#
# All is linked into one object, what the exports do not reach is left out, and all other symbols
# are made local. Sections stay apart, so that a program's --gc-sections still leaves out more.
source "$(dirname "$0")/common.sh"

archive=$1 shared=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
object=$work/provkey.o sealed=$work/libprovkey.a

mapfile -t exports < <("${CROSS:-}nm" -D --defined-only "$shared" | awk '{ print $NF }')

"${CROSS:-}ld" -r --gc-sections --strip-debug "${exports[@]/#/--undefined=}" \
    --unique=.text --unique=.rodata --unique=.data --unique=.bss -o "$object" "$archive"
# .llvm*: what a compiler would link-time optimise once more. Unneeded: what only left out code asked for.
"${CROSS:-}objcopy" --strip-unneeded --remove-section='.llvm*' "$object"
"${CROSS:-}objcopy" --wildcard --keep-global-symbol='provkey_*' "$object"

"${CROSS:-}ar" rcsD "$sealed" "$object"
mv "$sealed" "$out"
