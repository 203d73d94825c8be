# SPDX-License-Identifier: MIT
# boots: plain
# docs/isolated-core.md, with its own commands; and doctor confirms each step.
. tests/vm/tap.sh
PATH=$PWD/build/collector:$PATH
group=/sys/fs/cgroup

# Its blocks of shell, in /tmp/block1 and so on.
blocks() {
	awk '/^ *```sh/ { on = 1; n++; next }
		/^ *```/ { on = 0 }
		on { print > "/tmp/block" n }' docs/isolated-core.md
	[ -s /tmp/block1 ] && [ -s /tmp/block2 ]
}

verdicts() {
	timekeeper doctor --cpu 3 --json |
		jq -r '.checks[] | "\(.id) \(.verdict) \(.value)"' >/tmp/verdicts
}

ok() {
	local id status=0
	for id in "$@"; do
		grep -q "^$id ok " /tmp/verdicts || { grep "^$id " /tmp/verdicts; status=1; }
	done
	return $status
}

# The block for a partition; and from the shell that has done it: where that one runs, and what was
# recorded.
inside() {
	sh -c '. /tmp/block1
		awk "/^Cpus_allowed_list/ { print \$2 }" /proc/self/status >/tmp/allowed
		timekeeper stat --cpu 3 --poll spin --isolated --interval 1s --count 2 \
			--format jsonl >/tmp/stdout'
}

# Everything of the script is done: it has no command that cannot work in this guest.
mended() {
	sh -c '. /tmp/block2; sh fix.sh' >/tmp/fixed 2>&1
	is '' grep '^not done' /tmp/fixed
}

start taskset 1 build/producer/examples/timekeeper-load --rate 10K
check 'the page has the commands' blocks
verdicts
check 'before: not isolated' exits 1 ok isolation.domain
check 'step 2, a partition, and step 6, a collector in it' inside
check 'step 2: the shell is in it' is 2-3 cat /tmp/allowed
check 'step 6: it drains' grep -q '"count":[1-9]' /tmp/stdout
verdicts
check 'step 2: the cpu is isolated' ok isolation.domain isolation.partition
check 'steps 3 and 4: the script does what it says' mended
verdicts
check 'steps 3 and 4: nothing else may run there' ok tasks.others isolation.workqueue
check 'steps 3 and 4: the rest' ok irq.default memory.thp memory.numa_balancing memory.hugepages \
	kernel.watchdog \
	kernel.stat_interval kernel.rt_throttling kernel.nmi_watchdog irq.devices
rmdir $group/measure
plan
