#!/usr/bin/env bash
# Builds the programs in ffi/examples, the tests of provkey.hpp and the programs in the documents
# with gcc and clang, and runs them, also with the command `provkey` as the authority.
source "$(dirname "$0")/common.sh"

need gcc gcc libc6-dev
need g++ g++
need make make
need clang clang
need pkg-config pkg-config
need openssl openssl

root=$PWD
built=$root/target/c-examples
sanitizers='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all'

# build NAME COMPILER COMPILER++ OPTIONS FOLDER [TARGET...]: runs the Makefile in FOLDER.
build() {
    local options="-g -Wall -Wextra -Wpedantic -Werror $4"
    make -s -j "$(nproc)" -C "$5" BUILD="$built/$1" CC="$2" CXX="$3" CFLAGS="$options" \
        CXXFLAGS="$options" PROVKEY_CFLAGS="-I$root/include" \
        PROVKEY_LIBS="$root/target/debug/libprovkey.a -lpthread -ldl -lm" "${@:6}"
}

# snippets DOCUMENT FOLDER: extracts its programs. A code block whose first line names a file begins
# that file, and later blocks continue it. Shell commands go to commands.sh.
snippets() {
    rm -rf "$2"
    mkdir -p "$2"
    awk -v folder="$2/" '
        /^```/ && inside { inside = 0; next }
        /^```(c|cpp|sh)$/ { inside = 1; first = $0 != "```sh"; file = $0 == "```sh" ? "commands.sh" : program; next }
        inside && first && match($0, /[a-z]+\.(c|cpp)/) { program = file = substr($0, RSTART, RLENGTH) }
        inside { first = 0; print > (folder file) }
    ' "$1"
}

# Lets pkg-config find the library of this tree. Programs in documents must not cause warnings
# either.
pkg_config() {
    mkdir -p "$built/pkgconfig"
    cat >"$built/pkgconfig/provkey.pc" <<PC
Name: provkey
Description: as built here
Version: 0
Cflags: -I$root/include -g -Wall -Wextra -Wpedantic -Werror $sanitizers
Libs: $sanitizers $root/target/debug/libprovkey.a -lpthread -ldl -lm
PC
    export PKG_CONFIG_PATH=$built/pkgconfig
}

echo '--- building'
cargo build --quiet --locked -p provkey-ffi -p provkey-cli
build gcc gcc g++ -O2 ffi/examples
build clang clang clang++ -O2 ffi/examples
build sanitized gcc g++ "$sanitizers" ffi/examples
build sanitized-cpp gcc g++ "${sanitizers/-O1/-O0}" tests/cpp
for compiler in gcc:g++ clang:clang++; do
    for header in "-std=c++17" "-std=c++20" "-std=c++17 -fno-exceptions" "-std=c++17 -DPROVKEY_CONNECTOR_ONLY"; do
        echo '#include <provkey.hpp>' >"$built/header.cpp"
        # shellcheck disable=SC2086
        "${compiler#*:}" $header -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "$built/header.cpp"
    done
done

# Connectors compile without the authority.
for source in connector console identity_file; do
    gcc -std=c11 -DPROVKEY_CONNECTOR_ONLY -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only "ffi/examples/$source.c"
done

echo '--- provkey.hpp'
# The C++ header uses every function of the C header.
sed -n 's/^[a-z].* \**\(provkey_[a-z_]*\)(.*/\1/p' include/provkey.h | sort -u >"$built/functions"
while read -r function; do
    case $function in
    provkey_test_*) ;; # is not in the library that is installed
    *) grep -qw "$function" include/provkey/*.hpp || { echo "error: provkey.hpp lacks $function" >&2; exit 1; } ;;
    esac
done <"$built/functions"
PROVKEY_TEST_FOLDER=$built "$built/sanitized-cpp/cpp-tests"

echo '--- the story'
ffi/examples/tests/story.sh "$built/gcc" target/debug/provkey
ffi/examples/tests/story.sh "$built/sanitized" target/debug/provkey
ffi/examples/tests/kills.sh "$built/clang"

echo '--- the documents'
pkg_config
snippets README.md "$built/readme"
snippets docs/c.md "$built/c-md"
(
    cd "$built/readme"
    # shellcheck disable=SC2046
    gcc enroll.c $(pkg-config --cflags --libs provkey) -o enroll
    export PROVKEY_STORE=sqlite:fleet.db PROVKEY_MASTER_KEY_FILE=master.key
    provkey() { "$root/target/debug/provkey" "$@"; }
    provkey init --host api.private.example.com >/dev/null
    provkey group create 'Branch offices' >/dev/null
    provkey cert create 2026 >/dev/null
    provkey key create --name Rollout --group 'Branch offices' --cert 2026 --max-uses 25 --out rollout.key >/dev/null
    # The transport: its request goes to the authority, the answer back to it.
    mkfifo answer
    # shellcheck disable=SC2094
    ./enroll "$(cat rollout.key)" <answer | provkey sign --csr - --out - >answer
    provkey key list | grep -q ' 1/25 '
)
(
    cd "$built/c-md"
    # shellcheck disable=SC2046
    for source in *.c; do clang -std=c11 $(pkg-config --cflags provkey) -fsyntax-only "$source"; done
    PATH=$root/target/debug:$PATH sh -euc "$(cat commands.sh)" >output
    grep -q '^enrolled as ' output
    grep -q '^identity_other_machine: ' output
    grep -q '^Rollout: 1 of 25$' output
)
# The tables in docs/c.md list every function.
while read -r function; do
    case $function in
    provkey_test_* | *_free) ;;
    *) grep -qF "| \`$function\` |" docs/c.md || { echo "error: docs/c.md lacks $function" >&2; exit 1; } ;;
    esac
done <"$built/functions"
echo 'README.md and docs/c.md: compiled and run'
