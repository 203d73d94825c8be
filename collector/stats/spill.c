/* SPDX-License-Identifier: MIT */
#include "collector/stats/spill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tk_spill_init(struct tk_spill *s, size_t room)
{
	/* Fault the pages in now. Of malloc() and memset() gcc makes a calloc(), which does not. */
	*s = (struct tk_spill){ .sample = aligned_alloc(64, room * sizeof(*s->sample)) };
	if (!s->sample)
		return -ENOMEM;
	memset(s->sample, 0, room * sizeof(*s->sample));
	s->room = room;
	return 0;
}

void tk_spill_free(struct tk_spill *s)
{
	free(s->sample);
	*s = (struct tk_spill){ 0 };
}

void tk_spill_put(struct tk_spill *s, const struct tk_spilled *sample)
{
	s->sample[s->put++ & (s->room - 1)] = *sample;
}

const struct tk_spilled *tk_spill_take(struct tk_spill *s)
{
	return &s->sample[s->taken++ & (s->room - 1)];
}
