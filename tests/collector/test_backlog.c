/* SPDX-License-Identifier: MIT */
/*
 * What was recorded before the collector came is drawn where it was. The oracle is the program
 * itself: of each record it writes down the time of day before and after its stop stamp. An
 * interval of the past then has at least those records that surely lie in it, and at most those
 * that may.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/engine/collector.h"
#include "collector/machine/now.h"
#include "producer/timekeeper.h"
#include "ring/lane.h"
#include "ring/segment.h"
#include "ring/timekeeper-rte.h"
#include "tests/place.h"
#include "tests/random.h"

#define MS         INT64_C(1000000)
#define SECOND     (1000 * MS)
#define TOLERANCE  (2 * MS) /* of a rate that was measured for 10 ms, over some seconds */
#define DEADLINE_S 60
#define THREADS    2u
#define MOST       400000u
#define SLOTS      65536u

/* What each thread of the program writes down, of a timer of its own. */
struct diary {
	atomic_uint n;
	struct {
		int64_t before, after;
	} record[MOST];
};

static struct {
	atomic_bool go_on, out;
	atomic_uint ready;
	struct diary of[THREADS];
} * told;

static void begin(void)
{
	cr_assert(place_make());
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(told, MAP_FAILED);
}

static void finish(void)
{
	munmap(told, sizeof(*told));
	cr_assert(place_remove());
}

TestSuite(backlog, .init = begin, .fini = finish, .timeout = 240);

/* ---- the program ---- */

static void pause_ns(int64_t ns)
{
	nanosleep(&(struct timespec){ ns / SECOND, ns % SECOND }, NULL);
}

static void record(struct diary *d, tk_timer_t t)
{
	unsigned n = atomic_load_explicit(&d->n, memory_order_relaxed);
	uint64_t start = tk_start(t);

	d->record[n].before = (int64_t)tk_now_ns(CLOCK_REALTIME);
	tk_stop(t, start);
	d->record[n].after = (int64_t)tk_now_ns(CLOCK_REALTIME);
	atomic_store(&d->n, n + 1);
}

/* 5,000 a second, by the clock: on a busy machine they come in bursts. */
static void at_5_k(struct diary *d, tk_timer_t t, int64_t ns)
{
	int64_t first = (int64_t)tk_now_ns(CLOCK_MONOTONIC), now = first, done = 0;

	while (now - first < ns) {
		now = (int64_t)tk_now_ns(CLOCK_MONOTONIC);
		for (; done < (now - first) / (SECOND / 5000); done++)
			record(d, t);
		pause_ns(MS);
	}
}

/* So long at 5 k/s, nothing for so long, and so long again; then until told to stop. */
struct score {
	int64_t play, rest, again;
	bool then_on;
};

static const struct score *score;

static void *play(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;
	struct diary *d = &told->of[i];
	tk_timer_t t = tk_timer(i ? "second" : "first");

	at_5_k(d, t, score->play);
	pause_ns(score->rest);
	at_5_k(d, t, score->again);
	atomic_fetch_add(&told->ready, 1);
	while (score->then_on && !atomic_load(&told->out) && atomic_load(&d->n) < MOST - 100)
		at_5_k(d, t, 10 * MS);
	atomic_fetch_add(&told->ready, 1);
	return NULL;
}

static const struct tk_discipline *discipline;

static pid_t start_threads(uint32_t slots, void *(*body)(void *))
{
	pid_t pid = fork();
	pthread_t thread[THREADS];

	if (pid)
		return pid;
	if (tk_open("past", &(struct tk_options){ .slots = slots, .discipline = discipline }))
		_exit(1);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, body, (void *)(uintptr_t)i);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pause();
	_exit(0);
}

static pid_t start(const struct score *s)
{
	score = s;
	return start_threads(SLOTS, play);
}

