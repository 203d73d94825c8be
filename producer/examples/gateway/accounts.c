/* SPDX-License-Identifier: MIT */
#include "producer/examples/gateway/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gw_accounts *gw_accounts_new(unsigned int order)
{
	struct gw_accounts *accounts;
	size_t slots = (size_t)1 << order;

	accounts = calloc(1, sizeof(*accounts) + slots * sizeof(accounts->slot[0]));
	if (!accounts)
		return NULL;
	accounts->mask = (uint32_t)(slots - 1);
	return accounts;
}

/* Addresses are hashes in real life; here people type them, so they are mixed first. */
static uint32_t home(const struct gw_address *address)
{
	uint64_t a, b, mixed;

	memcpy(&a, address->byte, sizeof(a));
	memcpy(&b, address->byte + GW_ADDRESS - sizeof(b), sizeof(b));
	mixed = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32);
}

/* The slot that holds the address, or the free one where it belongs. There always is a free one. */
static struct gw_account *probe(struct gw_accounts *accounts, const struct gw_address *at)
{
	uint32_t i = home(at) & accounts->mask;

	while (accounts->slot[i].used && memcmp(&accounts->slot[i].address, at, sizeof(*at)) != 0)
		i = (i + 1) & accounts->mask;
	return &accounts->slot[i];
}

struct gw_account *gw_accounts_find(struct gw_accounts *accounts, const struct gw_address *at)
{
	struct gw_account *account = probe(accounts, at);

	return account->used ? account : NULL;
}

struct gw_account *gw_accounts_open(struct gw_accounts *accounts, const struct gw_address *at)
{
	struct gw_account *account = probe(accounts, at);

	if (account->used)
		return account;
	if (accounts->used >= accounts->mask / 4 * 3)
		return NULL;
	accounts->used++;
	account->address = *at;
	account->used = true;
	atomic_store_explicit(&account->balance, GW_GENESIS, memory_order_relaxed);
	return account;
}

enum gw_verdict gw_transfer(struct gw_account *from, struct gw_account *to, uint64_t nonce,
			    uint64_t value)
{
	if (nonce < from->nonce)
		return GW_NONCE_LOW;
	if (nonce > from->nonce)
		return GW_NONCE_HIGH;
	if (atomic_load_explicit(&from->balance, memory_order_relaxed) < value)
		return GW_POOR;
	atomic_fetch_sub_explicit(&from->balance, value, memory_order_relaxed);
	atomic_fetch_add_explicit(&to->balance, value, memory_order_relaxed);
	from->nonce++;
	return GW_DONE;
}
