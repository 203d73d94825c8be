#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper record` on a disk that is really full, and then has room again: one line says so, the
# log has whole lines at any time and says what it misses, and nothing else is missing.
# Environment: TIMEKEEPER, WATCHED, LOGS (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
if [ -z "${TK_FULL_INSIDE:-}" ]; then
	become=(unshare -m)
	[ "$(id -u)" = 0 ] || become=(unshare -r -m)
	"${become[@]}" true 2>/dev/null || { echo 'no mount namespaces here: skipped'; exit 77; }
	TK_FULL_INSIDE=1 exec "${become[@]}" "$0" "$@"
fi
. "$(dirname "$0")/../scratch.sh"
disk=$scratch/disk log=$disk/run.hlog rows=$scratch/rows
mkdir "$disk"
mount -t tmpfs -o size=2m none "$disk" || { echo 'no tmpfs can be mounted here: skipped'; exit 77; }
trap 'end_all; umount "$disk"; finish' EXIT

wait_for() {
	for ((i = 0; i < 600; i++)); do "$@" && return; sleep 0.1; done
	fail "not within a minute: $*"
	exit 1
}
begun() { grep -qs '"warm"' "$rows" && grep -qs '^Tag=warm/' "$log"; }
says() { grep -qs "$1" "$err"; }
lines_after() { [ "$(sed '1,/^#\[Timekeeper missed/d' "$log" | grep -c '^Tag=big/')" -ge 6 ]; }

# Two who see every record of `big`: they are there before it.
head -c 1900000 /dev/zero >"$disk/ballast"
"$TIMEKEEPER" record -o "$log" --oldest --interval 10ms >"$out" 2>"$err" &
recorder=$!
"$TIMEKEEPER" stat --total --oldest -f jsonl -o "$rows" 2>"$scratch/stat" &
stat=$!
pids+=("$recorder" "$stat")
start "$WATCHED" warm 1 1000 die
wait_for begun
start "$WATCHED" big 3 1000 linger
big=${pids[-1]}

wait_for says 'No space left on device: intervals from now on are not recorded; make room'
[ "$(tail -c 1 "$log" | od -An -c | tr -d ' ')" = '\n' ] || fail 'the log ends within a line'
"$LOGS" read "$log" >"$out" || fail 'it cannot be read while the disk is full'
rm "$disk/ballast"
wait_for says 'there is room again: [0-9]* lines with [0-9]* samples, of [0-9.]* s, are missing$'
wait_for lines_after
kill -9 "$big"
wait "$big" 2>/dev/null
# What has ended they read to its end.
kill "$stat" "$recorder"
wait "$recorder"
[ $? = 1 ] || fail 'the recorder: not exit 1, though something is missing'
wait "$stat"
[ "$(grep -c 'not recorded' "$err")" = 1 ] || fail 'it was not said once'

samples=$("$LOGS" read "$log" | awk '/^histogram big\// { n += $5 } END { print n + 0 }')
missed=$(sed -n 's/^#\[Timekeeper missed:.* samples=\([0-9]*\) .*/\1/p' "$log")
lost=$(sed -n 's/.* samples; \([0-9]*\) records were lost$/\1/p' "$err")
[ "${missed:-0}" -gt 0 ] || fail 'the log does not say what it misses'
said "there is room again: [0-9]* lines with $missed samples"
# Each record has two samples.
cp "$rows" "$out"
records=$(jq -s '[.[] | select(.type == "process" and .app == "big")] | max_by(.interval) |
	.records' "$rows")
[ $((samples + missed + 2 * lost)) = $((2 * records)) ] ||
	fail "$samples samples in the log, $missed missing, $lost lost; of $records records"
exit $failed
