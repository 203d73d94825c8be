# SPDX-License-Identifier: MIT
# boots: isolated plain partition
# A drainer on cpu 3 alone: for ten seconds no other task takes it away, and nothing faults, by the
# kernel's own counts. Where a cpu is not isolated, --isolated is refused.
. tests/vm/tap.sh
measured=/sys/fs/cgroup/measured

# within COMMAND...: in the partition's cgroup, the way README has it.
within() {
	echo 0 >$measured/cgroup.procs
	exec "$@"
}

# Rows of both producers.
drained() {
	local app
	for app in first second; do
		grep -q "\"segment\":\"$app\..*\"count\":[1-9]" /tmp/stdout || return
	done
}

# others_on CPUS: where every thread but the drainer may run.
others_on() {
	local task
	for task in /proc/$pid/task/*; do
		[ $task = $drainer ] || is $1 allowed $task || return
	done
}

# What the kernel has counted of the drainer: involuntary switches, faults; and its cpu.
counted() {
	awk '/^nonvoluntary/ { print $2 }' $drainer/status
	awk '{ print $10 + $12, $39 }' $drainer/stat
}

# undisturbed SWITCHES: at most so many in ten seconds, not one fault, and always the same cpu.
undisturbed() {
	local before after
	before=$(counted)
	sleep 10
	after=$(counted)
	echo involuntary switches, faults, cpu: $before, and 10 s later $after
	echo $before $after | awk -v most=$1 \
		'{ exit NF != 6 || $4 - $1 > most || $5 != $2 || $6 != $3 }'
}

# quiet WHAT CPUS SWITCHES COMMAND...: a collector, whose other threads may use these cpus.
quiet() {
	local what=$1 others=$2 switches=$3
	shift 3
	background "$@" --interval 1s --format jsonl
	check "$what: drains both producers" until_true drained
	drainer=$(threads tk-drain.1)
	sleep 3 # the kernel gathers what the beginning left on that cpu within two
	check "$what: its drainer may run on cpu 3 only" is 3 allowed $drainer
	check "$what: its other threads may not" others_on $others
	check "$what: in ten seconds no fault, and at most $switches involuntary switches" \
		undisturbed $switches
	sed 's/^/# /' /tmp/said
	end_of_stat
}

end_of_stat() {
	kill $pid
	wait $pid
}

# refused CPU PATTERN
refused() {
	exits 1 $timekeeper stat --cpu $1 --isolated 2>/tmp/refusal || return
	prints "$2" cat /tmp/refusal
}

[ $BOOT = plain ] || {
	start taskset 1 build/producer/examples/timekeeper-load --app first --slots 32768 --rate 2K
	start taskset 4 build/producer/examples/timekeeper-load --app second --rate 10K
}
case $BOOT in
isolated)
	quiet spin 0-2 0 $timekeeper stat --cpu 3 --isolated --poll spin
	quiet 'default poll' 0-2 0 $timekeeper stat --cpu 3 --isolated
	check 'cpu 1 is not isolated: refused' refused 1 \
		'^timekeeper: cpu 1 is not isolated: neither'
	;;
plain)
	check 'cpu 3 is not isolated: refused' refused 3 \
		'^timekeeper: cpu 3 is not isolated: neither'
	;;
partition)
	check "from outside the partition: refused, its cpuset leaves cpu 3 out" refused 3 \
		'cpuset leaves it out'
	background within $timekeeper stat --cpu 3 --isolated
	check 'a partition of one cpu: its drainer is not alone, and that is said' \
		until_true grep -q 'drainers are not left alone' /tmp/stderr
	end_of_stat
	# The tick is left, and with it the kernel's own threads of that cpu: ksoftirqd, and the
	# watchdog's.
	echo 2-3 >$measured/cpuset.cpus
	quiet 'a partition of two cpus' 2 40 within $timekeeper stat --cpu 3 --isolated --poll spin
	echo 3 >$measured/cpuset.cpus
	;;
esac
plan
