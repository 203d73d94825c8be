/* SPDX-License-Identifier: MIT */
#include "collector/diff/recordings.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/compare/compare.h"
#include "collector/stats/histogram.h"
#include "collector/stats/rated.h"

/* A file that is being read. */
struct reading {
	struct tk_diff_recordings *r;
	enum tk_diff_side side;
	size_t run;
	struct tk_hlog *log;
	double ticks_per_s; /* of the slowest clock; 0: not known */
	/* Of its intervals, which are told apart by when they begin. */
	uint64_t intervals;
	int64_t last_ns; /* when the last one begins */
	double start_ns,
		end_ns; /* of all; a log may say anything, so sums may not fit an integer */
	size_t part;    /* that is added up */
	int err;        /* of what was called for each timer */
};

static bool is_wanted(const struct tk_diff_wanted *w, const char *timer)
{
	for (size_t i = 0; i < w->timers->n; i++)
		if (fnmatch(w->timers->text[i], timer, 0) == 0)
			return true;
	return w->timers->n == 0;
}

/* --- percentiles ------------------------------------------------------------------------------ */

/* The cell of this value: cells ascend. */
static const struct tk_hlog_cell *cell_of(const struct tk_hlog_cells *cells, double ns)
{
	size_t low = 0, high = cells->n - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cells->cell[middle].ns < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return &cells->cell[low];
}

/*
 * How wide a value's bucket is, as a fraction of it: the log's bucket, and the one of ticks that it
 * was made of (collector/hlog/write.h).
 */
static double bucket_of(const struct reading *f, const struct tk_hlog_cell *cell)
{
	double ticks = cell->ns * f->ticks_per_s / 1e9, log = 2 * cell->half_ns / cell->ns;
	uint32_t bucket;

	if (f->ticks_per_s <= 0 || ticks < 1 || ticks > 0x1p47)
		return log + 2 * tk_hlog_error(f->log);
	bucket = tk_hist_index((uint64_t)ticks);
	return log + (double)(tk_hist_lowest(bucket + 1) - tk_hist_lowest(bucket)) / ticks;
}

bool tk_diff_has_beyond(uint64_t count, uint32_t quantile, double beyond)
{
	uint32_t rest = quantile < TK_QUANTILE_ONE / 2 ? quantile : TK_QUANTILE_ONE - quantile;

	return (double)count * rest / TK_QUANTILE_ONE >= beyond;
}

/* A value of 0 is one in the lowest bucket. */
static double above_zero(const struct tk_hlog_cell *cell)
{
	return fmax(cell->ns, fmax(cell->half_ns, 1e-3));
}

/* What was added up of a timer comes to. Frees it. */
struct percentiles {
	double ns[TK_STATS_MAX], bucket[TK_STATS_MAX];
	uint64_t count;
};

static int take(struct percentiles *p, const struct reading *f, struct tk_diff_timer *t)
{
	const struct tk_stats_list *list = f->r->wanted->stats;
	struct tk_hlog_cells cells;
	int err = tk_hlog_sum_cells(&t->sum, &cells);

	if (err)
		return err;
	p->count = cells.count;
	tk_hlog_quantiles(&cells, list->quantile, list->n_quantiles, p->ns);
	for (size_t q = 0; q < list->n_quantiles && cells.n; q++) {
		const struct tk_hlog_cell *cell = cell_of(&cells, p->ns[q]);

		p->ns[q] = above_zero(cell);
		p->bucket[q] = fmin(bucket_of(f, cell), 1);
	}
	tk_hlog_cells_free(&cells);
	tk_hlog_sum_free(&t->sum);
	return 0;
}

/* A run has ended: keep its percentiles, those of which enough samples are beyond. */
static void end_run(void *arg, struct tk_diff_timer *t)
{
	struct reading *f = arg;
	const struct tk_stats_list *list = f->r->wanted->stats;
	struct percentiles p;

	if (f->err || t->sum.count == 0 || (f->err = take(&p, f, t)))
		return;
	t->samples[f->side] += p.count;
	for (size_t q = 0; q < list->n_quantiles; q++) {
		t->whole[f->side][q] = p.ns[q];
		t->bucket[f->side][q] = fmax(t->bucket[f->side][q], p.bucket[q]);
		if (!f->r->parts && tk_diff_has_beyond(p.count, list->quantile[q], TK_DIFF_BEYOND))
			t->values[f->side][q * f->r->timers.room[f->side] + f->run] = p.ns[q];
	}
}

/* The same of a part of a recording; parts in which a timer has no sample are left out. */
static void end_part(void *arg, struct tk_diff_timer *t)
{
	struct reading *f = arg;
	size_t room = f->r->timers.room[f->side], n = t->n[f->side];
	struct percentiles p;

	if (f->err || t->sum.count == 0 || n == room || (f->err = take(&p, f, t)))
		return;
	for (size_t q = 0; q < f->r->wanted->stats->n_quantiles; q++)
		t->values[f->side][q * room + n] = p.ns[q];
	t->n[f->side]++;
}

/* --- files ------------------------------------------------------------------------------------ */

static void note_time(struct reading *f, const struct tk_hlog_item *i)
{
	double end = (double)i->start_ns + (double)i->length_ns;

	if (f->intervals == 0) {
		f->start_ns = (double)i->start_ns;
		f->end_ns = end;
	}
	if (f->intervals == 0 || i->start_ns != f->last_ns)
		f->intervals++;
	f->last_ns = i->start_ns;
	f->end_ns = fmax(f->end_ns, end);
}

