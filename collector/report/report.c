/* SPDX-License-Identifier: MIT */
#include "collector/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/machine/printable.h"

/* ---- rows ---- */

/* "" first: what a timer lost comes before its measures. */
static int rank_of(const char *measure)
{
	static const char *const order[] = { "", "processing", "latency", "value" };
	int rank = 0;

	while (rank < 3 && strcmp(measure, order[rank]) != 0)
		rank++;
	return rank;
}

static int by_name(const void *a, const void *b)
{
	const struct tk_report_names *x = &((const struct tk_report_row *)a)->key;
	const struct tk_report_names *y = &((const struct tk_report_row *)b)->key;
	int order = strcmp(x->app, y->app);

	order = order ? order : strcmp(x->timer, y->timer);
	order = order ? order : rank_of(x->measure) - rank_of(y->measure);
	return order ? order : tk_unit_order(&x->unit, &y->unit);
}

static void free_names(struct tk_report_names *n)
{
	free(n->app);
	free(n->timer);
	free(n->measure);
}

static void free_row(void *of)
{
	struct tk_report_row *row = of;

	tk_hlog_sum_free(&row->sum);
	tk_report_times_free(&row->times);
	free_names(&row->key);
	free_names(&row->shown);
	free(row);
}

static char *printable(const char *text)
{
	size_t size = strlen(text) + 1;
	char *out = malloc(size);

	if (out)
		tk_printable(out, size, text);
	return out;
}

static bool name(struct tk_report_names *n, const struct tk_hlog_item *i,
		 char *(*copy)(const char *))
{
	n->app = copy(i->app);
	n->timer = copy(i->timer);
	n->measure = copy(i->measure);
	n->unit = i->unit;
	return n->app && n->timer && n->measure;
}

static struct tk_report_row *new_row(const struct tk_hlog_item *i)
{
	struct tk_report_row *row = calloc(1, sizeof(*row));

	if (row && name(&row->key, i, strdup) && name(&row->shown, i, printable))
		return row;
	if (row)
		free_row(row);
	return NULL;
}

/* @return NULL: there are too many, or there is no memory */
static struct tk_report_row *find_row(struct tk_report *r, const struct tk_hlog_item *i)
{
	const struct tk_report_row named = { .key = { (char *)i->app, (char *)i->timer,
						      (char *)i->measure, i->unit } };
	struct tk_report_row **at = tfind(&named, &r->tree, by_name);
	struct tk_report_row *row;

	if (at)
		return *at;
	row = r->n_tree < TK_REPORT_ROWS ? new_row(i) : NULL;
	if (!row || !tsearch(row, &r->tree, by_name)) {
		if (row)
			free_row(row);
		return NULL;
	}
	r->n_tree++;
	return row;
}

/* Lines have the same order in each interval: the row that came next is tried first. */
static struct tk_report_row *row_of(struct tk_report *r, const struct tk_hlog_item *i)
{
	const struct tk_report_row named = { .key = { (char *)i->app, (char *)i->timer,
						      (char *)i->measure, i->unit } };
	struct tk_report_row *row = r->last ? r->last->then : NULL;

	if (!row || by_name(row, &named))
		row = find_row(r, i);
	if (r->last && row)
		r->last->then = row;
	if (row)
		r->last = row;
	return row;
}

/* ---- what counts ---- */

static int64_t moment(const struct tk_report *r, const struct tk_report_when *w)
{
	return w->is_absolute ? w->ns : r->zero_ns + w->ns;
}

static bool is_in_range(const struct tk_report *r, const struct tk_hlog_item *i)
{
	const struct tk_report_wanted *w = r->wanted;

	return (!w->from.is_said || i->start_ns >= moment(r, &w->from)) &&
	       (!w->to.is_said || i->start_ns < moment(r, &w->to));
}

static bool is_wanted(const struct tk_report *r, const struct tk_hlog_item *i)
{
	return (!r->wanted->app || !strcmp(r->wanted->app, i->app)) &&
	       tk_texts_match(r->wanted->timers, i->timer) && is_in_range(r, i);
}

