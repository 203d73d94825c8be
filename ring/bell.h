/* SPDX-License-Identifier: MIT */
/*
 * ring/bell.h - what a thread with nothing to do sleeps on: one bell, however many channels lead to
 * it.
 *
 * Pushing does not ring: push what there is, then ring once. A ring that finds nobody asleep is one
 * atomic exchange; one that does is a system call.
 *
 *	producer				consumer
 *	tk_channel_push(...)			tk_bell_doze(bell)
 *	tk_bell_ring(bell)			if (tk_channel_empty(...)) tk_bell_sleep(bell, ns)
 *						tk_bell_awake(bell)
 *
 * Doze, awake and ring are read-modify-writes of the same word, so one comes first: either the
 * consumer sees what was pushed, or the producer sees that it has to be woken.
 */
#ifndef TK_RING_BELL_H
#define TK_RING_BELL_H

#include <stdatomic.h>
#include <stdint.h>

struct tk_bell {
	_Atomic uint32_t dozing;
} __attribute__((aligned(64)));

void tk_bell_ring(struct tk_bell *bell);
void tk_bell_doze(struct tk_bell *bell);
void tk_bell_awake(struct tk_bell *bell);

/** Until the bell is rung, at most `ns`, which is not negative. It may return earlier. */
void tk_bell_sleep(struct tk_bell *bell, int64_t ns);

#endif
