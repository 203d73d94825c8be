/* SPDX-License-Identifier: MIT */
#include "collector/tune/model/load.h"

#include <errno.h>

#define PERIOD_MAX (1000000 * TK_PS_PER_S) /* so that sums of times cannot overflow */

int tk_load_init(struct tk_load *l, uint64_t rate, uint64_t burst, uint64_t burst_rate)
{
	unsigned __int128 period = (unsigned __int128)burst * TK_PS_PER_S / rate;

	l->burst = burst;
	l->spacing_ps = TK_PS_PER_S / burst_rate;
	if (period > PERIOD_MAX)
		return -EOVERFLOW;
	if (burst > 1 && (unsigned __int128)burst * l->spacing_ps > period)
		return -ERANGE;
	l->period_ps = (uint64_t)period;
	return 0;
}

double tk_load_rate(const struct tk_load *l)
{
	return (double)l->burst * (double)TK_PS_PER_S / (double)l->period_ps;
}
