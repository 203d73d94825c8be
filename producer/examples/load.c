/* SPDX-License-Identifier: MIT */
/*
 * A load to measure by: one thread that records empty spans at a steady pace, singly or in bursts.
 *
 *	timekeeper-load --rate 1M --burst 500 --slots 16384 --seconds 5
 *
 * At its end it says what it recorded; what a reader has and what it lost must add up to that. It
 * never makes up for lost time beyond 20 us, so that it is never burstier than asked for: where the
 * machine holds it up, or cannot go so fast, it records less, and says so. It sleeps between bursts
 * that are far apart, else it spins and takes a cpu for itself. `timekeeper tune --verify` runs it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <timekeeper.h>

#define CATCH_UP_NS 20000
#define WAKE_UP_NS  100000   /* what waking up may take: awake so long before a burst */
#define SETTLE_NS   20000000 /* over which the counter's rate becomes known well enough */

struct load {
	const char *app;
	double rate, seconds; /* 0: until told to stop */
	uint64_t burst, slots;
	bool wait;
	double hz; /* of the segment's clock */
	uint64_t recorded, held_up;
	double took_s;
};

static volatile sig_atomic_t told_to_stop;

static void on_signal(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static int usage(FILE *out)
{
	fprintf(out, "usage: timekeeper-load [options]\n\n"
		     "Records empty spans at a steady pace, and says at its end how many.\n\n"
		     "  --rate N      records a second, e.g. 2M (default 1M)\n"
		     "  --burst N     so many at a time, as fast as they go (default 1)\n"
		     "  --slots N     of its lane, a power of two (default 65536)\n"
		     "  --seconds N   and no longer (default: until interrupted)\n"
		     "  --app NAME    its name for those who watch (default load)\n"
		     "  --wait        begin at a line on standard input, and keep the lane until "
		     "its end\n"
		     "  --help\n");
	return out == stdout ? 0 : 2;
}

/* A number from min on, with K, M or G. @return 0 if it is none. */
static double number(const char *text, double min)
{
	static const char units[] = "KMG";
	char *end;
	double n = strtod(text, &end), scale = 1;
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (unit)
		for (end++; unit >= units; unit--)
			scale *= 1000;
	return *end || !(n * scale >= min) || n * scale > 1e12 ? 0 : n * scale;
}

static int complain(const char *option, const char *value)
{
	fprintf(stderr, "usage: timekeeper-load: --%s does not take %s; see --help\n", option,
		value);
	return 2;
}

/* @return -1 to go on, else what to exit with. */
static int parse(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rate", 1, NULL, 'r' },    { "burst", 1, NULL, 'b' }, { "slots", 1, NULL, 's' },
		{ "seconds", 1, NULL, 't' }, { "app", 1, NULL, 'a' },   { "wait", 0, NULL, 'w' },
		{ "help", 0, NULL, 'h' },    { NULL, 0, NULL, 0 },
	};
	int got, place;

	while ((got = getopt_long(argc, argv, "", options, &place)) != -1) {
		double n = optarg ? number(optarg, got == 't' ? 0.001 : 1) : 0;

		if (strchr("rbst", got) && n == 0)
			return complain(options[place].name, optarg);
		if (got == 'r')
			l->rate = n;
		else if (got == 'b')
			l->burst = (uint64_t)n;
		else if (got == 's')
			l->slots = (uint64_t)n;
		else if (got == 't')
			l->seconds = n;
		else if (got == 'a')
			l->app = optarg;
		else if (got == 'w')
			l->wait = true;
		else
			return usage(got == 'h' ? stdout : stderr);
	}
	return optind < argc ? usage(stderr) : -1;
}

static int open_lane(struct load *l)
{
	struct tk_options options = { .slots = (uint32_t)l->slots };
	const struct timespec settle = { 0, SETTLE_NS };

	if (l->slots > UINT32_MAX || tk_open(l->app, &options) < 0 || tk_join(NULL) < 0) {
		fprintf(stderr, "timekeeper-load: there is no lane to record into: %s\n",
			l->slots > UINT32_MAX ? "so many slots are too many" : tk_why());
		return -1;
	}
	nanosleep(&settle, NULL);
	l->hz = 1e18 / (double)tk_ns(1000000000);
	return 0;
}

/* Come back in time, and not at all if that is now. */
static void sleep_for(double ns)
{
	if (ns > 2 * WAKE_UP_NS)
		nanosleep(&(struct timespec){ (time_t)((ns - WAKE_UP_NS) / 1e9),
					      (long)(ns - WAKE_UP_NS) % 1000000000 },
			  NULL);
}

static void run(struct load *l)
{
	tk_timer_t span = tk_timer("span");
	double period = (double)l->burst * l->hz / l->rate;
	uint64_t catch_up = (uint64_t)(CATCH_UP_NS * l->hz / 1e9);
	uint64_t begin = tk_now(), now = begin;
	uint64_t end = l->seconds > 0 ? begin + (uint64_t)(l->seconds * l->hz) : UINT64_MAX;
	double due = 0; /* since begin */

	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	while (!told_to_stop && now < end) {
		now = tk_now();
		if (now < begin + (uint64_t)due) {
			double next = due < (double)(end - begin) ? due : (double)(end - begin);

			sleep_for((next - (double)(now - begin)) * 1e9 / l->hz);
			continue;
		}
		if (now - begin - (uint64_t)due > catch_up) {
			due = (double)(now - begin);
			l->held_up++;
		}
		for (uint64_t i = 0; i < l->burst; i++) {
			uint64_t start = tk_start(span);

			tk_stop(span, start);
		}
		l->recorded += l->burst;
		due += period;
	}
	l->took_s = (double)(tk_now() - begin) / l->hz;
	tk_flush();
}

int main(int argc, char **argv)
{
	struct load l = { .app = "load", .rate = 1e6, .burst = 1 };
	struct sigaction stop = { .sa_handler = on_signal };
	int code = parse(&l, argc, argv);

	if (code >= 0)
		return code;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	if (open_lane(&l) < 0)
		return 1;
	printf("recording as %s\n", l.app);
	fflush(stdout);
	if (l.wait && getchar() == EOF)
		return 0;
	run(&l);
	printf("recorded %llu in %.3f s, %.0f a second; held up %llu times\n",
	       (unsigned long long)l.recorded, l.took_s, (double)l.recorded / l.took_s,
	       (unsigned long long)l.held_up);
	fflush(stdout);
	while (l.wait && getchar() != EOF)
		;
	return 0;
}
