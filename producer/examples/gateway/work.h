/* SPDX-License-Identifier: MIT */
/*
 * work.h - what the gateway's actors have to compute: hashing, signature-like arithmetic, a Merkle
 * root. Honest processor work of 0.1 to 5 us, so that there is something to time. Pure functions
 * of their arguments; nothing fails, nothing allocates. Not cryptography that anyone should use.
 */
#ifndef GW_WORK_H
#define GW_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_HASH 32 /* bytes */

struct gw_hash {
	uint8_t byte[GW_HASH];
};

/** Keccak-256 as Ethereum has it (padding 0x01, not SHA-3's 0x06), fed in pieces. */
struct gw_keccak {
	uint64_t state[25];
	size_t at; /* bytes absorbed since the last permutation */
};

void gw_keccak_init(struct gw_keccak *k);
void gw_keccak_add(struct gw_keccak *k, const void *data, size_t bytes);
struct gw_hash gw_keccak_end(struct gw_keccak *k);

/** Keccak-256 of two pieces of memory, one after the other; the second may be (NULL, 0). */
struct gw_hash gw_hash2(const void *a, size_t a_bytes, const void *b, size_t b_bytes);

/**
 * The validator signs what it lets through; the simulators check that before they touch an account.
 * Exponentiation modulo the prime 2^61 - 1: signing takes about 60 squarings, checking 16.
 */
uint64_t gw_sign(const struct gw_hash *digest);
bool gw_signed(const struct gw_hash *digest, uint64_t signature);

/** A Merkle tree that grows leaf by leaf: one hash a leaf on average, none kept but the peaks. */
struct gw_merkle {
	uint64_t leaves;
	struct gw_hash peak[64]; /* peak[i]: root of a full tree of 2^i leaves, if bit i is set */
};

void gw_merkle_add(struct gw_merkle *tree, const struct gw_hash *leaf);

/** The root over all leaves: peaks folded from the smallest up. No leaves: all zero. */
struct gw_hash gw_merkle_root(const struct gw_merkle *tree);

#endif
