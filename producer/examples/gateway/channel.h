/* SPDX-License-Identifier: MIT */
/*
 * channel.h - from one actor to the next: DPDK's rte_ring, in memory of our own, without rte_eal.
 *
 * What travels is a message dressed with its origin: 24 bytes, the origin and a pointer to the
 * call. Whoever holds the message owns the call.
 *
 * One thread pushes, one thread pops (SP/SC), both wait-free. A consumer with nothing to do sleeps
 * on its bell; it has one bell, however many channels lead to it. Pushing does not ring: push what
 * there is, then ring once. A ring that finds nobody asleep is one atomic exchange; one that does
 * is a system call.
 *
 *	producer				consumer
 *	gw_channel_push(...)			gw_bell_doze(bell)
 *	gw_bell_ring(bell)			if (gw_channel_empty(...)) gw_bell_sleep(bell, ns)
 *						gw_bell_awake(bell)
 *
 * Doze, awake and ring are read-modify-writes of the same word, so one comes first: either the
 *consumer sees what was pushed, or the producer sees that it has to be woken.
 *
 * The only file that includes DPDK is channel.c.
 */
#ifndef GW_CHANNEL_H
#define GW_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producer/timekeeper.h"

struct rpc_call;
typedef TK_MESSAGE(struct rpc_call *) gw_message;

struct gw_bell {
	_Atomic uint32_t dozing;
} __attribute__((aligned(64)));

void gw_bell_ring(struct gw_bell *bell);
void gw_bell_doze(struct gw_bell *bell);
void gw_bell_awake(struct gw_bell *bell);

/** Until the bell is rung, at most `ns`. It may return earlier. */
void gw_bell_sleep(struct gw_bell *bell, int64_t ns);

struct gw_channel;

/** Room for `capacity` messages. NULL and errno: ENOMEM, EINVAL (more than 2^30). */
struct gw_channel *gw_channel_new(unsigned int capacity);
void gw_channel_free(struct gw_channel *channel);

/** @return false if it is full. */
bool gw_channel_push(struct gw_channel *channel, const gw_message *message);

/** Up to n messages, the oldest first. @return how many. */
unsigned int gw_channel_pop(struct gw_channel *channel, gw_message *messages, unsigned int n);

/** Only the thread that pops. */
bool gw_channel_empty(const struct gw_channel *channel);

#endif
