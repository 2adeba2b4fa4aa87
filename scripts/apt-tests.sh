#!/usr/bin/env bash
# Shows that apt_get waits for another apt that runs, on locks of its own.
source "$(dirname "$0")/common.sh"

command -v apt-get >/dev/null || { echo 'apt: SKIPPED, there is no apt-get' && exit 0; }
need python3 python3

work=$PWD/target/apt-tests
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/archives/partial"

# Nothing of the machine is touched, so nobody has to be root.
as_root() { "$@"; }

# update: with lists of its own, and no source to fetch them from.
update() {
    apt_get -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Etc::SourceList=/dev/null \
        -o Dir::Etc::SourceParts=/dev/null update >"$work/out" 2>"$work/err"
}

# hold SECONDS: another apt, which has locked the lists as apt does. Returns when it has.
hold() {
    python3 - "$work" "$1" <<'PYTHON' &
import fcntl, pathlib, sys, time
work, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
with (work / "lists/lock").open("w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    (work / "held").touch()
    time.sleep(seconds)
    (work / "released").touch()
PYTHON
    holder=$!
    until [ -e "$work/held" ]; do sleep 0.1; done
}

fail() {
    echo "error: $*" >&2
    cat "$work/out" "$work/err" >&2
    exit 1
}

hold 3
update || fail 'apt_get does not wait for the lock of the lists'
[ -e "$work/released" ] || fail 'the lists were not locked'
wait "$holder"
rm "$work/held" "$work/released"

# Not for ever, and the error stays apt's own.
hold 30
APT_WAIT_SECONDS=1
if update; then fail 'apt_get took a lock that another has'; fi
grep -q "^E: Could not get lock $work/lists/lock" "$work/err" || fail 'the error does not name the lock'
kill "$holder"

# Any other failure is not tried again.
started=$SECONDS
APT_WAIT_SECONDS=600
if apt_get no-such-command >"$work/out" 2>"$work/err"; then fail 'an unknown command'; fi
[ $((SECONDS - started)) -lt 60 ] || fail 'a failure is tried again'

echo 'apt: apt_get waits for another apt that runs'
