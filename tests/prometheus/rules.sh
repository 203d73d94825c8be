#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What docs/prometheus/ has for Prometheus and Grafana, asked of promtool: the configuration and the
# rules are valid, each alert fires when it should and not otherwise (alerts.yml), and what the
# dashboard asks for can be parsed. Environment: PROMETHEUS (where ./run puts its programs).
set -uo pipefail
cd "$(dirname "$0")/../../docs/prometheus" || exit 1
PATH=$PROMETHEUS:$PATH
for program in promtool jq; do
	command -v $program >/dev/null && continue
	echo "skipped: no $program; ./run fetches it"
	exit 77
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() {
	"$@" >"$work/out" 2>&1 && return
	echo "FAILED: $*"
	cat "$work/out"
	failed=1
}

check promtool check config prometheus.yml
check promtool check rules recording.yml alerts.yml
check promtool test rules ../../tests/prometheus/alerts.yml

# A rule of each question of the dashboard, with its variables filled in.
jq -r '[.panels[].targets[]?.expr |
	gsub("\\$__rate_interval"; "1m") | gsub("\\$[a-z]+"; ".*")] |
	{ groups: [{ name: "dashboard", rules: [to_entries[] |
		{ record: "panel_\(.key)", expr: .value }] }] }' dashboard.json \
	>"$work/dashboard.yml"
[ "$(jq '.groups[0].rules | length' "$work/dashboard.yml")" -ge 20 ] || check false 'few panels'
check promtool check rules "$work/dashboard.yml"
exit $failed
