#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper serve`: what it says of programs whose figures are known, in both formats, and the
# command line. Environment: TIMEKEEPER, KNOWN (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/shared.sh"
om='Accept: application/openmetrics-text; version=1.0.0'

# refused CODE TEXT ARGUMENTS...: one line that has the text.
refused() {
	local code=$1 got
	timeout -k 5 60 "$TIMEKEEPER" serve "${@:3}" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "serve ${*:3}: exit $got, not $code"
	said "$2"
	[ "$(grep -c . "$err")" -le 3 ] || fail "serve ${*:3}: more than a line"
}

# --- the command line: an address is numbers, and must be named
for bad in 9464 :9464 127.0.0.1 127.0.0.1: 127.0.0.1:65536 127.0.0.1:-1 127.0.0.1:9464x \
	localhost:9464 ::1:9464 '[::1]' '[::1' '[]:1' 300.0.0.1:80 "$(printf '%0300d' 0):1"; do
	refused 2 'listen .*takes ADDRESS:PORT' --listen "$bad"
done
refused 1 'cannot listen on 192.0.2.1:0: ' --listen 192.0.2.1:0
for bad in spans 'spans:' ':1us' 'spans:1us,' 'spans:1us,1us' 'spans:2us,1us' 'spans:1us,2' \
	'spans:0' 'spans:0us' 'spans:x' 'spans:1us,100000s' "spans:$(seq -s, -f '%gus' 65)"; do
	refused 2 "buckets .* \(has\|is\)" --buckets "$bad"
done
refused 2 'max-series' --max-series 0

# --- three processes of one app, by two clocks, are one
start "$KNOWN" monotonic
start "$KNOWN" monotonic
serve --oldest
wait_for has 'timekeeper_records_total{app="known"} 60060'
scrape "$scratch/text"
scrape "$scratch/om" -H "$om"
holds known "$scratch/text" ns 2
holds known "$scratch/om" ns 2
holds same "$scratch/text" "$scratch/om"
holds lines "$scratch/text"
if [ -x "$promtool" ]; then # ./run fetches it
	"$promtool" check metrics <"$scratch/text" >"$out" 2>&1 || fail 'promtool: an error'
	[ ! -s "$out" ] || fail 'promtool: a warning'
fi
refused 1 'cannot listen on .*: Address already in use' --listen "$(grep -o '127[^/]*' <<<"$url")"
stop
anew

start "$KNOWN"
listen='[::1]:0'
[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || listen=
serve --oldest --buckets 'spans:128ns,1us,1500ns,50us,1ms,1s,60s' --buckets 'spans:1'
wait_for has 'timekeeper_records_total{app="known"} 30030'
scrape "$scratch/text"
scrape "$scratch/om" -H "$om"
holds known "$scratch/text" ticks 1
holds limits "$scratch/text" spans 1.28e-07,1e-06,1.5e-06,5e-05,0.001,1.0,60.0
holds limits "$scratch/om" spans 1.28e-07,1e-06,1.5e-06,5e-05,0.001,1.0,60.0
stop
anew
listen=

# --- fewer series than there are: some timers are omitted, and counted
start "$KNOWN" monotonic
serve --oldest --max-series 40
wait_for has 'timekeeper_records_total{app="known"} 30030'
scrape "$scratch/text"
holds lines "$scratch/text"
# All but early and naïve-π: a timer has 2 lines, each measure 1, a histogram its limits and 3.
grep -qx 'timekeeper_series_omitted 259' "$scratch/text" || fail 'what is omitted is not counted'
said 'more series than --max-series 40'
stop
serve --oldest --timer 'spa*' --per-process
labels="app=\"known\",timer=\"spans\",pid=\"${pids[0]}\""
wait_for has "timekeeper_processing_seconds_count{$labels} 10007"
scrape "$scratch/text"
[ "$(grep -c '^timekeeper_timer_records_total' "$scratch/text")" = 1 ] || fail '--timer'
stop

[ "$failed" = 0 ]
