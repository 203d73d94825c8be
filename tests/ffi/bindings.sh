#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bindings against the real libraries: each language's example under `stat -- EXAMPLE`, which
# has to count each record; and each language's own tests.
#	bindings.sh python|rust|go SOURCE_DIRECTORY BUILD_DIRECTORY
# Environment: TIMEKEEPER.
set -uo pipefail
export LC_ALL=C.UTF-8
language=$1 source=$(realpath "$2") build=$(realpath "$3")
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
export LD_LIBRARY_PATH=$build/producer${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
bindings=$source/producer/bindings
n=777

# counted NAME KIND N COMMAND...: the example's records of a timer, of all its processes
counted() {
	jq -s --arg timer "$1" --arg kind "$2" '[.[] | select(.type == "timer" and .interval == 0
		and .timer == $timer and .kind == $kind)] |
		(map(.records) | add), (map(.lost) | add)' "$scratch/rows" | tr '\n' ' ' >"$scratch/had"
	[ "$(cat "$scratch/had")" = "$3 0 " ] ||
		fail "$language: $1 $2: $(cat "$scratch/had")records and lost, not $3 and 0"
}

# example COMMAND...: whatever the language, it records these
example() {
	timeout -k 5 100 "$TIMEKEEPER" stat -f jsonl -o "$scratch/rows" -- "$@" "$n" \
		>"$out" 2>"$err" || fail "$*: exit $?"
	rows_jsonl "$scratch/rows" || fail "$language: rows that do not add up"
	counted work processing $((3 * n))
	counted message processing "$n"
	counted message latency "$n"
	counted other processing $((3 * n))
}

python() {
	export PYTHONPATH=$bindings/python PYTHONDONTWRITEBYTECODE=1
	example python3 "$bindings/python/spans.py"
	counted child processing "$n"
	counted awaited processing 1
	python3 "$(dirname "$0")/python_api.py" "$source" >"$out" 2>"$err" || fail 'python_api.py'
	# Where the library is not, the message says what to do; it may be installed on this machine.
	LD_LIBRARY_PATH=$scratch python3 -c 'import timekeeper' >"$out" 2>"$err" ||
		said 'ImportError.*ldconfig.*LD_PRELOAD'
}

$language
[ "$failed" = 0 ] && echo "ok: $language"
exit "$failed"
