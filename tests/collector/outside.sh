#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `timekeeper` as its users meet it: what it says, what it prints, what it exits with.
# Environment: TIMEKEEPER, WATCHED, KNOWN (programs). Nothing here depends on how fast anything is.
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
. "$(dirname "$0")/../rows.sh"

# expect CODE ARGUMENTS...: run it, check what it exits with; $out and $err hold what it said.
expect() {
	local code=$1 got
	shift
	timeout -k 5 60 "$TIMEKEEPER" "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$code" ] || fail "timekeeper $*: exit $got, not $code"
}

never_printed() { grep -qe "$1" "$out" && fail "standard output has: $1"; }
lines_said() { [ "$(wc -l <"$err")" = "$1" ] || fail "not $1 lines on standard error"; }

# The different lengths of its lines after the first, in characters, the longest last.
lengths() { sed 1d "$out" | while IFS= read -r line; do echo ${#line}; done | sort -nu; }

# --- the command line
expect 2 nonsense
said 'unknown command nonsense; see `timekeeper --help`'
expect 2 help nonsense
said '^usage: timekeeper .* unknown command nonsense; see `timekeeper --help`'
lines_said 1
expect 2 help --completion tcsh
said '^usage: timekeeper help .* --completion takes none.bash.zsh.fish, not tcsh'
lines_said 1
expect 2 stat -OZ
said 'unknown option -Z'
for bad in '--interval 9ms' '--interval 61s' '--interval soon' '--count 0' '--format xml' \
	'--dir='; do
	expect 2 stat $bad
	said '^usage: timekeeper stat .* takes '
	lines_said 1
done
expect 2 stat --timer $'\x1b[31m\xc2\x9b' --bad=$'\x9b31m'
grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$err" && fail 'control characters in a usage line'

# --- nothing to show, at once whatever the interval, and where it looked
expect 3 stat --interval 60s
said "no segment in $TIMEKEEPER_DIR"
expect 3 ls
said "no segment in $TIMEKEEPER_DIR"
expect 3 stat --dir /nonexistent
said '/nonexistent'
expect 0 clean
printed '^nothing to remove'
expect 0 clean --force --app nosuch
printed '^nothing to remove'

mkdir -m 0 "$scratch/closed"
[ "$(id -u)" = 0 ] || expect 3 clean --dir "$scratch/closed"
mkdir "$scratch/foreign" && touch "$scratch/foreign/bad.1.x" && chmod 700 "$scratch/foreign"
expect 3 clean --dir "$scratch/foreign" # what cannot be read is not nothing
said 'left alone'

# --- what the display prints is understood, and nothing else
expect 3 stat --poll '100 µs'
expect 2 stat --poll 0x1p6us
said ' --poll takes a time such as 100us'
expect 2 tune --stall 1ms --rate 0x10

# --- stopped for longer than it waits for a program, which begins meanwhile
"$TIMEKEEPER" stat --once --interval 10ms >"$out" 2>"$err" &
collector=$!
until [ -e "$TIMEKEEPER_DIR/collectors" ] || ! kill -0 $collector; do :; done
kill -STOP $collector
start "$KNOWN" monotonic
sleep 1.2
kill -CONT $collector
wait $collector || fail "stopped meanwhile: exit $?"
end_all
rm -rf "$TIMEKEEPER_DIR"/*

# --- a program whose statistics are known
start "$KNOWN" monotonic

# Who asks for what does not run is told what runs.
for command in 'stat --app nosuch' 'ls --app nosuch' 'ls --pid 1' 'disable x --app nosuch'; do
	expect 3 $command
	said "no segment in $TIMEKEEPER_DIR that .* let through; what runs there: known\[[0-9]*\]$"
	lines_said 1
done

# The display, too: its words may stand on lines of their own.
: >"$out"
TERM=xterm script -qfec "stty rows 24 cols 80; exec $TIMEKEEPER top --app nosuch" "$out" \
	< <(exec sleep 60) >/dev/null 2>&1 &
pids+=($!)
for ((i = 0; i < 300; i++)); do grep -qa 'known\[' "$out" && break; sleep 0.1; done
printed 'known\[[0-9]*\]'
kill $! 2>/dev/null
wait $! 2>/dev/null # it writes its last line

# What is disabled before it ever recorded is named nowhere else.
expect 0 disable silent
expect 0 ls
printed ' silent (disabled)'
printed ' sent (bytes)'
printed ' numbers (values)'
expect 0 ls --json
printed '{"timer":"silent","disabled":true}'
printed '{"timer":"sent","disabled":false,"unit":"bytes"}'
printed '{"timer":"numbers","disabled":false,"unit":""}'
expect 0 enable silent
expect 0 ls
never_printed 'disabled'

expect 0 stat --once --oldest --format csv
columns=schema,type,interval,t_ns,interval_ns,app,segment,pid,timer,kind,records,count
columns+=,set_aside,without,lost,unsettled,rate_per_s,sum_ns,min_ns,avg_ns,p50_ns,p90_ns,p99_ns
columns+=,p999_ns,p9999_ns,max_ns,processes,alive,delivered,attributed,unknown,refused,lag
columns+=,uid,dir,since_start,unit
head -1 "$out" | grep -qx "$columns" ||
	fail 'the heading of CSV'
said '^timekeeper: early: 1 set aside so far'
rows_csv "$out" || fail 'CSV: rows that do not add up'
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
NR > 1 { gsub(/"/, ""); rows++
	n = 10007
	timer = $at["timer"]; kind = $at["kind"]
	count = $at["count"]; min = $at["min_ns"]; max = $at["max_ns"]
	if ($at["lost"] != 0 || $at["unsettled"] != 0) exit 1
	if ($at["type"] == "process") {
		processes++
		if ($at["app"] != "known" || $at["records"] != 3 * n + 9) exit 1
		if ($at["unknown"] != 0 || !$at["alive"]) exit 1
		next
	}
	# A percentile is within 1 % or a tick of the sample of that rank.
	want = timer == "spans" || (timer == "waits" && kind == "processing")
	near50 = $at["p50_ns"] / (n / 2); near99 = $at["p99_ns"] / (n * .99)
	if (want && (count != n || $at["sum_ns"] != n * (n + 1) / 2 || min != 1 ||
		$at["avg_ns"] != (n + 1) / 2 || max != n ||
		near50 < .99 || near50 > 1.01 || near99 < .99 || near99 > 1.01)) exit 1
	if (timer == "waits" && kind == "latency" &&
		(count != n || min != n || $at["avg_ns"] != n || max != n)) exit 1
	aside = timer == "sent" ? 2 : timer == "early" || timer == "numbers"
	if ($at["set_aside"] != aside || (timer == "early" && count != 0)) exit 1
	# Values are the same as spans of so many ns, and in their unit.
	unit = kind != "value" ? "ns" : timer == "sent" ? "bytes" : "requests"
	if ($at["unit"] != (timer == "numbers" ? "" : unit)) exit 1
	if (timer == "sent" && (kind != "value" || count != n || min != 1 || max != n)) exit 1
	if (timer == "sent" && ($at["sum_ns"] != n * (n + 1) / 2 || near50 < .99 || near50 > 1.01 ||
		near99 < .99 || near99 > 1.01)) exit 1
	if (timer == "numbers" && (kind != "value" || count != 1 || min != 7 || max != 7)) exit 1
	if ($at["without"] != (timer == "moment") ||
		(timer == "moment" && ($at["records"] != 1 || max != ""))) exit 1
	if (timer == "silent" || timer == "(undefined)") exit 1
} END { exit rows != 11 || processes != 1 }' "$out" || fail 'statistics of known spans'
expect 0 stat --once --oldest --format jsonl
rows_jsonl "$out" || fail 'JSON lines: rows that do not add up'
expect 0 stat --once --oldest
awk 'NR == 2 { columns = NF } NR > 2 && NF != columns { exit 1 }' "$out" ||
	fail 'a value of the table has a space, or none'
printed '^naïve-π  .* processing  *1 '
printed '^spans  .* 10007 '
printed '^sent  .* bytes  *10007 .* 10k$'
grep -E '^(sent|numbers|served)' "$out" | grep -E '[0-9][num]?s( |$)' &&
	fail 'a value that is shown as a time'
[ "$(lengths | tail -1)" -gt 80 ] || fail 'a pipe gets every column'
COLUMNS=80 expect 0 stat --once --oldest
[ "$(lengths | tail -1)" -le 80 ] || fail 'more than 80 columns'
[ "$(lengths | wc -l)" = 1 ] || fail 'columns do not line up'
printed ' LOST KIND .* COUNT .* AVG .* P50 .* P99 .* MAX$'
# A percentile needs samples enough for one beyond it; the other formats leave that to their reader.
awk '$1 == "naïve-π" { found = $4 == 1 && $5 != "-" && $6 == "-" && $7 == "-" && $8 == $5 }
	END { exit !found }' "$out" || fail 'a percentile of one sample'
expect 0 stat --once --oldest --timer 'wai*'
never_printed spans
expect 0 stat --once --oldest -t 'wai*' -t spans -t 'zzz*'
printed '^waits '
printed '^spans '
never_printed naïve
expect 2 stat --timer 'zzz*' -t yyy --interval 60s
said 'no timer matches --timer zzz\* or the others'
expect 2 stat $(printf -- '-t x%s ' $(seq 17))
said '16 times at the most'
expect 2 stat --timer 'zzz*' --interval 60s
said '^usage: timekeeper stat .*: no timer matches --timer zzz\*'
expect 0 stat --count 3 --interval 20ms --timer silent
said 'no records came meanwhile'
for command in 'stat --once --oldest' 'ls' 'ls --json' 'help'; do
	timeout -k 5 60 "$TIMEKEEPER" $command >/dev/full 2>"$err" &&
		fail "$command: written to a full disk"
	said 'cannot write: '
done
timeout -k 5 60 "$TIMEKEEPER" stat --oldest --interval 10ms --format csv 2>"$err" | head -1 >"$out"
[ "${PIPESTATUS[0]}" = 0 ] || fail 'nobody reads any more: that is an end, not a failure'
end_all
expect 3 stat --once
said 'only dead processes'
expect 0 stat --once --oldest
printed '^spans  *[0-9]*+ '

# --- what is no segment: one line each, the rest is shown
start "$WATCHED" good 1 500 die
dead=$(basename "$TIMEKEEPER_DIR"/known.*)
good=$(basename "$TIMEKEEPER_DIR"/good.*)
cd "$TIMEKEEPER_DIR" || exit 1
for copy in version magic short slots sparse; do cp -a "$dead" $copy.1.x; done
printf '\x09' | dd of=version.1.x/head bs=1 seek=8 conv=notrunc status=none
printf 'no' | dd of=magic.1.x/head bs=1 conv=notrunc status=none
truncate -s 5000 short.1.x/head
truncate -s 4096 slots.1.x/slots.0
size=$(stat -c %s sparse.1.x/slots.0) && rm sparse.1.x/slots.0 &&
	truncate -s "$size" sparse.1.x/slots.0
mkdir empty.1.x
mkfifo fifo.1.x
ln -s "$good" link.1.x
touch $'colour.1.\x1b[31m\xc2\x9b31m\x9bx\ny'
for command in 'stat --once --oldest --app good' 'ls --app good'; do
	expect 0 $command
	printed 'good\|timer-00'
	said '/version\.1\.x: its format is version 9 and this program reads version [0-9]*'
	said '/magic\.1\.x: it is not a segment'
	said '/short\.1\.x: its head is truncated'
	[[ $command = ls* ]] && said '/empty\.1\.x: head: No such file'
	said '/fifo\.1\.x: it is not a directory'
	said '/link\.1\.x: it is not a directory'
	said '/colour\.1\.?\[31m??31m?x?y: its name is not a segment'
	LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f-\x9f]' "$err" &&
		fail "$command: control characters"
	[ "$(sort "$err" | uniq -d | wc -l)" = 0 ] || fail "$command: said twice"
done
expect 0 ls
said '/slots\.1\.x: lane 0: its slots are truncated or sparse$'
said '/sparse\.1\.x: lane 0: its slots are truncated or sparse$'
expect 0 ls
grep ' timers, ' "$out" | LC_ALL=C sort -c 2>/dev/null || fail 'ls is not in order'
cd / || exit 1
rm -rf "$TIMEKEEPER_DIR"/*.1.* "${TIMEKEEPER_DIR:?}/$good" "${TIMEKEEPER_DIR:?}/$dead"
end_all

# --- a program whose threads get no lane: said once, by the watcher
start bash -c 'ulimit -f 1000; exec "$0" small 2 500 die' "$WATCHED"
expect 0 stat --count 20 --interval 10ms
said '^timekeeper: small\..*: 500 records refused so far: '
[ "$(grep -c refused "$err")" = 1 ] || fail 'said more than once'
expect 0 ls
printed '^small\..* 500 records refused for want of a lane'
end_all
rm -rf "$TIMEKEEPER_DIR"/small.*

# --- where a lane is: its producer, who drains it, and who does not any more
cpu=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
lane() { jq -e ".segments[0].lanes[0] | $1" "$out" >/dev/null || fail "ls --json: not: $1"; }
start taskset -c "$cpu" "$WATCHED" placed 1 500 linger
expect 0 ls --json
lane '.page_bytes == 4096 or .page_bytes == 2097152'
lane '.nodes_had == [] or any(.nodes_had[] == .node; .)'
lane ".producer_running and .producer_cpu == $cpu and .producer_node >= 0"
lane '.drainers == []'
# What recording costs: records x the cost of a span, since the program began.
jq -e '.span_ns.ordered >= 0 and (.segments[0].lanes | map(.core_percent) | add) as $lanes |
	$lanes >= 0 and $lanes < 100 and .core_percent >= $lanes' "$out" \
	>/dev/null || fail 'ls --json: what recording costs'
expect 0 stat --count 3 --interval 10ms --cpu "$cpu"
drainer="drainer on cpu $cpu pinned, node [0-9]*: 1 lane on . .iB"
said "^timekeeper: $drainer, gap .*, since it was warm)\$"
start "$TIMEKEEPER" stat --interval 10ms --cpu "$cpu"
collector=${pids[1]}
expect 0 ls --json
lane "[.drainers[] | {pid, cpu, pinned}] == [{pid: $collector, cpu: $cpu, pinned: true}]"
expect 0 ls --placement
printed "^placed\..* alive"
printed "^. *0 .* cpu $cpu, node .* pid $collector: cpu $cpu, node [0-9]*, pinned\$"
kill -9 "$collector" && wait "$collector" 2>/dev/null
expect 0 ls --json
lane '.drainers == []'
end_all
expect 0 ls --json
lane ".producer_running == false and .producer_cpu == $cpu"
expect 0 ls --placement
printed " was cpu $cpu, node .* nobody$"
rm -rf "$TIMEKEEPER_DIR"/placed.*

# --- only what cannot be read: not "nothing runs there"
touch "$TIMEKEEPER_DIR/bad.1.x"
expect 3 ls
said 'nothing that this program can read'
expect 3 stat
said 'nothing that this program can read'

exit $failed
