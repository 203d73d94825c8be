/* SPDX-License-Identifier: MIT */
/* A user's program: one record of a timer, and whether there was a lane for it. */
#include <stdio.h>
#include <timekeeper.h>

int main(void)
{
	int error = tk_open("user", NULL);
	tk_timer_t work = tk_timer("work");
	uint64_t start;

	error = error ? error : tk_join(NULL);
	start = tk_start(work);
	tk_stop(work, start);
	puts(error ? tk_why() : "recorded");
	tk_close();
	return error != 0;
}
