/* SPDX-License-Identifier: MIT */
/*
 * The discipline that a test of lanes runs under. Such tests are compiled twice, the second time
 * with -DTEST_RTE: what users are promised of either is the same, but for what becomes of records
 * that nobody reads.
 */
#ifndef TK_TESTS_DISCIPLINE_H
#define TK_TESTS_DISCIPLINE_H

#include <stdint.h>

#ifdef TEST_RTE
#include "ring/timekeeper-rte.h"
#define IS_QUEUE   1
#define DISCIPLINE (&tk_rte)
#else
#define IS_QUEUE   0
#define DISCIPLINE NULL /* the default */
#endif

/* How many records a lane holds that nobody reads: an rte_ring never fills its last slot. */
static inline uint64_t lane_holds(uint64_t slots)
{
	return slots - IS_QUEUE;
}

#endif
