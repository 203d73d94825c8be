/* SPDX-License-Identifier: MIT */
#include "collector/compare/holm.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int by_p(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;

	return (x > y) - (x < y);
}

int tk_holm(double *p, size_t n)
{
	double **sorted = calloc(n + 1, sizeof(*sorted)), least = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &p[i];
	qsort(sorted, n, sizeof(*sorted), by_p);
	for (size_t i = 0; i < n; i++) {
		least = fmax(least, fmin((double)(n - i) * *sorted[i], 1));
		*sorted[i] = least;
	}
	free(sorted);
	return 0;
}
