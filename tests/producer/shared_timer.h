/* SPDX-License-Identifier: MIT */
/* A timer that several threads record, and what each of them does. */
#ifndef TK_TESTS_PRODUCER_SHARED_TIMER_H
#define TK_TESTS_PRODUCER_SHARED_TIMER_H

#include "producer/timekeeper.h"

static tk_timer_t shared;

static inline void *record_ten(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++)
		tk_stop(shared, tk_start(shared));
	return NULL;
}

#endif
