/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/gather.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/commands/rows/group.h"
#include "collector/commands/rows/processes.h"
#include "collector/labels/labels.h"
#include "collector/machine/list.h"
#include "collector/stats/registry.h"

/* An interval in the window, and which group each of its timers belongs to. */
struct slot {
	struct tk_interval *interval;
	struct tk_group **of;
};

struct tk_gather {
	struct tk_gather_how how;
	bool histograms;
	struct slot *slot; /* the window, oldest first */
	size_t n_slots;
	struct tk_group **group; /* by name */
	size_t n_groups;
	struct tk_processes processes;
	struct tk_rows rows;
	uint64_t forgotten;
};

/* ---- the order of groups ---- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* What is the same in timers that fold: their names but for labels, too. */
static int family(const struct tk_group *g, const struct tk_interval_timer *t)
{
	int order = tk_labels_order(g->row.name, g->labels, t->name, t->labels);

	order = order ? order : strcmp(g->row.app, t->app);
	order = order ? order : compare(g->row.uid, t->uid);
	order = order ? order : compare(g->place, t->place);
	return order ? order : tk_unit_order(&g->row.unit, &t->unit);
}

static int order_of(const struct tk_gather *g, const struct tk_group *group,
		    const struct tk_interval_timer *t)
{
	int order = family(group, t);

	if (order || g->how.by_app)
		return order;
	order = strcmp(group->row.name, t->name);
	order = order ? order : compare(group->row.pid, t->pid);
	return order ? order : compare(group->key, t->key);
}

static int by_name(const void *a, const void *b)
{
	const struct tk_interval_timer *x = a, *y = b;
	int order = tk_labels_order(x->name, x->labels, y->name, y->labels);

	order = order ? order : strcmp(x->app, y->app);
	order = order ? order : compare(x->uid, y->uid);
	order = order ? order : compare(x->place, y->place);
	order = order ? order : tk_unit_order(&x->unit, &y->unit);
	order = order ? order : strcmp(x->name, y->name);
	order = order ? order : compare(x->pid, y->pid);
	return order ? order : compare(x->key, y->key);
}

/* ---- groups ---- */

/*
 * Find the group of each timer of an interval, or make it. Both are in the same order, so one walk
 * along both lists does. @return 0 or -ENOMEM: some have no group
 */
static int assign(struct tk_gather *g, struct slot *s)
{
	const struct tk_interval *i = s->interval;
	struct tk_group **merged = malloc((g->n_groups + i->n_timers + 1) * sizeof(*merged));
	size_t n = 0, old = 0;
	int err = merged ? 0 : -ENOMEM;

	for (size_t k = 0; merged && k < i->n_timers; k++) {
		const struct tk_interval_timer *t = &i->timers[k];

		while (old < g->n_groups && order_of(g, g->group[old], t) <= 0)
			merged[n++] = g->group[old++];
		if (n == 0 || order_of(g, merged[n - 1], t) != 0) {
			merged[n] = tk_group_new(t, g->how.by_app);
			if (!merged[n]) {
				err = -ENOMEM;
				continue;
			}
			n++;
		}
		s->of[k] = merged[n - 1];
	}
	if (!merged)
		return err;
	while (old < g->n_groups)
		merged[n++] = g->group[old++];
	free(g->group);
	g->group = merged;
	g->n_groups = n;
	return err;
}

static void count_slot(const struct slot *s)
{
	for (size_t k = 0; k < s->interval->n_timers; k++)
		if (s->of[k])
			tk_group_count(s->of[k], &s->interval->timers[k]);
}

/* Count what is in the window, from nothing: sums of doubles do not drift so. */
static void count_window(struct tk_gather *g)
{
	for (size_t k = 0; k < g->n_groups; k++)
		tk_group_begin_counts(g->group[k]);
	for (size_t i = 0; i < g->n_slots; i++)
		count_slot(&g->slot[i]);
}

/* ---- order of rows ---- */

