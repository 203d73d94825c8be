/* SPDX-License-Identifier: MIT */
/* The collecting thread and its pace. See core.h. */
#include "collector/engine/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "collector/engine/backlog.h"
#include "collector/engine/core.h"
#include "collector/engine/placing.h"
#include "collector/engine/views/total.h"

#define MS            UINT64_C(1000000)
#define SCAN_NS       (250 * MS) /* where something cannot be watched */
#define LOOK_NS       (20 * MS)  /* likewise, and for a while after something happened */
#define REFINE_NS     TK_SECOND_NS
#define TAKE_NS       (5 * TK_SECOND_NS) /* between two rounds, */
#define TAKE_SOON_NS  (250 * MS)          /* and while something waits for the next */
#define FINISH_NS     (10 * TK_SECOND_NS) /* of what has ended, what is not read by then is left */
#define BACKLOG_NS    (2 * TK_SECOND_NS)  /* between two notes of how far it is read */
#define ANSWER_NS     (MS / 10) /* how long drainers have to answer before we look again */
#define INTERVAL_NS   (100 * MS)
#define HISTORY_BYTES (UINT64_C(256) << 20)

/* Whether something is due. The due time moves on from itself, so that intervals do not drift, but
 * never into the past. */
static bool due(uint64_t *when, uint64_t period, uint64_t now_ns)
{
	if (now_ns < *when)
		return false;
	*when = *when + period > now_ns ? *when + period : now_ns + period;
	return true;
}

/* Drainers must know a new epoch before they meet its first spans: ask them at once. */
static void refine(struct tk_collector *c)
{
	uint32_t before = c->own.clock.epoch.number;

	if (tk_clock_refine(&c->own.clock) || c->own.clock.epoch.number == before)
		return;
	c->own.take_ns = c->own.now_ns;
	tk_notes_add(&c->own.notes, "the clock began epoch %u (%s): spans across it are set aside",
		     c->own.clock.epoch.number + 1,
		     tk_epoch_reason_name(c->own.clock.epoch.reason));
}

static void note_backlog(struct tk_collector *c, uint32_t behind, uint64_t records)
{
	if (c->own.now_ns < c->own.backlog_ns)
		return;
	if (c->own.backlog_ns)
		tk_notes_add(&c->own.notes,
			     "still reading what was recorded before: %" PRIu64
			     " records so far, %u lanes to go",
			     records, behind);
	c->own.backlog_ns = c->own.now_ns + BACKLOG_NS;
}

/*
 * Who asked for the oldest records gets all of them in one interval, however long it takes to read
 * them: up to what each lane had published when it was attached.
 */
static bool reads_backlog(struct tk_collector *c)
{
	uint64_t records = 0;
	uint32_t behind = 0;

	if (!c->options.oldest || c->options.place_backlog || c->own.backlog_read)
		return false;
	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		records += s->info.delivered;
		if (s->seg && !s->left && !s->broken)
			behind += s->info.behind + (s->ended && !s->finished);
	}
	c->own.backlog_read = c->own.scanned && c->own.answered && !behind;
	if (!c->own.backlog_read)
		note_backlog(c, behind, records);
	return !c->own.backlog_read;
}

static bool is_ending(const struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		if (s->seg && s->ended && !s->left && !s->broken)
			return true;
	}
	return false;
}

/* The last interval has everything that ended before it was asked for. */
static void ask_for_the_last(struct tk_collector *c)
{
	if (c->shown.state.finished)
		return;
	if (!c->own.finish_ns) {
		c->own.finish_ns = c->own.now_ns;
		/* Of the last lanes and ends there may have been no event yet: look at each. */
		c->own.all_ns = c->own.now_ns;
		tk_scan(c);
	}
	c->own.finishing = !is_ending(c) || c->own.now_ns - c->own.finish_ns > FINISH_NS;
	tk_round_ask(c, c->own.finishing);
}

