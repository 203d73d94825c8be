#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The real Prometheus, with the configuration and the rules of docs/prometheus/, scrapes two
# `timekeeper serve`, each with a directory and programs of its own, whose spans are known
# (known.c). Buckets that it adds up are right to within a tick bucket (0.78 %), quantiles to
# within their bucket; every metric that rules and dashboard name is there, and every panel has
# data. Environment: TIMEKEEPER, KNOWN (programs), PROMETHEUS (where ./run puts its programs).
set -uo pipefail
export LC_ALL=C.UTF-8
. "$(dirname "$0")/../scratch.sh"
docs=$(realpath "$(dirname "$0")/../../docs/prometheus")
PATH=$PROMETHEUS:$PATH
for program in prometheus curl jq awk; do
	command -v $program >/dev/null && continue
	echo "skipped: no $program; ./run fetches it"
	exit 77
done
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY # the loopback is not asked of a proxy
spans=10007                                     # of each run of known, 1 to 10,007 units long

# within COMMAND...: until it succeeds, for a minute
within() {
	local deadline=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { fail "within a minute: $*"; exit 1; }
		sleep .1
	done
}

# get PATH [curl's arguments]: what Prometheus answers
get() { curl -sS --max-time 10 "${@:2}" "http://$server/api/v1/$1"; }

# A busy machine lets a scrape fail, and then a series is away until the next: so counters are asked
# for their largest value within minutes. ask QUERY: the answer's vector, as JSON
ask() {
	get query --data-urlencode "query=$1" |
		jq -ec 'select(.status == "success") | .data.result'
}
# number QUERY: of the one element of the answer; "" if there is none
number() { ask "$1" | jq -r '.[0].value[1] // ""'; }
is() { [ "$(number "$1")" = "$2" ]; }
has() { [ "$(ask "$1" | jq length)" -gt 0 ]; }

# --- two machines: known's unit is a ns on one, 1,000 ticks on the other
announced() {
	address=$(sed -n 's,.*http://\([0-9.:]*\)/metrics.*,\1,p' "$1" | head -1)
	[ -n "$address" ]
}
units=(monotonic counter) targets=()
for unit in "${units[@]}"; do
	mkdir -m 700 "$scratch/$unit" && touch "$scratch/$unit.err"
	"$TIMEKEEPER" serve --dir "$scratch/$unit" --listen 127.0.0.1:0 \
		--buckets 'waits:10us,50us,1ms' 2>"$scratch/$unit.err" &
	pids+=($!)
	within announced "$scratch/$unit.err"
	targets+=("$address")
done
run_known() {
	local unit
	for unit in "${units[@]}"; do
		TIMEKEEPER_DIR=$scratch/$unit start "$KNOWN" "$unit"
		[ "$line" = ready ] || fail "known: $line"
	done
}

