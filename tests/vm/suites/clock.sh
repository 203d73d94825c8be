# SPDX-License-Identifier: MIT
# boots: plain
# Under QEMU TCG the counter is not invariant, and stores may tear: both are refused, with the
# reason and the way out.
. tests/vm/tap.sh
unset TIMEKEEPER_CLOCK TIMEKEEPER_FORCE

severity() {
	$timekeeper tsc --json | jq -r --arg id "$1" '.checks[] | select(.id == $id) | .severity'
}

# refused PATTERN [NAME=VALUE]: it goes on, records nowhere, and says why.
refused() {
	start env "${2:-LANG=C}" build/tests/vm/pinned refused 0 || return
	prints "$1" head -n 1 $out && exits 3 $timekeeper ls
}

check 'tsc: not usable' exits 1 $timekeeper tsc
check 'tsc: the counter is not invariant' is fatal severity invariant_tsc
check 'tsc: emulated' is fatal severity tcg
check 'tsc: the kernel keeps another clock' is warn severity clocksource
check 'refused under emulation' refused '^tcg: .*TIMEKEEPER_FORCE=tcg'
check 'refused with either clock' refused '^tcg: ' TIMEKEEPER_CLOCK=monotonic
check 'forced, but not invariant' refused '^invariant_tsc: .*TIMEKEEPER_CLOCK=monotonic' \
	TIMEKEEPER_FORCE=tcg
end

export TIMEKEEPER_CLOCK=monotonic TIMEKEEPER_FORCE=tcg
start build/tests/vm/pinned works 0
check "forced, by the system's clock: recorded" is ready cat $out
check 'ls names the clock' is monotonic sh -c "$timekeeper ls --json | jq -r '.segments[].clock'"
check 'ls counts them' is 1000 sh -c "$timekeeper ls --json | jq '.segments[].lanes[].produced'"
check 'stat has every record' is 1000 sh -c "$timekeeper stat --once --oldest --format jsonl |
	jq -s 'map(select(.timer == \"span\")) | last | .count'"
plan
