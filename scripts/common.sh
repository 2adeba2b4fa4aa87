# shellcheck shell=bash
# What the other scripts share. Sourcing it enters the root of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PATH="$PWD/target/tools/bin:$PATH"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# How long another apt, such as that of unattended-upgrades, is waited for.
APT_WAIT_SECONDS=600

# apt_get ARGUMENT...: apt-get as root. Waits while another apt runs: by itself apt-get waits for
# the lock of dpkg alone, and fails if the lists or the downloaded packages are locked.
apt_get() {
    local said status deadline=$((SECONDS + APT_WAIT_SECONDS))
    said=$(mktemp)
    while true; do
        status=0
        as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
            apt-get -q -o "DPkg::Lock::Timeout=$APT_WAIT_SECONDS" "$@" 2>"$said" || status=$?
        if [ "$SECONDS" -ge "$deadline" ] || ! grep -q '^E: Could not get lock ' "$said"; then break; fi
        echo 'waiting for another apt that runs' >&2
        sleep 2
    done
    cat "$said" >&2
    rm "$said"
    return "$status"
}

# install_packages WHAT PACKAGE...: installs the Debian packages of something that is missing.
install_packages() {
    local what=$1
    shift
    if ! command -v apt-get >/dev/null; then
        echo "error: '$what' is missing; on Debian it comes with: $*" >&2
        return 1
    fi
    apt_get update && apt_get install -y --no-install-recommends "$@"
}

# need COMMAND PACKAGE...: installs Debian packages if the command is missing.
need() {
    command -v "$1" >/dev/null || install_packages "$@"
}

# need_file FILE PACKAGE...: installs Debian packages if the file is missing.
need_file() {
    [ -e "$1" ] || install_packages "$@"
}

# python_packages: what scripts/requirements.txt names, in a virtual environment of the project.
python_packages() {
    cmp -s scripts/requirements.txt target/venv/requirements.txt && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages venv python3 python3-venv
    python3 -m venv --clear target/venv
    target/venv/bin/pip install --quiet --disable-pip-version-check -r scripts/requirements.txt
    cp scripts/requirements.txt target/venv/
}

# test_tools: whatever the tests need beyond Rust.
test_tools() {
    need cc gcc libc6-dev
    need openssl openssl
    need certtool gnutls-bin
    need curl curl
    need systemd-analyze systemd
    compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || need libfaketime libfaketime
    need pki strongswan-pki libstrongswan-standard-plugins libcharon-extra-plugins \
        libstrongswan-extra-plugins
    need softhsm2-util softhsm2
    need pkcs11-tool opensc
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql
    need_file /usr/include/mbedtls/x509_crt.h libmbedtls-dev
    python_packages
}

# flags_without_folders: what keeps the folders of this machine out of what rustc makes, a flag a
# line.
flags_without_folders() {
    local rustc=${RUSTC:-rustc} sysroot commit
    sysroot=$("$rustc" --print sysroot)
    commit=$("$rustc" -vV | sed -n 's/^commit-hash: //p')
    echo "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/cargo"
    # Where the component rust-src is installed, rustc names the sources of the standard library by
    # their folder; elsewhere, as here.
    echo "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/$commit"
    echo "--remap-path-prefix=$PWD=/provkey"
}

# The version that judges dependencies.
# shellcheck disable=SC2034 # Used by the scripts that source this one.
CARGO_DENY=0.20.2

# cargo_tool NAME VERSION: builds a cargo subcommand into target/tools, once.
# Unoptimised: it is quick to build and quick enough to run.
cargo_tool() {
    local name=$1 version=$2
    if [ "$("target/tools/bin/$name" --version 2>/dev/null)" != "$name $version" ]; then
        cargo install --quiet --locked --debug --root target/tools "$name@$version"
    fi
}

# plant PATCH FOLDER: a copy of the sources there, with the bug of a patch in it.
plant() {
    rm -rf "$2"
    mkdir -p "$2"
    git ls-files -z | xargs -0 cp --parents -t "$2" 2>/dev/null || true
    (cd "$2" && patch --quiet -p1) <"$1"
}
