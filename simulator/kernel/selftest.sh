#!/usr/bin/env bash
# Shows that the kernel, its virtual chips and the tools here do what the tests
# that stand on them expect. Prints one line per check; exits 0 if all held.
#
#   selftest.sh            about ten seconds, once the kernel is built
#
# Needs gpiodetect and its like (package gpiod, 1.6 or 2.x).
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
here=$(dirname "$self")
failures=0
readonly QUEUE=16   # events the kernel keeps for a line nobody reads

# check NAME FOUND EXPECTED
check() {
    if [ "$2" = "$3" ]; then echo "ok - $1"; return; fi
    echo "not ok - $1: expected \"$3\", found \"$2\""
    failures=$((failures + 1))
}

# check_match NAME FOUND PATTERN
check_match() {
    if [[ $2 =~ $3 ]]; then echo "ok - $1"; return; fi
    echo "not ok - $1: \"$2\" does not match $3"
    failures=$((failures + 1))
}

finish() { [ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }; }

# ---- in the guest ----

# libgpiod's tools, whose options changed from 1 to 2. The events come as lines
# "1" (rising) or "0" (falling; "2" in version 2) and the kernel's time stamp.
# Version 2 knows no labels: the chip goes by its name, which may change when it
# is put back.
chip() { basename "$(readlink /run/gpio-sim/buttons)"; }
tools_version() { gpiodetect --version 2>/dev/null | sed -n '1s/.*v\([0-9]\).*/\1/p'; }
if [ "$(tools_version)" = 1 ]; then
    monitor() { exec gpiomon --line-buffered --format='%e %s %n' "$(chip)" "$@"; }
    level() { gpioget "$(chip)" "$1"; }
    hold() { exec gpioset --mode=signal "$(chip)" "$1=$2"; }
    line() { gpioinfo "$(chip)" | grep -w "BTN$1"; }
else
    monitor() { exec gpiomon --chip "$(chip)" --format='%e %S' "$@"; }
    level() { gpioget --numeric --chip "$(chip)" "$1"; }
    hold() { exec gpioset --chip "$(chip)" "$1=$2"; }
    line() { gpioinfo --chip "$(chip)" | grep -w "BTN$1"; }
fi

# Steps for gpio-drive: COUNT edges of LINE, GAP apart, the first one rising.
edges() {
    local i
    for ((i = 1; i <= $2; i++)); do echo "buttons $1 $((i % 2))"; echo "sleep $3"; done
}

# Runs a watcher on a line while the steps on standard input are driven.
watched=/run/watched
watch_start() { monitor "$@" >"$watched" 2>&1 & watcher=$!; sleep 0.3; }
watch_end() { sleep 0.2; kill "$watcher" 2>/dev/null || true; wait "$watcher" || true; sleep 0.1; }

levels_seen() { cut -c1 "$watched" | tr 2 0 | tr -d '\n'; }

# The middle and the greatest gap between two stamps, in microseconds.
gaps() {
    awk '{ now = NF == 3 ? $2 + $3 / 1e9 : $2 } NR > 1 { printf "%d\n", (now - t) * 1e6 } { t = now }' "$watched" |
        sort -n | awk '{ gap[NR] = $1 } END { printf "%d µs in the middle, %d at most", gap[int((NR + 1) / 2)], gap[NR] }'
}

test_chips() {
    check_match "both chips are there, with their labels" "$(gpiodetect | tr '\n' ' ')" \
        '\[buttons\] \(16 lines\).*\[lamps\] \(4 lines\)'
    check_match "a line has its name and is free" "$(line 3)" 'BTN3.*(unused|input)'
    check_match "a line that is a hog is taken" "$(line 15)" 'relay'
}

test_bounce() {
    watch_start 3
    printf '%s\n' 'buttons 3 1' 'sleep 700us' 'buttons 3 0' 'sleep 400us' 'buttons 3 1' 'sleep 1.5ms' \
        'buttons 3 0' 'sleep 300us' 'buttons 3 1' 'sleep 80ms' 'buttons 3 0' | gpio-drive
    watch_end
    check "a bouncing press gives its six edges in order" "$(levels_seen)" 101010
}

test_fast_edges() {
    watch_start 3
    edges 3 200 200us | gpio-drive
    watch_end
    check "200 edges 200 µs apart all arrive ($(gaps))" "$(wc -l <"$watched")" 200
    check "and alternate" "$(levels_seen | sed 's/10//g')" ""
}

test_levels() {
    gpio-drive 'buttons 5 1'
    check "a line pulled up reads 1" "$(level 5)" 1
    gpio-drive 'buttons 5 0'
    check "a line pulled down reads 0" "$(level 5)" 0
}

test_output() {
    local holder
    hold 8 1 & holder=$!
    sleep 0.3
    check "an output is read back on the other side" "$(cat /run/gpio-sim/buttons/sim_gpio8/value)" 1
    check_match "a held line shows who holds it" "$(line 8)" 'gpioset'
    check_match "and nobody else gets it" "$(level 8 2>&1 || true)" 'busy'
    kill "$holder" || true
    wait "$holder" || true
    check "let go, it can be had again" "$(level 8)" 0
}

test_overflow() {
    watch_start 4
    kill -STOP "$watcher" || true
    edges 4 100 200us | gpio-drive
    kill -CONT "$watcher" || true
    watch_end
    check "of 100 edges nobody read, the kernel kept $QUEUE" "$(wc -l <"$watched")" "$QUEUE"
}

test_unplug() {
    watch_start 3
    gpio-plug out buttons
    check "a chip pulled out while in use is gone" "$(gpiodetect | grep -c buttons || true)" 0
    check_match "its lines cannot be driven" "$(gpio-drive 'buttons 3 1' 2>&1 || true)" 'No such'
    watch_end
    gpio-plug in buttons
    check "put back, it is there again" "$(gpiodetect | grep -c buttons || true)" 1
    gpio-drive 'buttons 3 1'
    check "and works" "$(level 3)" 1
}

inside() {
    test_chips
    test_levels
    test_bounce
    test_fast_edges
    test_output
    test_overflow
    test_unplug
    finish
}

# ---- on the host ----

run() { "$here/run.sh" "$@"; }

test_run() {
    local status=0 share
    check "the program's output comes out, and nothing else" "$(run -- sh -c 'echo out; echo err >&2' 2>&1 | sort)" $'err\nout'
    run -- sh -c 'exit 42' || status=$?
    check "its exit code too" "$status" 42
    status=0
    run --timeout 1 -- sleep 60 2>/dev/null || status=$?
    check "a guest that hangs is ended with 124" "$status" 124
    share=$(mktemp -d)
    run --share "$share" -- sh -c "echo kept >$share/file"
    check "a shared directory keeps what is written" "$(cat "$share/file")" kept
    rm -r "$share"
    check "an hour's sleep takes no time in virtual time" "$(run --virtual-time --timeout 20 -- sh -c 'sleep 3600; cut -d. -f1 /proc/uptime')" 3600
}

outside() {
    command -v gpiodetect >/dev/null || { echo "gpiodetect is missing: apt-get install gpiod" >&2; exit 1; }
    "$here/build.sh" >/dev/null     # so that its messages are not among the checks
    test_run
    run --chip buttons:16:BTN --chip lamps:4 --hog buttons:15:relay --timeout 60 -- "$self" --inside || failures=1
    finish
}

case ${1:-} in
    '') outside ;;
    --inside) inside ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$self" >&2; exit 64 ;;
esac
