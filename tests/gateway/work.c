/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/work.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "producer/examples/gateway/load_histogram.h"

static void expect_hash(struct gw_hash hash, const char *expected)
{
	char hex[2 * GW_HASH + 1];

	for (size_t i = 0; i < GW_HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash.byte[i]);
	cr_assert(eq(str, hex, (char *)(uintptr_t)expected));
}

static struct gw_hash hash_of(const char *text)
{
	return gw_hash2(text, strlen(text), NULL, 0);
}

Test(work, keccak_known_answers)
{
	expect_hash(hash_of(""),
		    "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	expect_hash(hash_of("abc"),
		    "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
	expect_hash(hash_of("The quick brown fox jumps over the lazy dog"),
		    "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15");
}

/* Around a permutation's 136 bytes, however the text is cut. */
Test(work, keccak_in_pieces_is_keccak_at_once)
{
	uint8_t text[300];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7);
	for (size_t n = 130; n < sizeof(text); n++) {
		struct gw_hash whole = gw_hash2(text, n, NULL, 0);

		for (size_t cut = 0; cut <= n; cut += 17) {
			struct gw_hash pieces = gw_hash2(text, cut, text + cut, n - cut);

			cr_assert(memcmp(&whole, &pieces, sizeof(whole)) == 0, "%zu at %zu", n,
				  cut);
		}
	}
}

Test(work, a_signature_fits_its_digest_only)
{
	for (int i = 0; i < 200; i++) {
		struct gw_hash digest = gw_hash2(&i, sizeof(i), NULL, 0);
		uint64_t signature = gw_sign(&digest);

		cr_assert(gw_signed(&digest, signature));
		cr_assert(not(gw_signed(&digest, signature ^ 1)));
		digest.byte[3] ^= 1;
		cr_assert(not(gw_signed(&digest, signature)));
	}
}

static struct gw_hash join(struct gw_hash a, struct gw_hash b)
{
	return gw_hash2(&a, sizeof(a), &b, sizeof(b));
}

Test(work, merkle_root_by_hand)
{
	struct gw_hash a = hash_of("a"), b = hash_of("b"), c = hash_of("c"), d = hash_of("d");
	struct gw_hash none = { { 0 } };
	struct gw_hash expected[] = { none, a, join(a, b), join(join(a, b), c),
				      join(join(a, b), join(c, d)) };
	struct gw_hash leaf[] = { a, b, c, d };
	struct gw_merkle tree = { 0 };

	for (size_t n = 0; n <= 4; n++) {
		struct gw_hash root = gw_merkle_root(&tree);

		cr_assert(memcmp(&root, &expected[n], sizeof(root)) == 0, "%zu leaves", n);
		if (n < 4)
			gw_merkle_add(&tree, &leaf[n]);
	}
}

/* The load generator's percentiles: within a bucket of the truth, never below the bucket's floor.
 */
Test(work, load_histogram_holds_its_bound)
{
	static struct load_histogram h;
	static const double percent[] = { 0, 10, 50, 90, 99, 99.9 };

	for (int64_t i = 0; i < 100000; i++)
		load_histogram_add(&h, i * 37);
	cr_assert(eq(u64, h.count, 100000));
	cr_assert(eq(i64, h.max, INT64_C(99999) * 37));
	for (size_t i = 0; i < sizeof(percent) / sizeof(percent[0]); i++) {
		double truth = percent[i] / 100 * 100000 * 37;
		double told = (double)load_histogram_at(&h, percent[i]);

		cr_assert(told <= truth + 37 && told >= truth * (1 - 1.0 / 64) - 1,
			  "p%g: %g for %g", percent[i], told, truth);
	}
	cr_assert(lt(uint, load_histogram_bucket(UINT64_MAX), 59 * LOAD_STEPS));
}
