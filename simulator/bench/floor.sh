#!/usr/bin/env bash
# Measures the C floor, edge to subscriber, on a virtual chip in the guest kernel,
# with the broker, the program and the subscriber all in there.
#
#   floor.sh [PRESSES]     default 500; prints latency's JSON line
#
# DIRECTORY=... places the journal (default: a temporary directory of the host,
# so that each commit reaches the host's disk).
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
here=$(dirname "$self")
readonly PORT=18883 WARM_UP=20

build() {
    gcc -O2 -Wall -Wextra -o "$1/floor" "$here/floor.c" -lgpiod -lsqlite3 -lmosquitto
    gcc -O2 -Wall -Wextra -o "$1/latency" "$here/latency.c" -lmosquitto
}

# COUNT presses with bounce; the pauses differ so as not to beat with any timer.
presses() {
    local i
    for ((i = 0; i < $1; i++)); do
        printf 'buttons 3 1\nsleep 400us\nbuttons 3 0\nsleep 300us\nbuttons 3 1\nsleep 27ms\nbuttons 3 0\nsleep %dus\n' \
            $((20000 + i * 7919 % 10000))
    done
}

wait_for() { until grep -qs "$1" "$2"; do sleep 0.02; done; }

inside() {
    local count=$1 directory=$2 journal=$3 measured=0
    presses "$WARM_UP" >/run/warm-up
    presses "$count" >/run/presses
    mosquitto -p "$PORT" >/run/broker.log 2>&1 &
    wait_for running /run/broker.log
    "$directory/floor" buttons 3 "$journal" 127.0.0.1 "$PORT" bench/event >/run/floor.log &
    wait_for ready /run/floor.log
    gpio-drive </run/warm-up
    "$directory/latency" --timeout 120 127.0.0.1 "$PORT" 'bench/#' "$count" 2>/run/latency.log &
    measured=$!
    wait_for ready /run/latency.log
    gpio-drive </run/presses
    wait "$measured"
}

outside() {
    local directory status=0
    directory=$(mktemp -d "${DIRECTORY:-${TMPDIR:-/var/tmp}}/floor.XXXXXX")
    build "$directory"
    "$here/../kernel/run.sh" --chip buttons:16 --share "$directory" --timeout 180 -- \
        "$self" --inside "$1" "$directory" "$directory/journal.db" || status=$?
    rm -r "$directory"
    return "$status"
}

case ${1:-500} in
    --inside) inside "$2" "$3" "$4" ;;
    *[!0-9]*) sed -n '2,/^set/s/^# \{0,1\}//p' "$self" >&2; exit 64 ;;
    *) outside "${1:-500}" ;;
esac
