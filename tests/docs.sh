#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the documents name is there: files, functions, targets of links. A program may be named by
# its source, without .c.
#
#	tests/docs.sh	prints what is not; exit 1 if anything
set -uo pipefail
cd "$(dirname "$0")/.."
docs=(CHANGELOG.md CONTRIBUTING.md ARCHITECTURE.md README.md SECURITY.md tests/README.md docs/*.md)
rooms='(tsc|ring|producer|collector|bench|tests|papers|docs)'
bad=0

missing() {
	echo "$1: there is no $2"
	bad=1
}

for doc in "${docs[@]}"; do
	while read -r path; do
		[ -e "$path" ] || [ -e "$path.c" ] || missing "$doc" "$path"
	done < <(grep -oE "\`$rooms/[A-Za-z0-9_./-]+\`" "$doc" | tr -d '`' |
		grep -vE 'NAME|FAMILY' | sort -u)
	while read -r path; do
		[ -e "$path" ] || missing "$doc" "$path"
	done < <(grep -oE '\]\([^)#:]+[)#]' "$doc" | tr -d ')#' | cut -c3- | sort -u |
		(cd "$(dirname "$doc")" && xargs -r realpath -m --relative-to="$OLDPWD"))
	while read -r function; do
		grep -rqwE "$function" --include='*.[ch]' tsc ring producer collector bench tests ||
			missing "$doc" "$function()"
	done < <(grep -oE '`[a-z_]+\(\)`' "$doc" | tr -d '`()' | sort -u)
done
exit $bad
