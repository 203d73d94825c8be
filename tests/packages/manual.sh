#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The manual as it is installed: mandoc finds nothing to complain about, each function and macro of
# the headers has a page, under its name and with the type that the header gives it, and what the
# pages refer to is there.
#	manual.sh BUILD_DIRECTORY SOURCE_DIRECTORY
set -uo pipefail
build=$1 source=$2
command -v mandoc >/dev/null || { echo 'skipped: no mandoc'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	echo "not ok: $*"
	failed=1
}

meson install -C "$build" --no-rebuild --destdir "$work/root" >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
man=$(find "$work/root" -type d -path '*/share/man')
include=$(dirname "$(find "$work/root" -path '*/include/timekeeper.h')")

# mandoc knows no page that is not in its database: references are looked at below.
(cd "$man" && mandoc -T lint man*/* 2>/dev/null) | grep -v 'referenced manual not found' &&
	fail 'mandoc has findings'

# What the headers offer. A name that ends in _ is not for users.
{
	sed -nE 's/^(TK_API|TK_HOT) [^(=;]*[ *](tk_[a-z_]*[a-z])\(.*/\2/p
		s/^#define (TK_[A-Z_]*[A-Z]|tk_[a-z_]*[a-z])\(.*/\1/p' \
		"$include/timekeeper/producer/timekeeper.h"
	sed -nE 's/^extern const struct tk_discipline (tk_[a-z]*).*/\1/p' \
		"$include/timekeeper/ring/discipline.h" "$include/timekeeper/timekeeper-rte.h"
} | sort -u >"$work/offered"
sed -nE 's/^\.Nm ([A-Za-z_]+).*/\1/p' "$man"/man3/*.3 | sort -u >"$work/named"
diff "$work/offered" "$work/named" || fail 'headers (<) and pages (>) differ'
[ "$(wc -l <"$work/offered")" -gt 40 ] || fail 'hardly anything is offered'
while read -r name; do
	grep -q "^\.Nm $name\( ,\)\?$" "$man/man3/$name.3" || fail "man $name is not about it"
done <"$work/offered"

# The synopses, as declarations that the compiler compares with the headers.
awk 'BEGIN { print "#include <timekeeper.h>" }
	function argument(text) { arguments = arguments (arguments == "" ? "" : ", ") text }
	function done() { printf "static %s (*p%d)(%s) = %s;\n", type, ++n, arguments, name }
	/^\.Ft / { type = substr($0, 5) }
	/^\.F[no] / {
		split($0, part, "\""); split(part[1], word, " ")
		name = word[2]; arguments = ""
		for (i = 2; i in part; i += 2) argument(part[i])
	}
	/^\.Fa "/ { split($0, part, "\""); if (open) argument(part[2]) }
	/^\.Fo / { open = 1 }
	/^\.Fc/ { open = 0; done() }
	/^\.Fn tk_.*"/ && type != "" { done() }
	/^\.Sh DESCRIPTION/ { type = "" }' $(find "$man/man3" -type f) >"$work/synopses.c"
[ "$(grep -c ' = tk_' "$work/synopses.c")" -gt 35 ] || fail 'hardly any synopsis'
cc -std=gnu17 -Wall -Werror -Wno-unused-variable -fsyntax-only -I"$include" "$work/synopses.c" ||
	fail 'a synopsis is not as the header'

# References to pages of ours, and to those of others that exist.
while read -r name section; do
	[ -e "$man/man$section/$name.$section" ] && continue
	case $name in
	exit | fork | vfork | clone | logind.conf | systemd-logind) ;;
	*) fail "a page refers to $name($section)" ;;
	esac
done < <(sed -nE 's/^\.Xr ([^ ]+) ([0-9]).*/\1 \2/p
	s/^\.BR ([a-z_]+) \(([0-9])\).*/\1 \2/p' "$man"/man*/* | sort -u)
[ $failed = 0 ] && echo "ok: $(wc -l <"$work/offered") names have their pages"
exit $failed
