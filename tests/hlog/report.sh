#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper report` from outside: sums and percentiles against all samples, names, formats,
# ranges, and logs that are damaged. Environment: TIMEKEEPER, LOGS (programs).
set -uo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
. "$(dirname "$0")/../scratch.sh"
golden=$(cd "$(dirname "$0")" && pwd)/golden
log=$scratch/run.hlog

# expect CODE ARGUMENTS...
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" report "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "report $*: exit $got, not $code"
}

# Buckets of logs.c on standard input, added up by tag: its count, and the largest value of the
# bucket of each of these ranks.
percentiles() {
	awk '/^histogram/ { tag = $2; next } { n[tag " " $1] += $2 }
		END { for (k in n) printf "%s %.0f\n", k, n[k] }' | sort -k1,1 -k2,2n |
		awk 'BEGIN { split("0.5 0.99 0.999 1", q) }
		function tell(    i, k, seen, line) {
			line = sprintf("%s %.0f", tag, total)
			for (i = 1; i <= 4; i++) {
				rank = q[i] * total
				for (k = seen = 0; k < n && seen < rank - 0.1; )
					seen += count[++k]
				line = line " " value[k]
			}
			print line
		}
		$1 != tag { if (n) tell(); tag = $1; n = total = 0 }
		{ value[++n] = $2; count[n] = $3; total += $3 }
		END { tell() }'
}

# --- all of ours, twice, against the samples
"$LOGS" write "$log" >"$scratch/samples" || exit 1
sed -i 's/^"Start/#[Timekeeper log: unit_ps=1 error_ppm=3907]\n&/' "$log"
cat "$scratch/samples" "$scratch/samples" | sed s/%0A/%3F/ | percentiles >"$scratch/expected"
[ "$(wc -l <"$scratch/expected")" = 4 ] || fail 'not four rows'
expect 0 --json --stats p50,p99,p99.9,max "$log" "$log"
jq -r '.rows[] | "\(.app | @uri)/\(.timer | @uri)/\(.kind) \(.count) \(.p50_ns) " +
	"\(.p99_ns) \(.p999_ns) \(.max_ns)"' "$out" | sort -k1,1 >"$scratch/got"
[ "$(cut -d' ' -f1,2 "$scratch/got")" = "$(cut -d' ' -f1,2 "$scratch/expected")" ] ||
	fail "names or counts: $(diff "$scratch/got" "$scratch/expected")"
paste -d' ' "$scratch/expected" "$scratch/got" | awk '
	{ for (i = 3; i <= 6; i++) {
		off = $i / 1000 - $(i + 6)
		if (off > -1e-9 * $i && off <= $i / 1000 / 1024 + 1e-9) continue
		print $1, $i, $(i + 6)
		wrong = 1
	} }
	END { exit wrong || NR != 4 }' || fail 'percentiles'

# --- names, in every format
name='a"b\{}, c'
expect 0 --json --timer 'a"*' "$log"
[ "$(jq -r '.rows[0].timer' "$out")" = "$name" ] || fail 'a name in JSON'
expect 0 --csv --timer 'a"*' "$log"
printed '^1,"app 1","a""b\\{}, c",processing,'
expect 0 --timer 'a"*' "$log"
printed '^app 1 a"b\\{}, c processing '
expect 0 --hgrm --timer 'a"*' "$log"
printed '^#\[app 1 a"b\\{}, c processing, values in ms'
for kind in curve time; do
	expect 0 --svg $kind "$log"
	printed '^<svg '
	[ "$(tail -1 "$out")" = '</svg>' ] || fail "svg $kind does not end"
	printed '>app 1 a&quot;b\\{}, c processing<'
	grep -q 'nan\|inf' "$out" && fail "svg $kind has no numbers"
done
expect 0 "$log"
[ "$(grep -c '^app 1 ' "$out")" = 4 ] || fail 'a name that has a line break is not one row'
histogram=$(sed -n 's/^[0-9.]*,1.000,[0-9.]*,//p' "$golden/js.hlog" | head -1)
printf 'Tag=<&\xff\x1b>,1,1,0,%s\n' "$histogram" >"$scratch/odd"
expect 0 --svg curve "$scratch/odd"
printed '&lt;&amp;?*?&gt;'
expect 0 --json "$scratch/odd"
jq -e '.rows[0].timer | startswith("<&")' "$out" >"$err" || fail 'bytes that are no text in JSON'

