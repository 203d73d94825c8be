# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by the tests of commands that are started: programs that record, and what becomes of it.
# Environment: TIMEKEEPER, RECORDER (programs).
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"
rows=$scratch/rows
# Also what a parent may leave to us.
unset TIMEKEEPER_KEEP

# nothing_left WHAT: no directory of a command is there any more.
nothing_left() {
	[ -z "$(find "$TIMEKEEPER_DIR" -name '.run.*' -print -quit)" ] ||
		fail "$1: a directory is left"
}

# expect CODE ARGUMENTS...: run timekeeper; check what it exits with, and that nothing is left.
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "timekeeper $*: exit $got, not $code"
	nothing_left "timekeeper $*"
}

# recorded N: the totals in $rows are of N records, all of them counted, and add up.
recorded() {
	local sum
	rows_csv "$rows" || fail 'rows that do not add up'
	sum=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		NR > 1 && $2 == "timer" && $at["interval"] == 0 {
			sum += $at["count"]
			lost += $at["lost"]
		}
		END { print sum + 0 " lost " lost + 0 }' "$rows")
	[ "$sum" = "$1 lost 0" ] || fail "totals of $sum, not $1"
}
counted() {
	local n=$1
	shift
	expect "$1" stat -f csv -o "$rows" -- "$RECORDER" "${@:2}"
	recorded "$n"
}
