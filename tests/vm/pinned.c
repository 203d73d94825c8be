/* SPDX-License-Identifier: MIT */
/*
 * A program whose threads are on given cpus: pinned APP CPU[:NODE]...
 *
 * A thread a cpu, its lane on that cpu's NUMA node or on NODE, records 1,000 spans. What could not be
 * had is said; then "ready", and it waits to be killed.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
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

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 3)
		return 2;
	if (tk_open(argv[1], NULL) < 0)
		printf("%s\n", tk_why());
	sem_init(&recorded, 0, 0);
	for (int i = 2; i < argc; i++) { /* one after the other: lane 0, 1, ... */
		if (pthread_create(&thread, NULL, record, argv[i]))
			return 1;
		sem_wait(&recorded);
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