/* Each round brings this on: programs that end are read, left and detached, and what was recorded
 * before is read. */
static bool is_awaited(const struct tk_collector *c)
{
	if (!c->own.answered || (c->options.oldest && !c->own.backlog_read))
		return true;
	for (size_t i = 0; i < c->own.n_sources; i++) {
		const struct tk_source *s = c->own.sources[i];

		if (s->seg && (s->ended || s->broken || s->left))
			return true;
	}
	return false;
}

/*
 * Have the next round in time. A round costs for each timer that has a record in it, so that it is
 * no more often than is of use; and counters of 32 bits must not overflow between two.
 */
static void plan_round(struct tk_collector *c)
{
	uint64_t soon = c->own.now_ns + TAKE_SOON_NS;

	if (c->own.take_ns > soon && is_awaited(c))
		c->own.take_ns = soon;
}

static void ask(struct tk_collector *c)
{
	bool interval;

	if (__atomic_load_n(&c->finish, __ATOMIC_RELAXED)) {
		ask_for_the_last(c);
		return;
	}
	interval = !reads_backlog(c) &&
		   due(&c->own.close_ns, c->shown.state.interval_ns, c->own.now_ns);
	if (!interval && c->own.now_ns < c->own.take_ns)
		return;
	tk_round_ask(c, interval);
	c->own.take_ns = c->own.now_ns + TAKE_NS;
	plan_round(c);
}

static void look(struct tk_collector *c)
{
	bool looks = due(&c->own.look_ns, LOOK_NS, c->own.now_ns);

	if (looks && tk_look(c))
		c->own.scan_ns = c->own.now_ns;
	if (c->own.now_ns >= c->own.scan_ns) {
		tk_scan(c);
		c->own.scan_ns =
			c->own.now_ns +
			(c->own.wake.works && !c->own.unwatched ? TK_LOOK_AT_ALL_NS : SCAN_NS);
		looks = true;
	}
	if (looks)
		plan_round(c);
}

static void place(struct tk_collector *c)
{
	c->own.place_ns = UINT64_MAX;
	if (!c->options.place_backlog)
		return;
	switch (tk_backlog_step(c)) {
	case TK_BACKLOG_NONE:
		break;
	case TK_BACKLOG_MORE:
		c->own.place_ns = c->own.now_ns;
		break;
	case TK_BACKLOG_WAIT:
		c->own.place_ns = c->own.now_ns + ANSWER_NS;
	}
}

static void turn(struct tk_collector *c)
{
	look(c);
	tk_round_receive(c);
	place(c);
	if (c->own.rounding)
		return;
	if (tk_round_all_answered(c) && due(&c->own.refine_ns, REFINE_NS, c->own.now_ns))
		refine(c);
	ask(c);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* After the last interval it only looks. */
static uint64_t due_next(const struct tk_collector *c, bool listens)
{
	uint64_t next = listens ? c->own.scan_ns : earliest(c->own.scan_ns, c->own.look_ns);

	if (c->shown.state.finished)
		return next;
	next = earliest(next, c->own.place_ns);
	if (c->own.rounding)
		return earliest(next, c->own.now_ns + ANSWER_NS);
	return earliest(next, earliest(c->own.close_ns, c->own.take_ns));
}

/* Have the collecting thread look at `stop` and `finish` now. */
static void call(const struct tk_collector *c)
{
	eventfd_write(c->call_fd, 1);
}

static void hear(const struct tk_collector *c)
{
	eventfd_t calls;

	eventfd_read(c->call_fd, &calls);
}

/* Woken, it does not listen again for LOOK_NS: who makes events all the time costs no more than
 * looking by the clock. */
static void sleep_until_due(struct tk_collector *c)
{
	bool listens = tk_look_may_wait(c);
	struct pollfd of[] = { { .fd = c->call_fd, .events = POLLIN },
			       { .fd = listens ? c->own.wake.fd : -1, .events = POLLIN } };
	uint64_t until = due_next(c, listens), now = tk_now_ns(CLOCK_MONOTONIC);
	struct timespec t;

	until = until > now ? until - now : 0;
	t.tv_sec = (time_t)(until / TK_SECOND_NS);
	t.tv_nsec = (long)(until % TK_SECOND_NS);
	if (ppoll(of, 2, &t, NULL) <= 0)
		return;
	if (of[0].revents)
		hear(c);
	if (of[1].revents)
		c->own.look_ns = 0;
}

static void *collect(void *arg)
{
	struct tk_collector *c = arg;

	pthread_setname_np(pthread_self(), "tk-collector");
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	c->own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_wake_open(&c->own.wake);
	c->own.scan_ns = c->own.gap_shown_ns = c->own.now_ns;
	c->own.refine_ns = c->own.now_ns + REFINE_NS;
	c->own.take_ns = c->own.now_ns + TAKE_SOON_NS;
	c->own.close_ns = c->own.now_ns + c->shown.state.interval_ns;
	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		c->own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
		turn(c);
		sleep_until_due(c);
	}
	return NULL;
}

