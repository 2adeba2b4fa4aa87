#!/usr/bin/env bash
# provkey-sqlite in programs that have another crate over SQLite: all of them have to agree on one
# version of libsqlite3-sys, because a program links SQLite once. With --resolve only that they do
# agree.
source "$(dirname "$0")/common.sh"

root=$PWD
work=$root/target/beside
rm -rf "$work/programs"
mkdir -p "$work/programs"

# program NAME DEPENDENCY: a program with a store and something else; says what it was resolved to.
program() {
    local folder=$work/programs/$1
    mkdir "$folder" "$folder/src"
    echo 'fn main() {}' >"$folder/src/main.rs"
    cat >"$folder/Cargo.toml" <<END
[package]
name = "beside-$1"
version = "0.1.0"
edition = "2024"

[dependencies]
provkey-sqlite = { path = "$root/stores/sqlite" }
$2

[workspace]
END
    (cd "$folder" && cargo generate-lockfile --quiet)
    echo "beside $1: $(version "$folder" "$1"), rusqlite $(version "$folder" rusqlite)," \
        "libsqlite3-sys $(version "$folder" libsqlite3-sys)"
}

# version FOLDER CRATE: of a crate in a lock file; there is one.
version() {
    awk -v name="name = \"$2\"" '$0 == name { getline; gsub(/version = |"/, ""); print }' "$1/Cargo.lock"
}

program sqlx 'sqlx = { version = "0.9", default-features = false, features = ["sqlite", "runtime-tokio"] }'
program sea-orm 'sea-orm = { version = "2", features = ["sqlx-sqlite", "runtime-tokio"] }'
program diesel 'diesel = { version = "2.3", features = ["sqlite"] }'
if [ "${1:-}" = --resolve ]; then exit; fi

# One of them reads what the store has.
cat >"$work/programs/diesel/src/main.rs" <<'END'
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let _store = provkey_sqlite::SqliteStore::create(&path).unwrap();
    let mut diesel = SqliteConnection::establish(&path).unwrap();
    diesel::sql_query("SELECT * FROM provisioning_keys").execute(&mut diesel).unwrap();
}
END
rm -f "$work/store.db"*
cargo run --quiet --manifest-path "$work/programs/diesel/Cargo.toml" --target-dir "$work/build" -- "$work/store.db"
echo 'beside diesel: a program with both runs'

# The tests of the store with the oldest version that it accepts.
oldest=$(sed -n 's/^rusqlite = { version = ">=\([0-9.]*\),.*/\1/p' Cargo.toml)
copy=$work/oldest
rm -rf "$copy"
mkdir "$copy"
git ls-files -z | xargs -0 cp --parents -t "$copy"
(
    cd "$copy"
    cargo update --quiet -p rusqlite --precise "$oldest.0"
    cargo test --quiet -p provkey-sqlite --target-dir "$work/build"
)
echo "rusqlite $oldest: the tests of the store pass"
