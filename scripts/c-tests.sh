#!/usr/bin/env bash
# c-tests.sh [--deep]: the tests of the C ABI, in C (tests/c).
#
# They run under AddressSanitizer and UBSan, of gcc and of clang, and some of them under valgrind's
# memcheck. With --deep all of them run under memcheck, and longer, and against an instrumented
# library, also under ThreadSanitizer. Each tool is shown to report faults that planted.c plants.
source "$(dirname "$0")/common.sh"

deep=${1:-}
root=$PWD
built=$root/target/c-tests
library=$built/library/debug
host=$(rustc -vV | sed -n 's/^host: //p')
strict=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -g -Iinclude -Itests/c -Iffi/examples
    -DPROVKEY_TEST_FAULTS)
watched=(-O1 '-fsanitize=address,undefined' -fno-sanitize-recover=all -fno-omit-frame-pointer)
shared=(check fleet secure_element external_ca postgres_server table_store)
tests=(connector groups_and_keys certificates enrolling stores moving callbacks signers lying_stores panic
    hostile vectors threads other_sqlite)
# Under memcheck in the short run: both halves, what fails and what panics.
sampled=(connector enrolling callbacks signers panic)
passed=0

export RUST_BACKTRACE=0
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
memcheck=(valgrind -q --leak-check=full '--errors-for-leak-kinds=definite,indirect,possible' --error-exitcode=9
    "--suppressions=$root/tests/c/memcheck.supp")

need gcc gcc libc6-dev
need g++ g++
need clang clang
clang_version=$(clang -dumpversion)
need_file "$(clang -print-resource-dir)/lib/linux/libclang_rt.asan-$(uname -m).a" "libclang-rt-${clang_version%%.*}-dev"
need valgrind valgrind
need nm binutils
need python3 python3
need_file /usr/include/openssl/evp.h libssl-dev
# A second SQLite in the process, for test_other_sqlite.c.
ldconfig -p | grep -q 'libsqlite3\.so\.0' || install_packages libsqlite3 libsqlite3-0

# The header compiles by itself and twice, in every dialect of C and C++.
check_header() {
    printf '#include "provkey.h"\n#include "provkey.h"\n' >"$built/header.c"
    cp "$built/header.c" "$built/header.cpp"
    local count=0 define language
    for define in -DPROVKEY_ALL -DPROVKEY_CONNECTOR_ONLY; do
        for language in c99 c11 c17; do
            for compiler in gcc clang; do
                "$compiler" -std="$language" -Wall -Wextra -Wpedantic -Werror "$define" -Iinclude \
                    -fsyntax-only "$built/header.c"
                count=$((count + 1))
            done
        done
        for language in c++11 c++17 c++20; do
            for compiler in g++ clang++; do
                "$compiler" -std="$language" -Wall -Wextra -Wpedantic -Werror "$define" -Iinclude \
                    -fsyntax-only "$built/header.cpp"
                count=$((count + 1))
            done
        done
    done
    echo "the header: $count dialects"
}

# compile FLAVOUR COMPILER OPTIONS...: all programs, linked with the library in $library.
compile() {
    local flavour=$1 compiler=$2 into=$built/$1 name
    shift 2
    # A source that fails to compile in the background is missing at the link.
    rm -rf "$into"
    mkdir -p "$into"
    for name in "${shared[@]}" hostile failing_allocator planted; do
        local source=tests/c/$name.c
        # The store in C is an example.
        if [ "$name" = table_store ]; then source=ffi/examples/$name.c; fi
        "$compiler" "${strict[@]}" "$@" -c "$source" -o "$into/$name.o" &
    done
    for name in "${tests[@]}" out_of_memory fork; do
        "$compiler" "${strict[@]}" "$@" -c "tests/c/test_$name.c" -o "$into/test_$name.o" &
        # As many at a time as there are processors.
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    done
    "$compiler" "${strict[@]}" "$@" -c "$built/hostile_cases.c" -o "$into/hostile_cases.o"
    wait
    for name in "${tests[@]}"; do link "$into" "$compiler" "$@" "test_$name"; done
    link "$into" "$compiler" "$@" planted
}

# link INTO COMPILER OPTIONS... PROGRAM
link() {
    local into=$1 program=${*: -1} name more=()
    for name in "${shared[@]}"; do more+=("$into/$name.o"); done
    if [ "$program" = test_hostile ]; then more+=("$into/hostile.o" "$into/hostile_cases.o"); fi
    if [ "$program" = test_out_of_memory ]; then more+=("$into/failing_allocator.o"); fi
    "${@:2:$#-2}" "$into/$program.o" "${more[@]}" -o "$into/$program" "${link_library[@]}" -lcrypto \
        -lpthread -ldl -lm
}

# run FLAVOUR TEST COMMAND...: the program of a flavour, by a command that watches it, if any.
run() {
    local flavour=$1 name=$2 arguments=()
    shift 2
    if [ "$name" = vectors ]; then arguments=("$built/vectors.txt"); fi
    # Hostile calls leave files with meaningless names behind.
    if ! (cd "$built" && "$@" "$built/$flavour/test_$name" "${arguments[@]}") >"$built/log" 2>&1; then
        cat "$built/log"
        echo "error: $flavour: test_$name failed" >&2
        exit 1
    fi
    passed=$((passed + $(sed -n 's/ tests passed$//p' "$built/log")))
}

