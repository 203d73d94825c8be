/* SPDX-License-Identifier: MIT */
#include "collector/compare/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "collector/compare/holm.h"
#include "collector/compare/permute.h"
#include "collector/compare/spread.h"
#include "collector/compare/student.h"

/* The normal distribution's quantile of TK_COMPARE_POWER. */
#define POWER_NORMAL 0.8416212

/* So that neighbouring buckets are no farther apart than one, whatever the last bit says. */
#define ROUNDED (1 + 1e-9)

/* What is known of the difference of one row, in logarithms. */
struct difference {
	struct tk_compare_row *row;
	double *x;               /* of both sides, relative to base's mean */
	double shift, error, df; /* its standard error, and degrees of freedom */
	double bucket;           /* what it may be off by, because values come from buckets */
	double floor;            /* the least variance of a value */
};

/* The tests that are made: one a row that has enough data. */
struct family {
	const struct tk_compare_rules *rules;
	struct difference *difference;
	double *p;
	size_t n;
};

static struct tk_spread spread_of(double *logs, const struct tk_compare_side *side, bool runs)
{
	for (size_t i = 0; i < side->n; i++)
		logs[i] = log(side->values[i]);
	return runs ? tk_spread_runs(logs, side->n) : tk_spread_parts(logs, side->n);
}

static bool enough(const struct tk_compare_side *side, const struct tk_spread *s,
		   const struct tk_compare_rules *rules)
{
	if (rules->runs)
		return s->n >= 2 && s->n >= rules->min_runs;
	return side->n >= TK_COMPARE_PARTS_MIN && s->df + 1 >= TK_COMPARE_WORTH_MIN;
}

/* The least error of a mean: values in one bucket do not vary by nothing. */
static double error_of(const struct tk_spread *s, double floor)
{
	return fmax(s->error, floor / (s->df + 1));
}

/* Welch and Satterthwaite. */
static void set_difference(struct difference *d, const struct tk_spread *base,
			   const struct tk_spread *new)
{
	const struct tk_compare_row *r = d->row;
	double a, b;

	d->bucket = (log1p(r->base.bucket) + log1p(r->new.bucket)) / 2 * ROUNDED;
	d->floor = d->bucket * d->bucket / 12; /* the variance of a value anywhere in its bucket */
	a = error_of(base, d->floor);
	b = error_of(new, d->floor);
	d->shift = log(r->new.middle / r->base.middle);
	d->error = sqrt(a + b);
	d->df = (a + b) * (a + b) / (a * a / base->df + b * b / new->df);
	for (size_t i = 0; i < r->base.n + r->new.n; i++)
		d->x[i] -= base->mean;
}

static bool can_be_significant(const struct tk_compare_row *r, const struct tk_compare_rules *rules)
{
	return !rules->runs || tk_permute_least(r->base.n, r->new.n) <= TK_COMPARE_LEVEL;
}

/* @return whether the row has enough data */
static bool prepare(struct difference *d, struct tk_compare_row *r,
		    const struct tk_compare_rules *rules)
{
	struct tk_spread base = spread_of(d->x, &r->base, rules->runs);
	struct tk_spread new = spread_of(d->x + r->base.n, &r->new, rules->runs);

	if (rules->runs) {
		r->base.middle = exp(base.mean);
		r->new.middle = exp(new.mean);
	}
	r->shift = base.n && new.n ? r->new.middle / r->base.middle - 1 : NAN;
	if (r->too_little || !enough(&r->base, &base, rules) || !enough(&r->new, &new, rules) ||
	    !can_be_significant(r, rules))
		return false;
	d->row = r;
	set_difference(d, &base, &new);
	return true;
}

static int add(struct family *f, struct tk_compare_row *r)
{
	struct difference *d = &f->difference[f->n];

	r->low = r->high = r->p = r->detectable = NAN;
	r->verdict = TK_COMPARED_TOO_LITTLE;
	d->x = malloc((r->base.n + r->new.n + 1) * sizeof(*d->x));
	if (!d->x)
		return -ENOMEM;
	if (prepare(d, r, f->rules))
		f->n++;
	else
		free(d->x);
	return 0;
}

static void set_interval(const struct difference *d)
{
	double half = tk_student_quantile(TK_COMPARE_MISSED, d->df) * d->error + d->bucket;

	d->row->low = expm1(d->shift - half);
	d->row->high = expm1(d->shift + half);
}

/*
 * To be found, a shift must be significant, and not below the least effect. Of how many standard
 * errors it must be so that its t exceeds `critical`: Johnson and Welch 1940.
 */
static void set_detectable(const struct difference *d, double critical, double min_effect)
{
	double errors = critical * (1 - 1 / (4 * d->df)) +
			POWER_NORMAL * sqrt(1 + critical * critical / (2 * d->df));
	double effect = log1p(min_effect) + POWER_NORMAL * d->error;

	d->row->detectable = expm1(fmax(errors * d->error + d->bucket, effect));
}

static int test_runs(struct family *f)
{
	struct tk_permute_row *rows = calloc(f->n + 1, sizeof(*rows));
	const struct tk_compare_row *any = f->difference[0].row;
	double critical;
	int err;

	for (size_t i = 0; rows && i < f->n; i++)
		rows[i] = (struct tk_permute_row){ .x = f->difference[i].x,
						   .bucket = f->difference[i].bucket,
						   .floor = f->difference[i].floor };
	err = rows ? tk_permute(rows, f->n, any->base.n, any->new.n, TK_COMPARE_LEVEL, &critical)
		   : -ENOMEM;
	for (size_t i = 0; !err && i < f->n; i++) {
		f->p[i] = rows[i].p;
		set_detectable(&f->difference[i], critical, f->rules->min_effect);
	}
	free(rows);
	return err;
}

/* What is detected must be significant even in Holm's first and strictest step. */
static int test_parts(struct family *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct difference *d = &f->difference[i];
		double beyond = fmax(fabs(d->shift) - d->bucket, 0);

		f->p[i] = tk_student_tails(beyond / d->error, d->df);
		set_detectable(d, tk_student_quantile(TK_COMPARE_LEVEL / (double)f->n, d->df),
			       f->rules->min_effect);
	}
	return tk_holm(f->p, f->n);
}

/* To swap base and new swaps better and worse: so the effect is measured by its logarithm. */
static enum tk_compared verdict(const struct difference *d, const struct tk_compare_rules *rules)
{
	if (d->row->p > TK_COMPARE_LEVEL || fabs(d->shift) < log1p(rules->min_effect))
		return TK_COMPARED_NOTHING;
	if (!rules->runs)
		return TK_COMPARED_DIFFERS;
	return d->shift > 0 ? TK_COMPARED_WORSE : TK_COMPARED_BETTER;
}

static int test(struct family *f)
{
	int err = f->rules->runs ? test_runs(f) : test_parts(f);

	for (size_t i = 0; !err && i < f->n; i++) {
		set_interval(&f->difference[i]);
		f->difference[i].row->p = f->p[i];
		f->difference[i].row->verdict = verdict(&f->difference[i], f->rules);
	}
	return err;
}

int tk_compare(struct tk_compare_row *rows, size_t n, const struct tk_compare_rules *rules)
{
	struct family f = { .rules = rules,
			    .difference = calloc(n + 1, sizeof(*f.difference)),
			    .p = calloc(n + 1, sizeof(*f.p)) };
	int err = f.difference && f.p ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++)
		err = add(&f, &rows[i]);
	if (!err && f.n)
		err = test(&f);
	for (size_t i = 0; i < f.n; i++)
		free(f.difference[i].x);
	free(f.p);
	free(f.difference);
	return err;
}
