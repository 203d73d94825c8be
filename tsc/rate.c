/* SPDX-License-Identifier: MIT */
#include "tsc/rate.h"

#include <math.h>
#include <time.h>

#define WANDER_PPM    1.0  /* of another oscillator, where the kernel's clock is not this counter */
#define OTHER_CPU_NS  2000 /* what two cores' counters may differ by */
#define SETTLE_S      0.01 /* the first window after a new beginning */
#define LONGEST_S     60.0
#define BETTER        0.5 /* replace a rate by one of half its bound */
#define SUSPEND_TRIES 4

static int64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t tk_tsc_suspended_ns(void)
{
	int64_t before, boot;

	/* Take the two clocks again where the thread was kept from its cpu between them. */
	for (int i = 0; i < SUSPEND_TRIES; i++) {
		before = clock_ns(CLOCK_MONOTONIC);
		boot = clock_ns(CLOCK_BOOTTIME);
		if (clock_ns(CLOCK_MONOTONIC) - before < TK_TSC_SLEPT_NS)
			break;
	}
	return boot - before;
}

void tk_tsc_reading_take(struct tk_tsc_reading *out)
{
	tk_tsc_pair_read(&out->pair);
	out->suspended_ns = tk_tsc_suspended_ns();
}

void tk_tsc_rate_begin(struct tk_tsc_rate *r, const struct tk_tsc_reading *now)
{
	*r = (struct tk_tsc_rate){ .anchor = now->pair, .last = *now };
}

static void adopt(struct tk_tsc_rate *r, double hz, double bound_ppm)
{
	r->hz = hz;
	r->bound_ppm = bound_ppm;
	r->next_hz = 0;
}

static void begin_anew(struct tk_tsc_rate *r, const struct tk_tsc_reading *now)
{
	r->anchor = now->pair;
	r->last = *now;
}

static bool agree(double a, double b, double bound_ppm)
{
	return fabs(a - b) <= b * (bound_ppm + WANDER_PPM) * 1e-6;
}

/* The rate since the last look: a window that shares nothing with what is known. */
static double recent_hz(const struct tk_tsc_rate *r, const struct tk_tsc_pair *now, double *bound)
{
	double hz = tk_tsc_pair_hz(&r->last.pair, now, bound);

	if (hz > 0 && now->cpu != r->last.pair.cpu)
		*bound += 1e6 * OTHER_CPU_NS / (double)(now->raw_ns - r->last.pair.raw_ns);
	return hz;
}

/* The window did not fit. @return whether it fits the one that did not fit before. */
static bool confirmed(struct tk_tsc_rate *r, double hz, double bound)
{
	if (r->next_hz > 0 && hz > 0 && agree(hz, r->next_hz, bound + r->next_bound_ppm)) {
		adopt(r, hz, bound);
		return true;
	}
	r->next_hz = hz;
	r->next_bound_ppm = bound;
	return false;
}

bool tk_tsc_rate_look(struct tk_tsc_rate *r, const struct tk_tsc_reading *now)
{
	int64_t slept = now->suspended_ns - r->last.suspended_ns;
	double bound = 0, recent = recent_hz(r, &now->pair, &bound), hz;
	bool changed = false;

	if (slept > TK_TSC_SLEPT_NS || slept < -TK_TSC_SLEPT_NS) {
		begin_anew(r, now);
		return false;
	}
	if (r->hz > 0 && !(recent > 0 && agree(recent, r->hz, bound + r->bound_ppm))) {
		changed = confirmed(r, recent, bound);
		begin_anew(r, now);
		return changed;
	}
	hz = tk_tsc_pair_hz(&r->anchor, &now->pair, &bound);
	if (!(hz > 0)) { /* before the first rate: the counter is behind where the window began */
		begin_anew(r, now);
		return false;
	}
	if (!(r->hz > 0) || bound < BETTER * r->bound_ppm) {
		adopt(r, hz, bound);
		changed = true;
	}
	r->next_hz = 0;
	r->last = *now;
	return changed;
}

uint64_t tk_tsc_rate_wait(const struct tk_tsc_rate *r)
{
	double window = (double)(int64_t)(r->last.pair.tsc - r->anchor.tsc);

	if (!(r->hz > 0))
		return 0;
	return (uint64_t)fmin(window > 0 ? window : SETTLE_S * r->hz, LONGEST_S * r->hz);
}
