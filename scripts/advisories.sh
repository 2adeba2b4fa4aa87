#!/usr/bin/env bash
# Looks for known faults of the dependencies in RustSec's advisory database, which cargo-deny
# fetches. OFFLINE=1 takes the database as it was fetched before: $CARGO_HOME/advisory-dbs, which
# may come from another machine.
source "$(dirname "$0")/common.sh"

databases=${CARGO_HOME:-$HOME/.cargo}/advisory-dbs
options=()
if [ -n "${OFFLINE:-}" ]; then
    options=(--disable-fetch)
    if ! compgen -G "$databases/*/crates" >/dev/null; then
        echo "error: there is no advisory database in $databases: run 'make advisories' where one can be fetched," \
            'and copy that folder' >&2
        exit 1
    fi
fi

need cc gcc libc6-dev
cargo_tool cargo-deny "$CARGO_DENY"
cargo deny --locked check "${options[@]}" advisories
