#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A watched program that spoils its shared memory while it is read (hostile.c) costs its readers
# that segment and nothing else: they neither crash nor hang, print nothing but text, end when told
# to, and show the healthy neighbour exactly. Environment: TIMEKEEPER, HOSTILE, WATCHED.
set -uo pipefail
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"

only_text() {
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$out" "$err" &&
		fail "$how: control characters"
}

# Sum of the counts of the healthy program's processing.
healthy() {
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$at["app"] == "\"healthy\"" && $at["kind"] == "processing" { n += $at["count"] }
		END { print n + 0 }' "$out"
}

for how in slots lanes head all shrink-slots shrink-lane shrink-head; do
	coproc HARM { exec "$HOSTILE" "$how"; }
	pids=("$HARM_PID")
	harm=("${HARM[@]}")
	read -r -u "${harm[0]}"
	: >"$out"
	# It reads the segment whole before the harm begins: the shrunk would not be attached to.
	timeout -k 5 60 "$TIMEKEEPER" stat --oldest --format csv --interval 20ms >"$out" 2>"$err" &
	reader=$!
	until [ -s "$out" ] || ! kill -0 "$reader" 2>/dev/null; do sleep .01; done
	echo >&"${harm[1]}"
	start "$WATCHED" healthy 2 5000 die
	for ((i = 0; i < 1500 && $(healthy) < 5000; i++)); do sleep .01; done
	[ "$(healthy)" = 5000 ] || fail "$how: $(healthy) of 5000 records of its healthy neighbour"
	if [[ $how = shrink-* ]]; then
		for ((i = 0; i < 1500; i++)); do
			grep -q 'truncated' "$err" && break
			sleep .01
		done
		[ "$(grep -c 'truncated.*detached' "$err")" = 1 ] ||
			fail "$how: not said once that it was truncated"
	fi
	kill -TERM "$reader"
	wait "$reader"
	code=$?
	# timeout passes SIGTERM on, and says 124 if the reader then ended as it should.
	[ "$code" = 124 ] || [ "$code" = 0 ] || fail "$how: told to end, it ended with $code"
	only_text
	rows_csv "$out" || fail "$how: rows that do not add up"
	timeout -k 5 60 "$TIMEKEEPER" ls >"$out" 2>"$err" || fail "$how: ls ended with $?"
	grep -q '^healthy\.' "$out" || fail "$how: ls lacks the healthy neighbour"
	only_text
	timeout -k 5 60 "$TIMEKEEPER" stat --count 20 --interval 20ms >"$out" 2>"$err" ||
		fail "$how: stat ended with $?"
	only_text
	end_all
	rm -rf "${TIMEKEEPER_DIR:?}"/*
done
exit $failed