static void await_ready(unsigned ready)
{
	int64_t until = (int64_t)tk_now_ns(CLOCK_MONOTONIC) + DEADLINE_S * SECOND;

	while (atomic_load(&told->ready) < ready) {
		cr_assert_lt((int64_t)tk_now_ns(CLOCK_MONOTONIC), until, "it does not record");
		pause_ns(MS);
	}
}

static void kill_it(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- the collector ---- */

static struct tk_collector *collector(bool oldest)
{
	struct tk_collector_options o = { .dir = place, .oldest = oldest, .place_backlog = true };
	char why[256];
	struct tk_collector *c = tk_collector_open(&o, why);

	cr_assert(c, "%s", why);
	return c;
}

/* A snapshot that has all records of both timers, with the past of one. */
static struct tk_snapshot *await(struct tk_collector *c, const char *name,
				 bool (*good)(const struct tk_snapshot *))
{
	int64_t until = (int64_t)tk_now_ns(CLOCK_MONOTONIC) + DEADLINE_S * SECOND;
	struct tk_view view = { .from_ns = 1, .max_points = SIZE_MAX };

	while ((int64_t)tk_now_ns(CLOCK_MONOTONIC) < until) {
		struct tk_snapshot *s = tk_collector_snapshot(c, &view);

		cr_assert(s);
		for (size_t i = 0; i < s->n_timers; i++)
			if (!strcmp(s->timers[i].name, name))
				view.key = s->timers[i].key;
		if (view.key && s->detail_key == view.key && good(s))
			return s;
		tk_collector_wait(c, s->intervals, 100);
		tk_snapshot_free(s);
	}
	cr_assert(false, "it did not come to pass");
	return NULL;
}

static const struct tk_snap_timer *timer(const struct tk_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (!strcmp(s->timers[i].name, name))
			return &s->timers[i];
	cr_assert(false, "%s is not listed", name);
	return NULL;
}

static bool all_dead(const struct tk_snapshot *s)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (s->timers[i].alive)
			return false;
	return s->n_timers == THREADS;
}

static void adds_up(const struct tk_datapoint *d)
{
	cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
}

/* Of the records that are written down, how many surely lie in from..to, and how many may. */
static void may_lie(const struct diary *d, int64_t from, int64_t to, uint64_t *least,
		    uint64_t *most)
{
	*least = *most = 0;
	for (unsigned i = 0; i < d->n; i++) {
		*least += d->record[i].before >= from + TOLERANCE &&
			  d->record[i].after < to - TOLERANCE;
		*most += d->record[i].after >= from - TOLERANCE &&
			 d->record[i].before < to + TOLERANCE;
	}
}

/* Every point that ends until `until` has the records of its time. @return their records */
static uint64_t check_points(const struct tk_snapshot *s, const struct diary *d, int64_t until)
{
	const struct tk_datapoint *p = s->points[TK_PROCESSING];
	uint64_t sum = 0, least, most;

	for (size_t i = 0; i < s->n_points[TK_PROCESSING] && p[i].t_ns <= until; i++) {
		int64_t from = p[i].t_ns - (int64_t)p[i].interval_ns;

		adds_up(&p[i]);
		cr_assert(i == 0 || from >= p[i - 1].t_ns, "one after the other");
		cr_assert(p[i].records == 0 || p[i].interval_ns <= 100 * MS);
		may_lie(d, from, p[i].t_ns, &least, &most);
		cr_assert(least <= p[i].records && p[i].records <= most,
			  "%lu records from %ld to %ld, where %lu to %lu were made", p[i].records,
			  from, p[i].t_ns, least, most);
		sum += p[i].records;
	}
	return sum;
}

static void check_dead(const char *name, const struct diary *d)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s = await(c, name, all_dead);
	const struct tk_snap_timer *t = timer(s, name);
	int64_t last = d->record[d->n - 1].after;

	cr_assert(t->found_dead && !t->alive);
	cr_assert_eq(t->total[TK_PROCESSING].records, d->n);
	cr_assert_eq(t->total[TK_PROCESSING].count, d->n);
	adds_up(&t->total[TK_PROCESSING]);
	cr_assert_eq(s->lost, 0);
	cr_assert_eq(s->tier_ns, 100 * MS, "the finest");
	cr_assert_eq(check_points(s, d, INT64_MAX), d->n);
	cr_assert_eq(s->window[TK_PROCESSING].count, d->n);
	/* Of the process: the other thread may have been the last. */
	cr_assert(t->died_ns > last - SECOND && t->died_ns < s->t_ns);
	tk_snapshot_free(s);
	tk_collector_close(c);
}

