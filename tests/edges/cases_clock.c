/* SPDX-License-Identifier: MIT */
/* A wall clock that moves (clock.c). */
#include "tests/edges/cases.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/random.h"

struct intervals {
	uint64_t n, number, last_ns, sum_ns, shortest_ns;
};

static void note_interval(void *arg, const struct row *row)
{
	struct intervals *i = arg;

	if (row->type != ROW_TIMER || row->interval == i->number)
		return;
	i->number = row->interval;
	if (i->n && (!i->shortest_ns || i->last_ns < i->shortest_ns))
		i->shortest_ns = i->last_ns; /* not the last: ^C cuts it short */
	i->last_ns = row->interval_ns;
	i->sum_ns += row->interval_ns;
	i->n++;
}

static int64_t *clock_file(char path[80])
{
	int fd;
	void *p = MAP_FAILED;

	snprintf(path, 80, "%s.clock", getenv("TIMEKEEPER_DIR"));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && ftruncate(fd, sizeof(int64_t)) == 0)
		p = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		perror("Bail out! no file for the clock");
		exit(1);
	}
	close(fd);
	setenv("EDGES_CLOCK", path, 1);
	return p;
}

/* ns: up to 150 ms, and often an hour, either way. */
static int64_t any_offset(uint64_t *random)
{
	int64_t ms = (int64_t)random_below(random, 301) - 150;
	uint64_t hour = random_below(random, 4);

	return ms * 1000000 + (hour < 2 ? 0 : hour == 2 ? 1 : -1) * INT64_C(3600000000000);
}

static void check_intervals(const struct intervals *i, uint64_t elapsed_ns)
{
	check(i->n >= 5, "%" PRIu64 " intervals", i->n);
	check(i->sum_ns <= elapsed_ns,
	      "intervals of %" PRIu64 " ns in all were closed in %" PRIu64 " ns", i->sum_ns,
	      elapsed_ns);
	check(i->shortest_ns >= 100000000, "an interval of 200 ms took %" PRIu64 " ns",
	      i->shortest_ns);
}

static void check_same(const struct watch_timer *a, const struct watch_timer *b)
{
	check(a->records == b->records && a->count == b->count && a->lost == b->lost,
	      "moved clock: records %" PRIu64 ", count %" PRIu64 ", lost %" PRIu64
	      "; still: %" PRIu64 ", %" PRIu64 ", %" PRIu64,
	      a->records, a->count, a->lost, b->records, b->count, b->lost);
	/* Either fits its own rate of the counter. */
	check(fabs(a->sum_ns - b->sum_ns) <= 0.01 * b->sum_ns &&
		      fabs(a->max_ns - b->max_ns) <= 0.01 * b->max_ns &&
		      fabs(a->min_ns - b->min_ns) <= 0.01 * b->min_ns,
	      "moved clock: sum %g, min %g, max %g; still: %g, %g, %g", a->sum_ns, a->min_ns,
	      a->max_ns, b->sum_ns, b->min_ns, b->max_ns);
}

/* The wall clock of one of two collectors goes forth and back: no figure but t_ns changes. */
void wall_clock(void)
{
	struct intervals intervals = { .number = UINT64_MAX };
	struct watch_timer a, b;
	struct watch moved, still;
	uint64_t random = 1;
	char path[80];
	int64_t *moved_by = clock_file(path), began = watch_now_ns();
	struct player p;

	begin(&moved, EVERY("200ms"), getenv("CLOCK"));
	moved.hook.row = note_interval;
	moved.hook.arg = &intervals;
	begin(&still, EVERY("200ms"), NULL);
	p = play("app");
	tell(&p, "thread push 0 5000 2000000 5 5000");
	for (int i = 0; i < 60; i++) {
		__atomic_store_n(moved_by, any_offset(&random), __ATOMIC_RELAXED);
		watch_pause_us(70000);
		tell(&other, "push 0 1"); /* a row an interval */
	}
	tell(&p, "wait");
	end(&p, "exit");
	stop(&moved);
	stop(&still);
	check_sum(&moved, "moved clock", 5000, 0);
	a = watch_timer(&moved, "app", 0, "t0");
	b = watch_timer(&still, "app", 0, "t0");
	check_same(&a, &b);
	check_intervals(&intervals, (uint64_t)(watch_now_ns() - began));
	watch_free(&moved);
	watch_free(&still);
	unlink(path);
}

/* A clock that goes back all the time keeps no collector that sees nothing from giving up. */
void once_clock_back(void)
{
	const char *const arguments[] = { "--once", NULL };
	int64_t until = watch_now_ns() + WATCH_DEADLINE_S * INT64_C(1000000000), *moved_by;
	siginfo_t info = { 0 };
	struct watch w;
	char path[80];

	moved_by = clock_file(path);
	check(watch_start(&w, arguments, DEAF_NOT, getenv("CLOCK")), "no collector");
	while (!info.si_pid && watch_now_ns() < until) {
		__atomic_fetch_sub(moved_by, INT64_C(3600000000000), __ATOMIC_RELAXED);
		watch_pause_us(50000);
		waitid(P_PID, (id_t)w.pid, &info, WEXITED | WNOHANG | WNOWAIT);
	}
	check(info.si_pid, "it has not given up");
	watch_end(&w, SIGKILL);
	check(!info.si_pid || (WIFEXITED(w.status) && WEXITSTATUS(w.status) == 3), "status %#x",
	      (unsigned)w.status);
	watch_free(&w);
	unlink(path);
}
