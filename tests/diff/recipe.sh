#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recipe for CI in docs/compare.md, on a program whose spans are known: five runs a side are
# recorded and compared; exit code 7 where it became slower, and 0 where not. Environment:
# TIMEKEEPER, SPANS (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
cd "$scratch" || exit 1

# record NAME NS: five runs
record() {
	timeout -k 5 120 "$TIMEKEEPER" record -o "$1.hlog" --runs 5 -- "$SPANS" "$2" \
		>"$out" 2>"$err" || fail "record $1: exit $?"
}

# compare CODE BASE NEW RULE
compare() {
	local got
	timeout -k 5 60 "$TIMEKEEPER" diff --base "$(echo "$2"-[1-5].hlog | tr ' ' ,)" \
		--new "$(echo "$3"-[1-5].hlog | tr ' ' ,)" --fail-if "$4" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$1" ] || fail "diff $2 $3 $4: exit $got, not $1"
}

record base 100000
record same 100000
record slow 106000
compare 7 base slow '*:p50>+5%'
printed '^worse .* p50 .* +6[.][0-9] % .* spans/work processing  FAILS'
compare 0 base slow '*:p50>+8%'
compare 0 base same '*:p50>+5%'
printed ' 0 worse, 0 better, '
compare 7 slow base '*:p99<-5%'
exit $failed
