/* SPDX-License-Identifier: MIT */
/*
 * A queue whose ends are two threads of one process, for TSan: it sees both sides of every slot
 * then, DPDK's and ours. (The slots of rings are written in assembly, which it cannot see.) All is
 * accounted for, in order, full or not.
 *
 *	queue_threads [pushes]
 */
#include <pthread.h>
#include <stdio.h>

#include "tests/ring/lane_in_memory.h"

static struct lane_in_memory lane;
static uint64_t pushes;
static int done;

static void *write_all(void *unused)
{
	(void)unused;
	for (uint64_t i = 0; i < pushes; i++)
		lane_push_numbered(&lane);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static bool read_all(struct tk_lane_reader *r)
{
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t last = 0;
	size_t n;

	for (;;) {
		bool ending = __atomic_load_n(&done, __ATOMIC_ACQUIRE);
		bool more = tk_lane_read(r, out, &n);

		for (size_t i = 0; i < n; i++) {
			uint64_t number = lane_number(&out[i]);

			if (number <= last)
				return false;
			last = number;
		}
		if (ending && !more && !n)
			return true;
	}
}

int main(int argc, char **argv)
{
	struct tk_lane_reader r;
	pthread_t writer;
	bool good;

	pushes = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000000;
	lane_make(&lane, 1024);
	lane_reader(&lane, &r, TK_LANE_NEWEST);
	pthread_create(&writer, NULL, write_all, NULL);
	good = read_all(&r);
	pthread_join(writer, NULL);
	good = good && r.delivered + r.lost == pushes;
	printf("%s: %lu = %lu delivered + %lu lost\n", good ? "ok" : "not ok", pushes, r.delivered,
	       r.lost);
	lane_free(&lane);
	return !good;
}
