# SPDX-License-Identifier: MIT
# boots: isolated
# A lane lies on its producer's node, or where it was asked to; `ls` says where, and the kernel
# agrees.
. tests/vm/tap.sh
node1=/sys/devices/system/node/node1

# ls LANE: its node, the one asked for, and its pages.
ls_says() {
	$timekeeper ls --json | jq -r \
		".segments[].lanes[$1] | \"\(.node) \(.node_asked) \(.pages)\""
}

# numa_maps FILE: the nodes on which its pages lie, as the kernel counts them.
numa_maps() {
	awk -v file="[/.]$1\$" '{
		for (i = 1; i <= NF; i++) if ($i ~ /^file=/ && $i ~ file) break
		for (; i <= NF; i++) if ($i ~ /^N[0-9]+=/) nodes[substr($i, 2, index($i, "=") - 2)]
	} END { for (n in nodes) print n }' /proc/$pid/numa_maps | sort
}

# lies LANE ASKED NODE PAGES: its slots and its head.
lies() {
	check "$what: ls says so" is "$3 $2 $4" ls_says $1
	check "$what: its slots, by numa_maps" is $3 numa_maps slots.$1
	check "$what: its head, by numa_maps" is $3 numa_maps lane.$1
}

# Both nodes, and each node's producer asking for the other one.
both() {
	start build/tests/vm/pinned both 0 2 1:1 3:0
	what="$1, cpu 0" lies 0 0 0 $1
	what="$1, cpu 2" lies 1 1 1 $1
	what="$1, cpu 1 and node 1" lies 2 1 1 $1
	what="$1, cpu 3 and node 0" lies 3 0 0 $1
	end
}

# A producer on cpu 2 alone, whose lane is to lie on a node, on such pages.
on_cpu_2() {
	start build/tests/vm/pinned one 2
	what=$1 lies 0 1 $2 $3
	end
}

# What is left of node 1, but for 40 MiB.
fill_node_1() {
	mkdir /tmp/fill
	mount -t tmpfs -o mpol=prefer:1,size=1g tmpfs /tmp/fill
	dd if=/dev/zero of=/tmp/fill/all bs=1M 2>/dev/null \
		count=$(awk '/MemFree/ { print int($4 / 1024) - 40 }' $node1/meminfo)
}

elsewhere() {
	ls_says 0 | grep '^0 1 '
}

both hugetlb
echo 0 >$node1/hugepages/hugepages-2048kB/nr_hugepages
on_cpu_2 'no hugepages left on its node' 1 collapsed
umount /dev/hugepages
both collapsed
fill_node_1
start taskset 4 build/producer/examples/timekeeper-load --slots 4194304 --rate 1
check 'a node that has not enough: the rest lies on the other' is "$(printf '0\n1')" numa_maps \
	slots.0
check 'a node that has not enough: ls says so' elsewhere
plan