/* What rows are sorted by, largest first. */
static double figure(const struct tk_row *row, int sort)
{
	double v[TK_MEASURES];

	if (sort == TK_ROWS_BY_RECORDS)
		return (double)row->records;
	if (sort == TK_ROWS_BY_LOST)
		return (double)row->lost;
	for (int m = 0; m < TK_MEASURES; m++) {
		if (sort == TK_ROWS_BY_COUNT)
			v[m] = (double)row->of[m].count;
		else
			v[m] = row->of[m].count ? row->of[m].value[sort] : NAN;
	}
	return isnan(v[0]) && isnan(v[1]) ? -INFINITY : fmax(v[0], v[1]);
}

/* Rows lie in their groups, which have an order: by name. */
static int by_figure(const void *a, const void *b, void *arg)
{
	const struct tk_row *x = *(struct tk_row *const *)a, *y = *(struct tk_row *const *)b;
	int sort = *(const int *)arg, order = 0;

	if (sort == TK_ROWS_BY_APP) {
		order = strcmp(x->app, y->app);
	} else {
		double fx = figure(x, sort), fy = figure(y, sort);

		order = (fx < fy) - (fx > fy);
	}
	return order ? order : compare(x->order, y->order);
}

static int write_rows(struct tk_gather *g)
{
	struct tk_rows *rows = &g->rows;
	struct tk_row **list = realloc(rows->row, (g->n_groups + 1) * sizeof(*list));

	rows->n = 0;
	if (!list)
		return -ENOMEM;
	rows->row = list;
	for (size_t k = 0; k < g->n_groups; k++) {
		struct tk_group *group = g->group[k];

		tk_group_sum_up(group, g->n_slots ? g->slot[0].interval->number : 0);
		tk_group_find_values(group, g->how.stats, g->histograms);
		group->row.order = rows->n;
		list[rows->n++] = &group->row;
	}
	if (g->how.sort != TK_ROWS_BY_NAME)
		qsort_r(list, rows->n, sizeof(*list), by_figure, &g->how.sort);
	return 0;
}

/* ---- intervals come and go ---- */

static struct slot *add_slot(struct tk_gather *g, struct tk_interval *i)
{
	struct slot *list = tk_list_grow(g->slot, g->n_slots, sizeof(*list));
	struct tk_group **of = calloc(i->n_timers + 1, sizeof(struct tk_group *));

	if (list)
		g->slot = list;
	if (!list || !of) {
		free(of);
		tk_interval_free(i);
		return NULL;
	}
	list += g->n_slots++;
	list->interval = i;
	list->of = of;
	return list;
}

static void drop_oldest(struct tk_gather *g, bool whole)
{
	struct slot oldest = g->slot[0];

	for (size_t k = 0; k < oldest.interval->n_timers && whole && g->histograms; k++)
		if (oldest.of[k])
			tk_group_remove_samples(oldest.of[k], &oldest.interval->timers[k]);
	memmove(&g->slot[0], &g->slot[1], --g->n_slots * sizeof(*g->slot));
	tk_interval_free(oldest.interval);
	free(oldest.of);
}

/* Let go of what is more than half outside the window. */
static void slide(struct tk_gather *g)
{
	uint64_t length = 0;

	for (size_t i = 0; i < g->n_slots; i++)
		length += g->slot[i].interval->interval_ns;
	while (g->n_slots > 1) {
		uint64_t oldest = g->slot[0].interval->interval_ns;

		if (length - oldest / 2 <= g->how.window_ns)
			break;
		drop_oldest(g, true);
		length -= oldest;
	}
	g->rows.interval_ns = length;
}

/* Forget the groups that nothing in the window belongs to. */
static void forget_empty(struct tk_gather *g)
{
	size_t kept = 0;

	for (size_t k = 0; k < g->n_groups; k++) {
		if (g->group[k]->rows)
			g->group[kept++] = g->group[k];
		else
			tk_group_free(g->group[k]);
	}
	g->n_groups = kept;
}

static bool is_dead(const struct tk_group *group)
{
	return group->ended && !group->n_members;
}

