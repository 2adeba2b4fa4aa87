#!/usr/bin/env bash
# The benchmarks. Without arguments all of them: prints one table, and writes it into
# docs/benchmarks.md with the machine and the date. With arguments: bench.sh --bench NAME [-- WORD].
source "$(dirname "$0")/common.sh"

need gcc gcc libc6-dev
need_file /usr/include/openssl/evp.h libssl-dev
need redis-server redis-server
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql

# As the benchmarks themselves are built, or C and Rust would not be compared.
cargo build --locked --profile bench -p provkey-ffi
gcc -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude benches/c/overhead.c \
    target/release/libprovkey.a -lpthread -ldl -lm -o target/c-overhead
export PROVKEY_C_OVERHEAD=$PWD/target/c-overhead

bench() {
    cargo bench --quiet --locked -p provkey-benches "$@"
}

if [ $# -gt 0 ]; then
    bench "$@"
    exit
fi

machine() {
    awk -F ': ' '/^model name/ { name = $2 } END { printf "%s, ", name }' /proc/cpuinfo
    echo "$(nproc) threads at once, $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)," \
        "$(. /etc/os-release && echo "$PRETTY_NAME"), $(rustc --version | cut -d ' ' -f 1-2)," \
        "on $(date -u +%Y-%m-%d), load $(cut -d ' ' -f 1 /proc/loadavg) when it began"
}

table=target/benchmarks.md
{
    echo "$(machine)."
    echo
    echo '| measured | figure | beside | figure | ratio |'
    echo '|---|---|---|---|---|'
} | tee "$table"
for name in issuing sqlite postgres server memory c_abi; do
    bench --bench "$name" | tee -a "$table"
done
awk -v table="$table" '
    /<!-- table: end -->/ { inside = 0 }
    !inside { print }
    /<!-- table: begin -->/ { inside = 1; while ((getline line < table) > 0) print line }
' docs/benchmarks.md >target/benchmarks.new
cp target/benchmarks.new docs/benchmarks.md
