#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The snippets and commands of README.md and docs/, as a reader would use them. A comment before a
# fence says what is done with it:
#
#	<!-- file: NAME -->	written to NAME, and compiled; run, too, if it ends by itself
#	<!-- run -->		the commands are run, in the folder of those files
#	<!-- run: gateway -->	the same, while the example gateway runs
#	<!-- run: fresh -->	the same, on a fresh machine only
#
#	tests/readme.sh BUILD	with what BUILD installs, in a folder of its own
#	tests/readme.sh --fresh	all of it, as root, in a checkout on a fresh Debian: installs
#				packages, and the program below /usr/local
#
# From the project's checkout: ../shared/tools/fresh.sh . 'tests/readme.sh --fresh'
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD build=$1 fresh=
[ "$build" != --fresh ] || fresh=yes build=$PWD/build
build=$(realpath "$build")
[ -n "$fresh" ] || command -v curl >/dev/null || { echo 'skipped: no curl'; exit 77; }
work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null || true; wait; rm -rf "$work"' EXIT
mkdir "$work/build"
mkdir -m 700 "$work/segments" # /dev/shm may be the host's
export TIMEKEEPER_DIR=$work/segments

fail() {
	echo "$*"
	exit 1
}

# Each fence with a comment, in the order of the documents: a script N.KIND, or a file.
extract() {
	awk -v work="$work" '
		/^<!-- (run|file)/ { what = $0; next }
		/^```/ && on { on = 0; close(to); next }
		/^```/ && what != "" {
			name = what
			sub(/^<!-- [a-z]+:? */, "", name)
			sub(/ *-->$/, "", name)
			if (what ~ /run/)
				name = sprintf("%02d.%s", ++n, name == "" ? "any" : name)
			to = work "/" name
			print substr(what, 6, what ~ /file/ ? 4 : 3), to > (work "/list")
			what = ""
			on = 1
			next
		}
		/./ && !on { what = "" }
		on { print > to }' README.md docs/*.md
}

# What a reader has after ./run install.
installed() {
	local pc
	meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1 ||
		fail "$(cat "$work/log")"
	pc=$(find "$work/root" -name timekeeper.pc)
	export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work/root
	export LD_LIBRARY_PATH=${pc%/pkgconfig/*}
	PATH=$(dirname "$(find "$work/root" -name timekeeper -path '*/bin/*')"):$PATH
}

compile() {
	local flags=(-Wall -Wextra -Werror -O2)
	case $1 in
	*.py) return 0 ;;
	*.cpp) command -v c++ >/dev/null || return 0
		set -- "$1" c++ -std=c++17 -Wold-style-cast -Wshadow ;;
	*) set -- "$1" cc -Wshadow ;;
	esac
	"${@:2}" "${flags[@]}" "$1" -o "$1.out" $(pkg-config --cflags --libs timekeeper) ||
		fail "$1 does not compile"
	grep -q 'for (;;)' "$1" || "$1.out" || fail "$1 ends with $?"
}

gateway() {
	local log=$work/build/gateway.log
	"$build/producer/examples/gateway/gateway" --port 0 --load 1000 >"$log" 2>&1 &
	gateway=$!
	for _ in $(seq 200); do
		grep -q '^listening' "$log" && return
		sleep 0.05
	done
	fail "the gateway does not listen: $(cat "$log")"
}

# run SCRIPT: ./run is found in the checkout
run() {
	[ "${1##*.}" != fresh ] || [ -n "$fresh" ] || return 0
	printf '%s\n' "--- $(paste -sd';' "$1")"
	[ "${1##*.}" != gateway ] || gateway
	if grep -q '^\./run' "$1"; then cd "$source"; else cd "$work"; fi
	timeout -k 5 900 bash -euo pipefail "$1" </dev/null >"$1.out" 2>&1 ||
		fail "exit $?: $(tail -20 "$1.out")"
	head -12 "$1.out"
	[ "${1##*.}" != gateway ] || { kill "$gateway"; wait "$gateway" || true; }
}

extract
[ "$(wc -l <"$work/list")" -ge 9 ] || fail "few snippets are marked: $(cat "$work/list")"
if [ -n "$fresh" ]; then
	PATH=/usr/local/bin:$PATH # as a login has it, and a chroot may not
	apt-get install -qq -y curl >/dev/null # what README takes for granted
else
	installed
fi
while read -r what file <&3; do
	if [ "$what" = run ]; then run "$file"; else compile "$file"; fi
done 3< <(
	grep '^run.*01\.fresh' "$work/list" # that installs
	grep '^file' "$work/list"
	grep '^run' "$work/list" | grep -v '01\.fresh'
)
grep -hq '^work  ' "$work"/*.any.out || fail 'hello was not seen by stat'
echo "ok: $(grep -c '^file' "$work/list") files, $(grep -c '^run' "$work/list") scripts"
