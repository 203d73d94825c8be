/* SPDX-License-Identifier: MIT */
#include "collector/compare/permute.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Ways to choose, one after the other. */
struct choice {
	uint8_t *is_new; /* of each run */
	size_t n;
	bool all; /* ways are tried in turn; else drawn */
	uint64_t state;
};

static double ways(size_t n_base, size_t n_new)
{
	double ways = 1;

	for (size_t i = 1; i <= n_new; i++)
		ways *= (double)(n_base + i) / (double)i;
	return round(ways);
}

static size_t ways_tried(size_t n_base, size_t n_new)
{
	return (size_t)fmin(ways(n_base, n_new), TK_PERMUTE_MAX);
}

/* With as many base runs as new ones, each way has a mirror image with the same statistics. */
double tk_permute_least(size_t n_base, size_t n_new)
{
	return (n_base == n_new ? 2 : 1) / (double)ways_tried(n_base, n_new);
}

static void swap(uint8_t *a, uint8_t *b)
{
	uint8_t was = *a;

	*a = *b;
	*b = was;
}

/* The next order of zeros and ones: the last 01 becomes 10, and what follows is sorted again. */
static void next_way(struct choice *c)
{
	size_t i = c->n - 1, j = c->n - 1;

	while (i > 0 && c->is_new[i - 1] >= c->is_new[i])
		i--;
	if (i == 0)
		return;
	while (c->is_new[j] <= c->is_new[i - 1])
		j--;
	swap(&c->is_new[i - 1], &c->is_new[j]);
	for (j = c->n - 1; i < j; i++, j--)
		swap(&c->is_new[i], &c->is_new[j]);
}

/* splitmix64: Steele, Lea and Flood 2014. */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void next_choice(struct choice *c)
{
	if (c->all) {
		next_way(c);
		return;
	}
	for (size_t i = c->n - 1; i > 0; i--)
		swap(&c->is_new[i], &c->is_new[draw(&c->state) % (i + 1)]);
}

/* The first choice is what was observed: base, then new. */
static int begin(struct choice *c, size_t n_base, size_t n_new)
{
	c->n = n_base + n_new;
	c->all = ways(n_base, n_new) <= TK_PERMUTE_MAX;
	c->state = 1;
	c->is_new = calloc(c->n + 1, 1);
	if (!c->is_new)
		return -ENOMEM;
	for (size_t i = n_base; i < c->n; i++)
		c->is_new[i] = 1;
	return 0;
}

/* Welch's t of a row, without its sign. 0 if a side has not two values. */
static double statistic(const struct tk_permute_row *r, const struct choice *c)
{
	double n[2] = { 0 }, sum[2] = { 0 }, squares[2] = { 0 }, mean[2], error = 0;

	for (size_t i = 0; i < c->n; i++) {
		unsigned side = c->is_new[i];

		if (isnan(r->x[i]))
			continue;
		n[side]++;
		sum[side] += r->x[i];
		squares[side] += r->x[i] * r->x[i];
	}
	if (n[0] < 2 || n[1] < 2)
		return 0;
	for (int side = 0; side < 2; side++) {
		mean[side] = sum[side] / n[side];
		error += fmax((squares[side] - sum[side] * mean[side]) / (n[side] - 1), r->floor) /
			 n[side];
	}
	return fmax(fabs(mean[1] - mean[0]) - r->bucket, 0) / sqrt(error);
}

static int by_statistic(const void *a, const void *b)
{
	double x = (*(struct tk_permute_row *const *)a)->t;
	double y = (*(struct tk_permute_row *const *)b)->t;

	return (x < y) - (x > y);
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/*
 * A row with a larger statistic is compared with the largest of itself and all below it. Sums in
 * another order are off by some bits: what is that close counts as as large.
 * @return the largest of all rows
 */
static double count_as_large(struct tk_permute_row **sorted, size_t n, const struct choice *c)
{
	double largest = 0;

	for (size_t i = n; i-- > 0;) {
		largest = fmax(largest, statistic(sorted[i], c));
		sorted[i]->p += largest >= sorted[i]->t * (1 - 1e-9);
	}
	return largest;
}

static void try_all(struct tk_permute_row **sorted, size_t n, struct choice *c, double *largest,
		    size_t tried)
{
	double least = 0;

	for (size_t k = 0; k < tried; k++) {
		largest[k] = count_as_large(sorted, n, c);
		next_choice(c);
	}
	for (size_t i = 0; i < n; i++) {
		least = fmax(least, sorted[i]->p / (double)tried);
		sorted[i]->p = least;
	}
}

int tk_permute(struct tk_permute_row *rows, size_t n, size_t n_base, size_t n_new, double level,
	       double *critical)
{
	size_t tried = ways_tried(n_base, n_new), among = (size_t)(level * (double)tried);
	struct tk_permute_row **sorted = calloc(n + 1, sizeof(struct tk_permute_row *));
	double *largest = calloc(tried, sizeof(*largest));
	struct choice c = { 0 };
	int err = sorted && largest ? begin(&c, n_base, n_new) : -ENOMEM;

	for (size_t i = 0; !err && i < n; i++) {
		rows[i].t = statistic(&rows[i], &c);
		rows[i].p = 0;
		sorted[i] = &rows[i];
	}
	if (!err) {
		qsort(sorted, n, sizeof(struct tk_permute_row *), by_statistic);
		try_all(sorted, n, &c, largest, tried);
		qsort(largest, tried, sizeof(*largest), descending);
		*critical = among ? largest[among] : INFINITY;
	}
	free(c.is_new);
	free(largest);
	free(sorted);
	return err;
}
