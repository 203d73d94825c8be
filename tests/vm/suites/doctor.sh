# SPDX-License-Identifier: MIT
# boots: isolated plain partition forms
# What doctor says of cpu 3 is so, however the machine was booted.
. tests/vm/tap.sh
group=/sys/fs/cgroup

look() {
	$timekeeper doctor --cpu 3 --json "$@" >/tmp/doctor
	code=$?
}

found() {
	jq -r ".checks[] | select(.id == \"$1\") | .$2" /tmp/doctor
}

# found_all VERDICT ID...: each of them has it.
found_all() {
	local verdict=$1 id said status=0
	shift
	for id in "$@"; do
		said=$(found $id verdict)
		[ "$said" = $verdict ] || { echo "$id: $said: $(found $id value)"; status=1; }
	done
	return $status
}

# Every field is there, and of its kind; nothing twice; the whole is as bad as the worst.
sound() {
	jq -e '
		def rank: {ok: 0, unknown: 1, warn: 2, fail: 3}[.];
		.schema == 1 and .cpu == 3 and (.cpu_why | type) == "string"
		and (.checks | length) > 30
		and all(.checks[]; keys == ["fix", "id", "reason", "source", "value", "verdict"]
			and (.id | test("^[a-z]+[.][a-z0-9_]+$")) and (.verdict | rank) != null
			and all(.value, .source, .reason; type == "string" and . != "")
			and (.fix | type | . == "string" or . == "null"))
		and (.checks | map(.id) | length == (unique | length))
		and (.verdict | rank) == ([.checks[].verdict | rank] | max)' /tmp/doctor >/tmp/jq
}

script() {
	$timekeeper doctor --cpu 3 --fix-script >/tmp/fix.sh
	grep -q '^# ' /tmp/fix.sh && sh -n /tmp/fix.sh
}

everywhere() {
	look
	check 'JSON is sound' sound
	check 'an emulated counter is no clock' found_all fail tsc.invariant_tsc tsc.tcg
	check 'and doctor says why' prints . found tsc.tcg reason
	check 'so that its exit code is 1' is 1 echo $code
	check 'the script is one' script
}

isolated() {
	check 'isolation is ok' found_all ok isolation.domain isolation.partition \
		isolation.nohz_full \
		isolation.rcu_nocbs isolation.workqueue isolation.smt
	check 'interrupts go elsewhere' found_all ok irq.default irq.devices
	check 'the watchdog too' found_all ok kernel.watchdog
	look --seconds 2
	check 'no tick of a busy cpu' found_all ok noise.ticks
}

plain() {
	check 'not isolated: fail' found_all fail isolation.domain tasks.others
	check 'not told to leave it alone: warnings' found_all warn isolation.nohz_full \
		isolation.rcu_nocbs \
		isolation.workqueue irq.default
	check 'no partition, and none that is invalid' found_all ok isolation.partition
	look --seconds 2
	check 'ticks of a busy cpu' prints 'warn\|fail' found noise.ticks verdict
	check 'a CPU quota is told, and that it made the gaps' quota
	check 'root of a user namespace may lock no more memory' rootless
	check 'other processes may be hidden in a pid namespace' hidden
}

# What a fresh machine has right: made wrong, so that it can be mended.
spoil() {
	echo 0 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
	echo 3 >/proc/irq/4/smp_affinity_list # the console's
	echo >/dev/console
	look
}

# Ok by now; an interrupt is moved when it comes next.
mended() {
	echo >/dev/console
	look
	found_all ok $1
}

# mends ID: not ok at the last look, then the command that doctor gives, then ok.
mends() {
	local fix
	fix=$(found $1 fix)
	! found_all ok $1 && [ "$fix" != null ] && sh -c "$fix" && until_true mended $1 && return
	echo "$1: $(found $1 verdict): $(found $1 value): $fix"
	return 1
}

