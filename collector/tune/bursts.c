/* SPDX-License-Identifier: MIT */
#include "collector/tune/bursts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST   (TK_WINDOWS - 1)
#define TIMES_MIN (UINT64_C(1) << 16)
/* A record looks back by as many records as the largest size has, so one time more is kept. */
#define TIMES_MAX (TK_SIZE_MAX * 2)

const uint64_t tk_windows_ns[TK_WINDOWS] = {
	10000,   20000,    50000,    100000,   200000,    500000,    1000000,   2000000,
	5000000, 10000000, 20000000, 50000000, 100000000, 200000000, 500000000, 1000000000,
};

int tk_bursts_init(struct tk_bursts *b, double hz)
{
	memset(b, 0, sizeof(*b));
	b->times = malloc(TIMES_MIN * sizeof(*b->times));
	if (!b->times)
		return -ENOMEM;
	b->mask = TIMES_MIN - 1;
	for (unsigned w = 0; w < TK_WINDOWS; w++)
		b->window[w] = (uint64_t)((double)tk_windows_ns[w] * hz / 1e9);
	for (unsigned i = 0; i < TK_SIZES; i++)
		b->fill[i] = b->window[LONGEST] + 1;
	return 0;
}

void tk_bursts_free(struct tk_bursts *b)
{
	free(b->times);
	b->times = NULL;
}

/* Double the ring: the time of record n moves from n & mask to n & the new mask. */
static bool grow(struct tk_bursts *b)
{
	uint64_t size = b->mask + 1;
	uint64_t *times = size < TIMES_MAX ? malloc(2 * size * sizeof(*times)) : NULL;

	if (!times)
		return false;
	for (uint64_t n = b->records > size ? b->records - size : 0; n < b->records; n++)
		times[n & (2 * size - 1)] = b->times[n & b->mask];
	free(b->times);
	b->times = times;
	b->mask = 2 * size - 1;
	return true;
}

/* Make room for n more, the first at time `first`; keep every time of the second before it. */
static void make_room(struct tk_bursts *b, size_t n, uint64_t first)
{
	while (b->records + n > b->mask + 1) {
		uint64_t goes = b->records + n - 1 - b->mask - 1;

		if (goes >= b->records || first - b->times[goes & b->mask] > b->window[LONGEST])
			return;
		if (!grow(b)) {
			b->cut = true;
			return;
		}
	}
}

static uint64_t time_of(const struct tk_bursts *b, uint64_t n)
{
	return b->times[n & b->mask];
}

/* The first of the records n..end-1 for which the time `back` records earlier is still kept. */
static uint64_t can_look_back(const struct tk_bursts *b, uint64_t n, uint64_t end, uint64_t back)
{
	uint64_t kept = end > b->mask + 1 ? end - b->mask - 1 : 0;

	return n > kept + back ? n : kept + back;
}

/*
 * A lower bound on the distance of any record of n..end-1 to the record that it looks back to: from
 * the first of them to the last record that is looked back to. This one subtraction nearly always
 * settles a whole chunk.
 */
static uint64_t closest(const struct tk_bursts *b, uint64_t n, uint64_t end, uint64_t back)
{
	return end - 1 - back <= n ? time_of(b, n) - time_of(b, end - 1 - back) : 0;
}

/* Each record can raise a window's maximum by one. */
static void look_back(struct tk_bursts *b, unsigned w, uint64_t n, uint64_t end)
{
	uint64_t m = b->peak[w];

	n = can_look_back(b, n, end, m);
	if (n >= end || closest(b, n, end, m) > b->window[w])
		return;
	for (; n < end; n++)
		if (time_of(b, n) - time_of(b, n - m) <= b->window[w])
			m++;
	b->peak[w] = m;
}

static void time_fill(struct tk_bursts *b, unsigned i, uint64_t n, uint64_t end)
{
	uint64_t slots = tk_size_slots(i), shortest = b->fill[i];

	n = can_look_back(b, n, end, slots);
	if (n >= end || closest(b, n, end, slots) >= shortest)
		return;
	for (; n < end; n++) {
		uint64_t took = time_of(b, n) - time_of(b, n - slots);

		shortest = took < shortest ? took : shortest;
	}
	b->fill[i] = shortest;
}

/* The record's time, no earlier than the record before it and no later than now. */
static uint64_t in_order(const struct tk_bursts *b, uint64_t time, uint64_t now)
{
	if (time > now)
		time = now;
	return time > b->last ? time : b->last;
}

void tk_bursts_add(struct tk_bursts *b, const uint64_t *times, size_t n, uint64_t now)
{
	uint64_t end = b->records + n;

	if (n == 0)
		return;
	make_room(b, n, in_order(b, times[0], now));
	for (size_t i = 0; i < n; i++) {
		b->last = in_order(b, times[i], now);
		b->times[(b->records + i) & b->mask] = b->last;
	}
	for (unsigned w = 0; w < TK_WINDOWS; w++)
		look_back(b, w, b->records, end);
	for (unsigned i = 0; i < TK_SIZES; i++)
		time_fill(b, i, b->records, end);
	b->records = end;
}