static int add_histogram(struct reading *f, const struct tk_hlog_item *i)
{
	struct tk_diff_timer *t;

	note_time(f, i);
	if (!is_wanted(f->r->wanted, i->timer))
		return 0;
	t = tk_diff_timers_add(&f->r->timers, i);
	return t ? tk_hlog_sum_add(&t->sum, i) : -ENOMEM;
}

/* Which part an interval's middle is in. Parts are as long as a whole number of intervals. */
static size_t part_of(const struct reading *f, const struct tk_hlog_item *i)
{
	uint64_t a_part = (f->intervals + TK_COMPARE_PARTS - 1) / TK_COMPARE_PARTS;
	uint64_t parts = f->intervals / a_part;
	double at = (double)i->start_ns - f->start_ns + (double)i->length_ns / 2;
	double whole = f->end_ns - f->start_ns;

	return at < 0 || at >= whole ? SIZE_MAX : (size_t)(at / whole * (double)parts);
}

/* Intervals that are not in order, in a log of another program, are left out. */
static int add_to_part(struct reading *f, const struct tk_hlog_item *i)
{
	size_t part = part_of(f, i);
	struct tk_diff_timer *t;

	if (part == SIZE_MAX || part < f->part || !is_wanted(f->r->wanted, i->timer))
		return 0;
	if (part > f->part)
		tk_diff_timers_each(&f->r->timers, end_part, f);
	f->part = part;
	t = tk_diff_timers_add(&f->r->timers, i);
	return f->err ? f->err : t ? tk_hlog_sum_add(&t->sum, i) : -ENOMEM;
}

static int add_loss(struct reading *f, const struct tk_hlog_item *i)
{
	struct tk_diff_timer *t = tk_diff_timers_add(&f->r->losses, i);

	if (!t)
		return -ENOMEM;
	t->records[f->side] += i->records;
	t->lost[f->side] += i->lost;
	return 0;
}

static void add_note(struct reading *f, const struct tk_hlog_item *i)
{
	double hz;

	tk_facts_note(&f->r->facts, i->name, i->value);
	if (strcmp(i->name, "clock.ticks_per_s") != 0)
		return;
	hz = strtod(i->value, NULL);
	if (hz > 0 && (f->ticks_per_s == 0 || hz < f->ticks_per_s))
		f->ticks_per_s = hz;
}

static int add(struct reading *f, const struct tk_hlog_item *i, bool again)
{
	if (again)
		return i->kind == TK_HLOG_HISTOGRAM ? add_to_part(f, i) : 0;
	switch (i->kind) {
	case TK_HLOG_HISTOGRAM:
		return add_histogram(f, i);
	case TK_HLOG_LOST:
		return add_loss(f, i);
	case TK_HLOG_NOTE:
		add_note(f, i);
	}
	return 0;
}

/* Read the file from beginning to end; again: for its parts. */
static int read_through(struct reading *f, const char *path, bool again)
{
	struct tk_hlog_item i;
	char damage[512];
	int got, err = 0;

	f->log = tk_hlog_open(path, 0);
	if (!f->log)
		return -errno;
	while (!err && (got = tk_hlog_next(f->log, &i)) != 0)
		err = got < 0 ? got : add(f, &i, again);
	if (!err) {
		tk_diff_timers_each(&f->r->timers, again ? end_part : end_run, f);
		err = f->err;
	}
	if (!again && tk_hlog_damage(f->log, damage, sizeof(damage))) {
		f->r->damaged = true;
		tk_say("%s; what can be read of it is compared", damage);
	}
	tk_hlog_close(f->log);
	return err;
}

static int read_file(struct tk_diff_recordings *r, enum tk_diff_side side, size_t run,
		     const char *path)
{
	struct reading f = { .r = r, .side = side, .run = run };
	int err = read_through(&f, path, false);

	if (!err && f.intervals == 0) {
		tk_say("%s has no histogram: nothing is compared", path);
		return -ENODATA;
	}
	if (!err && r->parts)
		err = read_through(&f, path, true);
	if (err)
		tk_say("cannot read %s: %s", path, strerror(-err));
	return err;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Losses are of a timer, not of a measure. */
static void take_losses(void *arg, struct tk_diff_timer *t)
{
	const struct tk_diff_recordings *r = arg;
	const struct tk_diff_timer *of = tk_diff_timers_find(&r->losses, t->app, t->timer, "");

	for (int side = 0; of && side < TK_DIFF_SIDES; side++) {
		t->records[side] = of->records[side];
		t->lost[side] = of->lost[side];
	}
}

int tk_diff_recordings_read(struct tk_diff_recordings *r, const struct tk_diff_wanted *wanted,
			    const struct tk_diff_files files[TK_DIFF_SIDES])
{
	int err = 0;

	*r = (struct tk_diff_recordings){ .wanted = wanted };
	r->parts = files[TK_DIFF_BASE].n == 1 && files[TK_DIFF_NEW].n == 1;
	r->timers.quantiles = wanted->stats->n_quantiles;
	for (int side = 0; side < TK_DIFF_SIDES; side++)
		r->timers.room[side] = r->parts ? TK_COMPARE_PARTS : files[side].n;
	for (enum tk_diff_side side = 0; side < TK_DIFF_SIDES; side++)
		for (size_t run = 0; !err && run < files[side].n; run++)
			err = read_file(r, side, run, files[side].path[run]);
	if (!err)
		tk_diff_timers_each(&r->timers, take_losses, r);
	return err;
}

void tk_diff_recordings_free(struct tk_diff_recordings *r)
{
	tk_diff_timers_free(&r->timers);
	tk_diff_timers_free(&r->losses);
}
