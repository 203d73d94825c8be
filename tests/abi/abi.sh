#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What programs that are compiled already have to do with stays as it is: the libraries' symbols and
# types against dumps that abidw made, and what the header inlines against a table. And each symbol
# is in debian/*.symbols, with the version that first had it.
#
#	abi.sh SOURCE_DIRECTORY [--update]
#
# Additions pass; whatever is changed or removed needs a new soname. --update writes dumps and table
# anew: after an addition, so that it is held to from then on; or with a new soname.
set -euo pipefail
source=$1 update=${2:-}
here=$source/tests/abi
for program in abidw abidiff; do
	command -v $program >/dev/null || { echo "skipped: no $program (abigail-tools)"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	echo "not ok: $*"
	failed=1
}

# The libraries alone, with debugging information, from which abidw reads types.
meson setup "$work/build" "$source" -Dprogram=false -Drte=true -Dbuildtype=debugoptimized \
	>"$work/log" 2>&1 && ninja -C "$work/build" >>"$work/log" 2>&1 || {
	tail -20 "$work/log"
	exit 1
}

# dump LIBRARY FILE
dump() {
	abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed \
		--no-parameter-names --exported-interfaces-only --type-id-style hash \
		--out-file "$2" "$1"
	sed -i -E "s|path='[^']*/([a-z]+/[a-z_]+\.c)'|path='\1'|" "$2"
}

# same OLD NEW: nothing of the old is changed or missing in the new
same() {
	abidiff --no-added-syms "$1" "$2" >"$work/diff" 2>&1
}

# inlined INCLUDE_DIRECTORY: what the header there compiles into a program
inlined() {
	cc -std=gnu17 -D_GNU_SOURCE -O2 -I"$1" "$here/inlined.c" -o "$work/inlined" &&
		"$work/inlined"
}

libraries=()
for path in "$work"/build/*/libtimekeeper*.so.0; do
	libraries+=("${path##*/}")
	new=$work/${path##*/}.abi old=$here/${path##*/}.abi
	dump "$path" "$new"
	[ -z "$update" ] || cp "$new" "$old"
	if [ ! -e "$old" ]; then
		fail "${path##*/} has no dump yet: tests/abi/abi.sh . --update"
	elif ! same "$old" "$new"; then
		fail "${path##*/} is another one for programs that are linked already:"
		cat "$work/diff"
	fi
done
# Each symbol of a version script is in the dump, and in what Debian's packages say of the library.
for map in "$source"/{producer,ring}/*.map; do
	name=$(basename "$map" .map)
	while read -r symbol; do
		grep -q "elf-symbol name='$symbol'" "$here/lib$name.so.0.abi" ||
			fail "$symbol is in no dump: tests/abi/abi.sh . --update"
		grep -q "^ $symbol@" "$source/debian/lib${name}0.symbols" ||
			fail "$symbol is not in debian/lib${name}0.symbols"
	done < <(sed -n 's/^\t\([a-z_]*\);$/\1/p' "$map")
done
for old in "$here"/*.abi; do
	[[ " ${libraries[*]} " == *" $(basename "$old" .abi) "* ]] || fail "no library for $old"
done
[ -z "$update" ] || inlined "$source" >"$here/inlined.txt"
inlined "$source" | diff -u "$here/inlined.txt" - ||
	fail 'the header is another one for programs that are compiled already'

# --- each check can fail
old=$here/libtimekeeper.so.0.abi
mutant() {
	local what=$1
	shift
	sed -E "$@" "$old" >"$work/mutant.abi"
	cmp -s "$old" "$work/mutant.abi" && fail "a mutant that is none: $what"
	! same "$old" "$work/mutant.abi" || fail "passes: $what"
}
gone="/elf-symbol name='tk_why'/d; /function-decl name='tk_why'/,/<\/function-decl>/d"
mutant 'a function is gone' -e "$gone"
mutant 'a version is another' -e "s/TIMEKEEPER_0.1/TIMEKEEPER_0.2/g"
mutant 'a field lies elsewhere' \
	-e "/class-decl name='tk_options'/,/<\/class-decl>/s/bits='136'/bits='144'/"
sed -E "$gone" "$old" >"$work/mutant.abi"
same "$work/mutant.abi" "$old" || fail 'an addition does not pass'

# header WHAT FILE SED...: the header with one change
header() {
	local what=$1 file=$2
	shift 2
	rm -rf "$work/tree"
	mkdir "$work/tree"
	cp -r "$source"/{producer,ring,tsc} "$work/tree/"
	sed -i -E "$@" "$work/tree/$file"
	cmp -s "$source/$file" "$work/tree/$file" && fail "a mutant that is none: $what"
	! { inlined "$work/tree" 2>"$work/error" | cmp -s "$here/inlined.txt"; } ||
		fail "passes: $what"
}
header 'two fields changed places' ring/lane_push.h -e 's/^(\tuint64_t )mask;/\1turn_at;/' \
	-e '/^\tuint64_t turn_at; +\//s/turn_at/mask/'
header 'another tag' ring/lane_push.h -e 's/(#define TK_TAG_SHIFT) 8/\1 9/'
header 'another kind' ring/record.h -e 's/TK_KIND_SUM = 8/TK_KIND_SUM = 15/'
header 'another handle' ring/record.h -e 's/timer << 16 \| kind << 12/timer << 16 | kind << 11/'
header 'another order of arguments' ring/lane_push.h \
	-e 's/turn\(w, head, placed, meta,/turn(w, head, meta, placed,/'
[ $failed = 0 ] && echo "ok: ${libraries[*]}, and what the header inlines, are as they were"
exit $failed
