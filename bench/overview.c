/* SPDX-License-Identifier: MIT */
/*
 * What the overview costs: overview [SECONDS [TIMERS [COLUMNSxROWS]]]
 *
 * A process records spans with an origin in so many timers (300), 100 a second in each. `timekeeper
 * top` shows them in a pseudo-terminal (80x24). Nobody presses a key. When its window of 10 s has
 * filled, the cpu time of its threads is taken over so many seconds (10), and divided by the frames
 * that it drew meanwhile. The goal: 300 timers cost at most 10 ms a frame, all threads together.
 *
 * $TIMEKEEPER is the program; else the one of this build.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "producer/timekeeper.h"

#define WARM_S   12 /* until the window has filled */
#define EVERY_US 10000
#define STILL_MS 20 /* a frame's output has ended when nothing comes for so long */
#define TIMERS   8192

static char place[] = "/dev/shm/tk-overview-XXXXXX";
static pid_t recorder, top;

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void clean_up(void)
{
	char command[64];

	end(top);
	end(recorder);
	snprintf(command, sizeof(command), "rm -rf %s", place);
	if (system(command))
		fprintf(stderr, "overview: %s is left\n", place);
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "overview: %s: %s\n", what, strerror(errno));
	clean_up();
	exit(1);
}

/* --- who records ----------------------------------------------------------------------------- */

/* Spans of 1 to 2 us, some longer: the same in each run. */
static uint64_t next_span(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (*state >> 33 & 127) == 0 ? 50000 : 2600 + (*state >> 33 & 2047);
}

static _Noreturn void record(unsigned timers)
{
	tk_timer_t timer[TIMERS];
	uint64_t state = 1;
	char name[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tk_open("overview", &(struct tk_options){ .timers = timers + 1 }))
		_exit(1);
	for (unsigned i = 0; i < timers; i++) {
		snprintf(name, sizeof(name), "timer-%03u", i);
		timer[i] = tk_timer(name);
	}
	for (;; usleep(EVERY_US)) {
		uint64_t now = tk_now();

		for (unsigned i = 0; i < timers; i++) {
			uint64_t span = next_span(&state);

			tk_record_span(timer[i], now - span, now,
				       tk_origin_from_ticks(now - 3 * span));
		}
	}
}

/* --- who looks ------------------------------------------------------------------------------- */

/* @return the terminal */
static int start_top(const char *program, const struct winsize *size)
{
	int terminal;

	top = forkpty(&terminal, NULL, NULL, size);
	if (top < 0)
		give_up("forkpty");
	if (top)
		return terminal;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execl(program, "timekeeper", "top", NULL);
	_exit(127);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Take what is drawn for so long. @return how often output came after stillness: the frames */
static unsigned look(int terminal, double seconds)
{
	double until = now_s() + seconds;
	struct pollfd p = { .fd = terminal, .events = POLLIN };
	char drawn[65536];
	unsigned frames = 0;
	bool still = true;

	while (now_s() < until) {
		if (poll(&p, 1, STILL_MS) <= 0) {
			still = true;
			continue;
		}
		if (read(terminal, drawn, sizeof(drawn)) <= 0)
			give_up("the display ended");
		frames += still;
		still = false;
	}
	return frames;
}

/* --- what it costs --------------------------------------------------------------------------- */

enum { DISPLAY, COLLECTING, DRAINING, THREADS };

/* Nanoseconds of cpu of one thread. */
static double thread_ns(const char *id, char name[32])
{
	char path[300];
	unsigned long long ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)top, id);
	FILE *f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		give_up(path);
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)top, id);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%31s", name) != 1)
		give_up(path);
	fclose(f);
	return (double)ns;
}

static void cpu_ns(double out[THREADS])
{
	char path[32], name[32];
	struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)top);
	DIR *d = opendir(path);
	if (!d)
		give_up(path);
	memset(out, 0, THREADS * sizeof(*out));
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			double ns = thread_ns(e->d_name, name);

			out[strstr(name, "drain") ? DRAINING
			    : strstr(name, "tk-") ? COLLECTING
						  : DISPLAY] += ns;
		}
	closedir(d);
}

static void measure(int terminal, unsigned seconds, unsigned timers, const struct winsize *size)
{
	double before[THREADS], after[THREADS];

	look(terminal, WARM_S);
	cpu_ns(before);
	unsigned frames = look(terminal, seconds);
	cpu_ns(after);
	if (!frames)
		give_up("it drew nothing");
	printf("%6s %8s %7s %10s %12s %10s %8s  ms of cpu a frame\n", "timers", "screen", "frames",
	       "display", "collecting", "draining", "all");
	double ms[THREADS + 1] = { 0 };
	for (int i = 0; i < THREADS; i++) {
		ms[i] = (after[i] - before[i]) / 1e6 / frames;
		ms[THREADS] += ms[i];
	}
	printf("%6u %5dx%-3d %6u %10.2f %12.2f %10.2f %8.2f\n", timers, size->ws_col, size->ws_row,
	       frames, ms[DISPLAY], ms[COLLECTING], ms[DRAINING], ms[THREADS]);
}

/* --- begin and end --------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10;
	unsigned timers = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 300;
	struct winsize size = { .ws_col = 80, .ws_row = 24 };
	const char *program = getenv("TIMEKEEPER");

	if (!seconds || !timers || timers > TIMERS ||
	    (argc > 3 && sscanf(argv[3], "%hux%hu", &size.ws_col, &size.ws_row) != 2)) {
		fprintf(stderr, "usage: overview [SECONDS [TIMERS [COLUMNSxROWS]]]\n");
		return 2;
	}
	if (!mkdtemp(place) || setenv("TIMEKEEPER_DIR", place, 1))
		give_up(place);
	tk_describe_machine(stdout);
	fflush(stdout);
	recorder = fork();
	if (recorder == 0)
		record(timers);
	measure(start_top(program ? program : tk_program_beside(), &size), seconds, timers, &size);
	clean_up();
	return 0;
}
