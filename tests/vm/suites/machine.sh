# SPDX-License-Identifier: MIT
# boots: isolated plain partition
# The machine is what the other suites take it for.
. tests/vm/tap.sh
node=/sys/devices/system/node
free=hugepages/hugepages-2048kB/free_hugepages

isolated() {
	case $BOOT in
	isolated) is 3 cat /sys/devices/system/cpu/isolated &&
		is 3 cat /sys/devices/system/cpu/nohz_full ;;
	plain) is '' cat /sys/devices/system/cpu/isolated ;;
	partition)
		is isolated cat /sys/fs/cgroup/measured/cpuset.cpus.partition &&
			is 0-2 cat /sys/fs/cgroup/cpuset.cpus.effective
		;;
	esac
}

check 'two nodes' is 0-1 cat $node/online
check 'two cpus on the first' is 0-1 cat $node/node0/cpulist
check 'two cpus on the second' is 2-3 cat $node/node1/cpulist
check 'the other node is farther' is '10 21' cat $node/node0/distance
check 'hugepages on the first' is 32 cat $node/node0/$free
check 'hugepages on the second' is 32 cat $node/node1/$free
check 'cpu 3 is isolated, or not' isolated
check 'the counter is not invariant' exits 1 grep -qw nonstop_tsc /proc/cpuinfo
plan
