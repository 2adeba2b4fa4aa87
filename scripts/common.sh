# shellcheck shell=bash
# What the other scripts share. Sourcing it enters the root of the project.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PATH="$PWD/target/tools/bin:$PATH"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need COMMAND PACKAGE...: installs Debian packages if the command is missing.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null && return
    if ! command -v apt-get >/dev/null; then
        echo "error: '$command' is missing; on Debian it comes with: $*" >&2
        return 1
    fi
    as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# cargo_tool NAME VERSION: builds a cargo subcommand into target/tools, once.
# Unoptimised: it is quick to build and quick enough to run.
cargo_tool() {
    local name=$1 version=$2
    if [ "$("target/tools/bin/$name" --version 2>/dev/null)" != "$name $version" ]; then
        cargo install --quiet --locked --debug --root target/tools "$name@$version"
    fi
}
