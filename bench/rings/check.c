/* SPDX-License-Identifier: MIT */
#include "bench/rings/bench.h"

static void check(const struct trial *t, const struct tk_slot *s, struct tally *tally)
{
	struct ring_item got = t->loops->item(s), want = ring_item(got.start, RING_META);

	if (got.span != want.span || (t->bytes == 32 && got.meta != want.meta)) {
		tally->torn++;
	} else if (got.start <= tally->last) {
		tally->duplicated++;
	} else {
		tally->missing += got.start - tally->last - 1;
		tally->last = got.start;
		tally->delivered++;
	}
}

unsigned check_pop(const struct trial *t, unsigned max, struct tally *tally)
{
	struct tk_slot out[RING_BATCH];
	unsigned n = t->loops->pop(t->r, out, max);

	for (unsigned i = 0; i < n; i++)
		check(t, &out[i], tally);
	return n;
}
