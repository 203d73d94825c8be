/* SPDX-License-Identifier: MIT */
/*
 * Kills producers and collectors at every test point and at random instants, and holds every reader
 * to exactly what was produced.
 *
 *	kill [N] [--seed S] [--round R]
 *
 * N rounds (2,000), each with a kill or more. What they do follows from the seed (the time) and the
 * round's number, so that --round repeats one, but for what the scheduler does: try it some times.
 * $TIMEKEEPER names the program, of which a share of the rounds makes use.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring/guard.h"
#include "tests/kill/kill.h"
#include "tests/place.h"

#define WORKERS     2u
#define STUCK_US    UINT64_C(60000000)
#define PROGRESS_US UINT64_C(2000000)
#define REACHABLE   40 /* rounds a point: enough that each is reached */

struct job {
	uint64_t seed, first, rounds;
};

/* Of a worker, seen by its parent. */
struct report {
	struct worker worker;
	uint64_t done; /* rounds */
	bool failed;
	char why[300];
};

static bool one_round(struct report *report, const struct job *job, uint64_t round)
{
	struct plan p = plan_of(job->seed, round);
	char why[200] = "";

	if (run_round(&report->worker, &p, why))
		return true;
	snprintf(report->why, sizeof(report->why),
		 "%s\n  %s, %s %s, %s; to try again: kill --seed %" PRIu64 " --round %" PRIu64, why,
		 p.queue ? "rte" : "broadcast", p.who == PRODUCER ? "producer" : "collector",
		 p.deed == KILL ? "killed" : "stopped",
		 p.point < 0 ? "at an instant" : points[p.point].name, job->seed, round);
	report->failed = true;
	return false;
}

/* A directory of segments of its own. */
static bool worker_begin(struct worker *w, unsigned which)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/%u", getenv("TIMEKEEPER_DIR"), which);
	if (mkdir(dir, 0700) || setenv("TIMEKEEPER_DIR", dir, 1))
		return false;
	w->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->timekeeper = getenv("TIMEKEEPER");
	w->page = mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	return w->dirfd >= 0 && w->page != MAP_FAILED && tk_guard_install() == 0;
}

