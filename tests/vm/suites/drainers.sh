# SPDX-License-Identifier: MIT
# boots: plain
# A drainer for each node, on its cpus, with its memory there; lanes that come later; nodes whose
# cpus may not be used, or are gone. And whoever drains, every record is delivered or counted as
# lost.
. tests/vm/tap.sh
. tests/rows.sh
cpu=/sys/devices/system/cpu

# producers CPU...: one on each, that has its lane, and waits.
producers() {
	local at
	for at in "$@"; do
		mkfifo /tmp/go.$at
		taskset $((1 << at)) build/producer/examples/timekeeper-load --wait --app on$at \
			--rate 10K \
			--burst 20 --seconds 2 <>/tmp/go.$at >/tmp/out.$at 2>&1 &
		pids="$pids $!"
	done
	for at in "$@"; do
		until_true grep -q ^recording /tmp/out.$at
	done
}

# They begin, once every lane is drained.
go() {
	local fifo
	until_true is $(ls /tmp/go.* | wc -l) grep -c 'lane\.0$' /proc/$pid/maps
	for fifo in /tmp/go.*; do
		echo >$fifo
	done
}

# collector COMMAND...: and what it prints.
collector() {
	background "$@" --interval 200ms --format jsonl
}

# runs NAME...: these drainers, and no others.
runs() {
	is "$(printf '%s\n' "$@")" sh -c "cat /proc/$pid/task/*/comm | grep tk-drain | sort"
}

running() {
	until_true runs "$@" || runs "$@"
}

# on NAME CPUS PATTERN: it may run on these, and the last one it ran on is of them.
on() {
	local task=$(threads $1)
	is $2 allowed $task && awk '{ print $39 }' $task/stat | grep -qx "$3"
}

# The node of each drainer's tallies, a line a drainer. They are cut from its arena, of which a
# thread of its stock populates 8 MiB when it starts; nothing else that has no file is larger than
# 128 MiB. While pages are missing, or lie on more than one node: all that numa_maps says of it.
tallies() {
	awk '/^[0-9a-f]+-/ { split($1, at, "-"); private = $2 == "rw-p" && NF == 5 }
		/^Size:/ && private && $2 > 131072 { print at[1] }' /proc/$pid/smaps |
		while read -r at; do
			grep "^$at " /proc/$pid/numa_maps
		done |
		awk '{ nodes = pages = 0
			for (i = 1; i <= NF; i++)
				if (split($i, n, "=") == 2 && n[1] ~ /^N[0-9]$/) {
					node = n[1]
					pages += n[2]
					nodes++
				}
			print (nodes == 1 && pages >= 2048 ? node : $0) }' |
		sort
}

# said TIMES PATTERN
said() {
	is $1 grep -c "$2" /tmp/stderr
}

ended() {
	local file
	for file in /tmp/out.*; do
		grep -q ^recorded $file || return
	done
}

sum() {
	jq -s "map(select(.timer == \"span\" and .kind == \"processing\") | $1) | add" /tmp/stdout
}

# exact [LOST]: what was delivered and lost is what the producers say; and so many were lost.
exact() {
	local wanted
	until_true ended || return
	sleep 1
	kill -INT $pid
	wait $pid
	wanted=$(awk '/^recorded/ { n += $2 } END { print n }' /tmp/out.*)
	[ $wanted -gt 1000 ] && is $wanted sum .records && rows_jsonl /tmp/stdout &&
		is ${1:-$(sum .lost)} sum .lost
}

done_with() {
	end
	rm -f /tmp/go.* /tmp/out.*
}

each_node_its_own() {
	producers 0 2
	collector $timekeeper stat
	check 'lanes on both nodes: two drainers' running tk-drain.0 tk-drain.1
	go
	sleep 1
	check "node 0's on its cpus" on tk-drain.0 0-1 '[01]'
	check "node 1's on its cpus" on tk-drain.1 2-3 '[23]'
	check "each one's tallies are on its node" until_true is "$(printf 'N0\nN1')" tallies
	check 'two drainers: every record' exact
	check 'nothing to be said' said 0 'node'
	done_with
}

later() {
	start build/tests/vm/pinned hot 0 later 2
	cp $out /tmp/pinned
	hot=$pid
	collector $timekeeper stat --oldest
	check 'a lane on node 0: one drainer' running tk-drain.0
	check 'a lane on node 0: its tallies are there' until_true is N0 tallies
	kill -USR1 $hot
	check 'a lane comes up on node 1: its drainer' running tk-drain.0 tk-drain.1
	check 'a lane comes up on node 1: its tallies are there' \
		until_true is "$(printf 'N0\nN1')" tallies
	sleep 1
	check 'a lane that came later: every record' is 2000 sum '.count'
	done_with
}

pinned_ones() {
	producers 0 2
	collector $timekeeper stat --cpu 1,3
	check '--cpu 1,3: two drainers' running tk-drain.0 tk-drain.1
	go
	sleep 1
	check '--cpu 1,3: one on cpu 1' on tk-drain.0 1 1
	check '--cpu 1,3: one on cpu 3' on tk-drain.1 3 3
	check '--cpu 1,3: the collecting thread on neither' is 0,2 allowed "$(threads tk-collector)"
	check '--cpu 1,3: every record' exact
	done_with
}

from_node_0='lanes on node 1 are drained from another one'

# forbidden WHAT COMMAND...: a collector without the cpus of node 1.
forbidden() {
	local what=$1
	shift
	producers 0 2 3
	collector "$@"
	check "$what: node 0 drains both" running tk-drain.0
	go
	check "$what: every record" exact
	check "$what: said once" said 1 "$from_node_0"
	done_with
}

# within COMMAND...: in a cpuset without node 1.
within() {
	echo 0 >/sys/fs/cgroup/small/cgroup.procs
	exec "$@"
}

switch() {
	echo $1 >$cpu/cpu2/online
	echo $1 >$cpu/cpu3/online
}

without_cpus() {
	start build/tests/vm/pinned memory 0 1:1
	switch 0
	collector $timekeeper stat --oldest
	check 'node 1 has no cpu: node 0 drains both' running tk-drain.0
	check 'node 1 has no cpu: said once' until_true said 1 "$from_node_0"
	check 'node 1 has no cpu: every record' until_true is 2000 sum .count
	switch 1
	done_with
}

goes_offline() {
	producers 0 1
	collector $timekeeper stat --cpu 1,3
	running tk-drain.0 tk-drain.1 >/tmp/said
	go
	sleep 1
	echo 0 >$cpu/cpu1/online
	check "a drainer's cpu goes offline: said" until_true said 1 \
		'cpu 1 was taken away from its drainer'
	check "a drainer's cpu goes offline: every record" exact
	echo 1 >$cpu/cpu1/online
	done_with
}

# four CPUS: as many drainers for four producers.
four() {
	producers 0 1 2 3
	collector $timekeeper stat --cpu $1
	go
	check "four producers, --cpu $1: every record, none lost" exact 0
	done_with
}

echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/small
echo 0-1 >/sys/fs/cgroup/small/cpuset.cpus
each_node_its_own
later
pinned_ones
forbidden 'affinity to node 0' taskset 3 $timekeeper stat
forbidden 'a cpuset of node 0' within $timekeeper stat
echo 0 >/sys/fs/cgroup/small/cpuset.mems
forbidden 'a cpuset of node 0 and its memory' within $timekeeper stat
without_cpus
goes_offline
four 1
four 0,1,2,3
plan
