/* SPDX-License-Identifier: MIT */
#include "collector/compare/spread.h"

#include <math.h>

struct tk_spread tk_spread_runs(const double *x, size_t n)
{
	struct tk_spread s = { 0 };
	double squares = 0;

	for (size_t i = 0; i < n; i++) {
		if (isnan(x[i]))
			continue;
		s.n++;
		s.mean += x[i];
	}
	s.mean = s.n ? s.mean / (double)s.n : NAN;
	for (size_t i = 0; i < n; i++)
		squares += isnan(x[i]) ? 0 : (x[i] - s.mean) * (x[i] - s.mean);
	s.df = (double)s.n - 1;
	s.error = s.n > 1 ? squares / s.df / (double)s.n : 0;
	return s;
}

/* The sum of products of deviations of neighbours, relative to that of their squares. */
static double neighbours(const double *x, size_t n, double mean)
{
	double products = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		squares += (x[i] - mean) * (x[i] - mean);
		products += i ? (x[i] - mean) * (x[i - 1] - mean) : 0;
	}
	return squares > 0 ? products / squares : 0;
}

static double correlation(const double *x, size_t n, double mean)
{
	double count = (double)n;

	if (n < 4)
		return 0;
	return fmin(fmax((neighbours(x, n, mean) * count + 1) / (count - 3), 0), 0.99);
}

/*
 * Values that hang together vary less around their own mean than around the truth: their squares
 * are divided by n - n / worth in place of n - 1.
 */
struct tk_spread tk_spread_parts(const double *x, size_t n)
{
	struct tk_spread s = tk_spread_runs(x, n);
	double count = (double)n, r = correlation(x, n, s.mean);
	double worth = count * (1 - r) / (1 + r);

	s.df = worth - 1;
	if (s.df > 0)
		s.error *= count * (count - 1) / (count - count / worth) / worth;
	return s;
}
