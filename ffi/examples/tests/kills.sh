#!/usr/bin/env bash
# Kills the programs in BUILD before each of their steps in turn. Running the connector again is
# always enough, and no use is counted twice.
#
#     kills.sh BUILD
set -euo pipefail

build=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "error: $*" >&2
    exit 1
}

killed="LD_PRELOAD='$build/killed.so' KILL_BEFORE"
ask="'$build/authority' authority \"\$PROVKEY_ACTION\""

# start: makes an authority with an unused key.
start() {
    rm -rf authority c*
    "$build/authority" authority init localhost:8443
    "$build/authority" authority key rollout 1000000 branch.key
}

# uses N: checks that N uses of the key were counted.
uses() {
    "$build/authority" authority list | grep -q "  $1/" || fail "not $1 uses: $("$build/authority" authority list)"
}

# killed_at STEP CONNECTOR...: kills it at a step and runs it again. 1: it ended before that step.
killed_at() {
    local at=$1 status=0
    shift
    # In braces, so that the shell prints no message for each kill.
    { LD_PRELOAD=$build/killed.so KILL_BEFORE=$at "$@"; } >/dev/null 2>&1 || status=$?
    [ "$status" = 137 ] || { [ "$status" = 0 ] || fail "step $at: status $status"; return 1; }
    "$@" >again || fail "step $at: $(cat again)"
}

connector_enrolls() {
    start
    local at
    for ((at = 1; ; at++)); do
        killed_at "$at" "$build/$1" -d "c$at" -k branch.key -t "$ask" || break
        uses "$at"
    done
    [ "$at" -gt 10 ] || fail "only $at steps"
    echo "$1 killed before each of $((at - 1)) steps of its enrollment"
}

connector_renews() {
    start
    local at
    for ((at = 1; ; at++)); do
        "$build/$1" -d "c$at" -k branch.key -t "$ask" >/dev/null
        killed_at "$at" "$build/$1" -d "c$at" -a 31000000 -t "$ask" || break
        uses "$at"
    done
    [ "$at" -gt 10 ] || fail "only $at steps"
    echo "$1 killed before each of $((at - 1)) steps of its renewal"
}

# The authority is killed: the connector does not know the outcome, and asks again.
authority_enrolls() {
    start
    local at status
    for ((at = 1; ; at++)); do
        status=0
        "$build/connector" -d "c$at" -k branch.key -t "$killed=$at $ask" >again 2>&1 || status=$?
        [ "$status" = 75 ] || break
        "$build/connector" -d "c$at" -k branch.key -t "$ask" >again || fail "step $at: $(cat again)"
        uses "$at"
    done
    [ "$status" = 0 ] || fail "step $at: $(cat again)"
    [ "$at" -gt 3 ] || fail "only $at steps"
    echo "authority killed before each of $((at - 1)) steps of an enrollment"
}

connector_enrolls connector
connector_enrolls connector-cpp
connector_renews connector
authority_enrolls
