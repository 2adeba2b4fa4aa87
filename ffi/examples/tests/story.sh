#!/usr/bin/env bash
# Runs the programs in BUILD from enrollment to renewal and refusal, then with the command PROVKEY
# as their authority. None of their output may contain a secret.
#
#     story.sh BUILD PROVKEY
set -euo pipefail

build=$(realpath "$1")
provkey=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
output=output

fail() {
    echo "error: $*" >&2
    tail -n 30 "$output" >&2
    exit 1
}

# run STATUS COMMAND...: runs it, saves its output, and checks its exit status.
run() {
    local expected=$1 status=0
    shift
    "$@" >last 2>&1 || status=$?
    cat last >>"$output"
    [ "$status" = "$expected" ] || fail "$* ended with $status, not $expected"
}

# says LINE...: checks the output of the last program, line by line; each is a pattern.
says() {
    local line at=0
    mapfile -t lines <last
    for line in "$@"; do
        # shellcheck disable=SC2053
        [[ ${lines[at]:-} == $line ]] || fail "expected '$line', there is '${lines[at]:-}'"
        at=$((at + 1))
    done
    [ "${#lines[@]}" = "$at" ] || fail "there is more: ${lines[at]}"
}

# uses N: checks that N uses of the key were counted.
uses() {
    "$build/authority" authority list | grep -q "  $1/" || fail "not $1 uses: $("$build/authority" authority list)"
}