static void note_bounds(struct tk_report *r, const struct tk_hlog_item *i)
{
	int64_t end_ns = i->start_ns + (int64_t)i->length_ns;
	bool first = !r->first_ns && !r->end_ns;

	if (first || i->start_ns < r->first_ns)
		r->first_ns = i->start_ns;
	if (first || end_ns > r->end_ns)
		r->end_ns = end_ns;
}

static int add_histogram(struct tk_report *r, const struct tk_hlog_item *i)
{
	struct tk_report_row *row = row_of(r, i);
	size_t bytes;
	int err;

	if (!row)
		return r->n_tree < TK_REPORT_ROWS ? -ENOMEM : -EOVERFLOW;
	bytes = row->sum.bytes;
	err = tk_hlog_sum_add(&row->sum, i);
	if (!err && r->wanted->times)
		err = tk_report_times_add(&row->times, r->wanted->stats, i);
	row->count = row->sum.count;
	r->bytes += row->sum.bytes - bytes;
	if (!err && r->bytes > TK_REPORT_BYTES)
		err = -EOVERFLOW;
	return err;
}

/* Of a timer; or, with timer "", of a process, which has those of its timers, too. */
static int add_lost(struct tk_report *r, const struct tk_hlog_item *i)
{
	struct tk_report_row *row;

	if (!*i->timer) {
		r->lost_processes += i->lost;
		return 0;
	}
	r->lost_timers += i->lost;
	row = row_of(r, i);
	if (!row)
		return r->n_tree < TK_REPORT_ROWS ? -ENOMEM : -EOVERFLOW;
	row->lost += i->lost;
	return 0;
}

static int add(struct tk_report *r, const struct tk_hlog_item *i)
{
	if (i->kind == TK_HLOG_NOTE) {
		if (!strcmp(i->name, "missed.samples"))
			r->missed += strtoull(i->value, NULL, 10);
		return 0;
	}
	if (!r->has_zero)
		r->zero_ns = i->start_ns;
	r->has_zero = true;
	if (!is_wanted(r, i))
		return 0;
	note_bounds(r, i);
	return i->kind == TK_HLOG_LOST ? add_lost(r, i) : add_histogram(r, i);
}

/* ---- files ---- */

static void say_damage(struct tk_report *r, const struct tk_hlog *l)
{
	char text[512];

	if (!tk_hlog_damage(l, text, sizeof(text)))
		return;
	tk_say("%s", text);
	r->damaged = true;
}

static int read_log(struct tk_report *r, const char *path)
{
	struct tk_hlog *l = tk_hlog_open(path, r->wanted->unit_ns);
	struct tk_hlog_item i;
	int got, err = 0;

	if (!l) {
		tk_say("%s: %s", path, strerror(errno));
		r->damaged = true;
		return errno == ENOMEM ? -ENOMEM : 0;
	}
	while (!err && (got = tk_hlog_next(l, &i)) != 0)
		err = got < 0 ? got : add(r, &i);
	say_damage(r, l);
	if (err) {
		tk_say("%s: %s; what was read before is shown", path,
		       err == -EOVERFLOW ? "more timers, or more of their samples, than there is "
					   "room for: choose some with --timer"
					 : strerror(-err));
		r->damaged = true;
	}
	tk_hlog_close(l);
	return err == -ENOMEM ? err : 0;
}

/* ---- the end ---- */

static bool is_same_timer(const struct tk_report_row *a, const struct tk_report_row *b)
{
	return a && b && !strcmp(a->key.app, b->key.app) && !strcmp(a->key.timer, b->key.timer);
}

/* Hand a timer's losses on to its measures, which come behind it, and drop what holds nothing
 * else. */
static void settle(struct tk_report *r, struct tk_report_row **all)
{
	const struct tk_report_row *timer = NULL;

	for (size_t k = 0; k < r->n_tree; k++) {
		struct tk_report_row *row = all[k];
		bool has_measures = k + 1 < r->n_tree && is_same_timer(row, all[k + 1]);

		if (!*row->key.measure)
			timer = row;
		else if (is_same_timer(timer, row))
			row->lost = timer->lost;
		if (row->count || (row->lost && !has_measures))
			r->row[r->n++] = row;
	}
}

struct listing {
	struct tk_report_row **row;
	size_t n;
};

static void list_row(const void *node, VISIT visit, void *arg)
{
	struct listing *l = arg;

	if (visit == postorder || visit == leaf)
		l->row[l->n++] = *(struct tk_report_row *const *)node;
}

