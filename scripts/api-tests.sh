#!/usr/bin/env bash
# Asks the API whatever its description allows, and what it does not: no answer may be a fault of
# the server, or one that the description does not have. Runs the commands of docs/api.md, too.
# EXAMPLES for each operation (default 20).
source "$(dirname "$0")/common.sh"

python_packages
need curl curl
need jq jq
cargo build --locked --quiet -p provkey-server --example fleet

run=$(mktemp -d)
mkfifo "$run/stdin" "$run/stdout"
target/debug/examples/fleet <"$run/stdin" >"$run/stdout" &
server=$!
# It ends when its standard input does.
exec 3>"$run/stdin"
trap 'exec 3>&-; wait $server; rm -rf "$run"' EXIT
read -r line <"$run/stdout"
member() { python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$line" "$1"; }
address=$(member address)

# The commands of the document.
# shellcheck disable=SC2016 # the fence of a code block
awk '/^```sh/ { on = 1; next } /^```/ { on = 0 } on' docs/api.md >"$run/api.sh"
SERVER=$address TOKEN=$(member admin) bash -euo pipefail "$run/api.sh" >"$run/api.out"
grep -q '"revoked":0' "$run/api.out" # nobody has enrolled with the new key

cd "$run"
${SCHEMATHESIS:-"$OLDPWD/target/venv/bin/schemathesis"} run "$address/api/v1/openapi.json" \
    --header "Authorization: Bearer $(member admin)" \
    --phases examples,coverage,fuzzing --max-examples "${EXAMPLES:-20}" --seed 1 \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth,unsupported_method \
    --generation-database none --suppress-health-check all --warnings off --no-color
