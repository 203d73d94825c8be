/* SPDX-License-Identifier: MIT */
/*
 * A program whose threads are on given cpus: pinned APP CPU[:NODE]... [later CPU[:NODE]...]
 *
 * A thread a cpu, its lane on that cpu's NUMA node or on NODE, records 1,000 spans. What could not
 * be had is said; then "ready", and it waits to be killed; at "later" too, for SIGUSR1 to go on.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "producer/timekeeper.h"

static sem_t recorded;

static void *record(void *place)
{
	char *end;
	struct tk_thread thread = { .pin = true, .cpu = (uint32_t)strtoul(place, &end, 10) };
	tk_timer_t span = tk_timer("span");

	thread.on_node = *end == ':';
	if (thread.on_node)
		thread.node = (uint32_t)strtoul(end + 1, NULL, 10);
	if (tk_join(&thread) < 0)
		printf("cpu %s: %s\n", (char *)place, tk_why());
	for (int i = 0; i < 1000; i++) {
		uint64_t start = tk_start(span);

		tk_stop(span, start);
	}
	tk_flush();
	sem_post(&recorded);
	while (pause())
		;
	return NULL;
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	sigset_t usr1;
	int sig;

	if (argc < 3)
		return 2;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	if (tk_open(argv[1], NULL) < 0)
		printf("%s\n", tk_why());
	sem_init(&recorded, 0, 0);
	for (int i = 2; i < argc; i++) { /* one after the other: lane 0, 1, ... */
		if (!strcmp(argv[i], "later")) {
			ready();
			sigwait(&usr1, &sig);
			continue;
		}
		if (pthread_create(&thread, NULL, record, argv[i]))
			return 1;
		sem_wait(&recorded);
	}
	ready();
	for (;;)
		pause();
}