static int sort(struct tk_report *r)
{
	struct listing all = { .row = calloc(r->n_tree + 1, sizeof(void *)) };

	r->row = calloc(r->n_tree + 1, sizeof(void *));
	if (all.row && r->row) {
		twalk_r(r->tree, list_row, &all);
		settle(r, all.row);
	}
	free(all.row);
	return r->row && all.row ? 0 : -ENOMEM;
}

int tk_report_read(struct tk_report *r, const struct tk_report_wanted *wanted, char *const *files,
		   size_t n_files)
{
	int err = 0;

	*r = (struct tk_report){ .wanted = wanted };
	for (size_t i = 0; i < n_files && !err; i++)
		err = read_log(r, files[i]);
	if (!err)
		err = sort(r);
	for (size_t k = 0; k < r->n && wanted->times && !err; k++)
		err = tk_report_times_end(&r->row[k]->times, wanted->stats);
	return err;
}

void tk_report_free(struct tk_report *r)
{
	tdestroy(r->tree, free_row);
	free(r->row);
	*r = (struct tk_report){ 0 };
}

/* ---- what is asked of rows ---- */

char *tk_report_title(char out[TK_REPORT_TITLE_MAX], const struct tk_report_row *row)
{
	const struct tk_report_names *n = &row->shown;

	snprintf(out, TK_REPORT_TITLE_MAX, "%.160s%s%.160s%s%.40s%s%s", n->app, *n->app ? " " : "",
		 n->timer, *n->measure ? " " : "", n->measure, *n->unit.name ? " in " : "",
		 n->unit.name);
	if (!*out)
		snprintf(out, TK_REPORT_TITLE_MAX, "(no tag)");
	return out;
}

static double value_of(const struct tk_stat *s, const struct tk_hlog_cells *cells,
		       const double *quantiles)
{
	switch (s->kind) {
	case TK_STAT_SUM:
		return tk_hlog_mean(cells) * (double)cells->count;
	case TK_STAT_MIN:
		return cells->cell[0].ns;
	case TK_STAT_AVG:
		return tk_hlog_mean(cells);
	case TK_STAT_MAX:
		return cells->cell[cells->n - 1].ns;
	case TK_STAT_QUANTILE:
		return quantiles[s->place];
	}
	return NAN;
}

int tk_report_stats(const struct tk_report_row *row, const struct tk_stats_list *stats, double *ns)
{
	double quantiles[TK_STATS_MAX] = { 0 };
	struct tk_hlog_cells cells;
	int err = tk_hlog_sum_cells(&row->sum, &cells);

	if (!err)
		tk_hlog_quantiles(&cells, stats->quantile, stats->n_quantiles, quantiles);
	for (size_t i = 0; i < stats->n && !err; i++)
		ns[i] = cells.n ? value_of(&stats->of[i], &cells, quantiles) : NAN;
	tk_hlog_cells_free(&cells);
	return err;
}

struct worst {
	size_t place;
	double p99;
};

static int by_p99(const void *a, const void *b)
{
	const struct worst *x = a, *y = b;

	return (x->p99 < y->p99) - (x->p99 > y->p99);
}

static int by_place(const void *a, const void *b)
{
	const struct worst *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

int tk_report_worst(const struct tk_report *r, const struct tk_report_row *rows[TK_REPORT_DRAWN])
{
	struct worst *of = malloc((r->n + 1) * sizeof(*of));
	struct tk_stats_list p99;
	size_t n = 0;
	int err = of ? tk_stats_list_parse(&p99, "p99") : -ENOMEM;

	for (size_t k = 0; k < r->n && !err; k++) {
		if (!r->row[k]->count)
			continue;
		of[n].place = k;
		err = tk_report_stats(r->row[k], &p99, &of[n++].p99);
	}
	if (!err) {
		qsort(of, n, sizeof(*of), by_p99);
		n = n < TK_REPORT_DRAWN ? n : TK_REPORT_DRAWN;
		qsort(of, n, sizeof(*of), by_place);
		for (size_t i = 0; i < n; i++)
			rows[i] = r->row[of[i].place];
	}
	free(of);
	return err ? err : (int)n;
}
