# SPDX-License-Identifier: MIT
# Sourced by the tests of `serve`, after scratch.sh: a server, and scrapes of it.
metrics=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/metrics.py
promtool=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/prometheus/usr/bin/promtool
/usr/bin/python3 -c 'import prometheus_client' 2>/dev/null && command -v curl >/dev/null || {
	echo 'skipped: no curl or python3-prometheus-client'
	exit 77
}

# wait_for WHAT...: until the command succeeds.
wait_for() {
	for ((i = 0; i < 600; i++)); do "$@" && return; sleep 0.1; done
	fail "not within a minute: $*"
}

# anew: end all, and leave nothing of it to be read.
anew() {
	end_all
	rm -rf "${TIMEKEEPER_DIR:?}"/*
}

has_said() { grep -qe "$1" "$err"; }

# serve ARGUMENTS...: in the background, until it listens; $url is where.
serve() {
	: >"$err"
	"$TIMEKEEPER" serve --listen "${listen:-127.0.0.1:0}" --interval 100ms "$@" \
		>"$out" 2>>"$err" &
	server=$!
	pids+=("$server")
	wait_for has_said 'http://'
	url=$(grep -o 'http://[^ ]*/metrics' "$err" | head -1)
}

# stop: SIGTERM ends it within a second (five on a busy machine), with 0.
stop() {
	local began=${EPOCHREALTIME/./} code
	kill "$server"
	wait "$server"
	code=$?
	[ "$code" = 0 ] || fail "serve: exit $code at SIGTERM"
	[ $((${EPOCHREALTIME/./} - began)) -lt 5000000 ] || fail 'serve: more than 5 s to end'
}

# scrape FILE [CURL ARGUMENT...]
scrape() {
	curl -sS --max-time 60 -o "$1" "${@:2}" "$url" 2>>"$err" || fail "no scrape: ${*:2}"
}

# metrics WHAT...: holds.
holds() { /usr/bin/python3 "$metrics" "$@" >>"$out" 2>&1 || fail "$*"; }

# has LINE: a scrape has it, now.
has() {
	scrape "$scratch/has"
	grep -qxF -- "$1" "$scratch/has"
}
