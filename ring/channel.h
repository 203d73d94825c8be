/* SPDX-License-Identifier: MIT */
/*
 * ring/channel.h - passes elements from one thread to another of the same process: DPDK's rte_ring,
 * in memory of the caller's process, without rte_eal's memory.
 *
 * Elements are copied in and out, in order. One thread pushes and one thread pops (SP/SC). Both are
 * wait-free: a push into a full channel returns how many found room instead of waiting. What a
 * thread wrote before a push is seen by the other after the pop: rte_ring's release-store of
 * prod.tail pairs with the acquire-load in its dequeue. In bursts of 32 it moves some 200 million
 * elements a second (bench/rings).
 *
 * A program that uses it links rte_ring and rte_eal. Not for watched programs: their lanes are
 * ring/lane.h, and with the rte discipline ring/rte_write.c.
 */
#ifndef TK_RING_CHANNEL_H
#define TK_RING_CHANNEL_H

#include <stdbool.h>

struct tk_channel;

/**
 * Room for `capacity` elements of `size` bytes, a multiple of 4.
 * @return NULL and errno: ENOMEM, EINVAL (sizes, or 2^30 elements and more)
 */
struct tk_channel *tk_channel_new(unsigned capacity, unsigned size);
/** Free it, with the elements that are in it. NULL is allowed. */
void tk_channel_free(struct tk_channel *c);

/** Push as many of n elements as there is room for. @return how many */
unsigned tk_channel_push(struct tk_channel *c, const void *elements, unsigned n);

/** Pop up to n elements, the oldest first. @return how many */
unsigned tk_channel_pop(struct tk_channel *c, void *elements, unsigned n);

/** Whether there is nothing to pop. Only for the thread that pops. */
bool tk_channel_empty(const struct tk_channel *c);

#endif
