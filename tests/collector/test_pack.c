/* SPDX-License-Identifier: MIT */
/* Packed histograms: there and back, small, and safe to unpack whatever the bytes. */
#include "collector/stats/past/pack.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/collector/samples.h"

static uint8_t room[TK_PACK_MAX];

static struct tk_packed packed(const struct tk_bins *b)
{
	return (struct tk_packed){ .sum = b->sum,
				   .count = b->count,
				   .min = b->min,
				   .max = b->max,
				   .bytes = room,
				   .size = tk_pack(b, room) };
}

static void same(const struct tk_bins *a, const struct tk_bins *b)
{
	cr_assert(a->count == b->count && a->sum == b->sum && a->bare == b->bare);
	cr_assert(!a->count || (a->min == b->min && a->max == b->max));
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		cr_assert_eq(tk_bins_at(a, i), tk_bins_at(b, i), "bucket %u", i);
}

/* There and back; from an allocation of its exact size, for AddressSanitizer. */
static void there_and_back(const struct tk_bins *b)
{
	struct tk_packed p = packed(b);
	uint8_t *exact = malloc(p.size + 1);
	struct tk_bins back = { 0 };

	cr_assert_leq(p.size, TK_PACK_MAX - 8);
	memcpy(exact, room, p.size);
	p.bytes = exact;
	cr_assert_eq(tk_unpack(&p, &back), 0);
	same(b, &back);
	cr_assert_eq(tk_unpack_remove(&p, &back), 0);
	cr_assert_eq(back.count, 0);
	cr_assert_eq(tk_bins_next(&back, 0), TK_HIST_BUCKETS);
	tk_bins_free(&back);
	free(exact);
}

static struct tk_bins random_bins(uint64_t *state)
{
	uint64_t base = random_log(state, 48), spread = 1 + random_log(state, 44);
	unsigned kind = (unsigned)random_below(state, 4), bits = 1 + (unsigned)(*state % 50);
	struct tk_bins b = { 0 };

	for (size_t i = 1 + random_below(state, 2000); i; i--)
		tk_bins_add(&b,
			    kind == 0   ? random_log(state, 48)
			    : kind == 1 ? base + random_below(state, spread)
			    : kind == 2 ? sample_lognormal(state, (double)base, 0.5)
					: base + random_below(state, 3) * spread,
			    kind == 3 ? 1 + random_log(state, bits) : 1);
	return b;
}

Test(pack, random_histograms_come_back)
{
	uint64_t state = 1;

	for (int i = 0; i < 1000; i++) {
		struct tk_bins b = random_bins(&state);

		there_and_back(&b);
		tk_bins_free(&b);
	}
}

Test(pack, the_ends_of_what_there_is_come_back)
{
	const uint64_t top = (UINT64_C(1) << 48) - 1;
	struct tk_bins b = { 0 };

	for (uint64_t n = 1; n; n <<= 1) { /* one bucket; two, near and far; up to all of 64 bits */
		for (unsigned far = 0; far < 3; far++) {
			memset(&b, 0, sizeof(b));
			tk_bins_add(&b, 0, n - 1 ? n - 1 : 1);
			if (far)
				tk_bins_add(&b, far == 1 ? 1 : top, n);
			there_and_back(&b);
			tk_bins_free(&b);
		}
	}
	memset(&b, 0, sizeof(b)); /* every bucket, with counts that no code can follow */
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		tk_bins_add(&b, tk_hist_lowest(i), i % 2 ? UINT64_C(1) << 50 : 1);
	there_and_back(&b);
	tk_bins_free(&b);
}

Test(pack, unpacking_adds)
{
	uint64_t state = 2;

	for (int round = 0; round < 50; round++) {
		struct tk_bins sum = { 0 }, added = { 0 };

		for (int i = 0; i < 10; i++) {
			struct tk_bins b = random_bins(&state);
			struct tk_packed p = packed(&b);

			tk_bins_merge(&sum, &b);
			cr_assert_eq(tk_unpack(&p, &added), 0);
			tk_bins_free(&b);
		}
		same(&sum, &added);
		tk_bins_free(&sum);
		tk_bins_free(&added);
	}
}

/* @return the largest size of 50 histograms of n samples, σ 0.5 around 3,000 ticks */
static uint32_t size_of(size_t n)
{
	uint64_t state = n;
	uint32_t most = 0;

	for (int i = 0; i < 50; i++) {
		struct tk_bins b = { 0 };
		uint32_t size;

		for (size_t k = 0; k < n; k++)
			tk_bins_add(&b, sample_lognormal(&state, 3000, 0.5), 1);
		size = packed(&b).size;
		most = size > most ? size : most;
		tk_bins_free(&b);
	}
	return most;
}

Test(pack, it_is_small)
{
	static const struct {
		size_t samples;
		uint32_t bound;
	} row[] = { { 20, 56 }, { 200, 140 }, { 2000, 280 }, { 10000, 400 } };

	for (size_t i = 0; i < 4; i++) {
		uint32_t most = size_of(row[i].samples);

		cr_assert_leq(most, row[i].bound, "%zu samples", row[i].samples);
	}
}

/* Valid, or refused with nothing changed. */
static void try(struct tk_packed p, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct tk_bins b = { 0 };
	uint64_t sum = 0;
	int err;

	memcpy(exact, p.bytes, size);
	p.bytes = exact;
	p.size = (uint32_t)size;
	tk_bins_add(&b, 77, 3);
	err = tk_unpack(&p, &b);
	cr_assert(err == 0 || err == -EBADMSG);
	cr_assert_eq(b.count, err ? 3 : 3 + p.count);
	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		sum += tk_bins_at(&b, i);
	cr_assert_eq(sum, b.count);
	tk_bins_free(&b);
	free(exact);
}

Test(pack, truncated_and_flipped_bytes_are_refused_or_valid)
{
	uint64_t state = 3;

	for (int round = 0; round < 300; round++) {
		struct tk_bins b = random_bins(&state);
		struct tk_packed p = packed(&b);

		for (int i = 0; i < 20; i++) {
			struct tk_packed damaged = p;
			size_t at = p.size ? random_below(&state, p.size) : 0;
			uint8_t bit = (uint8_t)(1u << random_below(&state, 8));

			try(p, at);
			room[at] ^= bit;
			try(p, p.size);
			room[at] ^= bit;
			if (i % 3 == 0)
				damaged.min = random_log(&state, 50);
			else if (i % 3 == 1)
				damaged.max = random_log(&state, 50);
			else
				damaged.count += random_log(&state, 64);
			try(damaged, p.size);
		}
		tk_bins_free(&b);
	}
}
