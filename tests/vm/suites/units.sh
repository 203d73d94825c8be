# SPDX-License-Identifier: MIT
# boots: plain
# The project's own tests of what differs here: lanes on hugetlbfs, stores by emulation, no counter.
. tests/vm/tap.sh
unset TIMEKEEPER_CLOCK

for unit in lane place prune segment; do
	tap build/tests/ring/test_ring_$unit --tap
done
tap build/tests/host/host_clock
plan
