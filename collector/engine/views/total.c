/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/total.h"

#include <string.h>
#include <time.h>

#include "collector/machine/now.h"
#include "ring/owner.h"

static bool is_bare(const struct tk_series *s)
{
	for (int m = 0; m < TK_MEASURES; m++)
		for (size_t k = 0; k < s->track[m].n_total; k++)
			if (s->track[m].total[k].bins.bare)
				return true;
	return false;
}

static void add_histograms(struct tk_intervals *l, struct tk_interval *i, const struct tk_series *s)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		for (size_t k = 0; k < s->track[m].n_total; k++) {
			struct tk_interval_timer *row = tk_interval_add_timer(l, i, 0);
			const struct tk_bins_rated *total = &s->track[m].total[k];
			const struct tk_bins *of[TK_MEASURES] = { NULL };

			if (!row)
				return;
			tk_interval_name(row, s);
			row->since_start = tk_series_since_start(s);
			row->ns_per_tick = total->ns_per_tick;
			row->clock = total->clock;
			of[m] = &total->bins;
			tk_interval_pack(l, i, row, of);
		}
	}
}

static void add_timer(struct tk_intervals *l, struct tk_interval *i, const struct tk_series *s,
		      int64_t now)
{
	uint64_t records = s->counts[TK_TOTAL].records;
	struct tk_interval_timer *row;

	if (!records && !l->idle)
		return;
	row = tk_interval_add_timer(l, i, records);
	if (!row)
		return;
	tk_interval_name(row, s);
	row->since_start = tk_series_since_start(s);
	for (int m = 0; m < TK_MEASURES; m++) {
		tk_series_total(s, (enum tk_measure)m, now, true, &row->of[m]);
		row->of[m].interval_ns = i->interval_ns; /* all rates are of the same time */
	}
	row->histograms_follow = l->histograms && !is_bare(s);
	if (row->histograms_follow)
		add_histograms(l, i, s);
}

static void add_process(struct tk_intervals *l, struct tk_interval *i,
			const struct tk_source_figures *f)
{
	struct tk_interval_process *row = tk_interval_add_process(l, i);

	if (!row)
		return;
	memcpy(row->segment, f->name, sizeof(row->segment));
	memcpy(row->app, f->app, sizeof(row->app));
	row->pid = f->pid;
	row->processes = 1;
	row->alive = f->owner != TK_OWNER_DEAD && f->owner != TK_OWNER_CLOSED;
	row->found_dead = f->found_dead;
	row->uid = f->uid;
	row->place = f->place;
	row->dir = f->dir;
	row->unsettled = f->unsettled != 0;
	row->records = f->delivered + f->lost;
	row->delivered = f->delivered;
	row->lost = f->lost;
	row->attributed = f->lost - f->unsettled;
	row->unknown = f->unknown;
	row->refused = f->refused;
	row->lag = f->lag;
}

struct tk_interval *tk_total(const struct tk_shown *shown)
{
	struct tk_intervals l = { .budget = SIZE_MAX,
				  .histograms = shown->intervals.histograms,
				  .idle = shown->intervals.idle };
	struct tk_interval *i = tk_interval_new(&l);
	const struct tk_registry *r = &shown->registry;

	if (!i)
		return NULL;
	i->t_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	i->interval_ns = (uint64_t)(shown->state.closed_ns - shown->began_ns);
	for (size_t k = 0; k < r->n; k++)
		add_timer(&l, i, r->series[k], shown->state.closed_ns);
	for (size_t k = 0; k < shown->n_ended; k++)
		add_process(&l, i, &shown->ended[k]);
	for (size_t k = 0; k < shown->n_segments; k++)
		add_process(&l, i, &shown->segments[k]);
	i->cut = i->cut || r->forgotten || shown->forgotten_processes;
	tk_intervals_append(&l, i);
	i = tk_intervals_take(&l);
	tk_intervals_free(&l);
	return i;
}
