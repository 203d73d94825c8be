/* SPDX-License-Identifier: MIT */
#include "collector/serve/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/labels/labels.h"
#include "collector/machine/now.h"
#include "ring/owner.h"
#include "tsc/check.h"

#define IDLE_NS  (3600 * (int64_t)TK_SECOND_NS) /* then a timer makes room for others */
#define ENDED_NS (300 * (int64_t)TK_SECOND_NS)  /* a process's series end */

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* ---- labels ---- */

static void label_number(struct tk_buffer *b, const char *key, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, number);
	tk_buffer_label(b, key, text);
}

/* The one place where the name of a series becomes labels. */
static void label_timer(struct tk_metrics *m, const struct tk_interval_timer *row)
{
	struct tk_labels name;

	m->labels.n = 0;
	tk_labels_parse(row->name, &name);
	tk_buffer_label(&m->labels, "app", row->app);
	tk_buffer_label(&m->labels, "timer", name.base);
	for (uint32_t i = 0; i < name.n; i++)
		tk_buffer_label(&m->labels, name.label[i].key, name.label[i].value);
	if (m->options.per_user)
		label_number(&m->labels, "user", row->uid);
	if (m->options.per_process)
		label_number(&m->labels, "pid", row->pid);
}

/* @uid: NULL: nobody's */
static void label_app(struct tk_metrics *m, const char *app, const uint32_t *uid)
{
	m->labels.n = 0;
	tk_buffer_label(&m->labels, "app", app);
	if (m->options.per_user && uid)
		label_number(&m->labels, "user", *uid);
}

/* ---- timers ---- */

static struct tk_metric_timer *find_timer(struct tk_metrics *m, const struct tk_interval_timer *row)
{
	struct tk_metric_timer *t;

	label_timer(m, row);
	if (m->labels.failed)
		return NULL;
	t = tk_index_find(&m->timers, m->labels.at, m->labels.n);
	if (t || m->timers.n >= TK_METRICS_TIMERS_MAX)
		return t;
	t = tk_index_add(&m->timers, m->labels.at, m->labels.n, sizeof(*t));
	if (!t)
		return NULL;
	t->buckets = tk_bucket_sets_find(&m->sets, row->name, false);
	t->created_s = m->from_s;
	t->pid = m->options.per_process ? row->pid : 0;
	return t;
}

/* Make room for so many lines of a measure. @return whether they are shown */
static bool admit(struct tk_metrics *m, struct tk_metric_timer *t, struct tk_metric_measure *of,
		  size_t wanted)
{
	size_t more = wanted - of->series + (t->series ? 0 : TK_METRICS_TIMER_LINES);
	size_t omitted;

	of->wanted = wanted;
	if (wanted > of->series && m->series + more <= m->options.max_series) {
		m->series += more;
		t->series += more;
		of->series = wanted;
	}
	omitted = t->series ? 0 : TK_METRICS_TIMER_LINES;
	for (int k = 0; k < TK_MEASURES; k++)
		omitted += t->of[k].wanted - t->of[k].series;
	for (const struct tk_metric_values *v = t->values; v; v = v->next)
		omitted += v->of.wanted - v->of.series;
	m->omitted += omitted - t->omitted;
	t->omitted = omitted;
	return of->series == wanted;
}

/* What has no histogram, because memory was short, is only known to be below infinity. */
static void count_samples(struct tk_metrics *m, struct tk_metric_measure *of,
			  struct tk_buckets *buckets, const struct tk_interval_timer *row, int k)
{
	const struct tk_datapoint *d = &row->of[k];
	uint64_t binned = 0;

	tk_bins_wipe(&m->scratch);
	if (row->packed[k].count && tk_unpack(&row->packed[k], &m->scratch) == 0) {
		binned = row->packed[k].count;
		tk_buckets_add(buckets, &m->scratch, row->clock, row->ns_per_tick, of->cell);
	}
	of->cell[buckets->n] += d->count > binned ? d->count - binned : 0;
	of->count += d->count;
	of->sum_ns += isnan(d->sum_ns) ? 0 : d->sum_ns;
}

/* @of, @buckets: of the timer */
static int add_measure(struct tk_metrics *m, struct tk_metric_timer *t,
		       struct tk_metric_measure *of, struct tk_buckets *buckets,
		       const struct tk_interval_timer *row, int k)
{
	const struct tk_datapoint *d = &row->of[k];
	size_t lines = TK_METRICS_ASIDE_LINES;

	if (!d->count && !d->aside)
		return 0;
	if (of->cell || d->count)
		lines += buckets->n + TK_METRICS_HISTOGRAM_LINES;
	if (!admit(m, t, of, lines > of->wanted ? lines : of->wanted))
		return 0;
	of->aside += d->aside;
	if (!d->count)
		return 0;
	if (!of->cell) {
		of->cell = calloc(buckets->n + 1, sizeof(*of->cell));
		of->created_s = m->from_s;
	}
	if (!of->cell)
		return -ENOMEM;
	count_samples(m, of, buckets, row, k);
	return 0;
}

