/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/snapshot.h"

#include <stdlib.h>

void tk_snapshot_free(struct tk_snapshot *s)
{
	if (!s)
		return;
	for (int m = 0; m < TK_MEASURES; m++)
		free(s->points[m]);
	free(s->timers);
	free(s->trends);
	free(s->segments);
	free(s->drainers);
	free(s->notes);
	free(s->marks);
	free(s);
}
