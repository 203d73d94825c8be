#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper diff` from outside, on recordings of a program that we know. Environment: TIMEKEEPER,
# LOGS (programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
cd "$scratch" || exit 1

for ((i = 1; i <= 5; i++)); do
	"$LOGS" a$i.hlog $i 1 alpha 2.6 gone
	"$LOGS" b$i.hlog 10$i 1.08 alpha 2.6 came       # Sequencer-1 is 8 % longer
	"$LOGS" c$i.hlog 20$i 1 alpha 2.6 gone          # nothing has changed
	"$LOGS" d$i.hlog $i 1 beta 3.4 gone             # a itself, on another machine
done
side() { printf '%s1.hlog,%s2.hlog,%s3.hlog,%s4.hlog,%s5.hlog' "$1" "$1" "$1" "$1" "$1"; }
a=$(side a) b=$(side b) c=$(side c) d=$(side d)

# expect CODE ARGUMENTS...
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" diff "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "diff $*: exit $got, not $code"
}

# one_line CODE SENTENCE ARGUMENTS...: nothing but that on standard error, and nothing printed
one_line() {
	local sentence=$2
	expect "$1" "${@:3}"
	said "$sentence"
	[ "$(wc -l <"$err")" = 1 ] || fail "diff ${*:3}: not one line"
	[ ! -s "$out" ] || fail "diff ${*:3}: it printed something"
}

# json FILTER: holds of what was printed
json() { jq -e "$1" "$out" >/dev/null || fail "not so: $1"; }

# --- several runs a side ------------------------------------------------------------------------

expect 0 --base "$a" --new "$b" --format json
json '.schema == 1 and .compared == "runs" and (.base | length) == 5 and (.rows | length) == 28'
json '[.rows[] | select(.verdict == "worse") | .timer] | unique == ["Sequencer-1"]'
json '.rows[] | select(.timer == "Sequencer-1" and .stat == "p50") | .verdict == "worse" and
	.shift > 0.07 and .shift < 0.09 and .low < .shift and .shift < .high and .p < 0.03 and
	.finds > 0.02 and .base.ns > 1900 and .base.ns < 2100 and .base.samples == 120000'
json '[.rows[] | select(.verdict == "too little data") | "\(.timer) \(.stat)"] | sort ==
	["rare p99", "rare p99.9"]'
json '[.rows[] | select(.timer == "lossy") | .base.lost] | unique == [39900]'
json '[.alone[] | "\(.timer) \(.only_in)"] | sort == ["came new", "gone base"]'
json '[.rows[].timer] | unique | index("a\"b\\{}, c") and index("x|y&<z>'\''\"")'

# Swapped, it is better by as much.
cp "$out" forwards
expect 0 --base "$b" --new "$a" --format json
json '[.rows[] | select(.verdict == "better") | .timer] | unique == ["Sequencer-1"]'
jq -es '[.[].rows[] | select(.timer == "Sequencer-1" and .stat == "p90") | 1 + .shift] |
	(.[0] * .[1] - 1 | fabs) < 1e-6' forwards "$out" >/dev/null || fail 'another shift'

expect 0 --base "$a" --new "$c" --format json
json '.verdicts.worse == 0 and .verdicts.better == 0'

# Another machine and another clock: the same in ns, with a note.
expect 0 --base "$a" --new "$d" --format json
json '.verdicts.worse == 0 and .verdicts.better == 0'
json '[.rows[] | select(.shift != null) | .shift | fabs] | max < 0.01'
json '[.notes[] | select(contains("alpha") and contains("beta"))] | length == 1'
json '[.notes[] | select(contains("2.600 GHz") and contains("3.400 GHz") and contains("ns"))] |
	length == 1'

# --- the other formats ---------------------------------------------------------------------------

expect 0 --base "$a" --new "$b"
printed '^worse  *p50 .*gateway/Sequencer-1 processing$'
printed 'a"b\\{}, c processing'
printed '(lost 25 % of base, 25 % of new)'
printed '^gateway lost 2.5 % of base, 2.5 % of new. These records are in no percentile.$'
printed '^Only in base: gateway/gone processing$'
printed '4 worse, 0 better, 22 not shown, 2 too little data'
printed '^"Worse" and "better" are said of the program'

expect 0 --base "$a" --new "$b" --format markdown
printed '^| \*\*worse\*\* | gateway/Sequencer-1 processing | p50 |'
printed '| gateway/x\\|y\\&\\<z\\>'"'"'" processing |'
printed '| gateway/a"b\\\\\\{\\}, c processing |'
[ "$(grep '^|' "$out" | sed 's/\\|//g' | tr -cd '|\n' | sort -u)" = '||||||||||' ] ||
	fail 'rows of different numbers of cells'

expect 7 --base "$a" --new "$b" --format junit --fail-if 'Seq*:p90>+5%'
python3 - "$out" <<'PY' || fail 'another JUnit'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()
cases = {c.get('name'): c for c in suite.findall('testcase')}
assert suite.get('tests') == '28' and suite.get('failures') == '1' and suite.get('skipped') == '2'
assert cases['gateway/Sequencer-1 processing p90'].find('failure').get('message') == 'Seq*:p90>+5%'
assert cases['gateway/a"b\\{}, c processing p50'].find('failure') is None
assert cases['gateway/x|y&<z>\'" processing p50'] is not None
PY

