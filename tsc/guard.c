/* SPDX-License-Identifier: MIT */
#include "tsc/guard.h"

#include <math.h>
#include <stdlib.h>

/* What two oscillators, or a rate that was measured for 10 ms, may make a difference of. */
#define DRIFT 1e-4

void tk_clock_guard_init(struct tk_clock_guard *g, const struct tk_clock *clock)
{
	*g = (struct tk_clock_guard){ .owners_epoch = clock->epoch.number + 1 };
	tk_clock_guard_update(g, clock);
}

void tk_clock_guard_update(struct tk_clock_guard *g, const struct tk_clock *clock)
{
	struct tk_epoch own = g->clock.epoch;

	g->clock = *clock;
	g->calm_ticks = (uint64_t)(clock->hz * TK_TSC_SLEPT_NS / 1e9);
	if (clock->epoch.number != g->owners_epoch) {
		g->owners_epoch = clock->epoch.number;
		g->last.pair = clock->last.pair;
		g->last.suspended_ns = clock->last.suspended_ns;
		return;
	}
	g->clock.epoch = own;
	if (clock->last.pair.raw_ns > g->last.pair.raw_ns) {
		g->last.pair = clock->last.pair;
		g->last.suspended_ns = clock->last.suspended_ns;
	}
}

static bool slept(const struct tk_clock_guard *g, const struct tk_tsc_reading *now)
{
	return llabs(now->suspended_ns - g->last.suspended_ns) > TK_TSC_SLEPT_NS;
}

static int64_t residual_ns(const struct tk_clock_guard *g, const struct tk_tsc_pair *now)
{
	const struct tk_tsc_pair *last = &g->last.pair;

	return now->raw_ns - last->raw_ns -
	       tk_tsc_delta_ns(&g->clock.conv, (int64_t)(now->tsc - last->tsc));
}

static bool stepped(const struct tk_clock_guard *g, const struct tk_tsc_pair *now)
{
	double elapsed = fabs((double)(now->raw_ns - g->last.pair.raw_ns));

	return fabs((double)residual_ns(g, now)) > TK_TSC_SLEPT_NS + DRIFT * elapsed;
}

bool tk_clock_guard_look(struct tk_clock_guard *g, const struct tk_tsc_reading *now, uint64_t after)
{
	bool by_sleep = slept(g, now), began = by_sleep || stepped(g, &now->pair);

	if (began)
		g->clock.epoch = (struct tk_epoch){
			.number = g->owners_epoch + 1,
			.reason = by_sleep ? TK_EPOCH_SUSPEND : TK_EPOCH_RESIDUAL,
			.last_tsc = g->last.pair.tsc,
			.start_tsc = after,
			.residual_ns = residual_ns(g, &now->pair),
		};
	g->last = *now;
	return began;
}

void tk_clock_guard_look_here(struct tk_clock_guard *g)
{
	struct tk_tsc_reading now;

	tk_tsc_reading_take(&now);
	tk_clock_guard_look(g, &now, tk_tsc_fenced());
}