# --- other implementations' logs, and ranges: an interval a second from 1764460000.5 on
for other in js java; do
	total=$(awk '/^histogram/ { n += $5 } END { printf "%.0f", n }' "$golden/$other.txt")
	expect 0 --json "$golden/$other.hlog"
	[ "$(jq '[.rows[].count] | add' "$out")" = "$total" ] || fail "$other: counts"
done
sum() {
	awk -v from="$1" -v to="$2" '/^histogram/ && $3 >= from && $3 < to { n += $5 }
		END { printf "%.0f", n }' "$golden/js.txt"
}
in_range() {
	local expected=$1
	shift
	expect 0 --json "$@" "$golden/js.hlog"
	[ "$(jq '[.rows[].count] | add' "$out")" = "$expected" ] || fail "range $*"
}
in_range "$(sum 1764460003 1764460007)" --from 3s --to 7s
in_range "$(sum 1764460003 1764460007)" --from @1764460003 --to @1764460007.25
in_range "$(sum 1764460003 1764460007)" --from 2025-11-29T23:46:43Z --to 2025-11-29T23:46:47
expect 3 --from 3600s "$golden/js.hlog"
said 'no samples in it that --timer, --app, --from and --to let through'
expect 3 --timer nosuch "$golden/js.hlog"
expect 0 --unit 1us --json "$golden/js.hlog"
cp "$out" "$scratch/us"
expect 0 --json "$golden/js.hlog"
jq -s -e '.[0].rows[0].max_ns == .[1].rows[0].max_ns * 1000' "$scratch/us" "$out" >"$err" ||
	fail '--unit'
"$TIMEKEEPER" report --csv - <"$golden/js.hlog" >"$scratch/piped" 2>"$err" || fail 'standard input'
expect 0 --csv "$golden/js.hlog"
cmp -s "$out" "$scratch/piped" || fail 'standard input differs'

# --- losses, and what a full disk left out
{
	cat "$log"
	echo '#[Timekeeper interval: number=1 start=1764460001.5 length=1.0]'
	echo '#[Timekeeper lost: app=app%201 timer=na%C3%AFve records=50 lost=7]'
	echo '#[Timekeeper lost: app=app%201 timer=gone records=9 lost=9]'
	echo '#[Timekeeper lost: app=app%201 records=70 lost=20]'
	echo '#[Timekeeper missed: lines=3 samples=99 from=1 to=2 why=x]'
} >"$scratch/lossy"
expect 0 --csv --stats max "$scratch/lossy"
printed '^1,"app 1","naïve",processing,[0-9]*,7,[0-9]'
printed '^1,"app 1","gone",,0,9,,ns$'
said '99 samples are missing: the disk was full'
said '4 records were lost of which it is not known whose'

# --- the command line
expect 2
said 'missing FILE...'
expect 2 --json --csv "$log"
expect 2 --svg pie "$log"
expect 2 --stats p0 "$log"
expect 2 --from yesterday "$log"
expect 2 --svg time --stats max "$log"

# --- what cannot be read: as much as can be, one line, exit 1
expect 1 /nonexistent/x "$log"
said '^timekeeper: /nonexistent/x: No such file or directory$'
printed 'naïve'
expect 1 /
said '^timekeeper: /: Is a directory; '
{ head -20 "$log" && head -c 5000 /dev/urandom && echo && tail -20 "$log"; } >"$scratch/spoilt"
expect 1 --csv "$scratch/spoilt"
said "^timekeeper: $scratch/spoilt:[0-9]*: "
[ "$(wc -l <"$err")" = 1 ] || fail 'more than one line'
printed 'naïve'
head -c 20000 "$log" >"$scratch/cut"
expect 1 --csv "$scratch/cut"
said 'the file ends within the line$'
printed 'naïve'
# 200,000 tags: bounded, and said.
awk -v h="$histogram" \
	'BEGIN { for (i = 0; i < 200000; i++) print "Tag=t" i ",1,1,0," h }' >"$scratch/many"
expect 1 --csv --stats max "$scratch/many"
said 'more timers, or more of their samples, than there is room for: choose some with --timer'
[ "$(wc -l <"$out")" = 65537 ] || fail 'not as many rows as there is room for'

exit $failed
