/* SPDX-License-Identifier: MIT */
/*
 * collector/stats/spill.h - samples that wait until there is memory for their counters.
 *
 * A drainer must not fault pages in. When its timers need windows faster than its stock is refilled
 * (collector/drain/stock.h), it puts samples here, and adds them to their tallies later, the oldest
 * first (tk_tally_settle()). A sample takes 32 bytes, and all of them are there from the beginning:
 * putting one in touches no new page.
 *
 * One thread per object. Nothing here fails but allocation.
 */
#ifndef TK_COLLECTOR_STATS_SPILL_H
#define TK_COLLECTOR_STATS_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 2 MiB: at 200,000 records/s of both measures, all of 160 ms. */
#define TK_SPILL_SAMPLES ((size_t)65536)

struct tk_tally;
struct tk_tally_hint;

struct tk_spilled {
	struct tk_tally *tally;
	const struct tk_tally_hint *hint;
	uint64_t ticks;
	uint8_t measure; /* enum tk_measure */
};

/** All zero: it has no room. */
struct tk_spill {
	struct tk_spilled *sample; /* a ring */
	size_t room;               /* a power of two; 0: none */
	uint64_t put, taken;       /* samples, ever */
};

/** @room: a power of two. @return 0 or -ENOMEM */
int tk_spill_init(struct tk_spill *s, size_t room);
void tk_spill_free(struct tk_spill *s);

static inline bool tk_spill_has_room(const struct tk_spill *s)
{
	return s->put - s->taken < s->room;
}

/** There is room. */
void tk_spill_put(struct tk_spill *s, const struct tk_spilled *sample);

/** The oldest. There is one. */
const struct tk_spilled *tk_spill_take(struct tk_spill *s);

#endif
