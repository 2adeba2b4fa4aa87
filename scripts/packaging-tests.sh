#!/usr/bin/env bash
# Installs libprovkey into temporary folders and checks it as its users do.
source "$(dirname "$0")/common.sh"

need cc gcc libc6-dev
need c++ g++
need clang clang
need cmake cmake
need pkg-config pkg-config
need strace strace
need javac openjdk-17-jdk-headless
need_file /usr/include/sqlite3.h libsqlite3-dev
need_file /usr/share/java/jna.jar libjna-java

work=$PWD/target/packaging
tests=tests/packaging
prefix=/opt/provkey
full=$work/full$prefix connector=$work/connector$prefix
warnings=(-Wall -Wextra -Wpedantic -Werror)

fail() {
    echo "error: $*" >&2
    exit 1
}

# equal WHAT EXPECTED ACTUAL
equal() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# flags TREE OPTION...: what pkg-config prints for a tree that was moved.
flags() {
    local tree=$1
    shift
    PKG_CONFIG_PATH=$tree/lib/pkgconfig pkg-config --define-prefix "$@" provkey
}

# enroll AUTHORITY CONNECTOR: enrolls one program with the other; each is a command line.
enroll() {
    local requests=$work/requests
    rm -f "$requests"
    mkfifo "$requests"
    # shellcheck disable=SC2094 # A pipe, not a file.
    $1 <"$requests" | $2 >"$requests" 2>"$work/enrolled" || fail "'$2': $(cat "$work/enrolled")"
    equal "what '$2' says" 'connector: enrolled' "$(cat "$work/enrolled")"
}

install_both() {
    rm -rf "$work"
    mkdir -p "$work"
    DESTDIR=$work/full PREFIX=$prefix scripts/install.sh
    DESTDIR=$work/connector PREFIX=$prefix CONNECTOR_ONLY=1 scripts/install.sh
}

versions_agree() {
    local version abi
    version=$(cargo pkgid --locked -p provkey-ffi | sed 's/.*[@#]//')
    abi=$(sed -n 's/^const ABI_VERSION: u32 = \([0-9]*\);/\1/p' ffi/build.rs)

    equal 'PROVKEY_VERSION' "\"$version\"" "$(sed -n 's/^#define PROVKEY_VERSION //p' "$full/include/provkey.h")"
    equal 'PROVKEY_ABI_VERSION' "$abi" "$(sed -n 's/^#define PROVKEY_ABI_VERSION //p' "$full/include/provkey.h")"
    equal 'the version of pkg-config' "$version" "$(flags "$full" --modversion)"
    equal 'SONAME' "libprovkey.so.$abi" \
        "$(readelf -d "$full/lib/libprovkey.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')"
    equal 'the file' "$full/lib/libprovkey.so.$abi.$version" "$(realpath "$full/lib/libprovkey.so.$abi")"
    # connector.c checks first that provkey_version and provkey_abi_version match the header.
}

# declared TREE OPTION...: the functions that a header declares.
declared() {
    local tree=$1
    shift
    cc -E -P "$@" "$tree/include/provkey.h" | grep -o '\bprovkey_[a-z0-9_]*(' | tr -d '(' | sort -u
}

# The library has what the header declares, and nothing else.
only_own_symbols() {
    local tree=$1
    shift
    equal "what $tree/lib/libprovkey.so exports" "$(declared "$tree" "$@")" \
        "$(nm -D --defined-only "$tree/lib/libprovkey.so" | awk '{ print $NF }' | sort)"
    equal "what $tree/lib/libprovkey.a defines" "$(declared "$tree" "$@")" \
        "$(nm -g --defined-only "$tree/lib/libprovkey.a" | awk 'NF == 3 { print $3 }' | sort)"
}

no_folder_of_ours() {
    local toolchain
    toolchain=$(rustc --print sysroot)/lib/rustlib
    for file in "$full"/lib/libprovkey.{so,a} "$connector"/lib/libprovkey.{so,a}; do
        if grep -q -a -F -e "$PWD/" -e "$HOME/" -e "$toolchain" "$file"; then
            fail "$file names folders of this machine"
        fi
    done
}

# The same with a toolchain that seems to have the component rust-src: rustc looks for one file of
# it.
no_folder_of_a_toolchain_with_sources() {
    local toolchain flags
    toolchain=$(mktemp -d)
    mkdir "$toolchain/lib"
    cp -rs "$(rustc --print sysroot)/lib/rustlib" "$toolchain/lib/"
    mkdir -p "$toolchain/lib/rustlib/src/rust/library/std/src"
    touch "$toolchain/lib/rustlib/src/rust/library/std/src/lib.rs"
    printf '#!/bin/sh\nexec rustc --sysroot "%s" "$@"\n' "$toolchain" >"$toolchain/rustc"
    chmod +x "$toolchain/rustc"

    local compile=("$toolchain/rustc" --edition 2024 --crate-type staticlib "$tests/other.rs")
    "${compile[@]}" -o "$work/named.a"
    grep -q -a -F "$toolchain/lib/rustlib/src" "$work/named.a" || fail 'the folder of a toolchain would not be seen'
    readarray -t flags < <(RUSTC=$toolchain/rustc flags_without_folders)
    "${compile[@]}" "${flags[@]}" -o "$work/unnamed.a"
    if grep -q -a -F "$toolchain" "$work/unnamed.a"; then fail 'the folder of a toolchain is named'; fi
    rm -r "$toolchain"
}

