/* SPDX-License-Identifier: MIT */
#include "collector/report/times.h"

#include <errno.h>
#include <stdlib.h>

/* a becomes what is true of both. */
static void join(struct tk_report_point *a, const struct tk_report_point *b)
{
	a->from_ns = b->from_ns < a->from_ns ? b->from_ns : a->from_ns;
	a->to_ns = b->to_ns > a->to_ns ? b->to_ns : a->to_ns;
	for (size_t i = 0; i < TK_STATS_MAX; i++)
		a->ns[i] = b->ns[i] > a->ns[i] ? b->ns[i] : a->ns[i];
}

/* An even number of points becomes half as many. */
static void halve(struct tk_report_times *t)
{
	for (size_t i = 0; i < t->n / 2; i++) {
		struct tk_report_point p = t->point[2 * i];

		join(&p, &t->point[2 * i + 1]);
		t->point[i] = p;
	}
	t->n /= 2;
	t->intervals *= 2;
	t->in_last = t->intervals;
}

static int add_point(struct tk_report_times *t, const struct tk_report_point *p)
{
	if (t->n && t->in_last < t->intervals) {
		join(&t->point[t->n - 1], p);
		t->in_last++;
		return 0;
	}
	if (t->n == TK_REPORT_POINTS)
		halve(t);
	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct tk_report_point *grown = realloc(t->point, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->point = grown;
		t->room = room;
	}
	t->point[t->n++] = *p;
	t->in_last = 1;
	return 0;
}

int tk_report_times_end(struct tk_report_times *t, const struct tk_stats_list *stats)
{
	struct tk_report_point p = { .from_ns = t->open_from_ns, .to_ns = t->open_to_ns };
	struct tk_hlog_cells cells;
	int err;

	if (!t->open.count)
		return 0;
	if (!t->intervals)
		t->intervals = 1;
	err = tk_hlog_sum_cells(&t->open, &cells);
	if (!err) {
		tk_hlog_quantiles(&cells, stats->quantile, stats->n_quantiles, p.ns);
		err = add_point(t, &p);
	}
	tk_hlog_cells_free(&cells);
	tk_hlog_sum_free(&t->open);
	return err;
}

int tk_report_times_add(struct tk_report_times *t, const struct tk_stats_list *stats,
			const struct tk_hlog_item *i)
{
	int err = 0;

	if (t->open.count && t->open_from_ns != i->start_ns)
		err = tk_report_times_end(t, stats);
	t->open_from_ns = i->start_ns;
	t->open_to_ns = i->start_ns + (int64_t)i->length_ns;
	return err ? err : tk_hlog_sum_add(&t->open, i);
}

void tk_report_times_free(struct tk_report_times *t)
{
	free(t->point);
	tk_hlog_sum_free(&t->open);
}
