#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libtimekeeper-ffi exports the header's inline functions, each and nothing else; it needs the
# library that has the state, and has none.
#	ffi.sh SOURCE_DIRECTORY LIBRARY
set -euo pipefail
source=$1 library=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	echo "not ok: $*"
	failed=1
}

# inline_functions HEADER: as the compiler has them, made ordinary; those that end in _ are private
inline_functions() {
	cc -std=gnu17 -D_GNU_SOURCE -DTK_HOT= -O0 -w -x c -c "$1" -o "$work/all.o"
	nm -g --defined-only "$work/all.o" | awk '$3 !~ /_$/ { print $3 }' | sort
}

exported() {
	nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort
}

same() {
	diff <(inline_functions "$1") <(exported)
}

same "$source/producer/timekeeper.h" ||
	fail "the header's inline functions (<) are not those that the library exports (>):" \
		producer/timekeeper-ffi.map
[ "$(exported | wc -l)" -ge 20 ] || fail 'it exports next to nothing'

readelf -d "$library" | grep -q 'NEEDED.*\[libtimekeeper\.so\.0\]' ||
	fail 'it does not need libtimekeeper.so.0'
# The compiler's start-up code has a pointer and a flag in every library.
state=0
while read -r name size; do
	[[ $name == .t* ]] && fail "it has thread-local state: $name"
	state=$((state + 0x$size))
done < <(readelf -SW "$library" | sed 's/^ *\[ *[0-9]*\] *//' |
	awk '$1 ~ /^\.(t?data|t?bss)$/ { print $1, $5 }')
[ "$state" -le 16 ] || fail "it has $state bytes of state"

# --- each check can fail
cp -r "$source"/{producer,ring,tsc} "$work/"
header=$work/producer/timekeeper.h
new='TK_HOT void tk_new(tk_timer_t timer)\n{\n\t(void)timer;\n}\n'
sed -i "s/^TK_HOT void tk_mark(/$new&/" "$header"
! same "$header" >/dev/null || fail 'passes: a function that is not exported'
sed 's/^TK_HOT void tk_mark(/TK_HOT void tk_mark_(/' "$source/producer/timekeeper.h" >"$header"
! same "$header" >/dev/null || fail 'passes: a function that is exported and not in the header'
[ $failed = 0 ] && echo "ok: $(exported | wc -l) functions"
exit $failed
