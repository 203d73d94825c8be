# SPDX-License-Identifier: MIT
# Sourced by the tests that look from outside: a directory for segments, and programs to be ended.
TIMEKEEPER_DIR=$(mktemp -d /tmp/tk-outside-XXXXXX)
export TIMEKEEPER_DIR
out=$TIMEKEEPER_DIR.out err=$TIMEKEEPER_DIR.err
pids=() failed=0

finish() {
	[ ${#pids[@]} -gt 0 ] && kill -9 "${pids[@]}" 2>/dev/null
	rm -rf "$TIMEKEEPER_DIR" "$out" "$err"
}
trap finish EXIT

fail() {
	printf 'FAILED: %s\n--- out\n%s\n--- err\n%s\n' "$1" "$(tail -20 "$out" | cat -v)" "$(tail -20 "$err" | cat -v)"
	failed=1
}

# start PROGRAM ARGUMENTS...: in the background; returns when it has said its line.
start() {
	exec 3< <(exec "$@")
	pids+=($!)
	read -r -u 3
}

end_all() {
	kill -9 "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null
	pids=()
}
