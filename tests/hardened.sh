#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a release is linked to be: position-independent, its tables read-only before main(), no stack
# that can be executed, stack protector and checked libc calls within.
#
#	tests/hardened.sh FILE...
set -uo pipefail
failed=0

want() {
	grep -q "$2" <<<"$3" || { echo "not ok: $1: no $2"; failed=1; }
}

for f in "$@"; do
	said=$(readelf -hlWd "$f"; readelf -W --dyn-syms "$f")
	want "$f" 'Type: *DYN' "$said"
	want "$f" 'GNU_RELRO' "$said"
	want "$f" 'BIND_NOW\|Flags:.* NOW' "$said"
	want "$f" 'GNU_STACK.* RW ' "$said"
	want "$f" '__stack_chk_fail' "$said"
	want "$f" '_chk@' "$said"
done
[ "$failed" = 0 ] && echo "ok: $# files"
