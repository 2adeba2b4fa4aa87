#!/usr/bin/env bash
# The Python wheel: builds it from its source distribution, installs it as a stranger would, and
# checks and tests what was installed.
source "$(dirname "$0")/common.sh"

python_packages
tools=$PWD/target/venv/bin
wheels=$PWD/target/wheels
clean=$PWD/target/wheel-venv
settings=$PWD/python/pyproject.toml

# The wheel is built from the source distribution, so that one is known to be whole. It is built
# quickly and runs slowly: what is measured is built by scripts/bench-python.sh.
sdist=$PWD/target/sdist
rm -rf "$wheels" "$sdist"
"$tools/maturin" sdist --manifest-path python/Cargo.toml --out "$wheels" 2>/dev/null
mkdir -p "$sdist"
# -m: as if just written, for cargo compares times.
tar -xzmf "$wheels"/*.tar.gz --strip-components=1 -C "$sdist"
CARGO_TARGET_DIR=$PWD/target/wheel-build \
    "$tools/maturin" build --quiet --profile dev --manifest-path "$sdist/python/Cargo.toml" --out "$wheels"
"$tools/python" scripts/check_wheel.py "$wheels"

# An empty environment, without network and packages: the wheel needs nothing else.
python3 -m venv --clear "$clean"
"$clean/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheels"/*.whl
(
    cd /
    "$clean/bin/python" -W error -c 'import provkey; print("provkey", provkey.__version__, "is installed")'
    "$clean/bin/python" -m provkey --version
    "$clean/bin/provkey" demo >/dev/null
)

# What the checks and the tests need beside it.
cargo build --quiet --locked -p provkey-tests --bin provkey-test-postgres
export PROVKEY_TEST_POSTGRES=$PWD/target/debug/provkey-test-postgres
"$tools/pip" install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall "$wheels"/*.whl
(
    # Not from the folder with the sources: what is checked is what was installed.
    cd /
    export PATH=$tools:$PATH
    mypy --no-error-summary --config-file "$settings" --package provkey
    stubtest --mypy-config-file "$settings" provkey._native
    pyright --pythonpath "$tools/python" --ignoreexternal --verifytypes provkey >/dev/null
    cd "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    pyright --project "$settings" --pythonpath "$tools/python" provkey
)
"$tools/mypy" --no-error-summary --config-file "$settings" python/tests python/examples python/benches
"$tools/pytest" --config-file "$settings" python/tests