# C and C++ programs link the shared library and the archive with the flags of pkg-config.
pkg_config_links() {
    local cflags libs archive
    read -ra cflags < <(flags "$full" --cflags)
    read -ra libs < <(flags "$full" --libs)
    read -ra archive < <(flags "$full" --static --libs | sed 's/-lprovkey/-l:libprovkey.a/')
    local rpath=-Wl,-rpath,$full/lib c=(-std=c99 "${warnings[@]}" "${cflags[@]}")
    local cxx=(-x c++ -std=c++11 "${warnings[@]}" "${cflags[@]}")

    cc "${c[@]}" $tests/authority.c -o "$work/authority" "${libs[@]}" "$rpath"
    cc "${c[@]}" $tests/authority.c -o "$work/authority-archive" "${archive[@]}"
    cc "${c[@]}" $tests/connector.c -o "$work/connector-c" "${libs[@]}" "$rpath"
    c++ "${cxx[@]}" $tests/connector.c -x none -o "$work/connector-cxx" "${archive[@]}"
    enroll "$work/authority" "$work/connector-c"
    enroll "$work/authority-archive $work/fleet.db" "$work/connector-cxx"

    equal 'what links the archive' '' "$(ldd "$work/authority-archive" | grep libprovkey || true)"
    equal 'what links the library' "libprovkey.so.1 => $full/lib/libprovkey.so.1" \
        "$(ldd "$work/connector-c" | sed -n 's/^\s*\(libprovkey.*\) (.*/\1/p')"
}

# A tree for connectors defines PROVKEY_CONNECTOR_ONLY, and has what a connector needs.
connector_only_links() {
    local cflags archive
    read -ra cflags < <(flags "$connector" --cflags)
    read -ra archive < <(flags "$connector" --static --libs | sed 's/-lprovkey/-l:libprovkey.a/')
    cc "${warnings[@]}" "${cflags[@]}" $tests/connector.c -o "$work/connector-small" "${archive[@]}"
    cc "${warnings[@]}" "${cflags[@]}" -static $tests/connector.c -o "$work/connector-static" "${archive[@]}"
    enroll "$work/authority" "$work/connector-small"
    enroll "$work/authority" "$work/connector-static"
    if cc "${cflags[@]}" -fsyntax-only $tests/authority.c 2>/dev/null; then
        fail 'the header of a connector declares an authority'
    fi
}

# The installed C++ header finds the headers that it includes.
cxx_header_is_whole() {
    local cflags
    read -ra cflags < <(flags "$full" --cflags)
    echo '#include <provkey.hpp>' | c++ -x c++ -std=c++17 -fsyntax-only "${warnings[@]}" "${cflags[@]}" -
}

# cmake_configures TREE BUILD VERSION
cmake_configures() {
    cmake -S $tests/cmake -B "$2" -DCMAKE_PREFIX_PATH="$1" -DWANTED_VERSION="$3" \
        >"$work/cmake.log" 2>&1
}

cmake_links() {
    for tree in "$full" "$connector"; do
        cmake_configures "$tree" "$work/cmake" '' || { cat "$work/cmake.log"; fail 'cmake failed'; }
        cmake --build "$work/cmake" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; fail 'cmake failed'; }
        for program in c_provkey c_provkey_static cxx_provkey cxx_provkey_static; do
            enroll "$work/authority" "$work/cmake/$program"
        done
        rm -r "$work/cmake"
    done
}

cmake_minds_versions() {
    local version major minor
    version=$(flags "$full" --modversion)
    IFS=. read -r major minor _ <<<"$version"
    for wanted in "$major.$minor" "$version"; do
        cmake_configures "$full" "$work/wanted" "$wanted" || fail "cmake refuses version $wanted"
        rm -r "$work/wanted"
    done
    for wanted in "$major.$((minor + 1))" "$((major + 1))"; do
        if cmake_configures "$full" "$work/wanted" "$wanted"; then fail "cmake takes version $wanted"; fi
        rm -r "$work/wanted"
    done
}