Test(backlog, a_dead_process_is_where_it_was_for_each_collector)
{
	const struct score s = { 1200 * MS, 700 * MS, 800 * MS, false };

	pid_t pid = start(&s);

	await_ready(THREADS * 2);
	kill_it(pid);
	check_dead("first", &told->of[0]);
	check_dead("second", &told->of[1]);
}

/* What is read of a queue is gone: there is one collector. */
Test(backlog, a_queue_is_where_it_was)
{
	const struct score s = { 500 * MS, 300 * MS, 200 * MS, false };
	pid_t pid;

	discipline = &tk_rte;
	pid = start(&s);
	await_ready(THREADS * 2);
	kill_it(pid);
	check_dead("first", &told->of[0]);
}

/* ---- in pieces, and otherwise ---- */

static char *head_path(const char *file)
{
	static char path[256];
	char pattern[128];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/past.*/%s", place, file);
	cr_assert_eq(glob(pattern, 0, NULL, &g), 0);
	snprintf(path, sizeof(path), "%s", g.gl_pathv[0]);
	globfree(&g);
	return path;
}

static void *map(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	cr_assert_neq(p, MAP_FAILED);
	close(fd);
	return p;
}

static bool says(const struct tk_snapshot *s, const char *text)
{
	for (size_t i = 0; i < s->n_notes; i++)
		if (strstr(s->notes[i], text))
			return true;
	return false;
}

/* All at the moment of attaching, as it is said. */
static void check_not_placed(const char *because)
{
	struct tk_collector *c = collector(false);
	struct tk_snapshot *s = await(c, "first", all_dead);
	const struct tk_snap_timer *t = timer(s, "first");
	uint64_t sum = 0;

	for (size_t i = 0; i < s->n_points[TK_PROCESSING]; i++) {
		const struct tk_datapoint *p = &s->points[TK_PROCESSING][i];

		cr_assert(p->records == 0 || p->t_ns > told->of[0].record[told->of[0].n - 1].after);
		sum += p->records;
	}
	cr_assert_eq(sum, told->of[0].n);
	cr_assert_eq(t->total[TK_PROCESSING].count, told->of[0].n);
	cr_assert_eq(t->died_ns, 0, "not known");
	cr_assert(says(s, because), "%s", s->n_notes ? s->notes[s->n_notes - 1] : "");
	tk_snapshot_free(s);
	tk_collector_close(c);
}

Test(backlog, what_cannot_be_placed_says_so_and_is_at_the_present)
{
	const struct score s = { 300 * MS, 0, 0, false };
	struct tk_segment_head *head;
	pid_t pid = start(&s);
	char boot;

	await_ready(THREADS * 2);
	kill_it(pid);
	head = map(head_path("head"), sizeof(*head));
	boot = head->boot_id[0];
	head->boot_id[0] = boot == '0' ? '1' : '0';
	check_not_placed("it is of another boot");
	head->boot_id[0] = boot;
	head->created_ns -= 3600 * SECOND; /* as if the wall clock had been set since */
	check_not_placed("a clock was set");
	head->created_ns += 3600 * SECOND;
	check_dead("first", &told->of[0]);
	munmap(head, sizeof(*head));
}

static bool all_lost(const struct tk_snapshot *s)
{
	return all_dead(s) && s->lost == 3;
}

