/* SPDX-License-Identifier: MIT */
/*
 * A reader's patience does not end because time has passed: a writer that has no cpu is waited for,
 * as long as it takes; one that uses a second of its cpu without a record coming is not.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bench/rings/bench.h"

static atomic_int phase; /* 1: the writer has its clock, and waits; 2: it spins; 3: it ends */
static struct patience patience;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *writer(void *arg)
{
	patience = patience_with_me();
	atomic_store(&phase, 1);
	pthread_mutex_lock(&gate); /* without a cpu until the test lets it go */
	while (atomic_load(&phase) != 3)
		tk_relax();
	pthread_mutex_unlock(&gate);
	return arg;
}

Test(patience, counts_what_the_writer_does)
{
	pthread_t thread;

	pthread_mutex_lock(&gate);
	cr_assert_eq(pthread_create(&thread, NULL, writer, NULL), 0);
	while (atomic_load(&phase) != 1)
		sched_yield();
	for (unsigned i = 0; i < 1000000; i++)
		cr_assert(!patience_ends(&patience, 0, false), "gave up on a writer without a cpu");
	pthread_mutex_unlock(&gate);
	/* Each record that comes begins it anew. */
	for (unsigned i = 0; i < 1000000; i++)
		cr_assert(!patience_ends(&patience, i % 8192 == 0, false));
	while (!patience_ends(&patience, 0, false))
		;
	atomic_store(&phase, 3);
	pthread_join(thread, NULL);
}

Test(patience, after_the_end_counts_polls)
{
	struct patience p = patience_with_me();

	for (unsigned i = 1; i < 10000; i++)
		cr_assert(!patience_ends(&p, 0, true));
	cr_assert(!patience_ends(&p, 1, true));
	for (unsigned i = 1; i < 10000; i++)
		cr_assert(!patience_ends(&p, 0, true));
	cr_assert(patience_ends(&p, 0, true));
}
