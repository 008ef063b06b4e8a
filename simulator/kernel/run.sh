#!/usr/bin/env bash
# Boots a small Linux kernel with virtual GPIO chips and runs a program in it.
#
#   run.sh [OPTION...] -- PROGRAM [ARG...]
#
#   --chip LABEL:LINES[:PREFIX]  a chip; its lines are named PREFIX0, PREFIX1, ...
#   --hog LABEL:OFFSET:NAME      a line of it that something else (NAME) holds
#   --share DIR                  a directory of the host that can be written to
#   --user USER                  run as this user (default: as the guest's root)
#   --memory SIZE                the guest's memory (default 512M)
#   --timeout SECONDS            end the guest after that time (default 120)
#   --virtual-time               sleeps take no time: the clock jumps over them
#   --cpu N|any                  the processor to stay on (default: picked)
#   --verbose                    show the kernel's log at the end
#
# --chip, --hog and --share may be repeated. The program sees the host's files
# read-only, its arguments, environment and directory are the caller's, and
# /run/gpio-sim/LABEL/sim_gpioN/pull moves line N. Two tools are on the PATH there:
# gpio-drive moves lines to a timetable, gpio-plug takes a chip out and puts it in.
#
# Exit: the program's; 124 the guest took too long; 125 the guest failed;
# 126, 127 the program could not be run; 64 the options were wrong.
# COURTYARD_KERNEL names a kernel to boot instead of the one build.sh makes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly TIMED_OUT=124 GUEST_FAILED=125

chips=() hogs=() shares=() user='' memory=512M timeout=120 cpu='' boot=() verbose=''
scratch='' guest=''

say() { echo "run.sh: $*" >&2; }
wrong() { say "$*"; exit 64; }
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

need_match() { [[ $2 =~ ^$3$ ]] || wrong "$1 \"$2\": $4"; }

check_options() {
    local option labels=' '
    for option in "${chips[@]}"; do
        need_match --chip "$option" '[A-Za-z0-9._-]{1,60}:[1-9][0-9]{0,3}(:[A-Za-z0-9._-]*)?' 'LABEL:LINES[:PREFIX] is expected'
        [[ $option =~ :([0-9]+) && ${BASH_REMATCH[1]} -le 500 ]] || wrong "--chip \"$option\": 500 lines at most"
        [[ $labels != *" ${option%%:*} "* ]] || wrong "--chip \"$option\": there is one of that label already"
        labels+="${option%%:*} "
    done
    for option in "${hogs[@]}"; do
        need_match --hog "$option" '[A-Za-z0-9._-]+:[0-9]{1,4}:.+' 'LABEL:OFFSET:NAME is expected'
        [[ $labels == *" ${option%%:*} "* ]] || wrong "--hog \"$option\": there is no such --chip"
    done
    need_match --memory "$memory" '[1-9][0-9]*[MG]' 'megabytes or gigabytes are expected, as 512M'
    need_match --timeout "$timeout" '[1-9][0-9]*' 'whole seconds are expected'
    need_match --cpu "${cpu:-any}" 'any|[0-9]+' 'a number or any is expected'
    [ -z "$user" ] || id "$user" >/dev/null 2>&1 || wrong "--user \"$user\": no such user"
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --chip | --hog | --share | --user | --memory | --timeout | --cpu) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
        esac
        case $1 in
            --chip) chips+=("$2"); shift 2 ;;
            --hog) hogs+=("$2"); shift 2 ;;
            --share) [ -d "$2" ] || wrong "--share \"$2\": no such directory"
                shares+=("$(realpath "$2")"); shift 2 ;;
            --user) user=$2; shift 2 ;;
            --memory) memory=$2; shift 2 ;;
            --timeout) timeout=$2; shift 2 ;;
            --cpu) cpu=$2; shift 2 ;;
            --virtual-time) boot=(time-travel=inf-cpu "time-travel-start=$(date +%s%N)"); shift ;;
            --verbose) verbose=yes; shift ;;
            --help) usage; exit 0 ;;
            --) shift; break ;;
            *) wrong "\"$1\" is no option (a program comes after --; see --help)" ;;
        esac
    done
    [ $# -gt 0 ] || wrong "no program is named (see --help)"
    check_options
    program=("$@")
}

