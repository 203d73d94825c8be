/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers that record while they interrupt pushes, through the library. The victim counts
 * what it pushed, in and out of handlers; a reader in another process must account for all of it:
 * a number used twice or never, a count too few, and the sums do not add up.
 *
 *	signals [million pushes]
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"

#define SIGNALS 400000u

static tk_timer_t in_main, in_handler;
static uint64_t handled;
static volatile int stop;

static void on_signal(int sig)
{
	(void)sig;
	/* The other two signals may interrupt this handler too. */
	tk_record_span(in_handler, 1, 2, (struct tk_origin){ 0, 0 });
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

static void *bombard(void *target)
{
	/* So many are enough, however long the scheduler lets each take. */
	while (!stop && __atomic_load_n(&handled, __ATOMIC_RELAXED) < SIGNALS) {
		pthread_kill(*(pthread_t *)target, SIGUSR1);
		pthread_kill(*(pthread_t *)target, SIGUSR2);
	}
	return NULL;
}

static uint64_t victim(uint64_t pushes)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 50 }, { 0, 50 } };
	pthread_t self = pthread_self(), bomber;
	sigset_t all, none;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &none);
	pthread_create(&bomber, NULL, bombard, &self); /* inherits the mask: takes none itself */
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (uint64_t i = 0; i < pushes; i++)
		tk_record_span(in_main, 1, 2, (struct tk_origin){ 0, 0 });
	stop = 1;
	pthread_join(bomber, NULL);
	memset(&often, 0, sizeof(often));
	setitimer(ITIMER_REAL, &often, NULL);
	return pushes;
}

int main(int argc, char **argv)
{
	uint64_t pushes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 20) * 1000000, produced;
	struct tk_options o = { .slots = 4096, .discipline = DISCIPLINE };
	char place[] = "/dev/shm/tk-test-XXXXXX", command[64];
	struct read_back *b;
	bool good;

	if (!mkdtemp(place) || setenv("TIMEKEEPER_DIR", place, 1))
		return 1;
	if (tk_open("signals", &o)) {
		printf("skipped: %s\n", tk_why());
		return 77;
	}
	in_main = tk_timer("main");
	in_handler = tk_timer("handler");
	produced = victim(pushes) + handled;
	tk_flush();
	b = read_back(getpid(), place);
	/* The lane holds the newest, or the oldest; what it published and counted covers all of it. */
	good = b->segments == 1 && b->counted == produced &&
	       b->lanes[0].published - o.slots == produced && b->delivered == lane_holds(o.slots) &&
	       !b->lost && b->lanes[0].dropped == (IS_QUEUE ? produced - b->delivered : 0);
	printf("%s: %lu pushes, %lu of them in handlers: %lu claimed, %lu counted\n",
	       good ? "ok" : "not ok", produced, handled, b->lanes[0].published - o.slots,
	       b->counted);
	tk_close();
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command) || !good || !handled;
}
