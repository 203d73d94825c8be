#!/bin/sh
# SPDX-License-Identifier: MIT
# The bench of rings from outside: bad input is refused by a sentence and exit 2; a short run of
# what checks every record and of what kills ends well, and writes what it says it writes.
#
#	bench.sh PROGRAM
rings=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

not_ok() {
	echo "not ok: $*"
	failed=1
}

# refused WHAT ARGUMENTS...: exit 2 at once, and a sentence that has WHAT in it.
refused() {
	what=$1
	shift
	timeout 10 "$rings" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status = 2 ] || not_ok "rings $*: exit $status"
	grep -q -- "$what" "$dir/err" || not_ok "rings $*: does not say '$what': $(cat "$dir/err")"
	[ -s "$dir/out" ] && not_ok "rings $*: measured nevertheless"
}

refused 'power of two' --slots 3
refused 'power of two' --slots 0
refused 'power of two' --slots -256
refused 'power of two' --slots 128
refused 'power of two' --slots 2097152
refused 'power of two' --slots 18446744073709551616
refused 'power of two' --slots 256x
refused 'power of two' --slots ''
refused 'no ring "nothing"' --only nothing
refused 'no ring "lan"' --only lane,lan
refused 'no section "pu"' --section pu
refused 'list of rings is empty' --only ''
refused 'list of sections is empty' --section ,
refused 'usage' --fast
refused 'unknown argument "lane"' lane
timeout 10 "$rings" --help | grep -q '^sections: push' || not_ok '--help lists no sections'

# Every word of every record; losses that add up; SIGKILL and deadlines.
timeout 300 "$rings" --quick --section verify,full,killed --slots 1024 --json "$dir/rings.json" \
	>"$dir/out" 2>"$dir/err" || not_ok "verify, full, killed: exit $?: $(tail -3 "$dir/err")"
grep WRONG "$dir/out" && not_ok 'a ring is wrong'
for section in verify full killed; do
	[ "$section" = verify ] && [ "$(nproc)" = 1 ] && continue
	grep -q "\"section\": \"$section\"" "$dir/rings.json" || not_ok "no row of $section"
done
grep -q '"commit"' "$dir/rings.json" || not_ok 'the machine is not described'

# On one cpu it says what it leaves out, and goes on.
cpu=$(taskset -pc $$ | sed 's/.*: *//; s/[-,].*//')
timeout 100 taskset -c "$cpu" "$rings" --quick --only lane,rte-sp --section push,fenced,deliver \
	--slots 1024 >"$dir/out" 2>"$dir/err" || not_ok "on one cpu: exit $?"
grep -q 'left out, it needs a second cpu' "$dir/out" ||
	not_ok 'on one cpu: does not say what it left out'
grep -q '^lane  *[0-9]' "$dir/out" || not_ok 'on one cpu: measured nothing'

timeout 100 "$rings" --quick --only lane --section push --json /nowhere/rings.json >"$dir/out" \
	2>"$dir/err"
[ $? = 1 ] || not_ok 'an unwritable --json: not exit 1'
grep -q '/nowhere/rings.json' "$dir/err" || not_ok 'an unwritable --json: not said'
[ "$failed" = 0 ] && echo ok
exit $failed