static uint64_t clamp_interval(uint64_t ns)
{
	if (ns < TK_INTERVAL_MIN_NS)
		return TK_INTERVAL_MIN_NS;
	return ns > TK_INTERVAL_MAX_NS ? TK_INTERVAL_MAX_NS : ns;
}

void tk_collector_set_interval(struct tk_collector *c, uint64_t interval_ns)
{
	__atomic_store_n(&c->wanted_interval_ns, clamp_interval(interval_ns), __ATOMIC_RELAXED);
}

static int copy_options(struct tk_collector *c, const struct tk_collector_options *o)
{
	c->options = *o;
	c->options.dir = o->dir ? strdup(o->dir) : NULL;
	c->options.app = o->app ? strdup(o->app) : NULL;
	if ((o->dir && !c->options.dir) || (o->app && !c->options.app))
		return -ENOMEM;
	tk_collector_set_interval(c, o->interval_ns ? o->interval_ns : INTERVAL_NS);
	c->shown.state.interval_ns = c->wanted_interval_ns; /* nobody else knows of it yet */
	c->options.place_backlog = o->place_backlog && !o->intervals_bytes;
	c->shown.intervals.budget = o->intervals_bytes;
	c->shown.intervals.histograms = o->intervals_histograms;
	c->shown.intervals.idle = o->intervals_idle;
	c->shown.intervals.totals = o->intervals_totals;
	c->shown.intervals.threads = o->intervals_threads;
	tk_registry_init(&c->shown.registry, o->history_bytes ? o->history_bytes : HISTORY_BYTES);
	c->shown.registry.no_past = o->no_past;
	c->shown.registry.keeps_closed = o->intervals_histograms;
	if (o->totals)
		c->shown.registry.dead_max = TK_ENDED_MAX;
	return 0;
}

static void init_lock(struct tk_collector *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->closed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&c->lock, NULL);
}

static void free_all(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_drainers; i++)
		tk_drainer_stop(c->own.drainers[i]);
	tk_placing_end(c);
	tk_backlog_free(c);
	tk_scan_free(c);
	for (size_t i = 0; i < c->own.n_drainers; i++)
		tk_drainer_free(c->own.drainers[i]);
	tk_shown_free(&c->shown);
	free(c->own.drainers);
	free((char *)(uintptr_t)c->options.dir);
	free((char *)(uintptr_t)c->options.app);
	pthread_cond_destroy(&c->closed);
	pthread_mutex_destroy(&c->lock);
	if (c->call_fd >= 0)
		close(c->call_fd);
	free(c);
}

struct tk_collector *tk_collector_open(const struct tk_collector_options *o, char why[256])
{
	struct tk_collector *c = calloc(1, sizeof(*c));
	int err;

