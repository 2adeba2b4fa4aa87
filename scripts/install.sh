#!/usr/bin/env bash
# Installs libprovkey for C and C++: builds it as the current user, and copies it as root if
# necessary. With --uninstall: removes it.
#
# PREFIX (default /usr/local) is where it will be used, and LIBDIR (default lib) is below it.
# DESTDIR is put in front, to make a package. CONNECTOR_ONLY=1: the library of a connector alone.
# For other options see build-library.sh.
source "$(dirname "$0")/common.sh"

prefix=$(realpath -ms "${PREFIX:-/usr/local}")
libdir=${LIBDIR:-lib}
root=${DESTDIR:-}$prefix
flavour=full
if [ -n "${CONNECTOR_ONLY:-}" ]; then flavour=connector; fi

version=$(sed -n 's/^#define PROVKEY_VERSION "\(.*\)"/\1/p' include/provkey.h)
soname=libprovkey.so.$(sed -n 's/^#define PROVKEY_ABI_VERSION //p' include/provkey.h)
shared=$soname.$version

cmake=$libdir/cmake/provkey
mapfile -t headers < <(find include -name '*.h' -o -name '*.hpp')
files=(
    "${headers[@]}" include/provkey/module.modulemap
    "$libdir/$shared" "$libdir/$soname" "$libdir/libprovkey.so" "$libdir/libprovkey.a"
    "$libdir/pkgconfig/provkey.pc"
    "$cmake/provkey-config.cmake" "$cmake/provkey-config-version.cmake"
)

# to_root COMMAND...: runs it as root where the current user may not write.
to_root() {
    if mkdir -p "$root" 2>/dev/null && [ -w "$root" ]; then "$@"; else as_root "$@"; fi
}

# fill TEMPLATE FILE: writes a file from a template in ffi/packaging.
fill() {
    local up cflags='' definitions=''
    up=$(realpath -ms --relative-to="/$cmake" /)
    if [ "$flavour" = connector ]; then
        cflags=' -DPROVKEY_CONNECTOR_ONLY' definitions=PROVKEY_CONNECTOR_ONLY
    fi
    sed -e "s|@prefix@|$prefix|; s|@libdir@|$libdir|; s|@version@|$version|; s|@soname@|$soname|" \
        -e "s|@shared@|$shared|; s|@up@|$up|; s|@cflags@|$cflags|; s|@definitions@|$definitions|" \
        "ffi/packaging/$1" >"$2"
}

install_all() {
    scripts/build-library.sh "$flavour"
    local built=target/libprovkey/${TARGET:+$TARGET/}$flavour${BUILD_STD:+-build-std} filled=target/libprovkey/filled
    mkdir -p "$filled"
    for template in provkey.pc provkey-config.cmake provkey-config-version.cmake; do
        fill "$template.in" "$filled/$template"
    done

    to_root install -d "$root/include/provkey" "$root/$libdir/pkgconfig" "$root/$cmake"
    for header in "${headers[@]}"; do to_root install -D -m 644 "$header" "$root/$header"; done
    to_root install -m 644 ffi/packaging/module.modulemap "$root/include/provkey"
    to_root install -m 755 "$built/libprovkey.so" "$root/$libdir/$shared"
    to_root ln -sf "$shared" "$root/$libdir/$soname"
    to_root ln -sf "$soname" "$root/$libdir/libprovkey.so"
    to_root install -m 644 "$built/libprovkey.a" "$root/$libdir"
    to_root install -m 644 "$filled/provkey.pc" "$root/$libdir/pkgconfig"
    to_root install -m 644 "$filled"/*.cmake "$root/$cmake"
    echo "installed libprovkey $version below $root"
}

uninstall_all() {
    to_root rm -f "${files[@]/#/$root/}"
    for folder in include/provkey "$cmake"; do
        if [ -d "$root/$folder" ]; then to_root rmdir --ignore-fail-on-non-empty "$root/$folder"; fi
    done
}

case ${1:-} in
'') install_all ;;
--uninstall) uninstall_all ;;
*) echo "usage: install.sh [--uninstall]" >&2 && exit 1 ;;
esac
