#!/bin/bash
# Builds courtyard-sim from a copy of the sources with every defect of this folder planted in it, each asleep until the
# environment variable COURTYARD_PLANTED names it, and prints the program's path. Nothing of it is ever shipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
place=$root/.build/planted
rm -rf "$place/source"
mkdir -p "$place/source"
cp -R "$root/Package.swift" "$root/Sources" "$place/source/"
ln -s "$root/Tests" "$place/source/Tests"
cd "$place/source"
git init --quiet .  # or git would apply the patches to the repository around it
for patch in "$here"/*.patch; do
    git apply --recount -C1 "$patch" 2>"$place/refusal" || {
        echo "$patch no longer fits the sources: mend it (see $here/README.md). $(cat "$place/refusal")" >&2
        exit 1
    }
done
swift build -c release --product courtyard-sim --scratch-path "$place/build" >"$place/log" 2>&1 || {
    tail -30 "$place/log" >&2
    exit 1
}
echo "$place/build/release/courtyard-sim"
