/* SPDX-License-Identifier: MIT */
/*
 * A writer killed at a random instant, again and again. It counts what it has begun and finished on
 * a page of its own. A reader that was attached all along and one that comes afterwards must both
 * account for every push: delivered + lost, each number once, the last push in either column or, if
 * it had stored nothing, in none; and afterwards every record that is still there is readable.
 *
 *	killed [times]
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/ring/lane_in_memory.h"

struct victim {
	uint64_t begun, finished;
};

static void push_for_ever(struct lane_in_memory *lane, struct victim *v)
{
	for (;;) {
		__atomic_store_n(&v->begun, v->begun + 1, __ATOMIC_RELAXED);
		lane_push_numbered(lane);
		__atomic_store_n(&v->finished, v->finished + 1, __ATOMIC_RELAXED);
	}
}

/* @return how many were torn or out of order. */
static unsigned drain(struct tk_lane_reader *r, uint64_t *last)
{
	struct tk_slot out[TK_LANE_CHUNK];
	unsigned bad = 0;
	size_t n;

	while (tk_lane_read(r, out, &n) || n) {
		for (size_t i = 0; i < n; i++) {
			uint64_t number = lane_number(&out[i]);

			bad += number <= *last;
			*last = number;
		}
	}
	return bad;
}

static bool account(const char *who, const struct tk_lane_reader *r, uint64_t size,
		    const struct victim *v, unsigned bad)
{
	uint64_t produced = r->delivered + r->lost + (r->first - size);

	if (!bad && produced >= v->finished && produced <= v->begun)
		return true;
	printf("not ok: %s: %lu accounted for, %lu finished, %lu begun, %u bad\n", who, produced,
	       v->finished, v->begun, bad);
	return false;
}

static bool once(unsigned *seed)
{
	struct victim *v =
		mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct timespec pause = { .tv_nsec = (long)rand_r(seed) % 1000000 };
	struct tk_lane_reader early, late;
	struct lane_in_memory lane;
	uint64_t last = 0, last_late = 0, readable;
	unsigned bad = 0, bad_late;
	pid_t pid;
	bool good;

	lane_make(&lane, 1024);
	lane_reader(&lane, &early, TK_LANE_NEWEST);
	pid = fork();
	if (pid == 0)
		push_for_ever(&lane, v);
	nanosleep(&pause, NULL);
	bad += drain(&early, &last);
	kill(pid, SIGKILL);
	bad += drain(&early, &last);
	waitpid(pid, NULL, 0);
	tk_lane_reader_end(&early);
	bad += drain(&early, &last);
	lane_reader(&lane, &late, TK_LANE_OLDEST);
	tk_lane_reader_end(&late);
	bad_late = drain(&late, &last_late);
	readable = v->finished < lane.size ? v->finished : lane.size - 1;
	if (IS_QUEUE)
		readable = 0; /* it was taken */
	good = account("the reader that watched", &early, lane.size, v, bad) &&
	       account("the reader that came after", &late, lane.size, v, bad_late);
	if (good && late.delivered < readable) {
		printf("not ok: %lu of %lu readable records were read\n", late.delivered, readable);
		good = false;
	}
	lane_free(&lane);
	munmap(v, sizeof(*v));
	return good;
}

int main(int argc, char **argv)
{
	unsigned times = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	unsigned seed = 11;

	for (unsigned i = 0; i < times; i++)
		if (!once(&seed))
			return 1;
	printf("ok: %u kills, every push accounted for\n", times);
	return 0;
}
