/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/group.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"

struct tk_group *tk_group_new(const struct tk_interval_timer *t, bool by_app)
{
	struct tk_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	snprintf(group->row.name, sizeof(group->row.name), "%.*s",
		 (int)(strlen(t->name) - (by_app ? t->labels : 0)), t->name);
	group->labels = by_app ? 0 : t->labels;
	group->row.unit = t->unit;
	memcpy(group->row.app, t->app, sizeof(group->row.app));
	group->row.uid = t->uid;
	group->row.dir = t->dir;
	group->place = t->place;
	group->key = t->key;
	if (by_app)
		return group;
	memcpy(group->row.segment, t->segment, sizeof(group->row.segment));
	group->row.pid = t->pid;
	return group;
}

void tk_group_free(struct tk_group *group)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		for (size_t i = 0; i < group->samples[m].n; i++)
			tk_bins_free(&group->samples[m].of[i].bins);
		free(group->samples[m].of);
	}
	free(group->member);
	free(group);
}

/* ---- its processes ---- */

/* A number for a process: no two of a group have the same segment. */
static uint64_t process_of(const struct tk_interval_timer *t)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);

	for (const char *c = t->segment; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
	return h;
}

static bool is_behind(const struct tk_group_member *m, uint64_t process, uint64_t key)
{
	return m->process != process ? m->process > process : m->key > key;
}

static struct tk_group_member *member_of(struct tk_group *group, uint64_t process, uint64_t key)
{
	size_t i = group->n_members;
	struct tk_group_member *list;

	while (i > 0 && is_behind(&group->member[i - 1], process, key))
		i--;
	if (i > 0 && group->member[i - 1].process == process && group->member[i - 1].key == key)
		return &group->member[i - 1];
	list = tk_list_grow(group->member, group->n_members, sizeof(*list));
	if (!list)
		return NULL;
	group->member = list;
	memmove(&list[i + 1], &list[i], (group->n_members++ - i) * sizeof(*list));
	list[i] = (struct tk_group_member){ .process = process, .key = key };
	return &list[i];
}

int tk_group_note(struct tk_group *group, const struct tk_interval_timer *t, uint64_t number)
{
	uint64_t process = process_of(t);
	struct tk_group_member *m = member_of(group, process, t->key);

	if (!m)
		return -ENOMEM;
	*m = (struct tk_group_member){ process,        t->key,   number,
				       t->since_start, t->alive, t->unsettled };
	group->number = number;
	group->lived = group->lived || !t->found_dead;
	return 0;
}

/* Whether member i is of the same process as one of the first `kept`, or as the one behind it. */
static bool has_more(const struct tk_group *group, size_t kept, size_t i)
{
	uint64_t process = group->member[i].process;

	return (kept && group->member[kept - 1].process == process) ||
	       (i + 1 < group->n_members && group->member[i + 1].process == process);
}

/* Nothing more comes of a process that has ended: without a window it is counted for good, with the
 * last of its timers. */
static void end_member(struct tk_group *group, size_t kept, size_t i)
{
	group->ended += !has_more(group, kept, i);
	group->ended_since_start += group->member[i].since_start;
}

static uint32_t count_processes(const struct tk_group *group)
{
	uint32_t n = 0;

	for (size_t i = 0; i < group->n_members; i++)
		n += i == 0 || group->member[i].process != group->member[i - 1].process;
	return n;
}

void tk_group_sum_up(struct tk_group *group, uint64_t oldest)
{
	struct tk_row *row = &group->row;
	size_t kept = 0;

	row->alive = row->unsettled = false;
	row->found_dead = !group->lived;
	row->since_start = 0;
	for (size_t i = 0; i < group->n_members; i++) {
		const struct tk_group_member *m = &group->member[i];

		if (m->number < oldest)
			continue;
		row->alive = row->alive || m->alive;
		row->unsettled = row->unsettled || m->unsettled;
		if (!oldest && !m->alive) {
			end_member(group, kept, i);
			continue;
		}
		row->since_start += m->since_start;
		group->member[kept++] = *m;
	}
	group->n_members = kept;
	row->since_start += group->ended_since_start;
	row->processes = count_processes(group) + group->ended;
}

/* ---- its samples ---- */

/* The histogram of a clock. @return NULL: no memory */
static struct tk_bins_rated *of_clock(struct tk_group_samples *s, const struct tk_interval_timer *t)
{
	struct tk_bins_rated *list;
	size_t i = 0;

	while (i < s->n && s->of[i].clock != t->clock)
		i++;
	if (i == s->n) {
		list = tk_list_grow(s->of, s->n, sizeof(*list));
		if (!list)
			return NULL;
		s->of = list;
		list[s->n++] = (struct tk_bins_rated){ .clock = t->clock };
	}
	s->of[i].ns_per_tick = t->ns_per_tick;
	return &s->of[i];
}

/* A histogram that cannot be added is taken for none, also when it leaves. */
void tk_group_add_samples(struct tk_group *group, struct tk_interval_timer *t)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_group_samples *s = &group->samples[m];
		struct tk_bins_rated *of = t->packed[m].count ? of_clock(s, t) : NULL;

		if (of && tk_unpack(&t->packed[m], &of->bins) == 0)
			continue;
		t->packed[m].count = 0;
		s->bare += t->of[m].count && !t->histograms_follow;
	}
}

