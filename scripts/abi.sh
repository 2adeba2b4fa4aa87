#!/usr/bin/env bash
# Records the ABI of libprovkey in ffi/abi/: its functions and types from the compiler's debug
# information, and the constants of the header. With --check: fails if it differs from the record.
# With --self-test: shows that the check detects planted changes.
source "$(dirname "$0")/common.sh"

need abidiff abigail-tools
need cc gcc libc6-dev

recorded=ffi/abi
made=target/abi
mkdir -p "$made" "$recorded"

# The crate of the C ABI alone, without its dependencies, and without paths of this machine.
record() {
    local object=$PWD/$made/provkey.o
    cargo rustc --quiet --locked -p provkey-ffi --crate-type staticlib -- \
        --emit="obj=$object" -C codegen-units=1 -C debuginfo=2
    echo '{ global: provkey_*; local: *; };' >"$made/exports.map"
    ld -shared --version-script="$made/exports.map" -o "$made/provkey.so" "$object"
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --type-id-style hash \
        "$made/provkey.so" | sed "s|\(<abi-instr .*path='[^@]*\)/@/[^']*'|\1'|" >"$made/libprovkey.abi"
    sed -nE 's/^#define (PROVKEY_[A-Z0-9_]+) (-?[0-9]+|UINT64_MAX)$/\1 \2/p' include/provkey.h |
        grep -v '^PROVKEY_VERSION_' >"$made/numbers.txt"
}

# differs FROM TO: whether two ABIs differ, and how.
differs() {
    local status=0 different=1
    abidiff "$1/libprovkey.abi" "$2/libprovkey.abi" || status=$?
    # Its first two bits mean errors of abidiff itself.
    if ((status & 3)); then
        echo "error: abidiff cannot compare $1 and $2" >&2 && exit 1
    fi
    if ((status)); then different=0; fi
    diff <(sort "$1/numbers.txt") <(sort "$2/numbers.txt") || different=0
    return "$different"
}

# Each plant is a change that must be detected: NAME FILE SED-EXPRESSION.
self_test() {
    local planted=$made/planted
    while read -r name file expression; do
        rm -rf "$planted"
        mkdir "$planted"
        cp "$recorded"/* "$planted"
        sed -i "$expression" "$planted/$file"
        if cmp -s "$recorded/$file" "$planted/$file"; then
            echo "error: the plant '$name' changed nothing" >&2 && exit 1
        fi
        if ! differs "$recorded" "$planted" >"$made/planted.log"; then
            echo "error: the ABI check does not see: $name" >&2 && exit 1
        fi
        echo "the ABI check sees: $name"
    done <<'END'
function-removed libprovkey.abi /name='provkey_identity_free' type/d;/function-decl name='provkey_identity_free'/,/<.function-decl>/d
field-removed libprovkey.abi /<data-member/{N;N;/'outcome_unknown'/d}
field-moved libprovkey.abi /<data-member/{N;/'retryable'/s/in-bits='[0-9]*'/in-bits='112'/}
number-changed numbers.txt s/^\(PROVKEY_KEY_ALGORITHM_P384\) 2$/\1 4/
number-removed numbers.txt /^PROVKEY_STATUS_OUT_OF_MEMORY /d
END
    if ! differs "$recorded" "$recorded"; then return; fi
    echo "error: the ABI check sees a change where there is none" >&2 && exit 1
}

# The record is from one architecture; the types are the same on all.
if [ "$(uname -m)" != x86_64 ]; then
    echo "ABI check: SKIPPED, the record is of x86_64" >&2
    exit 0
fi

case ${1:-} in
'')
    record
    differs "$recorded" "$made" || true
    cp "$made/libprovkey.abi" "$made/numbers.txt" "$recorded"
    ;;
--check)
    record
    if differs "$recorded" "$made"; then
        echo "error: the ABI is not as recorded in $recorded." >&2
        echo "If programs that were built before still run: make abi. If not, docs/packaging.md says what else." >&2
        exit 1
    fi
    ;;
--self-test) self_test ;;
*) echo "usage: abi.sh [--check | --self-test]" >&2 && exit 1 ;;
esac
