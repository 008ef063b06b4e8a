#!/usr/bin/env bash
# Measures how many edges of a receiver's noise, with a button now and then, the radio
# decoder takes in a second, beside rtl_433 reading the same pulses from a file.
#
#   decoder.sh [PROGRAM]
#
#   PROGRAM      courtyard-sim (default: what `make build` made)
#
# Prints a table and one line of JSON. rtl_433's time is that of a whole process, less
# that of one that reads an empty file: it has no other way to be asked. With valgrind
# there, the allocations of the decoder are counted: none may come with the edges.
# Exit: 0 at least 20 million edges a second and no allocation with them; 1 not.
set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
program=${1:-$here/../../.build/shipped/release/courtyard-sim}
[ -x "$program" ] || { echo "decoder.sh: there is no $program: make build" >&2; exit 64; }
readonly TARGET=20000000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ours=0
for _ in 1 2 3; do
    result=$("$program" radio-bench --write "$work/pulses.ook")
    rate=$(sed 's/.*"edgesPerSecond":\([0-9]*\).*/\1/' <<<"$result")
    [ "$rate" -gt "$ours" ] && ours=$rate
done
edges=$(($(wc -l <"$work/pulses.ook") * 2))

seconds() {
    local begin end
    begin=$(date +%s%N)
    rtl_433 -r "$1" -F null >/dev/null 2>&1 || true
    end=$(date +%s%N)
    echo $((end - begin))
}

peer=null
if command -v rtl_433 >/dev/null; then
    printf ';pulse data\n;version 1\n;timescale 1us\n;end\n' >"$work/empty.ook"
    nanoseconds=$(($(seconds "$work/pulses.ook") - $(seconds "$work/empty.ook")))
    [ "$nanoseconds" -gt 0 ] && peer=$((edges * 1000000000 / nanoseconds))
fi

allocations=null
if command -v valgrind >/dev/null; then
    count() {
        valgrind --tool=memcheck "$program" radio-bench --edges "$1" 2>&1 >/dev/null |
            sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' | tr -d ,
    }
    # A press costs a few; there are a hundred in a million edges.
    allocations=$((($(count 3000000) - $(count 1000000)) / 2))
fi

printf '%-34s %14s\n' 'edges a second, one core' ''
printf '%-34s %14d\n' 'ours' "$ours" 'target' "$TARGET"
[ "$peer" = null ] && echo 'rtl_433                                not there' ||
    printf '%-34s %14d\n' 'rtl_433, from a file' "$peer"
[ "$allocations" = null ] && echo 'allocations: not counted, valgrind is not there' ||
    printf '%-34s %14d\n' 'allocations in a million edges' "$allocations"
echo "{\"edgesPerSecond\":$ours,\"target\":$TARGET,\"rtl433\":$peer,\"allocationsPerMillion\":$allocations}"
[ "$ours" -ge "$TARGET" ] && { [ "$allocations" = null ] || [ "$allocations" -lt 2000 ]; }
