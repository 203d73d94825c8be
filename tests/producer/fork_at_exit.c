/* SPDX-License-Identifier: MIT */
/*
 * A program may fork while it exits, by a thread that runs on: its child has no lane of the parent,
 * and does not hang. __cxa_finalize() does here what glibc does at exit: it runs the destructors of
 * one program or library, and drops the fork handlers that this one registered.
 */
#include "producer/timekeeper.h"

#include <stdio.h>
#include <sys/wait.h>

#include "tests/place.h"

extern void *__dso_handle;
void __cxa_finalize(void *of);

/* @return 0: it can record, into a segment of its own. */
static int child(tk_timer_t timer)
{
	for (int i = 0; i < 10; i++)
		tk_stop(timer, tk_start(timer));
	return tk_join(NULL) ? 1 : 0;
}

int main(void)
{
	char path[128];
	tk_timer_t timer;
	int status = -1;
	pid_t pid;

	if (!__dso_handle) {
		puts("skipped: the program is not position-independent, so nothing is dropped");
		return 77;
	}
	if (!place_make() || tk_open("leaving", NULL))
		return 2;
	timer = tk_timer("work");
	tk_stop(timer, tk_start(timer));
	__cxa_finalize(__dso_handle);
	pid = fork();
	if (pid == 0)
		_exit(child(timer));
	waitpid(pid, &status, 0);
	snprintf(path, sizeof(path), "ls -d %s/leaving.%d.* >/dev/null", place, (int)pid);
	printf("child ended with %#x, its segment: %d\n", (unsigned)status, system(path));
	status = status || system(path);
	return !place_remove() || status;
}