void tk_group_remove_samples(struct tk_group *group, const struct tk_interval_timer *t)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_group_samples *s = &group->samples[m];
		struct tk_bins_rated *of = t->packed[m].count ? of_clock(s, t) : NULL;

		if (!t->packed[m].count)
			s->bare -= t->of[m].count && !t->histograms_follow;
		else if (!of || tk_unpack_remove(&t->packed[m], &of->bins) < 0)
			s->bare++;
	}
}

/* Forget the clocks that have left. Of the others, min and max are found anew. */
static void forget_clocks(struct tk_group_samples *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct tk_bins_rated *of = &s->of[i];

		of->bins.min = UINT64_MAX;
		of->bins.max = 0;
		if (of->bins.count)
			s->of[kept++] = *of;
		else
			tk_bins_free(&of->bins);
	}
	s->n = kept;
}

static void bound(struct tk_group_samples *s, const struct tk_interval_timer *t,
		  const struct tk_packed *p)
{
	struct tk_bins_rated *of = p->count ? of_clock(s, t) : NULL;

	if (!of)
		return;
	of->bins.min = p->min < of->bins.min ? p->min : of->bins.min;
	of->bins.max = p->max > of->bins.max ? p->max : of->bins.max;
}

/* ---- counts ---- */

void tk_group_begin_counts(struct tk_group *group)
{
	struct tk_row *row = &group->row;

	row->records = row->lost = 0;
	memset(row->of, 0, sizeof(row->of));
	group->rows = 0;
	for (int m = 0; m < TK_MEASURES; m++) {
		group->sum[m] = 0;
		forget_clocks(&group->samples[m]);
	}
}

/* Without memory for a histogram the extremes are not known, and are not known of the whole. */
static double least(double a, double b)
{
	return isnan(a) || a < b ? a : b;
}

void tk_group_count(struct tk_group *group, const struct tk_interval_timer *t)
{
	struct tk_row *row = &group->row;

	row->records += t->of[0].records;
	row->lost += t->of[0].lost;
	group->newest = t;
	group->rows++;
	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_datapoint *d = &t->of[m];
		struct tk_row_measure *of = &row->of[m];
		bool first = of->count == 0;

		of->count += d->count;
		of->aside += d->aside;
		of->without += d->without;
		bound(&group->samples[m], t, &t->packed[m]);
		if (!d->count)
			continue;
		group->sum[m] += d->sum_ns;
		group->min[m] = first ? d->min_ns : least(group->min[m], d->min_ns);
		group->max[m] = first ? d->max_ns : -least(-group->max[m], -d->max_ns);
	}
}

/* ---- values ---- */

bool tk_group_is_usual(uint32_t quantile)
{
	for (int p = 0; p < TK_PERCENTILES; p++)
		if (tk_quantiles[p] == quantile)
			return true;
	return false;
}

/* Those of an interval's datapoint, which has the usual ones. */
static void usual_quantiles(const struct tk_stats_list *stats, const struct tk_datapoint *d,
			    double *ns)
{
	for (size_t i = 0; i < stats->n_quantiles; i++) {
		ns[i] = NAN;
		for (int p = 0; p < TK_PERCENTILES; p++)
			if (tk_quantiles[p] == stats->quantile[i])
				ns[i] = d->p_ns[p];
	}
}

static void quantiles(const struct tk_group *group, int m, const struct tk_stats_list *stats,
		      bool histograms, double *ns)
{
	const struct tk_group_samples *s = &group->samples[m];

	if (!histograms)
		usual_quantiles(stats, &group->newest->of[m], ns);
	else if (!s->bare)
		tk_bins_quantiles(s->of, s->n, stats->quantile, stats->n_quantiles, ns);
	for (size_t i = 0; i < stats->n_quantiles && s->bare; i++)
		ns[i] = NAN;
}

static double value(const struct tk_group *group, int m, const struct tk_stat *s, const double *ns)
{
	uint64_t count = group->row.of[m].count;

	if (s->kind == TK_STAT_SUM)
		return group->sum[m];
	if (count == 0)
		return NAN;
	switch (s->kind) {
	case TK_STAT_MIN:
		return group->min[m];
	case TK_STAT_MAX:
		return group->max[m];
	case TK_STAT_AVG:
		return group->sum[m] / (double)count;
	default:
		return ns[s->place];
	}
}

void tk_group_find_values(struct tk_group *group, const struct tk_stats_list *stats,
			  bool histograms)
{
	double ns[TK_STATS_MAX];

	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_group_samples *s = &group->samples[m];

		group->row.of[m].samples = s->of;
		group->row.of[m].n_samples = histograms && !s->bare ? s->n : 0;
		if (group->row.of[m].count)
			quantiles(group, m, stats, histograms, ns);
		for (size_t i = 0; i < stats->n; i++)
			group->row.of[m].value[i] = value(group, m, &stats->of[i], ns);
	}
}
