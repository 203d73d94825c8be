/* SPDX-License-Identifier: MIT */
/*
 * collector/tune/answer.h - what tune found, and the three ways to show it.
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
 * By how much a gap that was observed is multiplied, because the worst that was seen is not the
 * worst that can be. Stalls that are described (--stall) are taken at their word.
 */
#define TK_TUNE_MARGIN 2u

struct tk_tune_answer {
	const struct tk_args *args;
	const struct tk_live *live;   /* either this */
	const struct tk_model *model; /* or this, and its sizes */
	const struct tk_model_size *size;
	uint64_t must_survive_ns;     /* gap between polls; 0: no stall was described */
	unsigned recommended;         /* which size; TK_SIZES: none */
	const struct tk_verify *test; /* NULL: --verify was not asked for */
	const struct tk_verified *verified;
};

/** The longest gap between polls in which size i loses nothing. */
static inline uint64_t tk_tune_survives_ns(const struct tk_tune_answer *a, unsigned i)
{
	return a->live ? a->live->survives_ns[i] : a->size[i].survives_ns;
}

/** How many lanes would have the size. */
static inline uint32_t tk_tune_lanes(const struct tk_tune_answer *a)
{
	return a->live ? a->live->n_lanes : 1;
}

/** A table, and what it means in sentences; 80 columns. */
void tk_tune_table(const struct tk_tune_answer *a, FILE *out);

/** {"schema":1, ...}, base units. NULL: out of memory. */
json_t *tk_tune_json(const struct tk_tune_answer *a);

/** SVG: what each size survives, and loses. @return 0 or a negative errno. */
int tk_tune_plot(const struct tk_tune_answer *a, const char *path);

#endif
