/* SPDX-License-Identifier: MIT */
/* The table of accounts, and the channel between two threads. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "producer/examples/gateway/accounts.h"
#include "producer/examples/gateway/channel.h"

static struct gw_address address(uint32_t n)
{
	struct gw_address a = { { 0 } };

	memcpy(a.byte + GW_ADDRESS - sizeof(n), &n, sizeof(n));
	return a;
}

Test(accounts, are_found_again_and_refused_when_full)
{
	struct gw_accounts *accounts = gw_accounts_new(6);
	struct gw_address a;
	uint32_t n = 0;

	for (;; n++) {
		a = address(n);
		cr_assert(gw_accounts_find(accounts, &a) == NULL);
		if (!gw_accounts_open(accounts, &a))
			break;
	}
	cr_assert(ge(u32, n, 40));
	cr_assert(lt(u32, n, 64));
	for (uint32_t i = 0; i < n; i++) {
		a = address(i);
		cr_assert(gw_accounts_find(accounts, &a) == gw_accounts_open(accounts, &a));
		cr_assert(memcmp(&gw_accounts_find(accounts, &a)->address, &a, sizeof(a)) == 0);
	}
	free(accounts);
}

Test(accounts, transfers_keep_the_sum)
{
	struct gw_accounts *accounts = gw_accounts_new(4);
	struct gw_address a = address(1), b = address(2);
	struct gw_account *from = gw_accounts_open(accounts, &a);
	struct gw_account *to = gw_accounts_open(accounts, &b);

	cr_assert(gw_transfer(from, to, 1, 5) == GW_NONCE_HIGH);
	cr_assert(gw_transfer(from, to, 0, GW_GENESIS + 1) == GW_POOR);
	cr_assert(gw_transfer(from, to, 0, GW_GENESIS) == GW_DONE);
	cr_assert(gw_transfer(from, to, 0, 0) == GW_NONCE_LOW);
	cr_assert(gw_transfer(from, to, 1, 1) == GW_POOR);
	cr_assert(gw_transfer(from, from, 1, 0) == GW_DONE);
	cr_assert(eq(u64, atomic_load(&from->balance), 0));
	cr_assert(eq(u64, atomic_load(&to->balance), 2 * GW_GENESIS));
	free(accounts);
}

Test(channel, holds_its_capacity_and_no_more)
{
	struct gw_channel *channel = gw_channel_new(5);
	gw_message message = { .data = NULL };
	gw_message got[8];

	cr_assert(gw_channel_empty(channel));
	for (uint64_t i = 0; i < 5; i++) {
		message.origin.ticks = i;
		cr_assert(gw_channel_push(channel, &message));
	}
	cr_assert(not(gw_channel_push(channel, &message)));
	cr_assert(eq(uint, gw_channel_pop(channel, got, 8), 5));
	for (uint64_t i = 0; i < 5; i++)
		cr_assert(eq(u64, got[i].origin.ticks, i));
	cr_assert(gw_channel_empty(channel));
	gw_channel_free(channel);
	errno = 0;
	cr_assert(gw_channel_new(UINT32_MAX) == NULL);
	cr_assert(eq(int, errno, EINVAL));
}

#define MESSAGES UINT64_C(500000)

struct pair {
	struct gw_channel *there;
	struct gw_bell bell;
};

static void *produce(void *arg)
{
	struct pair *pair = arg;
	gw_message message = { .data = NULL };

	for (uint64_t i = 0; i < MESSAGES;) {
		message.origin.ticks = i;
		i += gw_channel_push(pair->there, &message);
		gw_bell_ring(&pair->bell);
	}
	return NULL;
}

/* Each nap is a minute long, so a bell that is not heard once hangs the test until its timeout. */
Test(channel, wakes_its_sleeper_and_loses_nothing, .timeout = 55)
{
	struct pair pair = { .there = gw_channel_new(64) };
	gw_message got[8];
	pthread_t producer;
	uint64_t next = 0;

	cr_assert(eq(int, pthread_create(&producer, NULL, produce, &pair), 0));
	while (next < MESSAGES) {
		unsigned int n = gw_channel_pop(pair.there, got, 8);

		for (unsigned int i = 0; i < n; i++)
			cr_assert(got[i].origin.ticks == next++);
		if (n)
			continue;
		gw_bell_doze(&pair.bell);
		if (gw_channel_empty(pair.there))
			gw_bell_sleep(&pair.bell, INT64_C(60000000000));
		gw_bell_awake(&pair.bell);
	}
	pthread_join(producer, NULL);
	gw_channel_free(pair.there);
}
