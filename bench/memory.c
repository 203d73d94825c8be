/* SPDX-License-Identifier: MIT */
/*
 * What a collector's memory comes to: memory [SECONDS [TIMERS...]]
 *
 * A process records 200 samples/s of both measures in each of so many timers, log-normal, σ 0.5
 * around 3,000 ticks. A collector in another process closes an interval each 100 ms, and keeps no
 * history, whose budget is its own. Its RssAnon is read each second; the most is printed, less what
 * it is for 10 timers. By default 600 s, for 1,000 and 5,000 timers; beside other work, `nice` it.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "collector/engine/collector.h"
#include "collector/machine/now.h"
#include "producer/timekeeper.h"

#define SECONDS 600u
#define FEW     10u
#define RATE    200u /* a second and timer */
#define MS      UINT64_C(1000000)
#define TABLE   65536u
#define MOST    8192u

static char dir[32]; /* of a measurement, so that none finds another's dead */
static uint32_t table[TABLE];

/* What a collector came to. */
struct came {
	double mb; /* RssAnon, at most */
	uint64_t delivered, lost, timers;
};

static void record(tk_timer_t timer, uint32_t i)
{
	uint64_t start = tk_now();

	tk_record_span(timer, start, start + table[i * 40503u % TABLE],
		       (struct tk_origin){ .ticks = start - table[i * 9973u % TABLE] });
}

static void produce(uint32_t timers)
{
	static tk_timer_t timer[MOST];
	struct tk_options o = { .timers = timers + 8, .slots = 1u << 18 };
	uint64_t due = tk_now_ns(CLOCK_MONOTONIC);
	uint32_t recorded = 0, wanted = 0;
	char name[16];

	if (tk_open("memory", &o) < 0)
		_exit(1);
	for (uint32_t i = 0; i < timers; i++) {
		snprintf(name, sizeof(name), "timer-%04u", i);
		timer[i] = tk_timer(name);
	}
	for (uint64_t ms = 1;; ms++) {
		struct timespec t = { (time_t)(due / TK_SECOND_NS), (long)(due % TK_SECOND_NS) };

		wanted = (uint32_t)(ms * timers * RATE / 1000);
		for (; recorded != wanted; recorded++)
			record(timer[recorded % timers], recorded);
		due += MS;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
}

static void collect(unsigned seconds, int out)
{
	struct tk_collector_options o = { .history_bytes = 1 };
	struct came came = { 0 };
	struct tk_collector *c;
	struct tk_snapshot *s;
	char why[256];

	c = tk_collector_open(&o, why);
	if (!c) {
		fprintf(stderr, "memory: %s\n", why);
		_exit(1);
	}
	for (unsigned i = 0; i < seconds; i++) {
		sleep(1);
		came.mb = fmax(came.mb, tk_rss_anon_mb());
	}
	s = tk_collector_snapshot(c, &(struct tk_view){ 0 });
	if (s) {
		came.delivered = s->delivered;
		came.lost = s->lost;
		came.timers = s->n_timers;
	}
	tk_snapshot_free(s);
	tk_collector_close(c);
	_exit(write(out, &came, sizeof(came)) != sizeof(came));
}

static pid_t start(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static bool make_dir(void)
{
	snprintf(dir, sizeof(dir), "/dev/shm/tk-bench-XXXXXX");
	return mkdtemp(dir) && !setenv("TIMEKEEPER_DIR", dir, 1);
}

static void remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "memory: %s is left behind\n", dir);
}

/* @return whether it was measured */
static bool measure(unsigned seconds, uint32_t timers, struct came *came)
{
	pid_t producer, collector;
	int at[2];
	bool ok;

	if (!make_dir() || pipe(at))
		return false;
	producer = start();
	if (producer == 0)
		produce(timers);
	collector = start();
	if (collector == 0)
		collect(seconds, at[1]);
	close(at[1]);
	ok = read(at[0], came, sizeof(*came)) == sizeof(*came);
	close(at[0]);
	kill(producer, SIGKILL);
	waitpid(producer, NULL, 0);
	waitpid(collector, NULL, 0);
	remove_dir();
	return ok;
}

static void report(unsigned seconds, uint32_t timers, double few)
{
	struct came came;

	fprintf(stderr, "measuring: %u timers, %u s\n", timers, seconds);
	if (!measure(seconds, timers, &came)) {
		printf("%u timers: VOID, nothing was measured\n", timers);
		return;
	}
	printf("%u timers, %u s: %.1f MB beyond %u timers (%.1f in all); %" PRIu64
	       " timers, %" PRIu64 " records delivered, %" PRIu64 " lost\n",
	       timers, seconds, came.mb - few, FEW, came.mb, came.timers, came.delivered,
	       came.lost);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : SECONDS;
	struct came few;

	tk_lognormal(table, TABLE, 3000, 0.5);
	tk_describe_machine(stdout);
	if (!measure(10, FEW, &few)) {
		perror("memory");
		return 1;
	}
	printf("%u timers: %.1f MB\n", FEW, few.mb);
	for (int i = 2; i < argc; i++) {
		uint32_t timers = (uint32_t)strtoul(argv[i], NULL, 10);

		report(seconds, timers < MOST ? timers : MOST, few.mb);
	}
	if (argc <= 2) {
		report(seconds, 1000, few.mb);
		report(seconds, 5000, few.mb);
	}
	return 0;
}
