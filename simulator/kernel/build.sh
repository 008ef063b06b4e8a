#!/usr/bin/env bash
# Builds the kernel that `run.sh` boots: User Mode Linux with gpio-sim, from the
# distribution's kernel source package. About four minutes and 2 GB of scratch
# space the first time; the result (6 MB) is cached, and then it takes no time.
#
#   build.sh            the kernel; its path is the last line of standard output
#   build.sh --tools    the guest's small programs; prints their directory
#
# Environment:
#   XDG_CACHE_HOME   the cache is $XDG_CACHE_HOME/courtyard-gateway/kernel
#                    (default ~/.cache/courtyard-gateway/kernel)
#   LINUX_SOURCE     a linux-source-*.tar.xz to build instead of the package's
#   JOBS             parallel compilations (default: the number of processors)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?is not set, nor is XDG_CACHE_HOME}/.cache}/courtyard-gateway/kernel
# In order of preference. Debian 12 has both, Debian 13 the second.
packages=(linux-source-6.1 linux-source-6.12)
scratch=

say() { echo "kernel: $*" >&2; }
fail() { say "$*"; exit 1; }

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# The first source package that is installed, else the first that apt offers.
choose_package() {
    local package
    for package in "${packages[@]}"; do
        if installed "$package"; then echo "$package"; return; fi
    done
    for package in "${packages[@]}"; do
        if apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]'; then echo "$package"; return; fi
    done
    fail "neither installed nor offered by apt: ${packages[*]} (apt-get update? or set LINUX_SOURCE)"
}

# Installs the packages named that are missing, or says how to.
need_packages() {
    local package missing=()
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        fail "packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

clean_up() { if [ -n "$scratch" ]; then rm -rf "$scratch"; fi; }

# One build at a time; the lock goes with the process.
take_lock() {
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock -n 9 || { say "waiting for another build"; flock 9; }
    rm -rf "$cache"/building.*  # left by a build that was killed
}

# A short name for what goes into a build: the words given and the files named after --.
fingerprint() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    { printf '%s\n' "${words[@]}"; cat "$@"; } | sha256sum | cut -c1-16
}

# Every line of the fragment must have been taken, unless this kernel has
# no such symbol any more.
check_config() {
    local source=$1 config=$2 line symbol
    grep '^CONFIG_' "$here/gpio-sim.config" | while read -r line; do
        grep -qxF "$line" "$config" && continue
        symbol=${line%%=*}; symbol=${symbol#CONFIG_}
        if grep -rqE --include='Kconfig*' "^(menu)?config $symbol\$" "$source"; then
            fail "this kernel's configuration refuses $line"
        fi
        say "this kernel has no $symbol: left out"
    done
}

# Runs a step of the build; what it says is shown only when it fails.
step() {
    "$@" >>"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log" >&2; fail "failed: $*"; }
}

compile_kernel() {
    local tarball=$1 tree=$scratch/source out=$scratch/out
    say "unpacking $tarball"
    mkdir -p "$tree" "$out"
    step tar -xf "$tarball" -C "$tree" --strip-components=1
    step patch -p1 -d "$tree" -i "$here/arch-um.patch"
    say "compiling (about three minutes on two cores)"
    step make -C "$tree" ARCH=um O="$out" KCONFIG_ALLCONFIG="$here/gpio-sim.config" allnoconfig
    check_config "$tree" "$out/.config"
    step make -C "$out" ARCH=um -j"${JOBS:-$(nproc)}" linux
}

make_kernel() {
    local tarball=$1 version=$2 target=$3
    need_packages gcc libc6-dev make flex bison bc xz-utils patch
    scratch=$(mktemp -d "$cache/building.XXXXXX")
    SECONDS=0
    compile_kernel "$tarball"
    mkdir "$scratch/result"
    mv "$scratch/out/linux" "$scratch/out/.config" "$scratch/result"
    echo "$tarball $version" >"$scratch/result/built-from"
    mv -T "$scratch/result" "$target"
    say "built in $SECONDS s"
}

build_kernel() {
    local package=${LINUX_SOURCE:-} tarball version target
    [ -n "$package" ] || package=$(choose_package)
    if [ -n "${LINUX_SOURCE:-}" ]; then
        tarball=$LINUX_SOURCE
        version=$(stat -c '%n %s %Y' "$tarball")
    else
        installed "$package" || need_packages "$package"
        tarball=/usr/src/$package.tar.xz
        version=$(dpkg-query -W -f='${Version}' "$package")
    fi
    target=$cache/$(fingerprint "$package" "$version" -- "$here/gpio-sim.config" "$here/arch-um.patch")
    if [ ! -x "$target/linux" ]; then
        take_lock
        [ -x "$target/linux" ] || make_kernel "$tarball" "$version" "$target"
    fi
    echo "$target/linux"
}

build_tools() {
    local target flags=(-O2 -Wall -Wextra)
    target=$cache/tools-$(fingerprint "${flags[@]}" -- "$here"/{init.c,gpio-drive.c,gpio-plug})
    if [ ! -d "$target" ]; then
        take_lock
        need_packages gcc libc6-dev
        scratch=$(mktemp -d "$cache/building.XXXXXX")
        chmod 755 "$scratch"
        gcc "${flags[@]}" -o "$scratch/init" "$here/init.c"
        gcc "${flags[@]}" -o "$scratch/gpio-drive" "$here/gpio-drive.c"
        cp "$here/gpio-plug" "$scratch"
        if [ ! -d "$target" ]; then mv -T "$scratch" "$target"; fi
    fi
    echo "$target"
}

trap clean_up EXIT
case ${1:-} in
    '') build_kernel ;;
    --tools) build_tools ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 64 ;;
esac
