/* SPDX-License-Identifier: MIT */
#include "collector/commands/alerts/watch.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/list.h"

static bool is_percentile(const struct tk_alert_rule *r)
{
	return r->figure == TK_ALERT_SAMPLES && r->stat.kind == TK_STAT_QUANTILE;
}

bool tk_alert_needs_histograms(const struct tk_alert_rule *rule)
{
	return is_percentile(rule);
}

int tk_watching_open(struct tk_watching *w, const struct tk_alert_rule *rule, bool by_app,
		     bool tells, uint64_t interval_ns)
{
	struct tk_gather_how how = { .stats = &w->stats,
				     .by_app = by_app,
				     .window_ns = rule->over_ns,
				     .sort = TK_ROWS_BY_NAME,
				     .samples = is_percentile(rule) };

	*w = (struct tk_watching){
		.rule = rule, .by_app = by_app, .tells = tells, .asked_ns = interval_ns
	};
	if (rule->figure == TK_ALERT_SAMPLES)
		(void)tk_stats_list_parse(&w->stats, rule->about.word);
	w->gather = tk_gather_new(&how);
	return w->gather ? 0 : -ENOMEM;
}

void tk_watching_close(struct tk_watching *w)
{
	tk_gather_free(w->gather);
	free(w->watch);
	*w = (struct tk_watching){ .gather = NULL };
}

/* ---- facts of a row ---- */

static const char *text_of(const char *text)
{
	return text ? text : "";
}

/* Whether this row of processes is about what the other row is about. Those that nobody could read
 * have no directory, and may have been of the app. */
static bool is_of(const struct tk_watching *w, const struct tk_interval_process *p,
		  const struct tk_row *row)
{
	if (!p->dir)
		return w->by_app && strcmp(p->app, row->app) == 0;
	if (p->uid != row->uid || strcmp(p->dir, text_of(row->dir)) != 0)
		return false;
	return w->by_app ? strcmp(p->app, row->app) == 0 : strcmp(p->segment, row->segment) == 0;
}

/*
 * So many of the records that were lost in this time may have been the row's. If it is known whose
 * all lost ones were, the row has its own, and perhaps some that were lost earlier.
 */
static uint64_t lost_most(const struct tk_watching *w, const struct tk_rows *rows,
			  const struct tk_row *row)
{
	uint64_t lost = 0, unread = 0;

	for (size_t i = 0; i < rows->n_processes; i++) {
		const struct tk_interval_process *p = &rows->process[i];

		if (!p->lost || !is_of(w, p, row))
			continue;
		if (p->dir)
			lost += p->lost;
		else
			unread += p->lost;
	}
	if (!row->unsettled && row->lost < lost)
		lost = row->lost;
	return lost + unread;
}

/* Samples on the bad side of a limit. */
static uint64_t beyond(const struct tk_alert_rule *r, const struct tk_row_measure *of, double limit)
{
	const double above[] = { nextafter(limit, INFINITY), INFINITY }, below[] = { 0, limit };
	uint64_t n;

	tk_bins_cells(of->samples, of->n_samples, r->above ? above : below, 2, &n);
	return n;
}

static uint64_t most_samples(const struct tk_row *row)
{
	uint64_t a = row->of[TK_PROCESSING].count, b = row->of[TK_LATENCY].count;

	return a > b ? a : b;
}

static struct tk_alert_facts facts_of(const struct tk_watching *w, const struct tk_rows *rows,
				      const struct tk_row *row, int measure)
{
	const struct tk_alert_rule *r = w->rule;
	struct tk_alert_facts f = { .records = row->records,
				    .lost = row->lost,
				    .lost_most = lost_most(w, rows, row),
				    .seconds = (double)rows->interval_ns / 1e9,
				    .value = NAN };

	if (measure == TK_WATCH_TIMER) {
		f.count = most_samples(row);
		return f;
	}
	f.count = row->of[measure].count;
	if (r->figure == TK_ALERT_SAMPLES && f.count)
		f.value = row->of[measure].value[0];
	if (is_percentile(r) && !isnan(f.value)) {
		f.beyond = beyond(r, &row->of[measure], r->limit);
		f.beyond_clear = beyond(r, &row->of[measure], r->clear);
	}
	return f;
}

static double figure_of(const struct tk_alert_rule *r, const struct tk_alert_facts *f)
{
	if (r->figure == TK_ALERT_COUNT)
		return (double)f->count;
	if (r->figure == TK_ALERT_LOST)
		return (double)f->lost;
	return r->figure == TK_ALERT_RATE ? (double)f->records / f->seconds : f->value;
}

/* ---- the watch of a row ---- */

static int order_of(const void *a, const void *b)
{
	const struct tk_watch *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	order = order ? order : strcmp(x->segment, y->segment);
	order = order ? order : strcmp(x->app, y->app);
	order = order ? order : strcmp(text_of(x->dir), text_of(y->dir));
	order = order ? order : (x->uid > y->uid) - (x->uid < y->uid);
	order = order ? order : tk_unit_order(&x->unit, &y->unit);
	return order ? order : x->measure - y->measure;
}

static struct tk_watch *find(const struct tk_watching *w, const struct tk_watch *key)
{
	return w->n_sorted ? bsearch(key, w->watch, w->n_sorted, sizeof(*key), order_of) : NULL;
}

static struct tk_watch *add(struct tk_watching *w, const struct tk_watch *key)
{
	struct tk_watch *list = tk_list_grow(w->watch, w->n, sizeof(*list));

	if (!list)
		return NULL;
	w->watch = list;
	list[w->n] = *key;
	return &list[w->n++];
}

static struct tk_watch key_of(const struct tk_row *row, int measure)
{
	struct tk_watch key = { .dir = row->dir,
				.uid = row->uid,
				.pid = row->pid,
				.measure = measure,
				.unit = row->unit };