/* What a timer has in the row's unit. @return NULL: no memory */
static struct tk_metric_values *find_values(struct tk_metrics *m, struct tk_metric_timer *t,
					    const struct tk_interval_timer *row)
{
	const char *unit = *row->unit.name ? row->unit.name : TK_METRICS_NO_UNIT;
	struct tk_metric_values **end = &t->values, *v;

	while (*end && strcmp((*end)->unit, unit) != 0)
		end = &(*end)->next;
	v = *end;
	if (v)
		return v;
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	snprintf(v->unit, sizeof(v->unit), "%s", unit);
	v->buckets = tk_bucket_sets_find(&m->sets, row->name, true);
	*end = v;
	return v;
}

static int add_values(struct tk_metrics *m, struct tk_metric_timer *t,
		      const struct tk_interval_timer *row)
{
	struct tk_metric_values *v = find_values(m, t, row);

	return v ? add_measure(m, t, &v->of, v->buckets, row, TK_PROCESSING) : -ENOMEM;
}

static bool is_wanted(const struct tk_metrics *m, const char *timer, bool found_dead)
{
	return (!found_dead || m->options.oldest) &&
	       (!timer || !m->options.timers || tk_texts_match(m->options.timers, timer));
}

static int add_timer(struct tk_metrics *m, const struct tk_interval_timer *row)
{
	struct tk_metric_timer *t;
	int err = 0;

	if (!is_wanted(m, row->name, row->found_dead))
		return 0;
	t = find_timer(m, row);
	if (!t)
		return -ENOMEM;
	t->records += row->of[0].records;
	t->lost += row->of[0].lost;
	t->seen_ns = m->now_ns;
	if (row->unit.values)
		return add_values(m, t, row);
	for (int k = 0; k < TK_MEASURES; k++)
		if (add_measure(m, t, &t->of[k], t->buckets, row, k) < 0)
			err = -ENOMEM;
	return err;
}

static void end_timer(void *entry)
{
	struct tk_metric_timer *t = entry;

	for (int k = 0; k < TK_MEASURES; k++)
		free(t->of[k].cell);
	for (struct tk_metric_values *v = t->values, *next; v; v = next) {
		next = v->next;
		free(v->of.cell);
		free(v);
	}
}

/* @return true, so that whoever sweeps can return this */
static bool remove_timer(struct tk_metrics *m, struct tk_metric_timer *t)
{
	m->series -= t->series;
	m->omitted -= t->omitted;
	end_timer(t);
	return true;
}

static bool is_idle(void *arg, void *entry)
{
	struct tk_metrics *m = arg;
	struct tk_metric_timer *t = entry;

	return m->now_ns - t->seen_ns > IDLE_NS && remove_timer(m, t);
}

/* ---- apps ---- */

/* @return that of all others, if there are too many; NULL: no memory */
static struct tk_metric_app *find_app(struct tk_metrics *m, const char *app, const uint32_t *uid,
				      double created_s)
{
	struct tk_metric_app *a;

	label_app(m, app, uid);
	a = m->labels.failed ? NULL : tk_index_find(&m->apps, m->labels.at, m->labels.n);
	if (!a && m->apps.n >= TK_METRICS_APPS_MAX) {
		label_app(m, "", NULL);
		a = tk_index_find(&m->apps, m->labels.at, m->labels.n);
	}
	if (a || m->labels.failed)
		return a;
	a = tk_index_add(&m->apps, m->labels.at, m->labels.n, sizeof(*a));
	if (a)
		a->created_s = created_s;
	return a;
}

static int add_process(struct tk_metrics *m, const struct tk_interval_process *row)
{
	struct tk_metric_app *a;

	if (!is_wanted(m, NULL, row->found_dead))
		return 0;
	a = find_app(m, row->app, row->pid ? &row->uid : NULL, m->from_s);
	if (!a)
		return -ENOMEM;
	a->records += row->records;
	*(row->pid ? &a->overrun : &a->unread) += row->lost;
	a->unknown += row->unknown;
	a->refused += row->refused;
	return 0;
}

static void end_app(void *entry)
{
	(void)entry;
}

