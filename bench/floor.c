/* SPDX-License-Identifier: MIT */
/*
 * bench/floor - by how much recorded spans differ from the work in them, after the subtraction that
 * collectors make.
 *
 * A child records spans of known work (chains of dependent multiplications) by each stamp mode, one
 * at once after the other and with other work between, and laps; this process reads the records and
 * subtracts the floor that tk_open() measured. The true length of a chain is that of 64 in a row
 * between two fenced stamps, less that of 64 empty ones. Each process measures anew: the figures
 * are medians over processes of the median span, in ticks. Ordered and fenced spans of 50 to 2,000
 * ticks shall not read short by more than 12 ticks.
 *
 *	build/bench/floor [PROCESSES]		default: 9; a second. Exit 1 if a span reads short
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"
#include "producer/timekeeper.h"
#include "ring/segment_read.h"
#include "tsc/floor.h"

#define SPANS   2000u
#define LENGTHS 8u
#define KINDS   8u
#define ROWS    (KINDS * LENGTHS)
#define LEAST   50.0 /* ticks of work */
#define MOST    2000.0
#define SHORT   12.0

static const unsigned lengths[LENGTHS] = { 0, 10, 25, 50, 100, 200, 400, 900 };

static const struct {
	const char *name;
	enum tk_stamp stamp;
	unsigned apart; /* multiplications between spans */
	bool laps;
} kinds[KINDS] = {
	{ "ordered, at once", TK_STAMP_ORDERED, 0, false },
	{ "ordered, apart", TK_STAMP_ORDERED, 100, false },
	{ "fenced, at once", TK_STAMP_FENCED, 0, false },
	{ "fenced, apart", TK_STAMP_FENCED, 100, false },
	{ "fast, at once", TK_STAMP_FAST, 0, false },
	{ "fast, apart", TK_STAMP_FAST, 100, false },
	{ "laps, ordered", TK_STAMP_ORDERED, 0, true },
	{ "laps, fenced", TK_STAMP_FENCED, 0, true },
};

static char dir[] = "/dev/shm/tk-bench-XXXXXX";

static inline __attribute__((always_inline)) uint64_t work(uint64_t x, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		__asm__ volatile("imulq %0, %0" : "+r"(x));
	return x;
}

/* ---- the child ---- */

static void record(tk_timer_t timer, unsigned kind, unsigned length)
{
	uint64_t x = 3, lap = tk_now();

	for (unsigned i = 0; i < SPANS; i++) {
		if (kinds[kind].laps) {
			x = work(x, length);
			tk_lap(timer, &lap);
		} else {
			uint64_t start = tk_start(timer);

			x = work(x, length);
			tk_stop(timer, start);
			x = work(x, kinds[kind].apart);
		}
	}
}

/* Timer 1 + row is of row. */
static void record_all(void)
{
	struct tk_options o = { .slots = 1u << 18, .keep = true };
	char name[64];

	tk_pin(0);
	if (tk_open("floor", &o)) {
		fprintf(stderr, "bench/floor: %s\n", tk_why());
		_exit(1);
	}
	for (unsigned row = 0; row < ROWS; row++) {
		snprintf(name, sizeof(name), "row-%u", row);
		record(tk_timer_stamped(name, kinds[row / LENGTHS].stamp), row / LENGTHS,
		       lengths[row % LENGTHS]);
	}
	tk_close();
	_exit(0);
}

/* ---- what it recorded ---- */

static uint32_t ticks[ROWS][SPANS];
static uint32_t n_ticks[ROWS];

static void read_lane(struct tk_lane_reader *r)
{
	struct tk_slot slots[TK_LANE_CHUNK];
	size_t n;

	while (tk_lane_read(r, slots, &n) || n)
		for (size_t i = 0; i < n; i++) {
			unsigned row = tk_slot_timer(&slots[i]) - 1u;

			if (row < ROWS && n_ticks[row] < SPANS)
				ticks[row][n_ticks[row]++] = (uint32_t)tk_slot_duration(&slots[i]);
		}
}