# --- Prometheus, as documented, but for the targets and the pace
cp "$docs"/*.yml "$scratch"
sed -i -e 's/_interval: 15s/_interval: 1s/' \
	-e "s/- localhost:9464/- ${targets[0]}\n          - ${targets[1]}/" \
	"$scratch/prometheus.yml"
err=$scratch/prometheus.log && touch "$err"
prometheus --config.file="$scratch/prometheus.yml" --storage.tsdb.path="$scratch/data" \
	--web.listen-address=127.0.0.1:0 >"$err" 2>&1 &
pids+=($!)
listening() {
	server=$(sed -n 's/.*Listening on" address=//p' "$err")
	[ -n "$server" ]
}
within listening

count='sum(max_over_time(timekeeper_processing_seconds_count{timer="spans"}[5m]))'
within is 'sum(up)' 2
run_known
within is "$count" $((2 * spans))
run_known # so that counters that are there grow
within is "$count" $((4 * spans))
within is "${count/spans/waits}" $((4 * spans))

# --- each le, summed by Prometheus, against the truth for limits a tick bucket less, and more
hertz=$(number "max_over_time(timekeeper_clock_rate_hertz{instance=\"${targets[1]}\"}[5m])")
bucket='sum by (le) (max_over_time(timekeeper_processing_seconds_bucket{timer="spans"}[5m]))'
ask "$bucket" | jq -r '.[] | "\(.metric.le) \(.value[1])"' >"$out"
[ "$(wc -l <"$out")" -ge 30 ] || fail 'few buckets'
# How many of all spans are shorter, in awk
truth='
	function shorter(seconds, unit,  k) { k = int(seconds / unit); return k < n ? k : n }
	function both(seconds) {
		return 2 * (shorter(seconds, 1e-9) + shorter(seconds, 1000 / hertz))
	}'
known() { awk -v hertz="$hertz" -v n=$spans "$truth $1" "${@:2}"; }
known '
	$1 == "+Inf" { if ($2 != 4 * n) { print "+Inf:", $2; bad = 1 } next }
	$2 < both($1 / 1.0079) || $2 > both($1 * 1.0079) {
		print "le", $1 ":", $2, "and not", both($1 / 1.0079), "to", both($1 * 1.0079)
		bad = 1
	}
	END { exit bad }' "$out" >"$scratch/wrong" || fail "$(cat "$scratch/wrong")"

# --- a limit of one's own is an le, and the share of what is beyond it exact
waits='timekeeper_processing_seconds_bucket{timer="waits", le'
up_to() { echo "sum(max_over_time($waits=\"$1\"}[5m]))"; }
beyond=$(number "1 - $(up_to 5e-05) / $(up_to +Inf)")
known '{ all = 4 * n
	exit !($1 >= 1 - both(5e-5 * 1.0079) / all && $1 <= 1 - both(5e-5 / 1.0079) / all) }' \
	<<<"$beyond" || fail "$beyond of the spans are beyond 50 us"

# --- a quantile over both: half of all are ns, and 2 % of the others are beyond. And the mean
p99=$(known 'BEGIN { printf "%.9f", 0.98 * n * 1000 / hertz }')
# near QUERY: the answer is the true p99, within a factor of two
near() { awk -v q="$(number "$1")" -v t="$p99" 'BEGIN { exit !(q > t / 2 && q < t * 2) }'; }
near "histogram_quantile(0.99, $bucket)" || fail "p99 over both, and the truth is $p99"
number "${count/_count/_sum} / $count" | known '{
	mean = (n + 1) / 2 * (1e-9 + 1000 / hertz) / 2
	exit !($1 > mean * 0.9999 && $1 < mean * 1.0001) }' || fail 'the mean over both'

# --- the rules: each is evaluated, what they record is there, and none fires without a reason
healthy() {
	get rules | jq -e '[.data.groups[].rules[].health] |
		length >= 20 and all(. == "ok")' >/dev/null
}
within healthy
for record in $(sed -n 's/.*- record: //p' "$docs/recording.yml" | sort -u); do
	within has "$record"
done
within near 'app_timer:timekeeper_processing_seconds:quantile5m{timer="spans", quantile="0.99"}'
busy='TimekeeperDown|TimekeeperStuck' # which a busy machine may be taken for
[ "$(ask "ALERTS{alertstate=\"firing\", alertname!~\"$busy\"}")" = '[]' ] || fail "$(ask ALERTS)"

# --- what rules and dashboard name is there, and each panel has data
# A name that ends with _ is the beginning of a pattern for names.
names() { grep -oE '[a-z0-9_:]+' | grep -E '^(timekeeper|process)_[a-z0-9_]*[a-z]$' | sort -u; }
get label/__name__/values | jq -r '.data[]' >"$scratch/names"
for name in $({
	jq -r '.panels[].targets[]?.expr, (.templating.list[].definition // empty)' \
		"$docs/dashboard.json"
	sed 's/#.*//' "$docs"/{recording,alerts}.yml
} | names); do
	grep -qx "$name" "$scratch/names" || fail "there is no metric $name"
done
while read -r question; do
	within has "$question"
done < <(jq -r '.panels[].targets[]?.expr |
	gsub("\\$__rate_interval"; "1m") | gsub("\\$[a-z]+"; ".*")' "$docs/dashboard.json")

# --- one of the two is gone
kill -9 "${pids[0]}" && wait "${pids[0]}" 2>/dev/null
within has "ALERTS{alertname=\"TimekeeperDown\", instance=\"${targets[0]}\"}"
exit $failed
