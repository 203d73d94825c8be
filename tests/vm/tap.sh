# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# Sourced by the suites, which run in the guest's busybox sh: tests in TAP, and programs to be
# tested. A suite ends with `plan`; one that does not is a failure.
set -u
timekeeper=build/collector/timekeeper
out=/tmp/out
n=0 pids=

# check WHAT COMMAND...: it succeeds. What it says is shown if not.
check() {
	local what=$1 bad=
	shift
	n=$((n + 1))
	"$@" >/tmp/said 2>&1 || bad='not '
	echo "${bad}ok $n - $what"
	[ -z "$bad" ] || { echo "$*"; cat /tmp/said; } | sed 's/^/# /'
}

# is WANTED COMMAND...: that is all it prints.
is() {
	local wanted=$1 said
	shift
	said=$("$@" 2>&1)
	[ "$said" = "$wanted" ] || { echo "wanted $wanted, got $said"; return 1; }
}

# exits STATUS COMMAND...
exits() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ $status = "$wanted" ] || { echo "exited with $status"; return 1; }
}

# prints PATTERN COMMAND...: among other things.
prints() {
	local pattern=$1
	shift
	"$@" >/tmp/printed 2>&1
	grep -qe "$pattern" /tmp/printed || { cat /tmp/printed; return 1; }
}

# tap PROGRAM ARGUMENTS...: its tests are the suite's; what it says of those that failed is shown.
tap() {
	local name=${1##*/} more
	"$@" >$out 2>/dev/console
	awk -v n=$n -v name="$name" '/^(not )?ok / {
			bad = /^not/
			sub(/ok ([0-9]+ )?(- )?/, "ok " ++n " - " name ": ")
			print
			next
		}
		bad' $out
	more=$(grep -cE '^(not )?ok ' $out)
	n=$((n + more))
	check "$name: all its tests have run" grep -qx "1..$more" $out
}

plan() {
	echo "1..$n"
}

# fresh FILE...: empty, and not the file that an earlier program may still write into. What runs in
# the background empties its output only when it comes to run, which beside other load is after the
# first look.
fresh() {
	local file
	rm -f "$@"
	for file; do
		: >"$file"
	done
}

# start PROGRAM ARGUMENTS...: in the background, until it has said "ready" or "recording"; it has a
# minute. Its number is in $pid, what it said in $out.
start() {
	local tries=600
	fresh $out
	"$@" >$out 2>&1 &
	pid=$!
	pids="$pids $pid"
	until grep -qE '^(ready|recording)' $out; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] && kill -0 $pid ||
			{ echo "# $* is not ready:"; sed 's/^/# /' $out; return 1; }
		sleep 0.1
	done
}

# background COMMAND...: a function or a program whose number is in $pid; what it says is in
# /tmp/stdout and
# /tmp/stderr.
background() {
	fresh /tmp/stdout /tmp/stderr
	"$@" >/tmp/stdout 2>/tmp/stderr &
	pid=$!
	pids="$pids $pid"
}

# until_true COMMAND...: it has a minute.
until_true() {
	local tries=300
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.2
	done >/tmp/tried 2>&1
}

# threads PATTERN: of process $pid, those so named; their directories in /proc.
threads() {
	local task
	for task in /proc/$pid/task/*; do
		! grep -qx "$1" $task/comm || echo $task
	done
}

# allowed THREAD: the cpus on which it may run.
allowed() {
	awk '/^Cpus_allowed_list:/ { print $2 }' $1/status
}

# End them all, and remove what they left.
end() {
	[ -z "$pids" ] || { kill -9 $pids; wait $pids; } 2>/dev/null
	pids=
	rm -rf /dev/shm/timekeeper-0 /dev/hugepages/timekeeper-0
}
trap end EXIT