/* Three records that were counted, and are not in their slots. */
Test(backlog, what_is_lost_stands_in_a_row_before_the_first)
{
	const struct score s_ = { 300 * MS, 0, 0, false };
	struct tk_segment_head *head;
	struct tk_lane_head *lane;
	const char *name;
	struct tk_collector *c;
	struct tk_snapshot *s;
	const struct tk_datapoint *p;
	pid_t pid = start(&s_);
	uint64_t *counts;

	await_ready(THREADS * 2);
	kill_it(pid);
	head = map(head_path("head"), 8192);
	name = ((struct tk_segment_timer *)((char *)head + TK_SEGMENT_TIMERS))[1].name;
	lane = map(head_path("lane.0"), 8192);
	counts = (uint64_t *)((char *)lane + TK_LANE_COUNTS);
	lane->published = SLOTS + counts[1] + counts[2] + 3;
	counts[1] += 3; /* of the timer that was named first */
	munmap(lane, 8192);
	c = collector(false);
	s = await(c, name, all_lost);
	p = s->points[TK_PROCESSING];
	cr_assert_eq(p[0].lost, 3);
	cr_assert_eq(p[0].records, 3);
	for (size_t i = 1; i < s->n_points[TK_PROCESSING]; i++)
		cr_assert_eq(p[i].lost, 0);
	tk_snapshot_free(s);
	tk_collector_close(c);
}

static bool has_begun(const struct tk_snapshot *s)
{
	return s->n_timers == THREADS && s->intervals > 3;
}

static bool is_still(const struct tk_snapshot *s)
{
	return s->lag == 0 && s->timers[0].last[0].records == 0 &&
	       s->timers[1].last[0].records == 0;
}

static bool has_all(const struct tk_snapshot *s)
{
	return timer(s, "first")->total[TK_PROCESSING].records == told->of[0].n &&
	       timer(s, "second")->total[TK_PROCESSING].records == told->of[1].n;
}

/* It goes on recording all the while: what it recorded before the collector came is placed, what
 * it records since is live, and nothing is twice or missing. */
Test(backlog, a_living_process_has_each_record_once)
{
	const struct score s_ = { 1000 * MS, 300 * MS, 200 * MS, true };
	struct tk_collector *c;
	struct tk_snapshot *s;
	const struct diary *d = &told->of[0];
	pid_t pid = start(&s_);
	int64_t came, placed = 0;
	uint64_t sum = 0, least, most;

	await_ready(THREADS);
	came = (int64_t)tk_now_ns(CLOCK_REALTIME);
	c = collector(true);
	s = await(c, "first", has_begun);
	tk_snapshot_free(s);
	atomic_store(&told->out, true);
	await_ready(THREADS * 2);
	s = await(c, "first", has_all);
	cr_assert_eq(s->lost, 0);
	cr_assert_eq(s->tier_ns, 100 * MS);
	sum = check_points(s, d, came);
	for (size_t i = 0; i < s->n_points[TK_PROCESSING]; i++)
		if (s->points[TK_PROCESSING][i].t_ns <= came)
			placed = s->points[TK_PROCESSING][i].t_ns;
	cr_assert_gt(placed, d->record[0].after + SECOND);
	may_lie(d, 0, placed, &least, &most);
	cr_assert(least <= sum && sum <= most);
	for (size_t i = 0; i < s->n_points[TK_PROCESSING]; i++)
		if (s->points[TK_PROCESSING][i].t_ns > placed)
			sum += s->points[TK_PROCESSING][i].records;
	cr_assert_eq(sum, d->n);
	cr_assert_eq(timer(s, "first")->died_ns, 0);
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}

/* ---- out of order, astray, and too fast ---- */

#define ASTRAY 5u

/* Stamps by hand, up to 80 ms ago in any order; and some that are no time of this program's. What
 * time of day a stamp is, is known when all are made. */
