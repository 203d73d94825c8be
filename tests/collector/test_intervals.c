/* SPDX-License-Identifier: MIT */
/* Closed intervals: in order, each once, within the budget; what is dropped is counted exactly. */
#include "collector/engine/views/intervals.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/random.h"

struct sums {
	uint64_t intervals, rows, records;
};

static struct tk_interval *interval(struct tk_intervals *l, uint64_t number, size_t timers,
				    size_t processes, struct sums *sum)
{
	struct tk_interval *i = tk_interval_new(l);

	cr_assert(i);
	i->number = number;
	for (size_t k = 0; k < timers; k++) {
		struct tk_interval_timer *t = tk_interval_add_timer(l, i, k + 1);

		cr_assert(t);
		cr_assert(!t->key && !t->name[0] && !t->of[1].records, "all zero");
		/* Not in order of names. */
		snprintf(t->name, sizeof(t->name), "t%03zu", k * 7 % 101);
		t->pid = (uint32_t)(k % 3);
		t->key = timers - k;
		t->of[0].records = t->of[1].records = k + 1;
		sum->records += k + 1;
	}
	for (size_t k = 0; k < processes; k++) {
		struct tk_interval_process *p = tk_interval_add_process(l, i);

		cr_assert(p && !p->pid && !p->delivered);
		p->pid = (uint32_t)k;
	}
	sum->rows += timers + processes;
	sum->intervals++;
	return i;
}

static int order(const struct tk_interval_timer *a, const struct tk_interval_timer *b)
{
	int by_name = strcmp(a->name, b->name);

	if (by_name)
		return by_name;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static void check_and_free(struct tk_interval *i, struct sums *sum)
{
	sum->intervals++;
	sum->rows += i->n_timers + i->n_processes;
	for (size_t k = 0; k < i->n_timers; k++) {
		sum->records += i->timers[k].of[0].records;
		if (k)
			cr_assert_lt(order(&i->timers[k - 1], &i->timers[k]), 0);
	}
	for (size_t k = 0; k < i->n_processes; k++)
		cr_assert_eq(i->processes[k].pid, k);
	cr_assert_null(i->newer);
	tk_interval_free(i);
}

Test(intervals, nobody_wants_any_there_are_none)
{
	struct tk_intervals l = { 0 };

	cr_assert_null(tk_interval_new(&l));
	cr_assert_null(tk_intervals_take(&l));
	tk_interval_free(NULL);
	tk_intervals_free(&l);
}

/* Appended and taken at random: what came, and was not dropped, is taken once, oldest first. */
static void live(uint64_t seed, size_t budget)
{
	struct tk_intervals l = { .budget = budget };
	struct sums given = { 0 }, taken = { 0 };
	uint64_t state = seed, last = 0;
	struct tk_interval *i;

	for (int step = 0; step < 2000; step++) {
		if (random_below(&state, 3)) {
			size_t timers = random_below(&state, 60);

			i = interval(&l, given.intervals + 1, timers, random_below(&state, 5),
				     &given);
			tk_intervals_append(&l, i);
			cr_assert_eq(l.newest, i, "the newest is kept, whatever the budget");
			cr_assert(l.used <= l.budget || l.oldest == l.newest);
		} else if ((i = tk_intervals_take(&l))) {
			cr_assert_gt(i->number, last);
			last = i->number;
			check_and_free(i, &taken);
		}
	}
	while ((i = tk_intervals_take(&l))) {
		cr_assert_gt(i->number, last);
		last = i->number;
		check_and_free(i, &taken);
	}
	cr_assert_eq(l.used, 0);
	cr_assert_eq(taken.intervals + l.dropped.intervals, given.intervals);
	cr_assert_eq(taken.rows + l.dropped.rows, given.rows);
	cr_assert_eq(taken.records + l.dropped.records, given.records);
	if (budget == SIZE_MAX)
		cr_assert_eq(l.dropped.intervals, 0);
	else
		cr_assert_gt(l.dropped.intervals, 0);
	tk_intervals_free(&l);
}

Test(intervals, in_order_each_once_and_what_is_dropped_is_counted)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		live(seed, SIZE_MAX);
		live(seed, 1u << 20);
		live(seed, 1);
	}
}

Test(intervals, the_oldest_goes_first)
{
	struct sums sum = { 0 };
	struct tk_intervals l = { .budget = SIZE_MAX };
	struct tk_interval *i;
	uint64_t next = 8;

	for (uint64_t n = 1; n <= 5; n++)
		tk_intervals_append(&l, interval(&l, n, 10, 1, &sum));
	l.budget = l.used / 5 * 3;
	for (uint64_t n = 6; n <= 10; n++)
		tk_intervals_append(&l, interval(&l, n, 10, 1, &sum));
	cr_assert_eq(l.dropped.intervals, 7);
	cr_assert_eq(l.dropped.rows, 7 * 11);
	cr_assert_eq(l.dropped.records, 7 * 55);
	while ((i = tk_intervals_take(&l))) {
		cr_assert_eq(i->number, next++);
		tk_interval_free(i);
	}
	cr_assert_eq(next, 11);
}

#ifndef __SANITIZE_ADDRESS__ /* which cannot live within a limit */
/* Rows for which there is no memory. */
Test(intervals, without_memory_a_row_is_dropped_and_counted)
{
	struct rlimit all, none;
	struct tk_intervals l = { .budget = SIZE_MAX };
	struct tk_interval *i = tk_interval_new(&l);
	struct tk_interval_timer *t;
	size_t kept = 0, refused = 0;

	getrlimit(RLIMIT_AS, &all);
	none = all;
	none.rlim_cur = 1u << 20; /* less than there is: nothing can be mapped */
	if (setrlimit(RLIMIT_AS, &none))
		cr_skip_test("no limit is to be had");
	while (refused < 10) {
		t = tk_interval_add_timer(&l, i, 3);
		kept += t != NULL;
		refused += t == NULL;
	}
	setrlimit(RLIMIT_AS, &all);
	cr_assert_eq(i->n_timers, kept);
	cr_assert(i->cut);
	cr_assert_eq(l.dropped.rows, 10);
	cr_assert_eq(l.dropped.records, 30);
	cr_assert_eq(l.dropped.intervals, 0);
	tk_intervals_append(&l, i);
	tk_intervals_free(&l);
}
#endif
