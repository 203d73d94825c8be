/* SPDX-License-Identifier: MIT */
#include "producer/timekeeper.h"

const char *tk_version(void)
{
	return TIMEKEEPER_VERSION;
}