# UML maps the guest's memory from a file: best one that never meets a disk.
memory_directory() {
    local kilobytes=$((${memory%[MG]} * 1024)) free
    [[ $memory != *G ]] || kilobytes=$((kilobytes * 1024))
    free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || free=0
    if [ -w /dev/shm ] && [ "$free" -ge "$kilobytes" ]; then echo /dev/shm; else echo /tmp; fi
}

# One processor: the guest is one thread and its processes' many hand-overs are
# about three times as dear across processors. Spread by process id.
pick_cpu() {
    local allowed=() range
    for range in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do
        mapfile -O "${#allowed[@]}" -t allowed < <(seq "${range%-*}" "${range#*-}")
    done
    echo "${allowed[$$ % ${#allowed[@]}]}"
}

# What process 1 of the guest is to do: strings, each ended by a NUL.
write_plan() {
    local item
    for item in "${chips[@]}"; do printf 'chip=%s\0' "$item"; done
    for item in "${hogs[@]}"; do printf 'hog=%s\0' "$item"; done
    for item in "${shares[@]}"; do printf 'share=%s\0' "$item"; done
    [ -z "$user" ] || printf 'user=%s:%s\0' "$(id -u "$user")" "$(id -g "$user")"
    printf 'tools=%s\0' "$tools"
    printf 'cwd=%s\0' "$PWD"
    env -0 -u TMPDIR PATH="/run/tools:$PATH:/usr/sbin:/sbin" | sed -z 's/^/env=/'
    printf 'arg=%s\0' "${program[@]}"
}

# shellcheck disable=SC2317 # reached through the trap
clean_up() {
    trap '' INT TERM
    if [ -n "$guest" ]; then kill -TERM "$guest" 2>/dev/null || true; wait "$guest" 2>/dev/null || true; fi
    if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
}

# Standard output and error of the program leave through the descriptors 3 and 4,
# the kernel's own log through 5. Through pipes, because UML makes its
# descriptors non-blocking, and they may be the caller's terminal.
boot_guest() {
    local pin=()
    ulimit -c 0
    [ "$cpu" = any ] || pin=(taskset -c "${cpu:-$(pick_cpu)}")
    mkfifo "$scratch/out" "$scratch/err"
    cat <"$scratch/out" & local out=$!
    cat <"$scratch/err" >&2 & local err=$!
    TMPDIR=$(memory_directory) setpriv --pdeathsig TERM timeout -k 3 "$timeout" \
        setpriv --pdeathsig TERM "${pin[@]}" "$kernel" \
        umid=guest uml_dir="$scratch/" mem="$memory" "${boot[@]}" \
        root=/dev/root rootfstype=hostfs rootflags=/ ro init="$tools/init" plan="$scratch" \
        con=null con0=null,fd:5 ssl=null ssl0=null,fd:3 ssl1=null,fd:4 \
        quiet loglevel=4 panic=-1 \
        </dev/null 3>"$scratch/out" 4>"$scratch/err" 5>"$scratch/log" >>"$scratch/log" 2>&1 &
    guest=$!
    status=0
    # The word on a guest that aborts while it halts (1 in 50 does) is no news.
    { wait "$guest" || status=$?; } 2>/dev/null
    guest=
    wait "$out" "$err"
}

report() {
    local code=$GUEST_FAILED
    if [ -s "$scratch/exit" ]; then
        code=$(<"$scratch/exit")
    elif [ "$status" = 124 ] || [ "$status" = 137 ]; then
        say "the guest was ended after $timeout s"
        code=$TIMED_OUT
    fi
    if [ "$code" = "$GUEST_FAILED" ]; then say "the guest failed (status $status); its log:"; verbose=yes; fi
    if [ -n "$verbose" ]; then cat "$scratch/log" >&2; fi
    exit "$code"
}

parse "$@"
tools=$("$here/build.sh" --tools) || exit "$GUEST_FAILED"
kernel=${COURTYARD_KERNEL:-$("$here/build.sh")} || exit "$GUEST_FAILED"
[ -x "$kernel" ] || wrong "COURTYARD_KERNEL: $kernel is no program"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
scratch=$(mktemp -d "$(memory_directory)/courtyard-guest.XXXXXX")
write_plan >"$scratch/plan"
boot_guest
report
