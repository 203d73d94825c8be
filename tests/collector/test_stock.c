/* SPDX-License-Identifier: MIT */
/* Memory for tallies ahead of its use, and samples that wait for it. */
#include "collector/drain/stock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "collector/machine/now.h"
#include "tests/random.h"

/* Under a sanitizer its shadow is faulted in as well. */
#ifdef __SANITIZE_ADDRESS__
#define FAULTS_OF_THE_TEST 1000u
#else
#define FAULTS_OF_THE_TEST 8u
#endif

#define ARENA    ((size_t)64 << 20)
#define KB       ((size_t)1 << 10)
#define HUGEPAGE ((size_t)2 << 20)

static struct tk_tally_pool pool;
static struct tk_stock stock;

static void begin(void)
{
	cr_assert_eq(tk_tally_pool_init(&pool, ARENA), 0);
	cr_assert_eq(tk_stock_init(&stock, &pool, -1), 0);
	while (tk_stock_refill(&stock))
		;
}

static void end(void)
{
	tk_stock_stop(&stock);
	tk_tally_pool_free(&pool);
}

TestSuite(stock, .init = begin, .fini = end);

static unsigned long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (unsigned long)u.ru_minflt;
}

/* As the hot loop does it. */
static void add(struct tk_tally *t, enum tk_measure m, uint64_t v)
{
	if (!tk_tally_add(t, m, v, tk_hist_index(v)))
		tk_tally_add_outside(&pool, t, m, v, NULL);
}

/* However the pool is used up, what comes next is there, and no further ahead than it should be. */
Test(stock, it_keeps_ahead_of_the_pool)
{
	uint64_t state = 9;

	while (pool.size - pool.used > 2 * TK_STOCK_BYTES) {
		size_t bites = 0;

		while (tk_stock_refill(&stock))
			cr_assert_lt(bites++, TK_STOCK_BYTES >> 15);
		cr_assert_geq(tk_stock_level(&stock), TK_STOCK_BYTES);
		cr_assert_lt(tk_stock_level(&stock), TK_STOCK_BYTES + 64 * KB);
		cr_assert_eq(pool.stocked, stock.populated);
		/* Sometimes more than there is. */
		for (uint64_t n = random_below(&state, 40000); n && pool.size > pool.used; n--)
			(void)tk_tally_get(&pool);
	}
	while (tk_stock_refill(&stock))
		;
	cr_assert_leq(stock.populated, pool.size);
}

/* As the kernel says. */
Test(stock, what_is_in_stock_faults_no_page_in)
{
	unsigned long before = faults();

	while (pool.used + 64 * KB < TK_STOCK_BYTES)
		add(tk_tally_get(&pool), TK_PROCESSING, 1000);
	cr_assert_leq(faults() - before, FAULTS_OF_THE_TEST);
	cr_assert_eq(pool.spill.put, 0);
}

/* When it is used up, samples of new timers cost no page fault, and those of old ones none. 21
 * tallies are a page. */
Test(stock, what_waits_faults_no_page_in)
{
	struct tk_tally *t[1000], *old = tk_tally_get(&pool);
	unsigned long before;

	add(old, TK_LATENCY, 1000);
	while (pool.used + 64 * KB < TK_STOCK_BYTES)
		add(tk_tally_get(&pool), TK_PROCESSING, 1000);
	while (!pool.spill.put)
		add(tk_tally_get(&pool), TK_PROCESSING, 1000);
	for (int i = 0; i < 1000; i++)
		t[i] = tk_tally_get(&pool);
	before = faults();
	for (int i = 0; i < 20000; i++) {
		add(t[i % 1000], i & 1, 1000 + (uint64_t)i);
		add(old, TK_LATENCY, 1000);
	}
	cr_assert_leq(faults() - before, FAULTS_OF_THE_TEST);
	cr_assert_eq(pool.spill.put, 20001);
	while (tk_stock_refill(&stock))
		;
	while (tk_tally_settle(&pool, UINT64_MAX, false))
		;
	cr_assert_eq(pool.spill.taken, 20001, "there is memory again");
	for (int i = 0; i < 1000; i++) {
		struct tk_tally_facts f[TK_MEASURES];

		tk_tally_facts(t[i], f);
		cr_assert_eq(f[i & 1].count, 20);
		cr_assert_eq(f[i & 1].bare, 0);
	}
}

/* ---- against histograms that have every bucket ---- */

#define TALLIES 300

static struct tk_tally *tally[TALLIES];
static struct tk_hist (*want)[TK_MEASURES];

