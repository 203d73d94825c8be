/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/work.h"

#include <string.h>

/* ---- Keccak-256 (FIPS 202 describes the permutation) ---------------------------------------- */

#define RATE 136 /* bytes a permutation absorbs: 200 - 2 * 32 */

static const uint64_t round_constant[24] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* rho and pi together: walking the lanes in this order, each moves to the next and is rotated. */
static const uint8_t walk[24] = { 10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
				  15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1 };
static const uint8_t turn[24] = { 1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
				  27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44 };

static uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void theta(uint64_t s[25])
{
	uint64_t column[5];

	for (int x = 0; x < 5; x++)
		column[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
	for (int x = 0; x < 5; x++) {
		uint64_t mix = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);

		for (int y = 0; y < 25; y += 5)
			s[x + y] ^= mix;
	}
}

static void rho_pi(uint64_t s[25])
{
	uint64_t carried = s[1];

	for (int i = 0; i < 24; i++) {
		uint64_t next = s[walk[i]];

		s[walk[i]] = rotate(carried, turn[i]);
		carried = next;
	}
}

static void chi(uint64_t s[25])
{
	for (int y = 0; y < 25; y += 5) {
		uint64_t first = s[y];
		uint64_t second = s[y + 1];

		s[y] ^= ~s[y + 1] & s[y + 2];
		s[y + 1] ^= ~s[y + 2] & s[y + 3];
		s[y + 2] ^= ~s[y + 3] & s[y + 4];
		s[y + 3] ^= ~s[y + 4] & first;
		s[y + 4] ^= ~first & second;
	}
}

static void permute(uint64_t s[25])
{
	for (int round = 0; round < 24; round++) {
		theta(s);
		rho_pi(s);
		chi(s);
		s[0] ^= round_constant[round];
	}
}

/* x86 is little-endian, as Keccak is, so a byte of the state is a byte of its memory. */
static void absorb(struct gw_keccak *k, size_t at, uint8_t byte)
{
	((uint8_t *)k->state)[at] ^= byte;
}

void gw_keccak_init(struct gw_keccak *k)
{
	memset(k, 0, sizeof(*k));
}

void gw_keccak_add(struct gw_keccak *k, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < bytes; i++) {
		absorb(k, k->at++, p[i]);
		if (k->at == RATE) {
			permute(k->state);
			k->at = 0;
		}
	}
}

struct gw_hash gw_keccak_end(struct gw_keccak *k)
{
	struct gw_hash hash;

	absorb(k, k->at, 0x01);
	absorb(k, RATE - 1, 0x80);
	permute(k->state);
	memcpy(hash.byte, k->state, sizeof(hash.byte));
	return hash;
}

struct gw_hash gw_hash2(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	struct gw_keccak k;

	gw_keccak_init(&k);
	gw_keccak_add(&k, a, a_bytes);
	gw_keccak_add(&k, b, b_bytes);
	return gw_keccak_end(&k);
}

/* ---- signatures ------------------------------------------------------------------------------ */

#define PRIME    ((UINT64_C(1) << 61) - 1)
#define OPEN_KEY UINT64_C(65537)
/* The inverse of OPEN_KEY modulo PRIME - 1, so that (m ^ SECRET_KEY) ^ OPEN_KEY == m. */
#define SECRET_KEY UINT64_C(1690970304802162823)

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t result = 1;

	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = (uint64_t)((unsigned __int128)result * base % PRIME);
		base = (uint64_t)((unsigned __int128)base * base % PRIME);
	}
	return result;
}

static uint64_t number_of(const struct gw_hash *digest)
{
	uint64_t number;

	memcpy(&number, digest->byte, sizeof(number));
	return number % PRIME;
}

uint64_t gw_sign(const struct gw_hash *digest)
{
	return power(number_of(digest), SECRET_KEY);
}

bool gw_signed(const struct gw_hash *digest, uint64_t signature)
{
	return power(signature, OPEN_KEY) == number_of(digest);
}

/* ---- Merkle tree ----------------------------------------------------------------------------- */

static struct gw_hash join(const struct gw_hash *left, const struct gw_hash *right)
{
	return gw_hash2(left->byte, sizeof(left->byte), right->byte, sizeof(right->byte));
}

/* Like adding one to a binary counter: every carry joins two trees of the same size. */
void gw_merkle_add(struct gw_merkle *tree, const struct gw_hash *leaf)
{
	struct gw_hash carried = *leaf;
	int level = 0;

	for (; tree->leaves >> level & 1; level++)
		carried = join(&tree->peak[level], &carried);
	tree->peak[level] = carried;
	tree->leaves++;
}

struct gw_hash gw_merkle_root(const struct gw_merkle *tree)
{
	struct gw_hash root = { { 0 } };
	bool first = true;

	for (int level = 0; level < 63; level++) {
		if (!(tree->leaves >> level & 1))
			continue;
		root = first ? tree->peak[level] : join(&tree->peak[level], &root);
		first = false;
	}
	return root;
}
