/* SPDX-License-Identifier: MIT */
/*
 * collector/drain/account.h - how many records each timer pushed into one lane, and how many were
 * lost.
 *
 * A lane's loss is known exactly at every moment: the reader counts what it passed over. The ring
 * no longer says which timers the lost records belonged to. But the writer counts what it pushes,
 * by timer, so when the reader is level with the writer
 *
 *	lost = counts - base - got
 *
 * for each timer. `base` is what had been pushed before the reader began, `got` what was delivered
 * since. A lane that is read from its first record has base 0. A lane that was attached to later
 * may be written while its counts are read. They are read before and after the reader takes its
 * place, so base lies between two numbers, and the first level moment without loss makes it exact.
 * If a loss comes first, the excess over the lane's own loss is taken out of that uncertainty.
 *
 * lost never falls, and the sum over timers never exceeds the lane's loss. A record that was
 * claimed and never written (siglongjmp, a kill in the push) is lost to the lane and belongs to no
 * timer.
 *
 * One thread per account.
 */
#ifndef TK_COLLECTOR_DRAIN_ACCOUNT_H
#define TK_COLLECTOR_DRAIN_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_account_timer {
	uint64_t base; /* pushed before the reader began, at least */
	uint64_t wide; /* and at most so many more */
	uint64_t lost; /* known so far */
	uint64_t told; /* of these, handed over */
};

struct tk_account {
	uint64_t *got; /* by timer: delivered; written by tk_aggregate() */
	struct tk_account_timer *timer;
	uint32_t n;       /* timers there is room for */
	bool exact;       /* base is */
	bool blind;       /* `base` is unknown: begin to count at the first level moment */
	uint64_t lost;    /* of all timers */
	uint64_t missed;  /* of the lane's loss, what cannot be attributed to timers */
	uint64_t settled; /* the lane's loss that was attributed to timers */
};

/** What is known of `base` when the reading of a lane begins. */
enum tk_account_base {
	TK_BASE_ZERO,    /* read from its first record */
	TK_BASE_BETWEEN, /* between counts before and after, which are given */
	TK_BASE_UNKNOWN, /* attached to at an unknown point */
};

/**
 * @max: timer ids are below this. before/after: max counts each, for TK_BASE_BETWEEN.
 * @return 0 or -ENOMEM
 */
int tk_account_init(struct tk_account *a, uint32_t max, enum tk_account_base base,
		    const uint64_t *before, const uint64_t *after);
void tk_account_free(struct tk_account *a);

/**
 * Whether tk_account_level() would find out something new, the reader having lost so many by now.
 */
static inline bool tk_account_wants(const struct tk_account *a, uint64_t lane_lost)
{
	return !a->exact || a->settled != lane_lost;
}

/** The reader is level with these counts (tk_lane_counts() says when), having lost lane_lost. */
void tk_account_level(struct tk_account *a, const uint64_t *counts, uint32_t n, uint64_t lane_lost);

/** Records of timer id that became known to be lost since the last call. */
uint64_t tk_account_take(struct tk_account *a, uint32_t id);

#endif
