#!/usr/bin/env bash
# The programs in ffi/examples, the tests of provkey.hpp, and the programs in the documents: builds
# them with gcc and clang, and lets them tell the whole story, also against the command `provkey`.
source "$(dirname "$0")/common.sh"

need gcc gcc libc6-dev
need g++ g++
need make make
need clang clang
need openssl openssl

root=$PWD
built=$root/target/c-examples
sanitizers='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all'

# build NAME COMPILER COMPILER++ OPTIONS FOLDER [TARGET...]: what the Makefile of FOLDER makes.
build() {
    local options="-g -Wall -Wextra -Wpedantic -Werror $4"
    make -s -j "$(nproc)" -C "$5" BUILD="$built/$1" CC="$2" CXX="$3" CFLAGS="$options" \
        CXXFLAGS="$options" PROVKEY_CFLAGS="-I$root/include" \
        PROVKEY_LIBS="$root/target/debug/libprovkey.a -lpthread -ldl -lm" "${@:6}"
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

echo '--- provkey.hpp'
# Every function of the C header is behind one of the C++ header.
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