# reports FLAVOUR FAULT PATTERN COMMAND...: the fault that was planted is reported.
reports() {
    local flavour=$1 fault=$2 pattern=$3
    shift 3
    if "$@" "$built/$flavour/planted" "$fault" >"$built/log" 2>&1 || ! grep -q "$pattern" "$built/log"; then
        cat "$built/log"
        echo "error: $flavour: no tool noticed the planted fault '$fault'" >&2
        exit 1
    fi
    passed=$((passed + 1))
}

# Each function of the header is called by a test besides the generated hostile calls. That the
# library exports what the header declares is shown by scripts/packaging-tests.sh.
check_functions() {
    grep -o 'provkey_[a-z0-9_]*(' include/provkey.h | tr -d '(' | sort -u >"$built/declared"
    nm -u "$built"/plain/test_*.o "$built"/plain/{fleet,secure_element,table_store}.o |
        awk '$2 ~ /^provkey_/ { print $2 }' | sort -u >"$built/called"
    if comm -23 "$built/declared" "$built/called" | grep .; then
        echo "error: no test calls this" >&2
        exit 1
    fi
    echo "functions: $(wc -l <"$built/declared"), each called"
}

# under_sanitizers FLAVOUR COMPILER: runs all tests, after showing that the sanitizers report
# faults.
under_sanitizers() {
    compile "$1" "$2" "${watched[@]}"
    reports "$1" leak 'LeakSanitizer: detected memory leaks' env
    reports "$1" overflow 'heap-buffer-overflow' env
    reports "$1" use-after-free 'heap-use-after-free' env
    reports "$1" undefined 'signed integer overflow' env
    local name
    for name in "${tests[@]}"; do run "$1" "$name" env; done
    echo "$1: all tests under AddressSanitizer and UBSan"
}

# under_memcheck TEST...: runs these tests, after showing that memcheck reports faults.
under_memcheck() {
    reports plain leak 'definitely lost' "${memcheck[@]}"
    reports plain overflow 'Invalid write' "${memcheck[@]}"
    reports plain use-after-free 'Invalid read' "${memcheck[@]}"
    local name
    for name in "$@"; do run plain "$name" "${memcheck[@]}"; done
    echo "memcheck: $*"
}

# The Rust side is instrumented as well; the programs link the static library.
with_instrumented_library() {
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo build --quiet --locked -p provkey-ffi \
        --features test-faults --target "$host" --target-dir "$built/asan-library"
    link_library=("$built/asan-library/$host/debug/libprovkey.a")
    under_sanitizers instrumented gcc
}

# ThreadSanitizer must see the standard library, too: otherwise it does not know its locks, and
# reports races where there are none. So the standard library is built along, with the compiler of
# scripts/foreign-targets.sh. valgrind's helgrind and drd have the same problem: they only know the
# locks of pthread.
under_thread_sanitizer() {
    local toolchain=$root/target/foreign/toolchain name runtime
    # The tests' compiler brings a runtime that fits both sides.
    runtime=$(compgen -G "$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc*_rt.tsan.a")
    [ -x "$toolchain/usr/bin/rustc" ] || scripts/foreign-targets.sh
    RUSTC=$toolchain/usr/bin/rustc LD_LIBRARY_PATH=$toolchain/usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1 \
        RUSTFLAGS=-Zsanitizer=thread CFLAGS=-fsanitize=thread cargo build --quiet --locked -p provkey-ffi \
        --features test-faults -Zbuild-std=std,panic_unwind --target "$host" --target-dir "$built/tsan-library"
    link_library=("$built/tsan-library/$host/debug/libprovkey.a"
        "-Wl,--whole-archive" "$runtime" "-Wl,--no-whole-archive" "-Wl,--export-dynamic")
    compile threads clang -O1 -fsanitize=thread -fno-sanitize-link-runtime
    export TSAN_OPTIONS="halt_on_error=1 exitcode=66 suppressions=$root/tests/c/thread-sanitizer.supp"
    reports threads race 'ThreadSanitizer: data race' env
    reports threads race-in-library 'ThreadSanitizer: data race' env
    for name in threads callbacks signers enrolling; do run threads "$name" env; done
    echo "ThreadSanitizer: no race but the two that were planted"
}

if [ "$deep" = --deep ]; then
    export PROVKEY_TEST_DEEP=1
    sampled=("${tests[@]}")
fi

mkdir -p "$built"
check_header
RUSTC_BOOTSTRAP=provkey cargo build --quiet --locked -p provkey-ffi --features test-faults \
    --target-dir "$built/library"
cargo build --quiet --locked -p provkey-tests --bin provkey-test-postgres
export PROVKEY_TEST_POSTGRES=$root/target/debug/provkey-test-postgres
# Programs look for the library under its soname.
ln -sf libprovkey.so "$library/libprovkey.so.1"
link_library=(-L"$library" -lprovkey "-Wl,-rpath,$library")
python3 tests/c/generate_hostile.py include/provkey.h >"$built/hostile_cases.c"
python3 tests/c/vectors.py tests/vectors >"$built/vectors.txt"

compile plain gcc -O1
link "$built/plain" gcc -O1 test_out_of_memory
link "$built/plain" gcc -O1 test_fork
check_functions
run plain out_of_memory env
cat "$built/log"
# Not under the sanitizers: a forked child may hang in their locks.
run plain fork env
under_sanitizers gcc gcc
under_sanitizers clang clang
under_memcheck "${sampled[@]}"
if [ "$deep" = --deep ]; then
    with_instrumented_library
    under_thread_sanitizer
fi
echo "c tests: $passed passed, 0 failed"
