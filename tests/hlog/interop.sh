#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Other implementations read what we write, and we read what they write: equal counts in equal
# buckets, and equal percentiles.
#
#	interop.sh java|js|golden
#
# Environment: LOGS (logs.c), BUILD (where ./run puts npm's packages)
#
# golden/ has the beginnings of logs that they wrote, for where they cannot be had; UPDATE_GOLDEN=1
# writes them anew.
set -uo pipefail
here=$(dirname "$0")
jar=/usr/share/java/hdrhistogram.jar
dir=$(mktemp -d /dev/shm/tk-test-XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT

skip() {
	echo "skipped: $1"
	exit 77
}

failed=0
# compare WHAT EXPECTED GOT
compare() {
	[ -s "$2" ] && cmp -s "$2" "$3" && return
	echo "FAILED: $1"
	diff "$2" "$3" | head -20
	failed=1
}

case $1 in
golden)
	for log in "$here"/golden/*.hlog; do
		"$LOGS" read "$log" >"$dir/got" || failed=1
		compare "$log" "${log%.hlog}.txt" "$dir/got"
	done
	exit $failed
	;;
java)
	command -v javac >/dev/null && [ -e $jar ] ||
		skip 'no JDK or no libhdrhistogram-java; ./run test installs them'
	javac -cp $jar -d "$dir" "$here/Interop.java" || exit 1
	other() { java -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$jar:$dir" Interop "$@"; }
	;;
js)
	export NODE_PATH=$BUILD/npm/node_modules
	command -v node >/dev/null && [ -e "$NODE_PATH/hdr-histogram-js" ] ||
		skip 'no node or no hdr-histogram-js of npm; ./run test fetches them'
	other() { node "$here/interop.js" "$@"; }
	;;
*) exit 2 ;;
esac

"$LOGS" write "$dir/ours.hlog" >"$dir/ours" || exit 1
"$LOGS" read "$dir/ours.hlog" >"$dir/got" || failed=1
compare 'we read what we wrote' "$dir/ours" "$dir/got"
other read "$dir/ours.hlog" >"$dir/got" || failed=1
compare "$1 reads what we wrote" "$dir/ours" "$dir/got"
other write "$dir/theirs.hlog" >"$dir/theirs" || failed=1
"$LOGS" read "$dir/theirs.hlog" >"$dir/got" || failed=1
compare "we read what $1 wrote" "$dir/theirs" "$dir/got"
if [ -n "${UPDATE_GOLDEN:-}" ]; then
	mkdir -p "$here/golden"
	head -16 "$dir/theirs.hlog" >"$here/golden/$1.hlog"
	n=$(grep -cE '^(Tag=|[0-9])' "$here/golden/$1.hlog")
	awk -v n="$n" '/^histogram/ && n-- == 0 { exit } 1' "$dir/theirs" >"$here/golden/$1.txt"
fi
exit $failed