static void note_processes(struct tk_metrics *m, const struct tk_snapshot *s)
{
	for (size_t i = 0; i < m->apps.n; i++) {
		struct tk_metric_app *a = m->apps.entry[i];

		a->lag = a->processes = 0;
	}
	for (size_t i = 0; i < s->n_segments; i++) {
		const struct tk_source_figures *f = &s->segments[i];
		struct tk_metric_app *a = NULL;

		if (is_wanted(m, NULL, f->found_dead))
			a = find_app(m, f->app, &f->uid,
				     seconds((int64_t)tk_now_ns(CLOCK_REALTIME)));
		if (!a)
			continue;
		a->lag += f->lag;
		a->processes += f->owner == TK_OWNER_ALIVE;
	}
}

/* ---- processes that end ---- */

struct ended {
	struct tk_metrics *m;
	const struct tk_snapshot *s;
};

static bool has_ended(void *arg, void *entry)
{
	const struct ended *e = arg;
	struct tk_metric_timer *t = entry;

	if (e->m->now_ns - t->seen_ns <= ENDED_NS)
		return false;
	for (size_t i = 0; i < e->s->n_segments; i++)
		if (e->s->segments[i].pid == t->pid && e->s->segments[i].owner == TK_OWNER_ALIVE)
			return false;
	return remove_timer(e->m, t);
}

/* ---- the collector ---- */

static void count_on(uint64_t *sum, uint64_t before, uint64_t now)
{
	*sum += now < before ? now : now - before;
}

static void note_drainers(struct tk_metrics_health *h, const struct tk_snapshot *s)
{
	struct tk_metric_drainer *list = realloc(h->drainers, (s->n_drainers + 1) * sizeof(*list));

	if (!list)
		return;
	h->drainers = list;
	if (s->n_drainers > h->n_drainers)
		memset(list + h->n_drainers, 0, (s->n_drainers - h->n_drainers) * sizeof(*list));
	h->n_drainers = s->n_drainers;
	for (size_t i = 0; i < s->n_drainers; i++) {
		const struct tk_drainer_figures *now = &s->drainers[i];

		count_on(&list[i].polls, list[i].last.polls, now->polls);
		count_on(&list[i].faults, list[i].last.faults, now->faults);
		count_on(&list[i].involuntary, list[i].last.involuntary, now->involuntary);
		list[i].last = *now;
	}
}

void tk_metrics_note(struct tk_metrics *m, const struct tk_snapshot *s,
		     const struct tk_intervals_dropped *dropped)
{
	struct tk_metrics_health *h = &m->health;
	struct ended ended = { m, s };

	note_processes(m, s);
	note_drainers(h, s);
	h->interval_s = seconds((int64_t)s->interval_ns);
	h->intervals = s->intervals;
	h->dropped_intervals = dropped->intervals;
	h->notes = s->notes_ever;
	h->forgotten = s->forgotten;
	h->drain_gap_s = seconds((int64_t)s->longest_gap_ns);
	h->hz = s->hz;
	h->epochs = s->epoch ? s->epoch - 1 : 0;
	if (m->options.per_process)
		tk_index_sweep(&m->timers, has_ended, &ended);
}

int tk_metrics_add(struct tk_metrics *m, const struct tk_interval *i)
{
	int err = 0;

	m->from_s = seconds(i->t_ns - (int64_t)i->interval_ns);
	m->now_ns += (int64_t)i->interval_ns;
	m->health.last_s = seconds(i->t_ns);
	for (size_t k = 0; k < i->n_timers; k++)
		if (add_timer(m, &i->timers[k]) < 0)
			err = -ENOMEM;
	for (size_t k = 0; k < i->n_processes; k++)
		if (add_process(m, &i->processes[k]) < 0)
			err = -ENOMEM;
	if (m->omitted)
		tk_index_sweep(&m->timers, is_idle, m);
	m->labels.failed = false; /* the next interval may find memory again */
	return err;
}

void tk_metrics_open(struct tk_metrics *m, const struct tk_metrics_options *o,
		     const struct tk_bucket_sets *sets)
{
	char why[128];

	memset(m, 0, sizeof(*m));
	m->options = *o;
	m->sets = *sets;
	m->health.started_s = seconds((int64_t)tk_now_ns(CLOCK_REALTIME));
	m->health.invariant = tk_tsc_quick(why, sizeof(why)) == 0;
}

void tk_metrics_free(struct tk_metrics *m)
{
	tk_index_free(&m->timers, end_timer);
	tk_index_free(&m->apps, end_app);
	tk_bucket_sets_free(&m->sets);
	tk_bins_free(&m->scratch);
	tk_buffer_free(&m->labels);
	free(m->health.drainers);
	memset(m, 0, sizeof(*m));
}
