/* SPDX-License-Identifier: MIT */
/*
 * collector/compare/compare.h - is this percentile another one than it was? Numbers in, verdicts
 * out.
 *
 * The caller has, for each percentile of each timer, values of two sides, base and new, in ns.
 * There are two comparisons, and they answer different questions:
 *
 * - Of several runs a side, one value a run: did the program change? Runs of one program differ,
 *   and only runs show by how much. The verdicts are `better` and `worse`, by a permutation test
 *   over runs (permute.h).
 * - Of one recording a side, one value for each of its parts in their order: do these recordings
 *   differ by more than they vary within themselves? Two runs of the same program often do. So the
 *   verdict is `differs`, and says nothing about the program. By Welch's t test over parts
 *   (spread.h) and Holm's procedure (holm.h).
 *
 * Either holds the probability of any false verdict among all rows at 3 %. All is done with
 * logarithms, as effects are factors. Values come from buckets: a difference is known to half a
 * bucket of either side, and that much is taken off it before it is tested, and added to its
 * interval. papers/comparing-runs.md argues this, and has the measurements. Any thread.
 */
#ifndef TK_COLLECTOR_COMPARE_COMPARE_H
#define TK_COLLECTOR_COMPARE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

/** The probability of any false verdict among all rows, at the most. */
#define TK_COMPARE_LEVEL 0.03

/** The probability that a row's interval misses the true shift. */
#define TK_COMPARE_MISSED 0.05

/** The probability with which a shift of `detectable` is found. */
#define TK_COMPARE_POWER 0.8

#define TK_COMPARE_RUNS      5u  /* a side, if nobody says another number; at least 2 */
#define TK_COMPARE_PARTS     30u /* that a recording is cut into, if it has so many intervals */
#define TK_COMPARE_PARTS_MIN 20u /* with fewer, nothing is said; */
#define TK_COMPARE_WORTH_MIN 8.0 /* nor if they are worth fewer independent ones than this */

enum tk_compared {
	TK_COMPARED_TOO_LITTLE, /* data to say anything */
	TK_COMPARED_NOTHING, /* no difference was shown, which does not mean that there is none */
	TK_COMPARED_DIFFERS, /* in these recordings */
	TK_COMPARED_BETTER,  /* the new runs have smaller values */
	TK_COMPARED_WORSE,
};

struct tk_compare_side {
	/* ns, above 0. Of runs: one a run, as many in every row, NAN where a run has none. */
	const double *values;
	size_t n;
	/* ns: of the whole recording; of runs, tk_compare() sets their geometric mean */
	double middle;
	double bucket; /* how wide the bucket of such a value is, as a fraction of it */
};

struct tk_compare_row {
	struct tk_compare_side base, new;
	bool too_little; /* the caller knows that there are too few samples: not tested */
	/* Set by tk_compare(). Fractions: 0.03 is 3 % more than base. NAN: not known. */
	double shift, low, high; /* with its interval, which is this row's alone */
	double p;                /* adjusted for all rows */
	/* an increase of so much is found with a probability of TK_COMPARE_POWER */
	double detectable;
	enum tk_compared verdict;
};

struct tk_compare_rules {
	bool runs;         /* values are runs; else parts of one recording */
	size_t min_runs;   /* a side */
	double min_effect; /* a smaller shift, as a fraction, has no verdict */
};

/** Compare all rows of a family. @return 0 or -ENOMEM */
int tk_compare(struct tk_compare_row *rows, size_t n, const struct tk_compare_rules *rules);

#endif
