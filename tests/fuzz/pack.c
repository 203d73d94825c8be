/* SPDX-License-Identifier: MIT */
/*
 * Packed histograms, as they will come out of files: facts of 6 + 6 + 8 + 8 bytes (min, max, count,
 * and sum above its least), then the packed bytes. What is unpacked is a valid histogram, which
 * packs and unpacks to itself; what is refused changes nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "collector/stats/past/pack.h"
#include "tests/fuzz/fuzz.h"

static uint64_t total(const struct tk_bins *b)
{
	uint64_t sum = 0;

	for (uint32_t i = tk_bins_next(b, 0); i < TK_HIST_BUCKETS; i = tk_bins_next(b, i + 1))
		sum += tk_bins_at(b, i);
	return sum;
}

static void there_and_back(const struct tk_packed *p, const struct tk_bins *b)
{
	static uint8_t room[TK_PACK_MAX];
	struct tk_packed again = *p;
	struct tk_bins back = { 0 };

	again.bytes = room;
	again.size = tk_pack(b, room);
	REQUIRE(tk_unpack(&again, &back) == 0);
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		REQUIRE(tk_bins_at(b, i) == tk_bins_at(&back, i));
	tk_bins_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct tk_packed p = { .min = fuzz_number(&in, 6), .max = fuzz_number(&in, 6) };
	struct tk_bins b = { 0 };
	int err;

	p.count = fuzz_number(&in, 8);
	p.sum = (unsigned __int128)p.count * p.min + fuzz_number(&in, 8);
	p.bytes = in.at;
	p.size = (uint32_t)in.left;
	err = tk_unpack(&p, &b);
	REQUIRE(err == 0 || err == -EBADMSG);
	REQUIRE(b.count == (err ? 0 : p.count) && total(&b) == b.count && !b.bare);
	if (err == 0) {
		REQUIRE(b.min == p.min && b.max == p.max && b.sum == p.sum);
		REQUIRE(tk_bins_next(&b, 0) == tk_hist_index(p.min));
		there_and_back(&p, &b);
		REQUIRE(tk_unpack_remove(&p, &b) == 0);
		REQUIRE(b.count == 0 && total(&b) == 0);
	}
	tk_bins_free(&b);
	return 0;
}
