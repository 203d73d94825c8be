/* SPDX-License-Identifier: MIT */
/*
 * ring/bell.h - lets a thread that has nothing to do sleep until another thread wakes it. One
 * consumer has one bell, however many channels lead to it.
 *
 * Pushing does not ring the bell: push everything there is, then ring once. Ringing is one atomic
 * exchange if the consumer is awake, and a system call besides if it dozes.
 *
 *	producer				consumer
 *	tk_channel_push(...)			tk_bell_doze(bell)
 *	tk_bell_ring(bell)			if (tk_channel_empty(...)) tk_bell_sleep(bell, ns)
 *						tk_bell_awake(bell)
 *
 * Doze, awake and ring are read-modify-writes of one word, so they have an order: either the
 * consumer sees what was pushed, or the producer sees that it must wake the consumer. Each acquires
 * what the others released.
 */
#ifndef TK_RING_BELL_H
#define TK_RING_BELL_H

#include <stdint.h>

struct tk_bell {
	uint32_t dozing; /* 1: the consumer sleeps or is about to */
} __attribute__((aligned(64)));

/** Wake the consumer if it dozes. Any thread. */
void tk_bell_ring(struct tk_bell *bell);

/** Say that the consumer is about to sleep. Only the consumer, as the two below. */
void tk_bell_doze(struct tk_bell *bell);
void tk_bell_awake(struct tk_bell *bell);

/** Sleep until the bell is rung, at most `ns`, which is not negative. It may return earlier. */
void tk_bell_sleep(struct tk_bell *bell, int64_t ns);

#endif
