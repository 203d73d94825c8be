#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The installed headers beside those of others. No macro of ours is one of theirs, and one program
# has SQLite's tokens, <tk.h>, <sqlite3.h> and <timekeeper.h>, in any order, in C and in C++.
#	neighbours.sh BUILD_DIRECTORY SOURCE_DIRECTORY
#
# sqlite_tokens.h has the tokens' names, for SQLite installs none: they are in its amalgamation. The
# headers of Tk and SQLite are left out where they are not installed.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/install.log" 2>&1 || {
	cat "$work/install.log"
	exit 1
}
include=$(dirname "$(find "$work/root" -name timekeeper.h -path '*/include/timekeeper.h')")
pc=$(find "$work/root" -name timekeeper.pc)
flags=(-Wall -Wextra -Wshadow -Werror "-I$include")

fail() {
	echo "$*"
	exit 1
}

# --- what is installed, and where
[ "$(ls "$include" | xargs)" = 'timekeeper timekeeper.h' ] ||
	fail "beside timekeeper.h and timekeeper/ there is more: $(ls "$include" | xargs)"
[ "$(grep -c '^#' "$include/timekeeper.h")" = 1 ] || fail 'timekeeper.h is more than one line'
grep -qx 'Cflags: -I${includedir}' "$pc" || fail "in $pc: $(grep Cflags "$pc")"
while read -r name; do
	[ -e "$include/$name" ] || fail "an include that is not relative: $name"
done < <(cd "$include" && grep -rH '^#include "' . |
	sed -E 's/^(.*\/)[^/]*:#include "(.*)".*/\1\2/')

# --- names
others=("$source/tests/producer/sqlite_tokens.h")
tk=$(ls /usr/include/{,tcl/,tcl8*/}tk.h 2>/dev/null | head -1 || true)
if [ -n "$tk" ] && [ -e /usr/include/X11/Xlib.h ]; then
	others+=("$tk")
	flags+=(-isystem "$(dirname "$tk")")
else
	echo 'without tk.h: tk-dev is not installed'
fi
if [ -e /usr/include/sqlite3.h ]; then
	others+=(/usr/include/sqlite3.h)
else
	echo 'without sqlite3.h: libsqlite3-dev is not installed'
fi

# names HEADER...: of the macros that they define themselves; and of what enums hold
names() {
	for header; do printf '#include "%s"\n' "$header"; done |
		cc "${flags[@]}" -E -dD -x c - | awk '
			/^# [0-9]+ "/ { ours = $3 ~ /timekeeper|sqlite|\/tk/ ; next }
			ours && /^#define / { sub(/\(.*/, "", $2); print $2 }
			ours && !/^#/ {
				while (match($0, /TK_[A-Z0-9_]+/)) {
					print substr($0, RSTART, RLENGTH)
					$0 = substr($0, RSTART + RLENGTH)
				}
			}' | sort -u
}
names "$include/timekeeper.h" "$include/timekeeper/timekeeper-rte.h" >"$work/ours"
names "${others[@]}" >"$work/theirs"
[ "$(grep -c TK_ "$work/ours")" -gt 20 ] || fail 'no names of ours'
[ "$(grep -c TK_ "$work/theirs")" -gt 100 ] || fail 'no names of others'
shared=$(comm -12 "$work/ours" "$work/theirs" | xargs)
[ -z "$shared" ] || fail "names of others are ours, too: $shared"

# --- one program
program() {
	for header; do printf '#include "%s"\n' "$header"; done
	cat <<'C'
int main(void)
{
	tk_timer_t work = tk_timer("work");
	TK_TIME(work)
		TK_TIME(work)
			tk_mark(work);
	return TK_ON == 116 && TK_RELEASE == 14 ? 0 : 1;
}
C
}
compilers=(cc)
command -v c++ >/dev/null && compilers+=(c++)
for compiler in "${compilers[@]}"; do
	strict=()
	[ "$compiler" = cc ] || strict=(-x c++ -std=c++17 -Wold-style-cast)
	for order in "$include/timekeeper.h ${others[*]}" "${others[*]} $include/timekeeper.h"; do
		read -ra headers <<<"$order"
		# Theirs are not clean under these warnings; ours are, wherever they are installed.
		program "${headers[@]}" |
			sed -E 's#"/usr/include/(tcl[0-9.]*/)?(.*)"#<\2>#' >"$work/all.c"
		"$compiler" "${flags[@]}" "${strict[@]}" -O1 -c "$work/all.c" -o "$work/all.o" ||
			fail "$compiler, in the order $order"
	done
done
echo "ok: $(grep -c TK_ "$work/ours") of our names beside ${others[*]##*/}"
