/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/answer.h - what tune found, and the three ways to show it: table, JSON, SVG.
 *
 * The caller owns everything that an answer points to. One thread.
 */
#ifndef TK_COLLECTOR_TUNE_ANSWER_H
#define TK_COLLECTOR_TUNE_ANSWER_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/cli/options.h"
#include "collector/tune/live.h"
#include "collector/tune/model/model.h"
#include "collector/tune/verify.h"

/**
 * A size must survive this many times the longest gap that was observed, because a longer one can
 * still come. A stall that is described (--stall) is not multiplied.
 */
#define TK_TUNE_MARGIN 2u

struct tk_tune_answer {
	const struct tk_args *args;
	const struct tk_live *live;       /* what was measured; NULL: a load was described, */
	const struct tk_model *model;     /* then this is the model, */
	const struct tk_model_size *size; /* and what it says of each size */
	uint64_t must_survive_ns;         /* the gap between polls; 0: no stall was described */
	unsigned recommended;             /* which size; TK_SIZES: none */
	const struct tk_verify *test;     /* NULL: --verify was not asked for */
	const struct tk_verified *verified;
};

/** The longest gap between polls in which a lane of size i loses nothing. */
static inline uint64_t tk_tune_survives_ns(const struct tk_tune_answer *a, unsigned i)
{
	return a->live ? a->live->survives_ns[i] : a->size[i].survives_ns;
}

/** How many lanes would get the recommended size. */
static inline uint32_t tk_tune_lanes(const struct tk_tune_answer *a)
{
	return a->live ? a->live->n_lanes : 1;
}

/** A table, and sentences that say what it means; 80 columns. */
void tk_tune_table(const struct tk_tune_answer *a, FILE *out);

/** {"schema":1, ...}, base units. NULL: out of memory. */
json_t *tk_tune_json(const struct tk_tune_answer *a);

/** SVG: the longest gap that each size survives, and its loss. @return 0 or a negative errno. */
int tk_tune_plot(const struct tk_tune_answer *a, const char *path);

#endif
