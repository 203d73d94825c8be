/* SPDX-License-Identifier: MIT */
/* The table of accounts, and the channel between two threads. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "producer/examples/gateway/accounts.h"
#include "producer/examples/gateway/actors.h"
#include "ring/bell.h"
#include "ring/channel.h"

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
	struct tk_channel *channel = tk_channel_new(5, sizeof(gw_message));
	gw_message message = { .data = NULL };
	gw_message got[8];

	cr_assert(tk_channel_empty(channel));
	for (uint64_t i = 0; i < 5; i++) {
		message.origin.ticks = i;
		cr_assert(tk_channel_push(channel, &message, 1));
	}
	cr_assert(not(tk_channel_push(channel, &message, 1)));
	cr_assert(eq(uint, tk_channel_pop(channel, got, 8), 5));
	for (uint64_t i = 0; i < 5; i++)
		cr_assert(eq(u64, got[i].origin.ticks, i));
	cr_assert(tk_channel_empty(channel));
	tk_channel_free(channel);
	errno = 0;
	cr_assert(tk_channel_new(UINT32_MAX, sizeof(gw_message)) == NULL);
	cr_assert(eq(int, errno, EINVAL));
}

#define ROUNDS 80000

struct end {
	struct tk_channel *in;
	struct tk_channel *out;
	struct tk_bell bell;
	struct end *other;
	unsigned int delay;
};

/* Each nap is a minute long, so a ring that is not heard once outlasts the test. */
static void wait_for(struct end *end, gw_message *message)
{
	while (tk_channel_pop(end->in, message, 1) == 0) {
		/* Dozing off at every moment of the other's turn, so that doze and ring meet. */
		for (volatile unsigned int i = end->delay++ % 4096; i; i--)
			;
		tk_bell_doze(&end->bell);
		if (tk_channel_empty(end->in))
			tk_bell_sleep(&end->bell, INT64_C(60000000000));
		tk_bell_awake(&end->bell);
	}
}

static void pass(struct end *end, const gw_message *message)
{
	cr_assert(tk_channel_push(end->out, message, 1));
	tk_bell_ring(&end->other->bell);
}

static void *return_all(void *arg)
{
	struct end *end = arg;
	gw_message message;

	for (int i = 0; i < ROUNDS; i++) {
		wait_for(end, &message);
		pass(end, &message);
	}
	return NULL;
}

/* One message goes to and fro, so nothing but its own ring can wake who waits for it. */
Test(channel, wakes_its_sleeper_every_time, .timeout = 55)
{
	struct tk_channel *there = tk_channel_new(1, sizeof(gw_message)),
			  *back = tk_channel_new(1, sizeof(gw_message));
	struct end far = { .in = there, .out = back };
	struct end near = { .in = back, .out = there, .other = &far };
	gw_message message = { .data = NULL };
	pthread_t thread;

	far.other = &near;
	cr_assert(eq(int, pthread_create(&thread, NULL, return_all, &far), 0));
	for (uint64_t i = 0; i < ROUNDS; i++) {
		message.origin.ticks = i;
		pass(&near, &message);
		wait_for(&near, &message);
		cr_assert(message.origin.ticks == i);
	}
	pthread_join(thread, NULL);
	tk_channel_free(there);
	tk_channel_free(back);
}

#define MESSAGES UINT64_C(300000)

static void *produce(void *arg)
{
	gw_message message = { .data = NULL };

	for (uint64_t i = 0; i < MESSAGES;) {
		message.origin.ticks = i;
		i += tk_channel_push(arg, &message, 1);
	}
	return NULL;
}

Test(channel, loses_nothing_and_keeps_the_order, .timeout = 55)
{
	struct tk_channel *channel = tk_channel_new(100, sizeof(gw_message));
	gw_message got[8];
	pthread_t producer;
	uint64_t next = 0;

	cr_assert(eq(int, pthread_create(&producer, NULL, produce, channel), 0));
	while (next < MESSAGES) {
		unsigned int n = tk_channel_pop(channel, got, 8);

		for (unsigned int i = 0; i < n; i++)
			cr_assert(got[i].origin.ticks == next++);
	}
	pthread_join(producer, NULL);
	tk_channel_free(channel);
}
