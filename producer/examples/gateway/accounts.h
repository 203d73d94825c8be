/* SPDX-License-Identifier: MIT */
/*
 * accounts.h - the table the simulators work on: who has how much.
 *
 * Shared without a lock, by division of labour. The sequencer alone looks up and inserts. The one
 * simulator that an account belongs to alone takes from it and counts its nonces. Anybody may add
 * to a balance, atomically. So whoever takes may check first: nobody else makes the balance less.
 */
#ifndef GW_ACCOUNTS_H
#define GW_ACCOUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GW_ADDRESS 20                      /* bytes */
#define GW_GENESIS UINT64_C(1000000000000) /* what every account begins with, in gwei */

struct gw_address {
	uint8_t byte[GW_ADDRESS];
};

struct gw_account {
	struct gw_address address;
	bool used;
	uint64_t nonce;           /* transactions sent: of its simulator */
	_Atomic uint64_t balance; /* gwei */
};

struct gw_accounts {
	uint32_t mask;
	uint32_t used;
	struct gw_account slot[];
};

/** A table of 2^order slots, three quarters of which may be filled. NULL and errno without memory.
 * To be freed with free(). */
struct gw_accounts *gw_accounts_new(unsigned int order);

/** The account at an address, or NULL. Only the sequencer. */
struct gw_account *gw_accounts_find(struct gw_accounts *accounts, const struct gw_address *at);

/** The same, opened with GW_GENESIS if there is none; NULL if the table is full. */
struct gw_account *gw_accounts_open(struct gw_accounts *accounts, const struct gw_address *at);

enum gw_verdict {
	GW_DONE,
	GW_NONCE_LOW,
	GW_NONCE_HIGH,
	GW_POOR,
};

/** Move `value` from one to the other. Only the simulator that `from` belongs to. */
enum gw_verdict gw_transfer(struct gw_account *from, struct gw_account *to, uint64_t nonce,
			    uint64_t value);

#endif