	if (!c) {
		snprintf(why, 256, "out of memory");
		return NULL;
	}
	init_lock(c);
	c->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = c->call_fd < 0 ? -errno : copy_options(c, o);
	if (err)
		snprintf(why, 256, "the collector cannot be made: %s", strerror(-err));
	if (!err) {
		err = tk_clock_open(&c->own.clock, NULL);
		if (err)
			snprintf(why, 256,
				 "the counter's rate cannot be measured: %s; `timekeeper tsc` says "
				 "more",
				 strerror(-err));
	}
	if (!err) {
		c->shown.state.hz = c->own.clock.hz;
		c->shown.state.epoch = c->own.clock.epoch.number + 1;
		tk_span_cost_measure(&c->shown.state.span_cost);
		c->own.began_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
		c->own.line_ns = c->own.began_ns - (int64_t)tk_now_ns(CLOCK_MONOTONIC);
		c->shown.line_ns = c->own.line_ns;
		c->shown.began_ns = c->own.began_ns;
		err = tk_placing_begin(c, why);
	}
	if (!err) {
		err = -pthread_create(&c->thread, NULL, collect, c);
		if (err)
			snprintf(why, 256, "the collecting thread cannot be started: %s",
				 strerror(-err));
	}
	if (err) {
		free_all(c);
		errno = -err;
		return NULL;
	}
	return c;
}

static struct timespec after(int timeout_ms)
{
	uint64_t until = tk_now_ns(CLOCK_MONOTONIC) + (uint64_t)timeout_ms * MS;

	return (struct timespec){ (time_t)(until / TK_SECOND_NS), (long)(until % TK_SECOND_NS) };
}

int tk_collector_wait(struct tk_collector *c, uint64_t intervals, int timeout_ms)
{
	struct timespec t = after(timeout_ms);
	int err = 0;

	pthread_mutex_lock(&c->lock);
	while (c->shown.state.intervals <= intervals && !err)
		err = pthread_cond_timedwait(&c->closed, &c->lock, &t);
	if (c->shown.state.intervals > intervals)
		err = 0;
	pthread_mutex_unlock(&c->lock);
	return -err;
}

int tk_collector_finish(struct tk_collector *c, int timeout_ms)
{
	struct timespec t = after(timeout_ms);
	int err = 0;

	__atomic_store_n(&c->finish, true, __ATOMIC_RELAXED);
	call(c);
	pthread_mutex_lock(&c->lock);
	while (!c->shown.state.finished && !err)
		err = pthread_cond_timedwait(&c->closed, &c->lock, &t);
	if (c->shown.state.finished)
		err = 0;
	pthread_mutex_unlock(&c->lock);
	return -err;
}

struct tk_interval *tk_collector_next_interval(struct tk_collector *c,
					       struct tk_intervals_dropped *dropped)
{
	struct tk_interval *i;

	pthread_mutex_lock(&c->lock);
	i = tk_intervals_take(&c->shown.intervals);
	*dropped = c->shown.intervals.dropped;
	pthread_mutex_unlock(&c->lock);
	return i;
}

struct tk_interval *tk_collector_total(struct tk_collector *c)
{
	struct tk_interval *i;

	pthread_mutex_lock(&c->lock);
	i = tk_total(&c->shown);
	pthread_mutex_unlock(&c->lock);
	return i;
}

int64_t tk_collector_now_ns(const struct tk_collector *c)
{
	return (int64_t)tk_now_ns(CLOCK_MONOTONIC) + c->own.line_ns;
}

struct tk_snapshot *tk_collector_snapshot(struct tk_collector *c, const struct tk_view *view)
{
	struct tk_shown_past past;
	struct tk_snapshot *s;

	pthread_mutex_lock(&c->lock);
	s = tk_shown_copy(&c->shown, view, &past);
	pthread_mutex_unlock(&c->lock);
	return tk_shown_complete(s, &past);
}

void tk_collector_close(struct tk_collector *c)
{
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	call(c);
	pthread_join(c->thread, NULL);
	free_all(c);
}
