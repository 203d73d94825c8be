/* SPDX-License-Identifier: MIT */
#include "tsc/convert.h"

#include <errno.h>
#include <math.h>

/*
 * In integers, because the multiplier needs 64 good bits: a double has 53, and long double has 64
 * on the bare processor but 53 under valgrind.
 */
int tk_tsc_conv_init(struct tk_tsc_conv *c, double hz, uint64_t base_tsc, int64_t base_ns)
{
	unsigned __int128 num;
	uint64_t man;
	int exp;

	if (!(hz >= 1e3 && hz <= 1e11)) /* written so that NaN is refused too */
		return -EINVAL;

	/* hz = man / 2^-exp exactly, 2^52 <= man < 2^53; the limits above keep exp in -43..-16. */
	man = (uint64_t)ldexp(frexp(hz, &exp), 53);
	exp -= 53;

	num = (unsigned __int128)1000000000 << -exp;
	c->whole = (uint64_t)(num / man);
	/* At most 2^64 - 2^64 / man: the fraction cannot round up to a whole. */
	c->mult = (uint64_t)(((num % man << 64) + man / 2) / man);
	c->base_tsc = base_tsc;
	c->base_ns = base_ns;
	return 0;
}
