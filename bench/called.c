/* SPDX-License-Identifier: MIT */
/* Declares what it calls, as another language does. */
#include "bench/called.h"

struct origin {
	uint64_t ticks;
	int64_t real_ns;
};

extern uint64_t tk_start(uint32_t timer);
extern void tk_stop(uint32_t timer, uint64_t start);
extern void tk_stop_latency(uint32_t timer, uint64_t start, struct origin origin);
extern void *tk_lane(void);
extern uint64_t tk_start_on(void *lane, uint32_t timer);
extern void tk_stop_on(void *lane, uint32_t timer, uint64_t start);

static uint32_t timer;
static struct origin origin;

void tk_set_called(uint32_t of, uint64_t ticks, int64_t real_ns)
{
	timer = of;
	origin = (struct origin){ ticks, real_ns };
}

SPANS(tk_called, , tk_start(timer), tk_stop(timer, start))
SPANS(tk_called_on_lane, void *lane = tk_lane(), tk_start_on(lane, timer),
      tk_stop_on(lane, timer, start))
SPANS(tk_called_latency, , tk_start(timer), tk_stop_latency(timer, start, origin))
