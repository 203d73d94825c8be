/* SPDX-License-Identifier: MIT */
#include "collector/display/overview/columns.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/text.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define FULL_W      74 /* columns for the name and all columns of ranks 0 and 1 */

/* --- values: three digits and the unit, without a space -------------------------------------- */

static void squeeze(char out[TK_COLUMN_TEXT], const char *text)
{
	size_t n = 0;

	for (const char *c = text; *c; c++) {
		if (*c == ' ')
			continue;
		if (*c == 'u') { /* the grid writes it back where there is ASCII only */
			memcpy(out + n, "µ", 2);
			n += 2;
		} else {
			out[n++] = *c;
		}
	}
	out[n] = 0;
}

bool tk_columns_is_past(const struct tk_snap_timer *t)
{
	return !t->recent[TK_PROCESSING].count && !t->recent[TK_LATENCY].count &&
	       (t->seen[TK_PROCESSING].t_ns || t->seen[TK_LATENCY].t_ns);
}

static double seen_p99(const struct tk_snap_timer *t, enum tk_measure m)
{
	return t->seen[m].t_ns ? t->seen[m].p99_ns : NAN;
}

/* What a column of p99 had in the last interval with samples; NAN: no column of that. */
static double past_value(const struct tk_snap_timer *t, enum tk_by by)
{
	switch (by) {
	case TK_BY_WORST:
		return fmax(seen_p99(t, TK_PROCESSING), seen_p99(t, TK_LATENCY));
	case TK_BY_PROCESSING_P99:
		return seen_p99(t, TK_PROCESSING);
	case TK_BY_LATENCY_P99:
		return seen_p99(t, TK_LATENCY);
	default:
		return NAN;
	}
}

static void put_time(const struct tk_column *c, const struct tk_snapshot *s,
		     const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT])
{
	double ns = tk_columns_is_past(t) ? past_value(t, c->by) : tk_view_value(t, c->by);
	char text[TK_UNITS_MAX] = "";

	(void)s;
	if (isfinite(ns))
		tk_text_sample(text, ns, &t->unit);
	else if (t->recent[TK_PROCESSING].count || t->recent[TK_LATENCY].count)
		snprintf(text, sizeof(text), "-");
	squeeze(out, text);
}

static void put_count(const struct tk_column *c, const struct tk_snapshot *s,
		      const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT])
{
	double n = tk_view_value(t, c->by);
	char text[TK_UNITS_MAX] = "";

	(void)s;
	if (isfinite(n))
		tk_text_count(text, n);
	squeeze(out, text);
}

/* Whether another user has an app and a timer of the same names. */
static bool has_namesake(const struct tk_snapshot *s, const struct tk_snap_timer *t)
{
	for (size_t i = s->n_timers; i < s->n_timers + s->n_folds; i++) {
		const struct tk_snap_timer *other = &s->timers[i];

		if (other->uid != t->uid && !strcmp(other->name, t->name) &&
		    !strcmp(other->app, t->app))
			return true;
	}
	return false;
}

static void put_process(const struct tk_column *c, const struct tk_snapshot *s,
			const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT])
{
	char user[16] = "", process[TK_TEXT_PROCESS_MAX];

	(void)c;
	/* Of timers that differ in labels nobody knows of how many processes they are. */
	if (!t->processes || t->pid || t->labelled) {
		snprintf(out, TK_COLUMN_TEXT, "%s", tk_text_process(process, t->app, t->pid));
		return;
	}
	if (has_namesake(s, t))
		snprintf(user, sizeof(user), " of %" PRIu32, t->uid);
	snprintf(out, TK_COLUMN_TEXT, "%s ×%u%s", t->app, t->living ? t->living : t->processes,
		 user);
}

/* Whole seconds, minutes, hours or days. @return whether it is known */
static bool write_age(const struct tk_snapshot *s, int64_t t_ns, char out[TK_COLUMN_TEXT])
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	int64_t age = t_ns ? (s->t_ns - t_ns) / 1000000000 : -1;
	size_t i = 0;

	out[0] = 0;
	if (age < 0)
		return false;
	while (i + 1 < ROWS(units) && age < units[i].seconds)
		i++;
	snprintf(out, TK_COLUMN_TEXT, "%d%s", (int)(age / units[i].seconds), units[i].unit);
	return true;
}

static void put_seen(const struct tk_column *c, const struct tk_snapshot *s,
		     const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT])
{
	(void)c;
	write_age(s, t->seen_ns, out);
}

void tk_columns_ago(const struct tk_snapshot *s, const struct tk_snap_timer *t,
		    char out[TK_COLUMN_TEXT])
{
	int64_t p = t->seen[TK_PROCESSING].t_ns, l = t->seen[TK_LATENCY].t_ns;
	char age[TK_COLUMN_TEXT];

	out[0] = 0;
	if (write_age(s, p > l ? p : l, age))
		snprintf(out, TK_COLUMN_TEXT, " %.16s ago", age);
}

#define STEPS 7 /* not eight: a full bar would touch the row above */

/*
 * Steps on a logarithmic scale, from the row's least value to its largest, or to eight times the
 * least: what hardly moves is a low line.
 */
