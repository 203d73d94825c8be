/* SPDX-License-Identifier: MIT */
/* The public header, the library and meson.build (PROJECT_VERSION) name one version. */
#include "producer/timekeeper.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
	char numbers[64];

	snprintf(numbers, sizeof(numbers), "%d.%d.%d", TIMEKEEPER_VERSION_MAJOR,
		 TIMEKEEPER_VERSION_MINOR, TIMEKEEPER_VERSION_PATCH);
	printf("meson.build %s, numbers %s, string %s, tk_version() %s\n", PROJECT_VERSION, numbers,
	       TIMEKEEPER_VERSION, tk_version());
	return strcmp(numbers, PROJECT_VERSION) || strcmp(TIMEKEEPER_VERSION, PROJECT_VERSION) ||
	       strcmp(tk_version(), PROJECT_VERSION);
}
