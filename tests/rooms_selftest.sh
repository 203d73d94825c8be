#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Plant one fault of each kind in a small tree and see tests/rooms report it; first, see it accept
# the tree without faults. Prints TAP.
#
#	tests/rooms_selftest.sh
set -uo pipefail
rooms=$(cd "$(dirname "$0")" && pwd)/rooms
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0 failed=0

# file PATH LINE...: a file of the small tree.
file() {
	local path=$work/tree/$1
	shift
	mkdir -p "${path%/*}"
	printf '%s\n' "$@" >"$path"
}

# A tree that has every room and nothing to find.
plain() {
	local room
	rm -rf "$work/tree"
	for room in tsc ring producer collector/{machine,stats,drain,discover,engine,cli,commands} \
		collector/{display,display/canvas,doctor,doctor/checks,tune,tune/model} bench \
		tests; do
		file $room/a.h 'int a(void);'
		file $room/a.c "#include \"$room/a.h\"" '#include <stdio.h>' 'int a(void)' '{' \
			'	return 0;' '}'
	done
	file ring/rte_write.c '#include <rte_ring.h>'
	file collector/display/canvas/terminal.c '#include <ncursesw/curses.h>' '#include "a.h"'
	file collector/main.c '#include "collector/commands/a.h"' '#include "tsc/a.h"'
	file collector/stats/b.c '#include "collector/machine/a.h"' '#include "ring/a.h"'
	file tests/b.c '#include "producer/a.h"' '#include "collector/stats/a.h"' \
		'#include <rte_ring.h>'
}

# result NAME, after a command whose status says whether it went well.
result() {
	local status=$?
	count=$((count + 1))
	if [ $status = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		"$rooms" "$work/tree" | sed 's/^/# /'
		failed=1
	fi
}

# found NAME PATTERN: exactly one finding, and it says this.
found() {
	local said
	said=$("$rooms" "$work/tree")
	[ $? = 1 ] && [ "$(grep -vc ' functions: median ' <<<"$said")" = 1 ] &&
		grep -qE "$2" <<<"$said"
	result "$1"
	plain
}

repeat() {
	local i
	for ((i = 0; i < $1; i++)); do printf '%s\n' "$2"; done
}

plain
"$rooms" "$work/tree" >/dev/null
result 'a tree without faults'

file collector/stats/c.c '' '#include "collector/engine/a.h"'
found 'an include that points up' '^collector/stats/c.c:2: collector/engine/a.h: .* up '
file collector/stats/c.c '#include "../engine/a.h"'
found 'the same by a relative path' '^collector/stats/c.c:1: collector/engine/a.h: .* up '
file collector/engine/c.c '#include "collector/main.h"'
file collector/main.h ''
found 'a room that includes the folder it lies in' \
	'^collector/engine/c.c:1: collector/main.h: .* up '
file tsc/c.c '#include "ring/a.h"'
found 'the clock that includes the ring' '^tsc/c.c:1: .* up'
file ring/c.c '#include "collector/machine/a.h"'
found 'the ring that includes the collector' '^ring/c.c:1: .* up'
file producer/c.c '#include "collector/machine/a.h"'
found 'the producer that includes the collector' '^producer/c.c:1: .* up'
file collector/drain/c.c '#  include "producer/a.h"'
found 'the collector that includes the producer' \
	'^collector/drain/c.c:1: .* collector never includes producer'
file collector/commands/c.c '#include "bench/a.h"'
found 'a program that includes the bench' '^collector/commands/c.c:1: .* up'
file collector/tune/c.c '#include "collector/doctor/a.h"'
found 'neighbours' '^collector/tune/c.c:1: .* collector/tune never includes collector/doctor'
file collector/display/canvas/c.c '#include "collector/display/a.h"'
found 'a sub-room that includes the room above it' '^collector/display/canvas/c.c:1: .* up'
file producer/examples/c.c '#include "bench/a.h"'
found 'an example that includes the bench' '^producer/examples/c.c:1: .* up '
file collector/display/c.c '#include "collector/doctor/checks/a.h"'
found "a neighbour's sub-room" \
	'^collector/display/c.c:1: .* collector/display never includes collector/doctor'

file ring/c.h '#include "ring/d.h"'
file ring/d.c '#include "ring/e.h"'
file ring/d.h ''
file ring/e.h ''
file ring/e.c '#include "c.h"'
found 'a circle of three units' '^ring/.: a circle of units: ring/. -> ring/. -> ring/. -> ring/.$'
file producer/c.h '#include "producer/d.h"'
file producer/d.c '#include "producer/c.h"'
file producer/d.h ''
found 'a circle through a .c file' 'circle of units: producer/. -> producer/. -> producer/.$'

file collector/display/c.c '#include <curses.h>'
found 'a second file that knows curses' '^collector/display/c.c:1: <curses.h>'
file collector/commands/c.c '#include <ncursesw/ncurses.h>'
found 'a second file that knows ncurses' '^collector/commands/c.c:1: <ncursesw'
file ring/c.c '#include <rte_eal.h>'
found 'a third file that knows DPDK' '^ring/c.c:1: <rte_eal.h>'

file bench/c.sh "$(printf '%101s' x)"
found 'a line of 101 columns' '^bench/c.sh:1: 101 columns'
file bench/c.c "$(repeat 12 '	' | tr -d '\n')12345"
found 'a line that tabs make too long' '^bench/c.c:1: 101 columns'
file bench/c.c "// $(repeat 97 'µ' | tr -d '\n')"
"$rooms" "$work/tree" >/dev/null
result 'columns are characters, not bytes'
plain

file ring/c.c 'int c(void)' '{' "$(repeat 61 '	c();')" '}'
found 'a function of 61 lines' '^ring/c.c:2: a function of 61 lines'
for i in $(seq 40); do
	file "bench/long$i.c" 'int c(void)' '{' "$(repeat 11 '	c();')" '}'
done
found 'functions that grow long altogether' 'the median function has 11 lines'
for i in $(seq 14); do file "collector/tune/f$i.h" ''; done
found 'a folder of 16 files' '^collector/tune: 16 '
echo "1..$count"
exit $failed
