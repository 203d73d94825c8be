#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What docs/guide.md says of containers, with what they are made of: namespaces and mounts. Programs
# in them record 1,000 spans each; collectors outside and in other containers find exactly those.
# Environment: TIMEKEEPER, HOST, MISCHIEF (programs). Needs root.
set -uo pipefail
. "$(dirname "$0")/users.sh"
command -v jq >/dev/null || { echo 'skipped: no jq'; exit 77; }
contain=(unshare -m -p -i --fork --kill-child --mount-proc)
"${contain[@]}" true 2>/dev/null || { echo 'skipped: no pid namespace can be had'; exit 77; }
shared=/dev/shm/shop inside=/dev/shm/timekeeper
mkdir $inside
segments=$inside prepare=true # what of the mount is TIMEKEEPER_DIR, and what is done to it first

# container USER COMMAND...: how to run that in one, in $become; $shared is mounted there. The shell
# is the container's first process, and root's: a change of user would let it outlive its parent.
container() {
	become "$1"
	become=("${contain[@]}" env TIMEKEEPER_DIR="$segments" bash -c
		"mount --bind $shared $inside && $prepare && \"\$@\"; exit \$?"
		- "${become[@]}" "${@:2}")
}

# program USER APP [LINE]: it runs in a container, and says that line.
program() {
	container "$1" host "$2" 022
	start "${become[@]}"
	[[ $line == *"${3:-ready, sum 499500}"* ]] || fail "$2 in a container: $line"
}

# tk_in USER ARGUMENTS...: as tk, from within a container
tk_in() {
	container "$1" timekeeper "${@:2}"
	timeout -k 5 60 "${become[@]}" >"$out" 2>"$err"
	code=$?
	[ $code -lt 124 ] || fail "timekeeper ${*:2} in a container: ended with $code"
}

# seen N WHO: the output has N programs, whose 1,000 records each are in rows that add up.
seen() {
	exits 0
	rows_jsonl "$out" || fail "$2: rows that do not add up"
	[ "$(jq -r 'select(.type == "timer" and .kind == "processing") |
		"\(.segment) \(.records)"' "$out" | sort -u | grep -c ' 1000$')" = "$1" ] ||
		fail "$2: not $1 programs"
}
everything=(stat --once --oldest --format jsonl)

# --- a /dev/shm of its own, as by default: nothing is seen
start "${contain[@]}" bash -c "mount -t tmpfs none /dev/shm && '$HOST' alone 022; exit \$?"
[[ $line == "ready, sum 499500" ]] || fail "alone in a container: $line"
tk 0 ls
exits 3
said 'no segment in'
end_all

# --- one directory and two containers, in which the programs have the same pid
install -d -m 700 -o $alice -g $group $shared
program $alice till
program $alice till
[ "$(ls -d $shared/till.* | cut -d. -f2 | sort -u | wc -l)" = 1 ] || fail 'their pids differ'
tk $alice "${everything[@]}" --dir $shared
seen 2 'outside, as the same user'
tk 0 "${everything[@]}" --dir $shared
seen 2 'outside, as root'
tk_in $alice "${everything[@]}"
seen 2 'in a third container'
tk $mallory "${everything[@]}" --dir $shared
[ $code -gt 0 ] || fail 'mallory reads it'
said 'Permission denied'

# --- the living is dead to nobody, and who is killed is dead to all
tk_in $alice clean --force
exits 0
[ "$(ls -d $shared/till.* | wc -l)" = 2 ] || fail 'clean has removed what lives'
tk_in $alice disable alices-work
exits 0
printed 'disabled 2 timers in 2 processes'
end_all
until tk $alice ls --dir $shared && [ "$(grep -c ' dead ' "$out")" = 2 ]; do sleep .05; done
tk_in $alice "${everything[@]}"
seen 2 'the killed, in a container'
tk_in $alice clean --force
exits 0
[ -z "$(ls -d $shared/till.* 2>/dev/null)" ] || fail 'clean has left the dead'

# --- what a collector may do through a mount that is read-only
program $alice till
prepare="mount -o remount,ro,bind $inside"
tk_in $alice "${everything[@]}"
seen 1 'through a read-only mount'
said 'collectors: Read-only file system; programs there do not wait for this collector'
tk_in $alice disable alices-work
said 'its control file cannot be written: Read-only file system'
prepare=true
end_all
rm -r $shared

# --- a volume that everybody may write into: not itself, but a folder in it that the library makes
install -d -m 1777 $shared
program $alice till 'others may write into it'
end_all
segments=$inside/till
program $alice till
tk $alice "${everything[@]}" --dir $shared/till
seen 1 'in a folder of a volume'
end_all
rm -r $shared

# --- a user namespace, as without root: its root is alice outside
install -d -m 700 -o $alice -g $group $shared
become $alice
rootless=("${become[@]}" unshare -U -r -m -p -i --fork --kill-child --mount-proc
	env TIMEKEEPER_DIR="$shared")
if "${rootless[@]}" true 2>/dev/null; then
	start "${rootless[@]}" host till 022
	[[ $line == "ready, sum 499500" ]] || fail "in a user namespace: $line"
	for user in $alice 0; do
		tk $user "${everything[@]}" --dir $shared
		seen 1 "of a user namespace, as $user"
	done
	"${rootless[@]}" timekeeper "${everything[@]}" >"$out" 2>"$err"
	code=$?
	seen 1 'from another user namespace'
fi
exit $failed