# A package as in Debian: below /usr, with the libraries in a multiarch folder.
multiarch_is_found() {
    local libdir tree=$work/multiarch/usr
    libdir=lib/$(cc -dumpmachine)
    DESTDIR=$work/multiarch PREFIX=/usr LIBDIR=$libdir CONNECTOR_ONLY=1 scripts/install.sh
    equal 'libdir' "/usr/$libdir" "$(PKG_CONFIG_PATH=$tree/$libdir/pkgconfig pkg-config --variable=libdir provkey)"
    cmake_configures "$tree" "$work/cmake" '' || { cat "$work/cmake.log"; fail 'cmake does not find it'; }
    cmake --build "$work/cmake" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; fail 'cmake failed'; }
    enroll "$work/authority" "$work/cmake/c_provkey"
    rm -r "$work/cmake"
}

# The contents of libprovkey.a do not clash with a program's other libraries.
no_clash() {
    local cflags archive
    read -ra cflags < <(flags "$full" --cflags)
    read -ra archive < <(flags "$full" --static --libs | sed 's/-lprovkey/-l:libprovkey.a/')

    local own=-l:libsqlite3.a host=("${warnings[@]}" "${cflags[@]}" "$tests/sqlite_host.c")
    cc "${host[@]}" -o "$work/sqlite-first" "$own" "${archive[@]}" -lm
    cc "${host[@]}" -o "$work/sqlite-last" "${archive[@]}" "$own" -lm
    "$work/sqlite-first" "$work/first.db" || fail 'a program with an SQLite of its own'
    "$work/sqlite-last" "$work/last.db" || fail 'a program with an SQLite of its own'

    rustc --edition 2024 --crate-type staticlib -o "$work/libother.a" $tests/other.rs
    cc "${warnings[@]}" "${cflags[@]}" $tests/two_libraries.c -o "$work/two-libraries" "$work/libother.a" "${archive[@]}"
    "$work/two-libraries" || fail 'a program with two libraries made of Rust'
}

module_map_works() {
    clang -fmodules -fmodules-cache-path="$work/modules" -I"$full/include" -fsyntax-only "${warnings[@]}" \
        -x objective-c $tests/module.m
    clang -fmodules -fmodules-cache-path="$work/modules" -I"$connector/include" -fsyntax-only "${warnings[@]}" \
        -DPROVKEY_CONNECTOR_ONLY -x objective-c $tests/module.m
}

# Java, through JNA: the program checks its results.
java_enrolls() {
    javac -Xlint:all,-serial -Werror -d "$work/java" -cp /usr/share/java/jna.jar ffi/examples/java/*.java
    java -Djna.library.path="$full/lib" -cp "/usr/share/java/jna.jar:$work/java" Enroll >"$work/java.log" ||
        fail "Java: $(cat "$work/java.log")"
    [[ $(cat "$work/java.log") == *'notice: enrolled until '* ]] || fail "Java: $(cat "$work/java.log")"
}

# A connector's library starts no thread or process, opens no file or socket, and has no state.
connector_keeps_to_itself() {
    if nm -D --undefined-only "$connector/lib/libprovkey.so" |
        grep -E ' (pthread_create|clone|v?fork|exec.*|posix_spawn.*|socket|connect|fopen.*|creat|unlink)(@|$)'; then
        fail 'the library of a connector can do more than it should'
    fi

    # Rust's standard library can open files. The trace shows that it does not, from the program's
    # first read to its end. C itself calls fstat for its output.
    enroll "$work/authority" "strace -f -e trace=read,%file,%network,%process -o $work/calls $work/connector-small"
    equal 'system calls of an enrollment' 'exit_group' \
        "$(sed -n '/ read(0,/,$p' "$work/calls" | grep -v -e ' read(' -e ' newfstatat(1, "",' |
            sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p')"

    # One flag per thread records during a call that memory ran out: ffi/src/memory.rs.
    equal 'variables of a connector' '' \
        "$(variables "$connector/lib/libprovkey.a" | grep -v '\.tbss\..*6memory7UNWINDS' || true)"
    [[ $(variables "$full/lib/libprovkey.a") == *ENTERED* ]] || fail 'variables would not be seen'
}

# variables ARCHIVE: the variables of our crates. Their sections are named after them.
variables() {
    readelf -SW "$1" | grep -E ' \.(data|bss|tdata|tbss)\..*7provkey' | grep -v ' \.data\.rel\.ro' || true
}

trees_are_removed() {
    DESTDIR=$work/full PREFIX=$prefix scripts/install.sh --uninstall
    equal 'what is left' '' "$(find "$work/full" ! -type d)"
}

# checked FUNCTION ARGUMENT...
checked() {
    "$@"
    echo "packaging: ${1//_/ } ${*:2}"
}

install_both
checked versions_agree
checked only_own_symbols "$full"
checked only_own_symbols "$connector" -DPROVKEY_CONNECTOR_ONLY
checked no_folder_of_ours
checked no_folder_of_a_toolchain_with_sources
checked pkg_config_links
checked connector_only_links
checked cxx_header_is_whole
checked cmake_links
checked cmake_minds_versions
checked multiarch_is_found
checked no_clash
checked module_map_works
checked java_enrolls
checked connector_keeps_to_itself
scripts/library-size.sh
checked trees_are_removed
