/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/reader.h - what a lane's reader promises, whatever lies in the lane.
 */
#ifndef TK_TESTS_FUZZ_READER_H
#define TK_TESTS_FUZZ_READER_H

#include "ring/lane_read.h"
#include "tests/fuzz/fuzz.h"

static inline void fuzz_reader_sums(const struct tk_lane_reader *r)
{
	REQUIRE(r->next - r->first == r->delivered + r->lost + r->n_pending);
	REQUIRE(r->n_pending <= TK_LANE_PENDING);
	REQUIRE(!r->ended || r->next <= r->end);
}

/**
 * Read until there is no more. Memory that nobody writes meanwhile comes to an end, lies costing a
 * read each; a reader goes onwards, but no further than two laps beyond what the published head,
 * its own place or an end that it found before say.
 */
static inline void fuzz_reader_read(struct tk_lane_reader *r,
				    void (*each)(const struct tk_slot *record))
{
	uint64_t first = r->delivered, next = r->next, delivered = first, limit, reads = 0;
	struct tk_slot out[TK_LANE_CHUNK];
	bool on;
	size_t n;

	do {
		on = tk_lane_read(r, out, &n);
		REQUIRE(n <= TK_LANE_CHUNK);
		REQUIRE(r->delivered == delivered + n);
		REQUIRE(r->next >= next);
		REQUIRE(++reads <= 4 * r->size);
		fuzz_reader_sums(r);
		delivered = r->delivered;
		for (size_t i = 0; i < n && each; i++)
			each(&out[i]);
	} while (on);
	limit = r->published > next ? r->published : next;
	limit = r->ended && r->end > limit ? r->end : limit;
	REQUIRE(!r->queue.prod_tail || r->delivered - first < r->size);
	REQUIRE(r->queue.prod_tail || r->next <= limit + 2 * r->size);
}

#endif