static void work(struct report *report, const struct job *job, unsigned which)
{
	if (!worker_begin(&report->worker, which))
		_exit(1);
	for (uint64_t i = which; i < job->rounds; i += WORKERS) {
		if (!one_round(report, job, job->first + i))
			_exit(1);
		__atomic_store_n(&report->done, report->done + 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* What needs no rounds: pids, and single instructions. */
static bool once(struct worker *w, const struct job *job, uint64_t *deaths)
{
	char why[200] = "";
	int pids = worker_begin(w, WORKERS) ? recycled_pids(w, why) : 0;

	if (pids < 0)
		printf("skipped: pids that are used again: %s\n", why);
	if (pids && step_through(w, job->seed, deaths, why))
		return true;
	printf("not ok: %s (seed %" PRIu64 ")\n", why, job->seed);
	return false;
}

/* ---- what is said ---- */

static void progress(const struct report *reports, const struct job *job, uint64_t began)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		done += __atomic_load_n(&reports[i].done, __ATOMIC_RELAXED);
	fprintf(stderr, "%" PRIu64 " of %" PRIu64 " rounds, %.0f a second\n", done, job->rounds,
		(double)done * 1e6 / (double)(now_us() - began + 1));
}

static struct worker total(const struct report *reports)
{
	struct worker t = { 0 };

	for (unsigned i = 0; i < WORKERS; i++) {
		const struct worker *w = &reports[i].worker;

		for (unsigned k = 0; k < 3 * DEEDS; k++)
			(&t.kills[0][0])[k] += (&w->kills[0][0])[k];
		for (int k = 0; k < n_points; k++)
			t.reached[k] += w->reached[k];
		t.at_points += w->at_points;
		t.programs += w->programs;
		t.records += w->records;
	}
	return t;
}

/* A point that is never reached has another name by now, or is gone. */
static bool all_reached(const struct worker *t)
{
	bool all = true;

	for (int i = 0; i < n_points; i++) {
		if (t->reached[i])
			continue;
		printf("not ok: no victim ever came to the test point %s\n", points[i].name);
		all = false;
	}
	return all;
}

static void summary(const struct worker *t, const struct job *job, uint64_t stepped)
{
	uint64_t producers = t->kills[0][KILL] + t->kills[0][STOP] + t->kills[0][STOP_AND_KILL];
	uint64_t collectors = t->kills[1][KILL] + t->kills[1][STOP_AND_KILL];

	printf("ok: %" PRIu64 " kills (%" PRIu64 " of producers, %" PRIu64
	       " of collectors, %" PRIu64 " of cleaners, %" PRIu64
	       " behind single instructions; %" PRIu64 " stopped before, %" PRIu64
	       " stopped and gone on; %" PRIu64 " at test points, %" PRIu64
	       " with programs; %" PRIu64 " records, seed %" PRIu64
	       "), 0 unexplained, 0 torn, 0 hangs\n",
	       producers + collectors + t->kills[2][KILL] + stepped, producers, collectors,
	       t->kills[2][KILL], stepped, t->kills[0][STOP_AND_KILL] + t->kills[1][STOP_AND_KILL],
	       t->kills[0][STOP] + t->kills[1][STOP], t->at_points, t->programs, t->records,
	       job->seed);
}

/* ---- main ---- */

/* A worker as its parent sees it. */
struct supervised {
	const struct report *report;
	pid_t pid; /* 0: it has ended */
	uint64_t done, moved_us;
};

/* @return false: it failed, or hangs. */
static bool look_after(struct supervised *s, const struct job *job)
{
	uint64_t done = __atomic_load_n(&s->report->done, __ATOMIC_RELAXED);
	int status;

	if (!s->pid)
		return true;
	if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
		s->pid = 0;
		return status == 0;
	}
	if (done != s->done)
		s->moved_us = now_us();
	s->done = done;
	if (now_us() - s->moved_us < STUCK_US)
		return true;
	printf("not ok: a worker hangs after its first %" PRIu64 " rounds; seed %" PRIu64 "\n",
	       done, job->seed);
	return false;
}

/* Until all have ended. */
static bool supervise(struct supervised *s, const struct report *reports, const struct job *job)
{
	uint64_t began = now_us(), said = began;
	unsigned left = WORKERS;
	bool good = true;

	while (left && good) {
		usleep(50000);
		if (now_us() - said > PROGRESS_US) {
			said = now_us();
			progress(reports, job, began);
		}
		left = 0;
		for (unsigned i = 0; i < WORKERS; i++) {
			good = look_after(&s[i], job) && good;
			left += s[i].pid != 0;
		}
	}
	return good;
}

static bool rounds(struct report *reports, const struct job *job)
{
	struct supervised s[WORKERS];
	bool good;

	for (unsigned i = 0; i < WORKERS; i++) {
		s[i] = (struct supervised){ &reports[i], start(), 0, now_us() };
		if (s[i].pid == 0)
			work(&reports[i], job, i);
	}
	good = supervise(s, reports, job);
	for (unsigned i = 0; i < WORKERS; i++) {
		if (s[i].pid)
			end(s[i].pid);
		if (reports[i].failed)
			printf("not ok: %s\n", reports[i].why);
	}
	return good;
}

static int usage(const char *what)
{
	fprintf(stderr,
		"kill: %s is not a number\n"
		"usage: kill [N] [--seed S] [--round R]: N rounds of the seed, from R on\n",
		what);
	return 2;
}

static bool number(const char *text, uint64_t *value)
{
	char *end_of;

	if (!text || *text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end_of, 10);
	return *end_of == '\0';
}

static int parse(int argc, char **argv, struct job *job)
{
	bool alone = false;

	for (int i = 1; i < argc; i++) {
		bool seed = !strcmp(argv[i], "--seed"), round = !strcmp(argv[i], "--round");
		uint64_t *to = seed ? &job->seed : round ? &job->first : &job->rounds;

		i += seed || round;
		if (!number(argv[i], to))
			return usage(i < argc ? argv[i] : argv[i - 1]);
		alone = alone || round;
		if (!seed && !round)
			alone = false;
	}
	if (alone)
		job->rounds = 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct job job = { .seed = (uint64_t)time(NULL), .rounds = 2000 };
	struct report *reports;
	uint64_t deaths = 0;
	struct worker t;
	bool good;

	if (parse(argc, argv, &job))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	reports = mmap(NULL, WORKERS * sizeof(*reports), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reports == MAP_FAILED || !place_make())
		return 1;
	printf("seed %" PRIu64 ", %" PRIu64 " rounds from %" PRIu64 " on\n", job.seed, job.rounds,
	       job.first);
	good = rounds(reports, &job);
	t = total(reports);
	if (good && job.rounds > 1)
		good = once(&t, &job, &deaths);
	if (good && job.rounds >= (uint64_t)n_points * REACHABLE)
		good = all_reached(&t);
	if (good)
		summary(&t, &job, deaths);
	return !place_remove() || !good;
}