# keep_secret FILE: checks that no output contains a part of the secret of this key.
keep_secret() {
    local text secret at
    text=$(cat "$1")
    secret=${text#pvk1_*_????????????}
    for ((at = 0; at + 8 <= 32; at++)); do
        ! grep -qF "${secret:at:8}" "$output" || fail "the secret of $1 was printed"
    done
}

# miscopy FILE AT: prints the key text with a wrong character at AT.
miscopy() {
    local text wrong=q
    text=$(cat "$1")
    [ "${text:$2:1}" != q ] || wrong=p
    printf '%s' "${text:0:$2}$wrong${text:$2+1}"
}

checking='notice: Checking enrollment'
attempt='notice: No valid certificate. Attempting to enroll'
good='notice: Enrolled as connector(??????????????????????????) until(20??-??-??)'
bad='notice: Certificate enrollment failed.'
c_authority="'$build/authority' authority \"\$PROVKEY_ACTION\""

# Runs one connector program.
story() {
    local connector=$build/$1
    rm -rf authority c1 c2 c3 c4
    run 0 "$build/authority" authority init localhost:8443
    run 0 "$build/authority" authority key 'Branch rollout' 2 branch.key
    [ "$(stat -c %a branch.key)" = 600 ] || fail 'others may read the key'

    # A connector enrolls, once.
    head -c 32 /dev/urandom >material
    run 0 "$connector" -d c1 -k branch.key -m material -o chain.pem -t "$c_authority"
    says "$checking" "$attempt" 'notice: Enrolled' "$good"
    openssl verify -x509_strict -purpose sslclient -CAfile chain.pem chain.pem >/dev/null || fail 'OpenSSL refuses the chain'
    run 0 "$connector" -d c1 -k branch.key -m material -t false
    says "$checking" "$good"
    [ "$(stat -c %a c1/identity)" = 600 ] || fail 'others may read the identity'
    uses 1

    # The other program opens the same file, and renews.
    run 0 "$build/connector" -d c1 -m material -a 31000000 -t "$c_authority"
    says "$checking" 'notice: The certificate is due. Attempting to renew' 'notice: Renewed' "$good"
    run 0 "$build/connector-cpp" -d c1 -m material -a 31000000 -t "$c_authority"
    says "$checking" 'notice: The certificate is due. Attempting to renew' 'notice: Renewed' "$good"
    uses 1

    # Another machine cannot open the file.
    head -c 32 /dev/urandom >other
    run 1 "$connector" -d c1 -m other -t "$c_authority"
    says "$checking" 'error: identity_other_machine: *'
    run 1 "$connector" -d c1 -t "$c_authority"
    says "$checking" 'error: identity_sealed: *'

    # The answer is lost, then invalid: trying later costs no further use.
    run 75 "$connector" -d c2 -k branch.key -t "$c_authority >/dev/null"
    says "$checking" "$attempt" 'error: localhost:8443 cannot be reached' "$bad"
    uses 2
    run 1 "$connector" -d c2 -k branch.key -t 'printf "nonsense\n200\n"'
    says "$checking" "$attempt" 'error: certificate_missing: *' "$bad"
    run 75 "$connector" -d c2 -k branch.key -t 'printf "<html>\n503\n"'
    says "$checking" "$attempt" 'error: Login request failed - http status(503) key(pvk1_localhost:8443_????????????…) fingerprint(none)' "$bad"
    run 0 "$connector" -d c2 -k branch.key -t "$c_authority"
    says "$checking" "$attempt" 'notice: Enrolled' "$good"
    uses 2

    # The key is exhausted.
    run 1 "$connector" -d c3 -k branch.key -m material -t "$c_authority"
    says "$checking" "$attempt" \
        'error: Login request failed - http status(401) key(pvk1_localhost:8443_????????????…) fingerprint(????????????????????????????????)' \
        'notice: The reason is key_exhausted' "$bad"
    uses 2

    # The key is miscopied, truncated, missing.
    miscopy branch.key 50 >bad.key
    run 1 "$connector" -d c4 -k bad.key -t "$c_authority"
    says "$checking" "$attempt" 'error: key_miscopied: *' '  pvk1_localhost:8443_*·?·*' \
        "  $(printf '%50s' '')^*" 'notice: A repair is known. *' "$bad"
    head -c 80 branch.key >bad.key
    run 1 "$connector" -d c4 -k bad.key -t "$c_authority"
    says "$checking" "$attempt" 'error: key_truncated: *' '  pvk1_*' '  *' "$bad"
    run 1 "$connector" -d c4 -k missing.key -t "$c_authority"
    says "$checking" "$attempt" 'error: missing.key: No such file or directory' "$bad"

    # A damaged identity file is never replaced.
    echo garbage >c4/identity
    run 1 "$connector" -d c4 -k branch.key -t "$c_authority"
    says "$checking" 'error: identity_not_recognized: *'
    keep_secret branch.key
    echo "$1: passed"
}

# The command `provkey` is the authority of both programs.
with_the_command() {
    export PROVKEY_STORE=sqlite:authority.db PROVKEY_MASTER_KEY_FILE=master.key
    run 0 "$provkey" init --host localhost:8443
    run 0 "$provkey" group create offices
    run 0 "$provkey" cert create connectors
    run 0 "$provkey" key create --name rollout --group offices --cert connectors --max-uses 2 --out command.key
    cat >ask.sh <<'SH'
if "$1" sign --csr /dev/stdin --out - 2>refusal; then echo 200; else sed -n 's/^error: \([a-z_]*\):.*/\1\n401/p' refusal; fi
SH
    for each in connector:1 connector-cpp:2; do
        run 0 "$build/${each%:*}" -d "d${each#*:}" -k command.key -m material -t "sh ask.sh '$provkey'"
        run 0 "$build/${each%:*}" -d "d${each#*:}" -m material -a 31000000 -t "sh ask.sh '$provkey'"
        says "$checking" 'notice: The certificate is due. Attempting to renew' 'notice: Renewed' "$good"
    done
    run 1 "$build/connector" -d d3 -k command.key -t "sh ask.sh '$provkey'"
    says "$checking" "$attempt" 'error: Login request failed - http status(401) *' 'notice: The reason is key_exhausted' "$bad"
    "$provkey" key list | grep -q 2/2 || fail 'the command counted something else'
    keep_secret command.key
    echo 'the command provkey as authority: passed'
}

story connector
story connector-cpp
with_the_command