static void hand_over(size_t i)
{
	struct tk_hist *got = calloc(TK_MEASURES, sizeof(*got));
	uint64_t until = pool.spill.put;

	while (tk_tally_settle(&pool, until, true))
		;
	cr_assert_geq(pool.spill.taken, until);
	cr_assert_not(pool.forced);
	tk_tally_move(tally[i], (struct tk_hist *[]){ &got[0], &got[1] });
	for (int m = 0; m < TK_MEASURES; m++) {
		cr_assert_eq(got[m].count, want[i][m].count);
		cr_assert_eq(got[m].bare, 0);
		cr_assert(got[m].sum == want[i][m].sum);
		cr_assert_eq(memcmp(got[m].buckets, want[i][m].buckets, sizeof(got[m].buckets)), 0);
	}
	memset(want[i], 0, sizeof(want[i]));
	tk_tally_put(&pool, tally[i]);
	tally[i] = NULL;
	free(got);
}

/* Whatever came before what, and whether or not the spill is full: each sample is counted once. */
Test(stock, a_sample_that_waited_is_counted_once)
{
	uint64_t state = 4, waited = 0;

	want = calloc(TALLIES, sizeof(*want));
	for (int step = 0; step < 400000; step++) {
		size_t i = random_below(&state, TALLIES);
		enum tk_measure m = step & 1;
		uint64_t v = random_log(&state, 47);

		if (!tally[i])
			tally[i] = tk_tally_get(&pool);
		add(tally[i], m, v);
		tk_hist_add(&want[i][m], v);
		waited = pool.spill.put;
		if (random_below(&state, 200) == 0)
			hand_over(i);
		if (random_below(&state, 20000) == 0) /* seldom: it is short most of the time */
			(void)tk_stock_refill(&stock);
		if (random_below(&state, 1000) == 0)
			(void)tk_tally_settle(&pool, UINT64_MAX, false);
		if (step % 50000 == 0) /* nothing is in stock */
			stock.populated = pool.stocked = pool.used / (64 * KB) * (64 * KB);
	}
	cr_assert_gt(waited, 1000);
	for (size_t i = 0; i < TALLIES; i++)
		if (tally[i])
			hand_over(i);
	cr_assert_eq(pool.spill.put, pool.spill.taken);
	cr_assert_eq(pool.out, 0);
	free(want);
}

Test(stock, a_full_spill_loses_nothing)
{
	struct tk_tally *t = tk_tally_get(&pool);
	struct tk_tally_facts f[TK_MEASURES];

	pool.stocked = 0;
	for (size_t i = 0; i < TK_SPILL_SAMPLES; i++)
		add(t, TK_LATENCY, 1000);
	cr_assert_not(tk_spill_has_room(&pool.spill));
	cr_assert_null(t->counters);
	add(t, TK_LATENCY, 1001);
	cr_assert(t->counters, "faulted in by itself");
	while (tk_tally_settle(&pool, UINT64_MAX, true))
		;
	tk_tally_facts(t, f);
	cr_assert_eq(f[TK_LATENCY].count, TK_SPILL_SAMPLES + 1);
	cr_assert_eq(f[TK_LATENCY].bare, 0);
}

/* 2 MiB are about to be a hugepage, which takes milliseconds where memory is fragmented. */
Test(stock, what_becomes_a_hugepage_is_not_touched)
{
	size_t last = 0;

	pool.reserved = 2 * HUGEPAGE;
	while (pool.used < 3 * HUGEPAGE) {
		struct tk_tally *t = tk_tally_get(&pool);
		size_t from = (size_t)((char *)t - pool.arena);

		add(t, TK_PROCESSING, 1000);
		cr_assert(from + sizeof(*t) <= HUGEPAGE || from >= 2 * HUGEPAGE);
		from = (size_t)((char *)t->counters - pool.arena);
		cr_assert(from <= HUGEPAGE || from >= 2 * HUGEPAGE);
		cr_assert_gt(from, last);
		last = from;
	}
}

/* Its thread is woken by whoever uses half of it, and ends when it is told to. */
Test(stock, its_thread_refills_it)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + 60 * TK_SECOND_NS;

	cr_assert_eq(tk_stock_start(&stock), 0);
	for (int round = 0; round < 5; round++) {
		size_t goal = pool.used + TK_STOCK_BYTES;

		while (pool.used < goal)
			(void)tk_tally_get(&pool);
		while (__atomic_load_n(&pool.stocked, __ATOMIC_RELAXED) < goal + TK_STOCK_BYTES) {
			cr_assert_lt(tk_now_ns(CLOCK_MONOTONIC), until);
			nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
		}
	}
}
