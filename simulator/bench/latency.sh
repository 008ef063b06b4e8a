#!/usr/bin/env bash
# Measures from a button's first edge to a subscriber: the agent beside a C program
# that does the least with the same libraries (floor.c), in one guest kernel with
# one broker, one disk, and turns of presses that alternate between the two.
#
#   latency.sh [--rounds N] [--presses N] [PROGRAM]
#
#   --rounds     how often each has its turn (default 4)
#   --presses    presses per turn (default 150)
#   PROGRAM      courtyard-gateway (default: what `make build` made)
#
# Prints a table in microseconds and one line of JSON. Exit: 0 the agent is within
# twice the floor, in the middle and at the 99th percentile; 1 it is not.
# DIRECTORY=... places both journals (default: a temporary directory of the host).
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
here=$(dirname "$self")
readonly PORT=18883 WARM_UP=30 TARGET=2.0
# The lines of each. Ours are several: a point pressed twenty times a second for long
# is limited, which is right for a flickering contact and no part of the latency.
readonly OURS="5 6 7 8 9 10 11 12 13 14" FLOORS=3

wrong() { echo "latency.sh: $*" >&2; exit 64; }

build() {
    gcc -O2 -Wall -Wextra -o "$1/floor" "$here/floor.c" -lgpiod -lsqlite3 -lmosquitto
    gcc -O2 -Wall -Wextra -o "$1/latency" "$here/latency.c" -lmosquitto
}

site_file() {
    local line
    cat <<END
site: bench
gateway: gw-1
journal: $1/gateway.db
control-socket: /run/control.sock
brokers: [{host: 127.0.0.1, port: $PORT}]
acknowledgement: broker
defaults: {bias: disabled, active: high, minimum-width: 0}
points:
END
    for line in $OURS; do
        echo "  - {id: b3-u2-$line, label: \"Building 3, door 2, $line, bedside\", line: {chip: buttons, offset: $line}}"
    done
}

# COUNT presses of LINES in turn, with bounce. The pauses let a release be told from
# bounce, and differ so as not to beat with any timer.
presses() {
    local lines=($1) i line
    for ((i = 0; i < $2; i++)); do
        line=${lines[i % ${#lines[@]}]}
        printf 'buttons %d 1\nsleep 400us\nbuttons %d 0\nsleep 300us\nbuttons %d 1\nsleep 12ms\nbuttons %d 0\nsleep %dus\n' \
            "$line" "$line" "$line" "$line" $((32000 + i * 7919 % 10000))
    done
}

# ---- in the guest ----

wait_for() {
    local i
    for ((i = 0; i < 1000; i++)); do
        if grep -qs "$1" "$2"; then return; fi
        sleep 0.02
    done
    echo "latency.sh: no \"$1\" in $2:" >&2
    cat "$2" >&2
    exit 1
}

# turn NAME FILTER: its latencies go to DIRECTORY/NAME.
turn() {
    "$directory/latency" --timeout 120 --values "$directory/$1.us" 127.0.0.1 "$PORT" "$2" "$count" \
        >/dev/null 2>/run/latency.log &
    local measuring=$!
    wait_for ready /run/latency.log
    gpio-drive <"/run/presses-$1"
    wait "$measuring" || { cat /run/latency.log /run/floor.log /run/broker.log >&2; exit 1; }
}

inside() {
    local directory=$1 gateway=$2 rounds=$3 count=$4 round
    mosquitto -p "$PORT" >/run/broker.log 2>&1 &
    wait_for running /run/broker.log
    "$directory/floor" buttons "$FLOORS" "$directory/floor.db" 127.0.0.1 "$PORT" bench/event >/run/floor.log 2>&1 &
    site_file "$directory" >/run/gateway.yaml
    "$gateway" run -c /run/gateway.yaml >/run/gateway.log 2>&1 &
    wait_for ready /run/floor.log
    wait_for connected /run/gateway.log
    presses "$FLOORS" "$count" >/run/presses-floor
    presses "$OURS" "$count" >/run/presses-ours
    presses "$FLOORS" "$WARM_UP" | gpio-drive
    presses "$OURS" "$WARM_UP" | gpio-drive
    sleep 6   # for so long the agent reads back what stands at the broker
    for ((round = 0; round < rounds; round++)); do
        turn ours 'courtyard/v1/bench/gw-1/event/+/pressed'
        turn floor bench/event
    done
}

# ---- outside ----

# "count p50 p90 p99 max" of a file of numbers: nearest ranks.
summary() {
    sort -n "$1" | awk 'function rank(p) { r = int((NR * p + 99) / 100); return v[r > 0 ? r : 1] }
        { v[NR] = $1 } END { print NR, rank(50), rank(90), rank(99), v[NR] }'
}

report() {
    echo "$(summary "$1/ours.us") $(summary "$1/floor.us")" | awk -v target="$TARGET" '{
        r50 = $2 / $7; r90 = $3 / $8; r99 = $4 / $9; met = r50 <= target && r99 <= target
        printf "%-22s %8s %8s %8s %8s %8s\n", "µs, edge to subscriber", "presses", "p50", "p90", "p99", "max"
        printf "%-22s %8d %8d %8d %8d %8d\n", "courtyard-gateway", $1, $2, $3, $4, $5
        printf "%-22s %8d %8d %8d %8d %8d\n", "C floor", $6, $7, $8, $9, $10
        printf "%-22s %8s %8.2f %8.2f %8.2f\n", "ratio", "", r50, r90, r99
        printf "target: at most %s at p50 and p99: %s\n", target, met ? "met" : "not met"
        printf "{\"ours\":{\"count\":%d,\"p50Us\":%d,\"p90Us\":%d,\"p99Us\":%d,\"maxUs\":%d},", $1, $2, $3, $4, $5
        printf "\"floor\":{\"count\":%d,\"p50Us\":%d,\"p90Us\":%d,\"p99Us\":%d,\"maxUs\":%d},", $6, $7, $8, $9, $10
        printf "\"ratioP50\":%.2f,\"ratioP99\":%.2f,\"target\":%s,\"met\":%s}\n", r50, r99, target, met ? "true" : "false"
        exit !met
    }'
}

outside() {
    local rounds=4 count=150 gateway=$here/../../.build/shipped/release/courtyard-gateway
    while [ $# -gt 0 ]; do
        case $1 in
            --rounds | --presses) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || wrong "$1 needs a whole number" ;;
        esac
        case $1 in
            --rounds) rounds=$2; shift 2 ;;
            --presses) count=$2; shift 2 ;;
            --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$self"; exit 0 ;;
            -*) wrong "\"$1\" is no option (see --help)" ;;
            *) gateway=$1; shift ;;
        esac
    done
    [ -x "$gateway" ] || wrong "$gateway is not there: make build"
    directory=$(mktemp -d "${DIRECTORY:-/var/tmp}/latency.XXXXXX")
    trap 'rm -r "$directory"' EXIT
    build "$directory"
    "$here/../kernel/run.sh" --chip buttons:16 --share "$directory" --timeout 600 -- \
        "$self" --inside "$directory" "$(realpath "$gateway")" "$rounds" "$count"
    report "$directory"
}

if [ "${1:-}" = --inside ]; then shift; inside "$@"; else outside "$@"; fi
