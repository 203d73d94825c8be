# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by the tests that print rows: what the columns of schema 2 promise, checked on every row
# of a file. Both functions print what does not hold, and succeed if all does. A last line that is
# not whole yet is left out.

# rows_jsonl FILE: each row adds up, and an idle timer has none; in each interval each process
# delivered what its timers' rows delivered, and what is unknown. (With --timer there are not all of
# these rows.) jq computes in doubles: a sum is exact below 10^15. Only a process that means harm
# claims to have lost more, and its sums are right but for the last digits.
rows_jsonl() {
	jq -rRn '
		def is($sum): ((. - $sum) | fabs) <= (. | fabs) * 1e-15;
		def adds_up:
			.schema == 2 and
			((.rate_per_s * .interval_ns - .records * 1e9) | fabs) <=
				(.records + 1) * 1e3 and
			if .type == "timer" then
				(.count + .set_aside + .without + .lost) as $sum |
				.records > 0 and (.records | is($sum))
			else .type == "process" and (.delivered + .lost) as $sum |
				(.records | is($sum)) end;
		# .left: what timers of a segment delivered in this interval, until its row
		foreach (inputs | fromjson?) as $r ({ left: {} };
			.wrong = if $r | adds_up | not
				then ["does not add up: \($r | tojson)"] else [] end |
			if $r.interval != .interval then
				.wrong += [.left | keys[] | "no row of the process of \(.)"] |
				.interval = $r.interval | .left = {} | .timer = null
			else . end |
			# which processes: one, or those of an app
			([$r.dir, $r.app, $r.segment] | tojson) as $who |
			if $r.type == "process" then
				(.left[$who] // 0) as $timers |
				if $timers != $r.delivered - $r.unknown then
					.wrong += ["its timers have \($timers): \($r | tojson)"]
				else . end |
				.left |= del(.[$who])
			elif .timer != [$who, $r.timer] then # its first measure
				.timer = [$who, $r.timer] |
				.left[$who] += $r.records - $r.lost
			else . end;
			.wrong[])' "$1" >"$1.wrong" 2>&1
	head -5 "$1.wrong"
	[ ! -s "$1.wrong" ]
}

# rows_csv FILE: each row adds up, and an idle timer has none. (Names may hold no comma.)
rows_csv() {
	awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; columns = NF; next }
		NF != columns { next }
		{ type = $at["type"]; records = $at["records"]; lost = $at["lost"] }
		{ off = $at["rate_per_s"] * $at["interval_ns"] / 1e9 - records }
		$1 != 2 || off * off > 1e-6 * (records + 1) ||
		(type != "timer" && type != "process") ||
		(type == "timer" && (records == 0 ||
			records != $at["count"] + $at["set_aside"] + $at["without"] + lost)) ||
		(type == "process" && records != $at["delivered"] + lost) {
			print "does not add up: " $0
			wrong = 1
		}
		END { exit wrong }' "$1"
}
