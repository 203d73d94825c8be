# SPDX-License-Identifier: MIT
# Sourced by the tests that look from outside: a place of their own, with a directory for segments
# and what was printed and said last; and programs to be ended.
scratch=$(mktemp -d /dev/shm/tk-test-XXXXXX) || exit 1
export TIMEKEEPER_DIR=$scratch/segments
mkdir -m 700 "$TIMEKEEPER_DIR"
out=$scratch/out err=$scratch/err
pids=() failed=0

end_all() {
	[ ${#pids[@]} -gt 0 ] && kill -9 "${pids[@]}" 2>/dev/null && wait "${pids[@]}" 2>/dev/null
	pids=()
}

finish() {
	end_all
	rm -rf "$scratch"
}
trap finish EXIT

fail() {
	printf 'FAILED: %s\n--- out\n%s\n--- err\n%s\n' "$1" "$(tail -20 "$out" | cat -v)" \
		"$(tail -20 "$err" | cat -v)"
	failed=1
}

said() { grep -qe "$1" "$err" || fail "standard error lacks: $1"; }
printed() { grep -qe "$1" "$out" || fail "standard output lacks: $1"; }

# start PROGRAM ARGUMENTS...: in the background; returns when it has said its line, which is in
# $line.
start() {
	exec 3< <(exec "$@")
	pids+=($!)
	line=
	read -r -u 3 line
}
