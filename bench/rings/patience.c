/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "bench/rings/bench.h"

enum {
	POLLS_AT_END = 10000,
	POLLS_A_LOOK = 4096, /* reading another thread's clock is a system call */
};

static uint64_t used(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		abort();
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct patience patience_with_me(void)
{
	struct patience p = { 0 };

	if (pthread_getcpuclockid(pthread_self(), &p.writer))
		abort();
	return p;
}

/*
 * What is judged is the clock at the look before this one: 4,096 polls found nothing since. What
 * the writer used while this thread was taken off its cpu, after its last poll, does not count.
 */
bool patience_ends(struct patience *p, uint64_t came, bool written)
{
	uint64_t before = p->seen;

	if (came) {
		p->empty = 0;
		return false;
	}
	p->empty++;
	if (written)
		return p->empty >= POLLS_AT_END;
	if (p->empty % POLLS_A_LOOK)
		return false;
	p->seen = used(p->writer);
	if (p->empty == POLLS_A_LOOK) {
		p->since = p->seen;
		return false;
	}
	return before - p->since > 1000000000;
}