# A command line that gives some parameters twice, and in other forms. What the kernel made of it is
# in its log and in /sys; doctor says the same.
forms() {
	check 'the kernel took the last rcu_nocbs=' prints \
		'Offload RCU callbacks from CPUs: 2-3[.]' dmesg
	check 'rcu_nocbs is ok' found_all ok isolation.rcu_nocbs
	check 'the kernel took the first nohz_full=, and the boot cpu out of it' \
		is 2 cat /sys/devices/system/cpu/nohz_full
	check 'and the first isolcpus=' is 2 cat /sys/devices/system/cpu/isolated
	check 'so that neither has cpu 3' eval 'found_all fail isolation.domain &&
		found_all warn isolation.nohz_full'
	check 'one more behind them would not help' prints 'in place of' found \
		isolation.nohz_full fix
	$timekeeper doctor --cpu 1 --json >/tmp/doctor
	check 'rcu_nocbs left cpu 1 out' found_all warn isolation.rcu_nocbs
	$timekeeper doctor --cpu 0 --json >/tmp/doctor
	check 'the boot cpu is told of' prints 'another cpu' found isolation.nohz_full fix
	spoil
	for id in isolation.workqueue irq.default irq.devices memory.thp memory.numa_balancing \
		memory.hugepages kernel.watchdog kernel.timer_migration kernel.stat_interval \
		kernel.rt_throttling tasks.others isolation.domain; do
		check "what is said to mend $id does" mends $id
	done
	rmdir $group/measure
}

# Half of the time, for the second of the measurement.
quota() {
	echo +cpu >$group/cgroup.subtree_control && mkdir $group/quota &&
		echo 50000 100000 >$group/quota/cpu.max || return
	sh -c "echo \$\$ >$group/quota/cgroup.procs
		$timekeeper doctor --cpu 3 --seconds 1 --json" >/tmp/doctor
	rmdir $group/quota && echo -cpu >$group/cgroup.subtree_control
	found_all warn load.quota && prints 'quota.* stopped' found noise.gaps fix
}

rootless() {
	(ulimit -l 8192 && exec $timekeeper doctor --cpu 3 --json) >/tmp/doctor
	found_all ok memory.memlock || return
	(ulimit -l 8192 && exec unshare -U -r $timekeeper doctor --cpu 3 --json) >/tmp/doctor
	found_all warn memory.memlock
}

hidden() {
	unshare -m -p -f sh -c "mount -t proc proc /proc && exec taskset 1 \
		$timekeeper doctor --cpu 3 --json" >/tmp/doctor
	found_all unknown tasks.others
}

unbound_work() {
	[ $((0x$(cat /sys/devices/virtual/workqueue/cpumask) & 8)) = 0 ] && echo ok || echo warn
}

# from_within CGROUP VERDICT: that of isolation.domain where that cgroup is all that is mounted.
from_within() {
	local root=/tmp/within status=0
	mkdir -p $root/sys $root/proc
	mount --bind /proc $root/proc && mount --rbind /sys $root/sys &&
		mount --bind $group/$1 $root$group || return
	$timekeeper doctor --root $root --cpu 3 --json >/tmp/doctor
	found_all $2 isolation.domain || status=1
	umount $root$group
	umount -l $root/sys
	umount $root/proc
	return $status
}

partition() {
	check 'the domain is the partition' found_all ok isolation.domain isolation.partition \
		tasks.others
	# Since Linux 6.7 a partition keeps it away.
	check 'unbound work is told of where it comes' found_all $(unbound_work) isolation.workqueue
	check 'the tick is left' found_all warn isolation.nohz_full
	check 'from within it, it is seen at the mount' from_within measured ok
	mkdir $group/other
	check 'from a container beside it, the scheduler tells' from_within other ok
	rmdir $group/other
	# No cpu is left for others.
	echo 0-3 >$group/measured/cpuset.cpus
	look
	check 'an invalid partition isolates nothing' found_all fail \
		isolation.domain isolation.partition
	check "it says the kernel's reason" is "$(cat $group/measured/cpuset.cpus.partition)" \
		found isolation.partition value
	echo 3 >$group/measured/cpuset.cpus
	echo isolated >$group/measured/cpuset.cpus.partition
	look
	check 'mended, as it said' found_all ok isolation.domain isolation.partition
}

everywhere
$BOOT
plan
