#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gateway against itself: 30 runs, each of a gateway that is started anew, into r1.hlog to r30.hlog.
#
#	aa.sh BUILD	in an empty directory; then aa.py BUILD
set -eu
build=$(realpath "$1")
export TIMEKEEPER_DIR=$PWD/segments
mkdir -m 700 "$TIMEKEEPER_DIR"
for ((i = 1; i <= 30; i++)); do
	"$build/producer/examples/gateway/gateway" --port 0 --load 2000 >gateway.log 2>&1 &
	gateway=$!
	until grep -q '^listening' gateway.log; do sleep 0.05; done
	sleep 0.5
	"$build/collector/timekeeper" record -o r$i.hlog --app gateway --interval 100ms --duration 5s
	kill $gateway
	wait $gateway || true
done
