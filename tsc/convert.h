/* SPDX-License-Identifier: MIT */
/*
 * tsc/convert.h - ticks to nanoseconds, by one multiplication.
 *
 *	ns = base_ns + (tsc - base_tsc) * mult / 2^64,  mult = round(2^64 * 1e9 / hz)
 *
 * With a 64-bit multiplier the rounding stays under 0.25 ns over a century; the customary 32-bit
 * shift-and-multiply drifts by tens of milliseconds a day. About 3 cycles. Differences are signed:
 * counters of two cores may disagree and threads migrate, so a stamp can lie before the base.
 *
 * Immutable once initialised; any number of threads may use one. Nothing here fails but init.
 */
#ifndef TK_TSC_CONVERT_H
#define TK_TSC_CONVERT_H

#include <stdint.h>

struct tk_tsc_conv {
	uint64_t base_tsc; /* ticks */
	int64_t base_ns;   /* ns, of whatever clock the caller ties the counter to */
	uint64_t mult;     /* ns a tick, in 2^-64; of the fraction only where whole != 0 */
	uint64_t whole;    /* whole ns a tick: 0 above 1 GHz */
};

/** @return 0, or -EINVAL if hz is below 1 kHz or above 100 GHz: no counter runs so. */
int tk_tsc_conv_init(struct tk_tsc_conv *c, double hz, uint64_t base_tsc, int64_t base_ns);

/** A difference of two stamps, in ns, rounded towards zero. */
static inline int64_t tk_tsc_delta_ns(const struct tk_tsc_conv *c, int64_t ticks)
{
	uint64_t t = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
	uint64_t ns = (uint64_t)(((unsigned __int128)t * c->mult) >> 64) + t * c->whole;

	return (int64_t)(ticks < 0 ? 0 - ns : ns);
}

/** A stamp, in ns of the clock that base_ns was read from. */
static inline int64_t tk_tsc_to_ns(const struct tk_tsc_conv *c, uint64_t tsc)
{
	return c->base_ns + tk_tsc_delta_ns(c, (int64_t)(tsc - c->base_tsc));
}

#endif