static void *record_by_hand(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg, n = 0;
	struct diary *d = &told->of[i];
	tk_timer_t t = tk_timer_stamped(i ? "second" : "first", TK_STAMP_HAND);
	int64_t began = (int64_t)tk_now_ns(CLOCK_REALTIME), at;
	uint64_t state = i + 1, first = tk_now(), stop, now;
	double ns_per_tick;

	pause_ns(100 * MS);
	for (unsigned k = 0; k < ASTRAY; k++) {
		stop = k & 1 ? first + (UINT64_C(1) << 45) : first - (UINT64_C(1) << 45);
		tk_record_span(t, stop - 1000, stop, (struct tk_origin){ 0 });
	}
	do {
		at = (int64_t)tk_now_ns(CLOCK_REALTIME);
		now = tk_now();
		stop = now -
		       random_below(&state, (now - first) / (uint64_t)((at - began) / MS) * 80);
		tk_record_span(t, stop - 1000, stop, (struct tk_origin){ 0 });
		d->record[n++].before = (int64_t)(stop - first);
		pause_ns(100000);
	} while (at - began < 1500 * MS);
	ns_per_tick = (double)(at - began) / (double)(now - first);
	for (unsigned k = 0; k < n; k++)
		d->record[k].before = d->record[k].after =
			began + (int64_t)((double)d->record[k].before * ns_per_tick);
	atomic_store(&d->n, n);
	atomic_fetch_add(&told->ready, 1);
	return NULL;
}

Test(backlog, records_may_be_out_of_order_and_astray)
{
	const struct diary *d = &told->of[1];
	struct tk_collector *c;
	struct tk_snapshot *s;
	const struct tk_datapoint *p;
	pid_t pid = start_threads(SLOTS, record_by_hand);
	int64_t ended;
	uint64_t sum = 0;

	await_ready(THREADS);
	ended = (int64_t)tk_now_ns(CLOCK_REALTIME);
	kill_it(pid);
	c = collector(false);
	s = await(c, "second", all_dead);
	p = s->points[TK_PROCESSING];
	cr_assert_eq(check_points(s, d, ended + 100 * MS), d->n);
	for (size_t i = 0; i < s->n_points[TK_PROCESSING]; i++)
		sum += p[i].records;
	cr_assert_eq(sum, d->n + ASTRAY, "the rest is at the present");
	cr_assert_eq(timer(s, "second")->total[TK_PROCESSING].count, d->n + ASTRAY);
	cr_assert(says(s, "10 records are drawn where they were read"));
	tk_snapshot_free(s);
	tk_collector_close(c);
}

static void *record_flat_out(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;
	struct diary *d = &told->of[i];
	tk_timer_t t = tk_timer(i ? "second" : "first");
	unsigned n = 0;

	for (; n < 1000; n++)
		tk_stop(t, tk_start(t));
	atomic_fetch_add(&told->ready, 1);
	while (!atomic_load(&told->go_on))
		pause_ns(MS);
	for (; !atomic_load(&told->out) || n < 10 * SLOTS; n++)
		tk_stop(t, tk_start(t));
	atomic_store(&d->n, n);
	atomic_fetch_add(&told->ready, 1);
	return NULL;
}

/* Faster than anybody reads, while its lanes change hands: what is lost is known to the record. */
Test(backlog, no_record_is_lost_uncounted_where_lanes_change_hands)
{
	pid_t pid = start_threads(1024, record_flat_out);
	struct tk_collector *c;
	struct tk_snapshot *s;
	uint64_t sum = 0;

	await_ready(THREADS);
	atomic_store(&told->go_on, true);
	c = collector(true);
	s = await(c, "first", has_begun);
	tk_snapshot_free(s);
	atomic_store(&told->out, true);
	await_ready(2 * THREADS);
	s = await(c, "first", is_still);
	for (size_t i = 0; i < THREADS; i++)
		sum += s->timers[i].total[TK_PROCESSING].count;
	cr_assert_eq(s->delivered, sum);
	cr_assert_leq(s->delivered + s->lost, (uint64_t)told->of[0].n + told->of[1].n);
	for (size_t i = 0; i < THREADS; i++)
		adds_up(&s->timers[i].total[TK_PROCESSING]);
	tk_snapshot_free(s);
	tk_collector_close(c);
	kill_it(pid);
}