# --- rules ---------------------------------------------------------------------------------------

expect 7 --base "$a" --new "$b" --fail-if 'Sequencer-*:p99>+5%'
printed 'FAILS Sequencer-\*:p99>+5%'
expect 0 --base "$a" --new "$b" --fail-if 'Sequencer-*:p99>+20%'
expect 2 --base "$a" --new "$b" --fail-if 'x:p50>+20%' --fail-if '*:p50>+5%'
said 'no timer of both sides matches --fail-if x:p50>+20%'
expect 0 --base "$a" --new "$c" --fail-if '*:p99>+5%' --fail-if '*:p50<-3%'
said '^timekeeper: --fail-if \*:p99>+5%: too little data for 1 of 8 rows$'
expect 7 --base "$b" --new "$a" --fail-if 'Sequencer-1:processing.p95<-3%'
printed 'p95 '
expect 1 --base "$a" --new "$b" --fail-if 'rare:p99>+5%'
said 'too little data for 1 of 1 rows'
expect 7 --base "$a" --new "$b" --fail-if 'na*:p99>1:p50>+5%' --fail-if '*:p50>+7%'

# --- one recording a side, and too few -----------------------------------------------------------

expect 0 --base a1.hlog --new b1.hlog --format json
json '.compared == "recordings" and .verdicts.differs > 0'
json '.verdicts.worse == 0 and .verdicts.better == 0'
json '[.notes[] | select(contains("these two recordings only, not of the program"))] | length == 1'
expect 0 --base a1.hlog --new a1.hlog --format json
json '.verdicts.differs == 0 and ([.rows[].shift] | unique == [0])'
expect 0 --base a1.hlog,a2.hlog --new b1.hlog,b2.hlog --format json
json '.verdicts."too little data" == (.rows | length)'
expect 0 --base a1.hlog,a2.hlog,a3.hlog,a4.hlog --new b1.hlog,b2.hlog,b3.hlog,b4.hlog --min-runs 4
printed '^worse .*Sequencer-1'
expect 0 --base "$a" --new "$b" --timer 'Seq*' --stats p95 --min-effect 50% --format json
json '[.rows[] | "\(.timer) \(.stat) \(.verdict)"] | sort ==
	["Sequencer-0 p95 not shown", "Sequencer-1 p95 not shown"]'

# --- what cannot be done -------------------------------------------------------------------------

one_line 2 '--new says which recordings' --base "$a"
one_line 2 'each once' --base a1.hlog,a1.hlog --new b1.hlog
one_line 2 'none of standard input' --base - --new b1.hlog
one_line 2 'each once' --base a1.hlog, --new b1.hlog
one_line 2 '--fail-if takes PATTERN:p99>+5%' --base "$a" --new "$b" --fail-if 'Seq*:p99>+5'
one_line 2 'takes 5 recordings a side (--min-runs), and there are 1 and 5' \
	--base a1.hlog --new "$b" --fail-if '*:p99>+5%'
one_line 2 '--min-effect takes a percentage' --base "$a" --new "$b" --min-effect 2s
one_line 2 '--stats takes percentiles here' --base "$a" --new "$b" --stats p50,max
one_line 2 '--stats takes' --base "$a" --new "$b" --stats p101
one_line 2 '--min-runs takes' --base "$a" --new "$b" --min-runs 1
one_line 2 '--format takes' --base "$a" --new "$b" --format xml
one_line 2 'no timer of the recordings matches' --base "$a" --new "$b" --timer nothing
one_line 1 'missing.hlog: No such file' --base "$a" --new missing.hlog
one_line 1 'has no histogram' --base "$a" --new /dev/null
line=$(grep -n '^Tag=' a5.hlog | sed -n '50s/:.*//p')
head -n "$line" a5.hlog | head -c -50 >torn.hlog
expect 1 --base a1.hlog,a2.hlog,a3.hlog,a4.hlog,torn.hlog --new "$b"
said 'torn.hlog:[0-9]*: .*what can be read of it is compared'
[ "$(wc -l <"$err")" = 1 ] || fail 'damage: not one line'
printed '^worse .*Sequencer-1'

# Times that are nonsense end no comparison: what is at the same time is one interval.
for times in 9223372035.5,9223372035.5 0.000,0.000 -5.0,1.0; do
	sed -E "s/^(Tag=[^,]*),[0-9.]+,[0-9.]+/\\1,$times/" a1.hlog >odd.hlog
	timeout 60 "$TIMEKEEPER" diff --base a1.hlog --new odd.hlog --format json >"$out" 2>"$err"
	[ $? -le 1 ] || fail "times $times"
	[ -s "$err" ] || json '.verdicts.differs == 0'
done
head -c 65536 /dev/urandom >noise.hlog
expect 1 --base "$a" --new noise.hlog
exit $failed
