#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Counters of `serve` never step back: while a program is started 240 times, and the collector
# forgets 10,000 of its timers. A collector's restart is a reset. Environment: TIMEKEEPER, WATCHED.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/shared.sh"
runs=240 records=600 timers=60 together=12

serve
scrapes=()
for ((run = 0; run < runs; run += together)); do
	begun=()
	for ((i = 0; i < together; i++)); do
		"$WATCHED" again $timers $records close >>"$out" 2>&1 &
		begun+=($!)
	done
	wait "${begun[@]}" || fail 'a program that is watched'
	((run % (3 * together))) || {
		scrapes+=("$scratch/scrape.$run")
		scrape "$scratch/scrape.$run"
	}
done
wait_for has "timekeeper_records_total{app=\"again\"} $((runs * records))"
wait_for has 'timekeeper_processes{app="again"} 0'
scrape "$scratch/last"
holds grows "${scrapes[@]}" "$scratch/last"
holds lines "$scratch/last"

# Each timer has its part of every run, though most of them are forgotten.
for measure in processing latency; do
	labels='app="again",timer="timer-07"'
	wait_for has "timekeeper_${measure}_seconds_count{$labels} $((runs * records / timers))"
done
forgotten=$(sed -n 's/^timekeeper_timers_forgotten_total //p' "$scratch/last")
[ "${forgotten:-0}" -ge 10000 ] || fail "only ${forgotten:-0} timers were forgotten"

# --- the collector begins anew: so do counters, and the time that says it
began() { sed -n 's/^process_start_time_seconds //p' "$1"; }
kill -9 "$server"
wait "$server" 2>/dev/null
serve
scrape "$scratch/anew"
! grep -q '^timekeeper_records_total{app="again"} [1-9]' "$scratch/anew" || fail 'no reset'
awk -v a="$(began "$scratch/last")" -v b="$(began "$scratch/anew")" 'BEGIN { exit !(b > a) }' ||
	fail 'process_start_time_seconds'
stop

[ "$failed" = 0 ]
