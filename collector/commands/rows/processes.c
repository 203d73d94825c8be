/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/registry.h"

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Those that programs left unread, pid 0, are a row of their own. */
static int family(const struct tk_interval_process *x, const struct tk_interval_process *y)
{
	int order = strcmp(x->app, y->app);

	order = order ? order : compare(x->uid, y->uid);
	order = order ? order : compare(x->place, y->place);
	return order ? order : compare(x->pid != 0, y->pid != 0);
}

static int by_segment(const void *a, const void *b)
{
	const struct tk_process_sum *x = a, *y = b;
	int order = family(&x->p, &y->p);

	order = order ? order : strcmp(x->p.segment, y->p.segment);
	return order ? order : compare(x->number, y->number);
}

static void add_counts(struct tk_interval_process *to, const struct tk_interval_process *p)
{
	to->records += p->records;
	to->delivered += p->delivered;
	to->lost += p->lost;
	to->attributed += p->attributed;
	to->unknown += p->unknown;
	to->refused += p->refused;
}

/* One process, later. */
static void add_later(struct tk_process_sum *to, const struct tk_process_sum *p)
{
	add_counts(&to->p, &p->p);
	if (p->p.pid == 0) /* how many more */
		to->p.processes += p->p.processes;
	to->p.alive = p->p.alive;
	to->p.unsettled = p->p.unsettled;
	to->p.lag = p->p.lag;
	to->number = p->number;
}

/* Another process of the app. */
static void add_other(struct tk_interval_process *to, const struct tk_interval_process *p)
{
	add_counts(to, p);
	to->processes += p->processes;
	to->alive = to->alive || p->alive;
	to->unsettled = to->unsettled || p->unsettled;
	to->found_dead = to->found_dead && p->found_dead;
	to->lag += p->lag;
}

static void merge_segments(struct tk_processes *ps)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->n; i++) {
		if (n && !family(&ps->list[n - 1].p, &ps->list[i].p) &&
		    !strcmp(ps->list[n - 1].p.segment, ps->list[i].p.segment))
			add_later(&ps->list[n - 1], &ps->list[i]);
		else
			ps->list[n++] = ps->list[i];
	}
	ps->n = n;
}

/*
 * Nothing more comes of a process that has ended: one entry without a segment is enough for those
 * of an app. It is the first of its family, once they are sorted again.
 */
static void fold_dead(struct tk_processes *ps)
{
	struct tk_process_sum *ended = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < ps->n; i++) {
		struct tk_process_sum *p = &ps->list[kept];

		*p = ps->list[i];
		if (ended && family(&ended->p, &p->p))
			ended = NULL;
		if (p->p.alive || !p->p.pid) {
			kept++;
		} else if (ended) {
			add_other(&ended->p, &p->p);
		} else {
			p->p.segment[0] = '\0';
			ended = p;
			kept++;
		}
	}
	ps->n = kept;
}

static uint64_t first_dead(const struct tk_processes *ps)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < ps->n; i++)
		if (!ps->list[i].p.alive && ps->list[i].number < first)
			first = ps->list[i].number;
	return first;
}

static void forget_dead(struct tk_processes *ps)
{
	size_t dead = 0;

	for (size_t i = 0; i < ps->n; i++)
		dead += !ps->list[i].p.alive;
	while (dead > TK_REGISTRY_DEAD_MAX) {
		uint64_t first = first_dead(ps);
		size_t kept = 0;

		for (size_t i = 0; i < ps->n; i++) {
			bool gone = !ps->list[i].p.alive && ps->list[i].number == first;

			dead -= gone;
			if (!gone)
				ps->list[kept++] = ps->list[i];
		}
		ps->n = kept;
	}
}

void tk_processes_clear(struct tk_processes *ps)
{
	ps->n = 0;
}

int tk_processes_add(struct tk_processes *ps, const struct tk_interval *i)
{
	size_t n = ps->n + i->n_processes;
	struct tk_process_sum *list = ps->list;

	if (n > ps->room) {
		list = realloc(list, 2 * n * sizeof(*list));
		if (!list)
			return -ENOMEM;
		ps->room = 2 * n;
	}
	ps->list = list;
	for (size_t k = 0; k < i->n_processes; k++)
		list[ps->n++] = (struct tk_process_sum){ i->processes[k], i->number };
	return 0;
}

int tk_processes_sum_up(struct tk_processes *ps, bool by_app)
{
	struct tk_interval_process *sum;
	size_t n = 0;

	if (ps->n)
		qsort(ps->list, ps->n, sizeof(*ps->list), by_segment);
	merge_segments(ps);
	if (by_app)
		fold_dead(ps);
	else
		forget_dead(ps);
	sum = realloc(ps->sum, (ps->n + 1) * sizeof(*sum));
	ps->n_sums = 0;
	if (!sum)
		return -ENOMEM;
	ps->sum = sum;
	for (size_t i = 0; i < ps->n; i++) {
		const struct tk_interval_process *p = &ps->list[i].p;

		if (by_app && n && p->pid && !family(&ps->list[i - 1].p, p))
			add_other(&sum[n - 1], p);
		else
			sum[n++] = *p;
	}
	for (size_t i = 0; i < n && by_app; i++) {
		if (sum[i].pid)
			sum[i].segment[0] = '\0';
		sum[i].pid = 0;
	}
	ps->n_sums = n;
	return 0;
}

void tk_processes_free(struct tk_processes *ps)
{
	free(ps->list);
	free(ps->sum);
	memset(ps, 0, sizeof(*ps));
}