static int read_segment(uint32_t floor[TK_STAMPS])
{
	char why[TK_WHY_MAX] = "there is none";
	int fd = tk_segments_open(dir, why);
	DIR *d = fd < 0 ? NULL : fdopendir(dup(fd));
	struct tk_segment *s = NULL;
	const struct dirent *e;

	while (d && !s && (e = readdir(d)))
		if (!strncmp(e->d_name, "floor.", 6))
			s = tk_segment_attach(fd, e->d_name, TK_LANE_OLDEST, why);
	if (d)
		closedir(d);
	if (!s) {
		fprintf(stderr, "bench/floor: no segment: %s\n", why);
		return -1;
	}
	memcpy(floor, s->info.floor, sizeof(s->info.floor));
	memset(n_ticks, 0, sizeof(n_ticks));
	for (uint32_t i = 0; i < s->n_lanes; i++)
		read_lane(&s->lanes[i].reader);
	tk_segment_detach(s);
	close(fd);
	return 0;
}

static double median(uint32_t *v, uint32_t n)
{
	(void)tk_tsc_middle_mean(v, n); /* sorts */
	return v[n / 2];
}

/* ---- the truth ---- */

static double batch(unsigned length)
{
	uint32_t t[200];
	uint64_t x = 3;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t start = tk_tsc_fenced();

		for (unsigned j = 0; j < 64; j++)
			x = work(x, length);
		t[i] = (uint32_t)(tk_tsc_fenced() - start);
	}
	return tk_tsc_middle_mean(t, 200) / 64;
}

/* ---- all of it ---- */

static double truth[LENGTHS][64], off[ROWS][64];

static int run_once(unsigned run)
{
	char command[64];
	uint32_t floor[TK_STAMPS];
	double empty;
	pid_t child;
	int status = 1;

	if (!mkdtemp(strcpy(dir, "/dev/shm/tk-bench-XXXXXX")) || setenv("TIMEKEEPER_DIR", dir, 1))
		return -1;
	empty = batch(0);
	for (unsigned i = 0; i < LENGTHS; i++)
		truth[i][run] = batch(lengths[i]) - empty;
	child = fork();
	if (child == 0)
		record_all();
	if (waitpid(child, &status, 0) != child || status || read_segment(floor))
		status = 1;
	for (unsigned row = 0; row < ROWS && !status; row++) {
		double read = n_ticks[row] ? median(ticks[row], n_ticks[row]) : 0;

		read -= floor[kinds[row / LENGTHS].stamp];
		off[row][run] = (read > 0 ? read : 0) - truth[row % LENGTHS][run];
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || status ? -1 : 0;
}

static int report(unsigned runs)
{
	unsigned missed = 0;

	printf("# %u processes\n", runs);
	printf("%-20s", "true ticks");
	for (unsigned i = 0; i < LENGTHS; i++)
		printf(" %8.1f", tk_quantile(truth[i], runs, 0.5));
	printf("\n\nmedian span less what is subtracted, less the true ticks\n");
	for (unsigned kind = 0; kind < KINDS; kind++) {
		printf("%-20s", kinds[kind].name);
		for (unsigned i = 0; i < LENGTHS; i++) {
			double work_ticks = tk_quantile(truth[i], runs, 0.5);
			double o = tk_quantile(off[kind * LENGTHS + i], runs, 0.5);
			bool counts = kinds[kind].stamp != TK_STAMP_FAST && work_ticks >= LEAST &&
				      work_ticks <= MOST;

			printf(" %+8.1f", o);
			missed += counts && o < -SHORT;
		}
		printf("\n");
	}
	printf("\nordered and fenced spans of %.0f to %.0f ticks read short by at most %.0f: %s\n",
	       LEAST, MOST, SHORT, missed ? "MISSED" : "met");
	return missed ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned runs = argc > 1 ? (unsigned)atoi(argv[1]) : 9;

	if (runs < 1 || runs > 64) {
		fprintf(stderr, "usage: floor [PROCESSES]	1 to 64\n");
		return 2;
	}
	tk_describe_machine(stdout);
	tk_pin(0);
	for (unsigned run = 0; run < runs; run++)
		if (run_once(run)) {
			fprintf(stderr, "bench/floor: VOID: run %u failed\n", run);
			return 1;
		}
	return report(runs);
}
