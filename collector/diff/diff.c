/* SPDX-License-Identifier: MIT */
#include "collector/diff/diff.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/say.h"
#include "collector/stats/rated.h"

const char *const tk_diff_side_names[TK_DIFF_SIDES] = { "base", "new" };

const char *tk_diff_word(enum tk_compared verdict)
{
	static const char *const words[TK_COMPARED_VERDICTS] = {
		[TK_COMPARED_TOO_LITTLE] = "too little data",
		[TK_COMPARED_NOTHING] = "not shown",
		[TK_COMPARED_DIFFERS] = "differs",
		[TK_COMPARED_BETTER] = "better",
		[TK_COMPARED_WORSE] = "worse",
	};

	return words[verdict];
}

char *tk_diff_stat(char out[TK_STAT_NAME_MAX], const struct tk_stat *s)
{
	tk_stat_title(out, s);
	out[0] = (char)tolower((unsigned char)out[0]);
	return out;
}

enum tk_diff_side tk_diff_side_of(const struct tk_diff_timer *t)
{
	return t->samples[TK_DIFF_NEW] ? TK_DIFF_NEW : TK_DIFF_BASE;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Deal timers: of both sides, or of one. Allocated for all of them. */
static void count_timer(void *arg, struct tk_diff_timer *t)
{
	struct tk_diff *d = arg;

	(void)t;
	d->n_both++;
}

static void deal_timer(void *arg, struct tk_diff_timer *t)
{
	struct tk_diff *d = arg;

	if (t->samples[TK_DIFF_BASE] && t->samples[TK_DIFF_NEW])
		d->both[d->n_both++] = t;
	else
		d->alone[d->n_alone++] = t;
}

static int deal_timers(struct tk_diff *d)
{
	size_t quantiles = d->question->wanted.stats->n_quantiles;

	tk_diff_timers_each(&d->recordings.timers, count_timer, d);
	d->both = calloc(d->n_both + 1, sizeof(struct tk_diff_timer *));
	d->alone = calloc(d->n_both + 1, sizeof(struct tk_diff_timer *));
	d->compared = calloc(d->n_both * quantiles + 1, sizeof(*d->compared));
	d->rows = calloc(d->n_both * quantiles + 1, sizeof(*d->rows));
	d->n_both = 0;
	if (!d->both || !d->alone || !d->compared || !d->rows)
		return -ENOMEM;
	tk_diff_timers_each(&d->recordings.timers, deal_timer, d);
	return 0;
}

static struct tk_compare_side side_of(const struct tk_diff *d, const struct tk_diff_timer *t,
				      enum tk_diff_side side, size_t q)
{
	size_t room = d->recordings.timers.room[side];

	return (struct tk_compare_side){ .values = t->values[side] + q * room,
					 .n = d->runs ? room : t->n[side],
					 .middle = t->whole[side][q],
					 .bucket = t->bucket[side][q] };
}

/* Of runs, each was asked whether it has enough samples. */
static bool too_little(const struct tk_diff *d, const struct tk_diff_timer *t, uint32_t quantile)
{
	double wanted = TK_DIFF_BEYOND_PART * TK_COMPARE_PARTS;

	return !d->runs && (!tk_diff_has_beyond(t->samples[TK_DIFF_BASE], quantile, wanted) ||
			    !tk_diff_has_beyond(t->samples[TK_DIFF_NEW], quantile, wanted));
}

static void add_row(struct tk_diff *d, const struct tk_diff_timer *t, const struct tk_stat *s)
{
	struct tk_compare_row *c = &d->compared[d->n];

	c->base = side_of(d, t, TK_DIFF_BASE, s->place);
	c->new = side_of(d, t, TK_DIFF_NEW, s->place);
	c->too_little = too_little(d, t, s->quantile);
	d->rows[d->n++] = (struct tk_diff_row){ .timer = t, .stat = s, .is = c };
}

/* Worse, better, differs, not shown, too little data; in each the largest shift first. */
static int by_verdict(const void *a, const void *b)
{
	const struct tk_compare_row *x = ((const struct tk_diff_row *)a)->is;
	const struct tk_compare_row *y = ((const struct tk_diff_row *)b)->is;
	double s = fabs(log1p(x->shift)), t = fabs(log1p(y->shift));

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? 1 : -1;
	if (s != t && !isnan(s) && !isnan(t))
		return s < t ? 1 : -1;
	if (isnan(s) != isnan(t))
		return isnan(s) ? 1 : -1;
	return (x > y) - (x < y);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int sum_up(struct tk_diff *d)
{
	double *detectable = calloc(d->n + 1, sizeof(*detectable));
	size_t n = 0;

	if (!detectable)
		return -ENOMEM;
	for (size_t i = 0; i < d->n; i++) {
		d->verdicts[d->rows[i].is->verdict]++;
		if (!isnan(d->rows[i].is->detectable))
			detectable[n++] = d->rows[i].is->detectable;
	}
	qsort(detectable, n, sizeof(*detectable), ascending);
	d->detectable = n ? detectable[n / 2] : NAN;
	d->detectable_most = n ? detectable[n - 1] : NAN;
	free(detectable);
	return 0;
}

static void apply_rules(struct tk_diff *d)
{
	for (size_t r = 0; r < d->question->n_rules; r++)
		for (size_t i = 0; i < d->n; i++)
			if (tk_diff_rule_apply(&d->question->rules[r], &d->rows[i]) &&
			    !d->rows[i].fails)
				d->rows[i].fails = &d->question->rules[r];
}

static int compare(struct tk_diff *d)
{
	const struct tk_diff_question *q = d->question;
	const struct tk_compare_rules rules = { .runs = d->runs,
						.min_runs = q->min_runs,
						.min_effect = q->min_effect };
	int err = deal_timers(d);

	for (size_t t = 0; !err && t < d->n_both; t++)
		for (size_t s = 0; s < q->wanted.stats->n; s++)
			add_row(d, d->both[t], &q->wanted.stats->of[s]);
	err = err ? err : tk_compare(d->compared, d->n, &rules);
	err = err ? err : sum_up(d);
	if (err)
		return err;
	qsort(d->rows, d->n, sizeof(*d->rows), by_verdict);
	apply_rules(d);
	return 0;
}

int tk_diff_make(struct tk_diff *d, const struct tk_diff_question *q)
{
	int err;

	*d = (struct tk_diff){ .question = q };
	err = tk_diff_recordings_read(&d->recordings, &q->wanted, q->files);
	if (err)
		return err;
	d->runs = !d->recordings.parts;
	err = compare(d);
	if (err)
		tk_say("cannot compare: %s", strerror(-err));
	return err;
}

void tk_diff_free(struct tk_diff *d)
{
	free(d->rows);
	free(d->compared);
	free(d->alone);
	free(d->both);
	tk_diff_recordings_free(&d->recordings);
}