static int step_of(double v, double lo, double hi)
{
	int step = v > lo ? (int)(STEPS * log(v / lo) / log(fmax(hi / lo, 8))) : 0;

	return step < STEPS ? step : STEPS - 1;
}

static void draw_spark(const struct tk_snap_trend *trend, char out[TK_COLUMN_TEXT])
{
	double lo = INFINITY, hi = 0;

	for (int i = 0; i < TK_TREND; i++) { /* neither takes a NAN */
		lo = fmin(lo, trend->p99_ns[i]);
		hi = fmax(hi, trend->p99_ns[i]);
	}
	lo = fmax(lo, 1);
	for (int i = 0; i < TK_TREND; i++) {
		double v = trend->p99_ns[i];

		out += tk_utf8_encode(out, isnan(v) ? ' ' : 0x2581 + (uint32_t)step_of(v, lo, hi));
	}
}

static void put_spark(const struct tk_column *c, const struct tk_snapshot *s,
		      const struct tk_snap_timer *t, char out[TK_COLUMN_TEXT])
{
	(void)c;
	out[0] = 0;
	for (size_t i = 0; i < s->n_trends; i++)
		if (s->trends[i].key == t->key)
			draw_spark(&s->trends[i], out);
}

bool tk_columns_is_spark(const struct tk_column *c)
{
	return c->value == put_spark;
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct tk_column table[] = {
	{ NULL,         "rate/s",  6,  1, TK_BY_RATE,           put_count },
	{ "processing", "p50",     6,  1, TK_BY_PROCESSING_P50, put_time },
	{ NULL,         "p99",     6,  1, TK_BY_PROCESSING_P99, put_time },
	{ "latency",    "p50",     6,  1, TK_BY_LATENCY_P50,    put_time },
	{ NULL,         "p99",     6,  1, TK_BY_LATENCY_P99,    put_time },
	{ NULL,         "max",     6,  2, TK_BY_MAX,            put_time },
	{ NULL,         "lost",    6,  0, TK_BY_LOST,           put_count },
	{ NULL,         "process", 18, 3, TK_BYS,               put_process },
	{ NULL,         "seen",    6,  4, TK_BYS,               put_seen },
	{ NULL,  "p99, last 20 s", TK_TREND, 5, TK_BYS,         put_spark },
};

static_assert(TK_TREND == 20, "as its heading says");
static_assert(3 * TK_TREND < TK_COLUMN_TEXT, "a sparkline of three bytes a character");

/* Where there is no room for both measures: the one that rows are sorted by. */
static const struct tk_column narrow[] = {
	{ NULL,         "p99",     6,  0, TK_BY_WORST,          put_time },
	{ "process.",   "p50",     6,  0, TK_BY_PROCESSING_P50, put_time },
	{ "process.",   "p99",     6,  0, TK_BY_PROCESSING_P99, put_time },
	{ "latency",    "p50",     6,  0, TK_BY_LATENCY_P50,    put_time },
	{ "latency",    "p99",     6,  0, TK_BY_LATENCY_P99,    put_time },
	{ NULL,         "max",     6,  0, TK_BY_MAX,            put_time },
	{ NULL,         "rate/s",  6,  0, TK_BY_RATE,           put_count },
};

static const char *const by_words[TK_BYS] = {
	[TK_BY_WORST] = "p99",
	[TK_BY_NAME] = "name",
	[TK_BY_RATE] = "rate",
	[TK_BY_PROCESSING_P50] = "processing p50",
	[TK_BY_PROCESSING_P99] = "processing p99",
	[TK_BY_LATENCY_P50] = "latency p50",
	[TK_BY_LATENCY_P99] = "latency p99",
	[TK_BY_MAX] = "max",
	[TK_BY_LOST] = "lost",
};
/* clang-format on */

const char *tk_columns_by(enum tk_by by)
{
	return by_words[by];
}

/* --- which there is room for ----------------------------------------------------------------- */

static const struct tk_column *narrow_column(enum tk_by by)
{
	for (size_t i = 0; i < ROWS(narrow); i++)
		if (narrow[i].by == by)
			return &narrow[i];
	return &narrow[0];
}

/* The highest rank of which every column has room. */
static int fitting_rank(int w)
{
	int left = w - TK_COLUMN_NAME;

	if (w < FULL_W)
		return 0;
	for (int rank = 0;; rank++) {
		bool any = false;

		for (size_t i = 0; i < ROWS(table); i++)
			if (table[i].rank == rank) {
				left -= table[i].width + TK_COLUMN_GAP;
				any = true;
			}
		if (!any || left < 0)
			return rank - 1;
	}
}

size_t tk_columns_fit(int w, enum tk_by by, const struct tk_column *out[TK_COLUMNS_MAX],
		      int *name_w)
{
	int rank = fitting_rank(w);
	size_t n = 0;

	if (rank == 0)
		out[n++] = narrow_column(by);
	for (size_t i = 0; i < ROWS(table); i++)
		if (table[i].rank <= rank)
			out[n++] = &table[i];
	*name_w = w;
	for (size_t i = 0; i < n; i++)
		*name_w -= out[i]->width + TK_COLUMN_GAP;
	return n;
}