	memcpy(key.name, row->name, sizeof(key.name));
	memcpy(key.app, row->app, sizeof(key.app));
	memcpy(key.segment, row->segment, sizeof(key.segment));
	return key;
}

static void step(struct tk_watching *w, struct tk_watch *watch, enum tk_alert_evidence e)
{
	watch->changed = tk_alert_step(&watch->state, w->rule, e, w->interval_ns);
}

/* ---- an interval ---- */

/* A window that is not full yet would tell of less time than was asked for. */
static bool is_full(const struct tk_watching *w)
{
	return w->about_ns + w->interval_ns / 2 >= w->rule->over_ns;
}

/*
 * The end of stat cuts its last interval short. That nothing, or little, came in it says nothing;
 * but if a limit was passed, that was so.
 */
static bool says_something(const struct tk_watching *w, enum tk_alert_evidence e)
{
	const struct tk_alert_rule *r = w->rule;
	bool counts = r->figure == TK_ALERT_COUNT || r->figure == TK_ALERT_RATE;

	if (w->interval_ns >= w->asked_ns / 2)
		return true;
	return e == TK_ALERT_BEYOND && (r->above || !counts);
}

/* @return 0 or -ENOMEM */
static int judge(struct tk_watching *w, const struct tk_rows *rows, const struct tk_row *row,
		 int measure)
{
	struct tk_alert_facts f = facts_of(w, rows, row, measure);
	enum tk_alert_evidence e = is_full(w) ? tk_alert_judge(w->rule, &f) : TK_ALERT_NOTHING;
	struct tk_watch key = key_of(row, measure), *watch = find(w, &key);

	if (!watch)
		watch = add(w, &key);
	if (!watch)
		return -ENOMEM;
	watch->number = w->number;
	watch->alive = row->alive;
	watch->value = figure_of(w->rule, &f);
	watch->count = f.count;
	watch->lost_most = f.lost_most;
	if (says_something(w, e))
		step(w, watch, e);
	return 0;
}

/* Without a sample nobody knows which measures a timer has: those that it had before, or the first,
 * so that what was lost is told. */
static bool has_measure(const struct tk_watching *w, const struct tk_row *row, int measure)
{
	struct tk_watch key = key_of(row, measure);

	return row->of[measure].count || find(w, &key) ||
	       (measure == TK_PROCESSING && !row->of[TK_LATENCY].count);
}

static int judge_row(struct tk_watching *w, const struct tk_rows *rows, const struct tk_row *row)
{
	const struct tk_alert_rule *r = w->rule;
	int err = 0;

	if (r->figure != TK_ALERT_SAMPLES && !r->about.measure[0])
		return judge(w, rows, row, TK_WATCH_TIMER);
	if (r->figure == TK_ALERT_SAMPLES && row->unit.values != r->values)
		return 0; /* the limit is of another unit */
	for (int m = 0; m < (row->unit.values ? 1 : TK_MEASURES); m++) {
		const char *word = tk_measure_word((enum tk_measure)m, &row->unit);
		bool named = strcmp(r->about.measure, word) == 0;

		if (named || (!r->about.measure[0] && has_measure(w, row, m)))
			err = judge(w, rows, row, m) ? -ENOMEM : err;
	}
	return err;
}

/* Of what has no row in this interval the process has ended, or memory was short. */
static void judge_absent(struct tk_watching *w)
{
	for (size_t k = 0; k < w->n; k++) {
		struct tk_watch *watch = &w->watch[k];

		if (watch->number == w->number)
			continue;
		if (watch->alive)
			step(w, watch, TK_ALERT_NOTHING);
		else if (watch->state.status != TK_ALERT_ENDED)
			watch->changed = tk_alert_end(&watch->state);
	}
}

/* Before an interval: those that have ended were shown, and are told, or nobody is to be. */
static void forget_ended(struct tk_watching *w)
{
	size_t kept = 0;

	for (size_t k = 0; k < w->n; k++) {
		struct tk_watch *watch = &w->watch[k];
		bool ended = watch->number != w->number && !watch->alive;

		watch->changed = false;
		if (!ended ||
		    (w->tells && watch->told != TK_ALERT_OK && watch->told != TK_ALERT_ENDED))
			w->watch[kept++] = *watch;
	}
	w->n = w->n_sorted = kept;
}

static void judge_rows(struct tk_watching *w, const struct tk_rows *rows, int *err)
{
	w->about_ns = rows->interval_ns;
	w->ever = w->ever || rows->n;
	for (size_t k = 0; k < rows->n; k++)
		*err = judge_row(w, rows, rows->row[k]) ? -ENOMEM : *err;
	judge_absent(w);
	if (w->n > w->n_sorted)
		qsort(w->watch, w->n, sizeof(*w->watch), order_of);
	w->n_sorted = w->n;
}

static bool is_named(void *arg, const struct tk_interval_timer *t)
{
	const struct tk_watching *w = arg;

	return fnmatch(w->rule->about.pattern, t->name, 0) == 0;
}

int tk_watching_take(struct tk_watching *w, const struct tk_interval *i)
{
	bool missing = w->number && i->number != w->number + 1;
	struct tk_interval *copy = tk_interval_copy(i, is_named, w);
	int err;

	if (!copy)
		return -ENOMEM;
	forget_ended(w);
	w->number = i->number;
	w->t_ns = i->t_ns;
	w->interval_ns = i->interval_ns;
	for (size_t k = 0; k < w->n && missing; k++)
		w->watch[k].state.held_ns = 0;
	err = tk_gather_add(w->gather, copy);
	judge_rows(w, tk_gather_rows(w->gather), &err);
	return err;
}
