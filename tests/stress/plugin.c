/* SPDX-License-Identifier: MIT */
/* A plug-in that records: a shared object that carries or uses the library. See plugin_host.c. */
#include <stdint.h>

#include "producer/timekeeper.h"

__attribute__((visibility("default"))) int plugin_record(unsigned n);

int plugin_record(unsigned n)
{
	tk_timer_t timer;
	int ret = tk_open("plugin", NULL);

	timer = tk_timer("t");
	while (n--)
		tk_stop(timer, tk_start(timer));
	return tk_self.lane ? 0 : ret ? ret : -1;
}
