#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who asks `serve`, and how: forms and encodings, methods, and clients that mean no good. Meanwhile
# programs record, and each record of theirs is accounted for.
# Environment: TIMEKEEPER, WATCHED (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/shared.sh"
clients=$(cd "$(dirname "$0")" && pwd)/clients.py
serve --per-process
for _ in 1 2 3 4; do start "$WATCHED" served 60 1000 linger; done
wait_for has 'timekeeper_processes{app="served"} 4'
port=${url##*:}
port=${port%/*}
# This one takes ten seconds.
timeout -k 5 170 /usr/bin/python3 "$clients" "$port" trickle >"$scratch/trickle" 2>&1 &
trickle=$!

# --- which form, which encoding
# form WANTED ACCEPT: "text" or "om"
form() {
	scrape "$scratch/form" -H "Accept: $2" -D "$scratch/head"
	case $1 in
	om) grep -qi '^content-type: application/openmetrics-text; version=1.0.0' "$scratch/head" &&
		[ "$(tail -1 "$scratch/form")" = '# EOF' ] ;;
	text) grep -qi '^content-type: text/plain; version=0.0.4' "$scratch/head" &&
		! grep -q '# EOF' "$scratch/form" ;;
	esac || fail "not $1: Accept: $2"
}
prometheus='application/openmetrics-text;version=1.0.0,'
prometheus+='application/openmetrics-text;version=0.0.1;q=0.75,'
form om "$prometheus,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
form om 'application/openmetrics-text; version=1.0.0; charset=utf-8'
form om 'Application/OpenMetrics-Text;q=0.5, text/plain;q=0.5'
form om 'text/plain;q=0.4, application/openmetrics-text;q=0.5'
form text '*/*'
form text ''
form text 'application/json'
form text 'application/openmetrics-text;version=2.0.0'
form text 'application/openmetrics-text;q=0'
form text 'application/openmetrics-text;q=0.5,text/plain;q=0.6'
form text 'application/openmetrics-text;q=2'
scrape "$scratch/none" -H 'Accept:'
grep -q '^timekeeper_build_info' "$scratch/none" || fail 'no Accept'

# coded WANTED ACCEPT-ENCODING
coded() {
	scrape "$scratch/coded" -H "Accept-Encoding: $2" -D "$scratch/head"
	if [ "$1" = gzip ]; then
		gzip -dc <"$scratch/coded" >"$scratch/plain" 2>>"$err" &&
			grep -q '^timekeeper_build_info' "$scratch/plain" &&
			grep -qi '^content-encoding: gzip' "$scratch/head"
	else
		grep -q '^timekeeper_build_info' "$scratch/coded"
	fi || fail "not $1: Accept-Encoding: $2"
}
coded gzip gzip
coded gzip 'deflate, gzip;q=0.1, br'
coded gzip '*'
coded plain 'gzip;q=0'
coded plain 'gzip;q=0.000, *;q=1'
coded plain 'identity, br'
coded plain ''

# --- methods and paths
# status WANTED PATH [CURL ARGUMENT...]
status() {
	local got
	got=$(curl -s --max-time 60 -o "$scratch/answer" -w '%{http_code}' "${@:3}" \
		"${url%/metrics}$2")
	[ "$got" = "$1" ] || fail "$2 ${*:3}: $got, not $1"
}
status 200 /
grep -q 'href="/metrics"' "$scratch/answer" || fail 'the index'
status 200 /healthz
status 200 '/metrics?name=x'
status 404 /metrics/
status 404 /../etc/passwd --path-as-is
status 405 /metrics -X POST -d x
status 405 /metrics -X OPTIONS
status 405 / -X DELETE
status 200 /metrics -I
[ "$(grep -ci '^content-length: [1-9]' "$scratch/answer")" = 1 ] || fail 'HEAD without a length'

# --- clients that mean no good
files() { find "/proc/$server/fd" -mindepth 1 | wc -l; }
before=$(files)
for what in slow never headers junk 'many 10000'; do
	timeout -k 5 120 /usr/bin/python3 "$clients" "$port" $what >>"$out" 2>&1 ||
		fail "client: $what"
	kill -0 "$server" 2>/dev/null || fail "serve is gone after: $what"
done
wait "$trickle" || fail "client: trickle: $(tail -3 "$scratch/trickle")"
few() { [ "$(files)" -le $((before + 2)) ]; }
wait_for few
status 200 /healthz
[ "$(awk '/^VmHWM/ { print $2 }' "/proc/$server/status")" -lt "${BOUND:-262144}" ] ||
	fail "$(grep VmHWM "/proc/$server/status")"

# --- and each record that was written meanwhile is counted, or said to be lost
kill -9 "${pids[@]:1}"
wait_for has 'timekeeper_processes{app="served"} 0'
is_whole() {
	scrape "$scratch/whole"
	/usr/bin/python3 "$metrics" whole "$scratch/whole" served >>"$out" 2>&1
}
wait_for is_whole
stop

# --- where there are few descriptors, clients leave the collector those that it needs
anew
printf '#!/bin/sh\nulimit -n 200\nexec "%s" "$@"\n' "$TIMEKEEPER" >"$scratch/few"
chmod +x "$scratch/few"
TIMEKEEPER=$scratch/few
serve
port=${url##*:}
/usr/bin/python3 "$clients" "${port%/*}" many 300 60 >>"$out" 2>&1 &
holding=$!
wait_for grep -q '^held' "$out"
start "$WATCHED" late 8 1000 linger
wait_for has 'timekeeper_processes{app="late"} 1'
kill -0 "$holding" 2>/dev/null || fail 'nobody held connections meanwhile'
kill "$holding"
has_said 'open files' && fail 'descriptors ran out'
stop

[ "$failed" = 0 ]