/* Without a window the ended would add up: forget those that ended first. */
static void forget_dead(struct tk_gather *g)
{
	size_t dead = 0;

	for (size_t k = 0; k < g->n_groups && !g->how.by_app; k++)
		dead += is_dead(g->group[k]);
	while (dead > TK_REGISTRY_DEAD_MAX) {
		uint64_t first = UINT64_MAX;
		size_t kept = 0;

		for (size_t k = 0; k < g->n_groups; k++)
			if (is_dead(g->group[k]) && g->group[k]->number < first)
				first = g->group[k]->number;
		for (size_t k = 0; k < g->n_groups; k++) {
			if (is_dead(g->group[k]) && g->group[k]->number == first) {
				tk_group_free(g->group[k]);
				dead--;
				g->forgotten++;
			} else {
				g->group[kept++] = g->group[k];
			}
		}
		g->n_groups = kept;
	}
}

/* Everything is counted once, and the interval is needed no more. */
static void gather_all(struct tk_gather *g)
{
	const struct slot *s = &g->slot[0];

	g->rows.interval_ns += s->interval->interval_ns;
	count_slot(s);
	drop_oldest(g, false);
}

static int gather_processes(struct tk_gather *g, const struct tk_interval *newest)
{
	bool all = g->how.window_ns == TK_GATHER_ALL;
	int err = 0;

	if (!all)
		tk_processes_clear(&g->processes);
	for (size_t i = 0; i < g->n_slots && !err && !all; i++)
		err = tk_processes_add(&g->processes, g->slot[i].interval);
	if (all)
		err = tk_processes_add(&g->processes, newest);
	if (!err)
		err = tk_processes_sum_up(&g->processes, g->how.by_app);
	g->rows.process = g->processes.sum;
	g->rows.n_processes = g->processes.n_sums;
	return err;
}

static int join(struct tk_gather *g, struct slot *s)
{
	int err = assign(g, s);

	for (size_t k = 0; k < s->interval->n_timers; k++) {
		struct tk_interval_timer *t = &s->interval->timers[k];

		if (!s->of[k])
			continue;
		if (tk_group_note(s->of[k], t, s->interval->number) < 0)
			err = -ENOMEM;
		if (g->histograms)
			tk_group_add_samples(s->of[k], t);
	}
	return err;
}

int tk_gather_add(struct tk_gather *g, struct tk_interval *i)
{
	struct slot *s = add_slot(g, i);
	int err, err_rows;

	if (!s)
		return -ENOMEM;
	if (i->n_timers)
		qsort(i->timers, i->n_timers, sizeof(*i->timers), by_name);
	g->rows.number = i->number;
	g->rows.t_ns = i->t_ns;
	err = join(g, s);
	if (g->how.window_ns != TK_GATHER_ALL)
		slide(g);
	if (gather_processes(g, i) < 0)
		err = -ENOMEM;
	if (g->how.window_ns == TK_GATHER_ALL) {
		gather_all(g);
		forget_dead(g);
	} else {
		count_window(g);
		forget_empty(g);
	}
	err_rows = write_rows(g);
	return err ? err : err_rows;
}

/* ---- the gatherer ---- */

bool tk_gather_needs_histograms(const struct tk_gather_how *how)
{
	bool more = how->by_app || how->window_ns;

	for (size_t i = 0; i < how->stats->n_quantiles; i++)
		more = more || !tk_group_is_usual(how->stats->quantile[i]);
	return how->samples || (more && how->stats->n_quantiles);
}

struct tk_gather *tk_gather_new(const struct tk_gather_how *how)
{
	struct tk_gather *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->how = *how;
	g->histograms = tk_gather_needs_histograms(how);
	return g;
}

const struct tk_rows *tk_gather_rows(const struct tk_gather *g)
{
	return &g->rows;
}

uint64_t tk_gather_forgotten(const struct tk_gather *g)
{
	return g->forgotten;
}

void tk_gather_free(struct tk_gather *g)
{
	if (!g)
		return;
	while (g->n_slots)
		drop_oldest(g, false);
	for (size_t k = 0; k < g->n_groups; k++)
		tk_group_free(g->group[k]);
	tk_processes_free(&g->processes);
	free(g->slot);
	free(g->group);
	free(g->rows.row);
	free(g);
}
