/* SPDX-License-Identifier: MIT */
#include "collector/tune/live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "collector/cli/say.h"
#include "collector/cli/walk.h"
#include "collector/drain/pace.h"
#include "collector/machine/now.h"
#include "collector/machine/printable.h"
#include "tsc/affinity.h"
#include "tsc/clock.h"
#include "tsc/read.h"

#define REFRESH_NS (TK_SECOND_NS / 4)
#define QUIET_NS   TK_SECOND_NS
/* For so long gaps are not counted: the poll interval still follows quiet times, not the load. */
#define SETTLE_NS (TK_SECOND_NS / 10)

/* The name of the lane's writer. It lies in shared memory: copy it first, then check the copy. */
static void thread_of(const struct tk_segment_lane *lane, char name[TK_THREAD_NAME])
{
	uint32_t n = __atomic_load_n(&lane->head->n_owners, __ATOMIC_ACQUIRE);

	name[0] = '\0';
	if (n)
		memcpy(name, lane->head->owners[(n - 1) % TK_LANE_OWNERS].name, TK_THREAD_NAME);
	name[TK_THREAD_NAME - 1] = '\0';
	tk_printable(name, TK_THREAD_NAME, name);
}

static int add_lane(struct tk_live *l, struct tk_segment *s, uint32_t i)
{
	struct tk_live_lane *lanes = realloc(l->lanes, (l->n_lanes + 1) * sizeof(*lanes)), *lane;

	if (!lanes)
		return -ENOMEM;
	l->lanes = lanes;
	lane = &lanes[l->n_lanes];
	memset(lane, 0, sizeof(*lane));
	lane->lane = &s->lanes[i];
	lane->tsc = s->info.clock == TK_CLOCK_TSC;
	lane->hz = lane->tsc ? l->hz : 1e9;
	lane->index = i;
	lane->slots = lane->lane->info.slots;
	memcpy(lane->segment, s->name, sizeof(lane->segment));
	thread_of(lane->lane, lane->thread);
	if (tk_bursts_init(&lane->bursts, lane->hz) < 0)
		return -ENOMEM;
	l->n_lanes++;
	return 0;
}

/* A queue is left out: its records are its one reader's, and it drops by a rule of its own. */
static int add_lanes(struct tk_live *l, struct tk_segment *s, uint32_t from)
{
	int err = 0;

	for (uint32_t i = from; i < s->n_lanes && !err; i++) {
		if (s->lanes[i].info.discipline != TK_DISCIPLINE_BROADCAST)
			l->n_queues++;
		else if (s->lanes[i].head)
			err = add_lane(l, s, i);
	}
	return err;
}

/* Records that were there before are not measured. */
static void skip_to_newest(struct tk_segment *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_lane_reader *r = &s->lanes[i].reader;

		if (s->lanes[i].head && s->lanes[i].info.discipline == TK_DISCIPLINE_BROADCAST)
			tk_lane_reader_init(r, r->slots, r->head, r->size, TK_LANE_NEWEST);
	}
}

/* The walk detaches each segment when it goes on to the next: attach it again, to keep it. */
static void attach(void *arg, const struct tk_found *f)
{
	struct tk_live *l = arg;
	char why[TK_WHY_MAX] = "";
	struct tk_segment **segments, *s;

	if (f->owner == TK_OWNER_DEAD || f->owner == TK_OWNER_CLOSED)
		return;
	s = tk_segment_attach(f->dirfd, f->segment->name, TK_LANE_LOOK, why);
	if (!s)
		return;
	segments = realloc(l->segments, (l->n_segments + 1) * sizeof(struct tk_segment *));
	if (!segments) {
		tk_segment_detach(s);
		l->no_memory = true;
		return;
	}
	l->segments = segments;
	l->segments[l->n_segments++] = s;
	l->n_running = l->n_segments;
	skip_to_newest(s);
	if (add_lanes(l, s, 0) < 0)
		l->no_memory = true;
}

/* Pick up new lanes. @return whether the segment may still get records */
static bool refresh(struct tk_live *l, struct tk_segment *s)
{
	uint32_t had = s->n_lanes;
	char why[TK_WHY_MAX] = "";
	enum tk_owner owner;

	if (tk_segment_refresh(s, why) < 0) {
		tk_say("%s: %s; measuring it ends here", s->name, why);
		return false;
	}
	if (add_lanes(l, s, had) < 0)
		l->no_memory = true;
	owner = tk_segment_owner(s);
	if (owner != TK_OWNER_DEAD && owner != TK_OWNER_CLOSED)
		return true;
	tk_say("%s: its process ended", s->name);
	return false;
}

/* Move segments that ended behind those that run. @return whether any runs */
static bool refresh_all(struct tk_live *l)
{
	for (uint32_t i = l->n_running; i-- > 0;) {
		struct tk_segment *s = l->segments[i];

		if (refresh(l, s))
			continue;
		l->segments[i] = l->segments[--l->n_running];
		l->segments[l->n_running] = s;
	}
	return l->n_running && !l->no_memory;
}

/* When the record was pushed: the end of its span, or the time of its mark or value. */
static uint64_t pushed(const struct tk_slot *s)
{
	int64_t duration = tk_slot_kind(s) == TK_KIND_VALUE ? 0 : tk_slot_duration(s);

	return s->w[0] + (duration > 0 ? (uint64_t)duration : 0);
}

/* As the collector drains: at most one lane's worth. @return records delivered and lost */
static uint64_t drain(struct tk_live_lane *lane)
{
	struct tk_lane_reader *r = &lane->lane->reader;
	uint64_t had = r->delivered + r->lost, left = r->size / TK_LANE_CHUNK + 1;
	struct tk_slot batch[TK_LANE_CHUNK];
	uint64_t times[TK_LANE_CHUNK];
	bool on;

	do {
		size_t n;

		on = tk_lane_read(r, batch, &n);
		for (size_t i = 0; i < n; i++)
			times[i] = pushed(&batch[i]);
		tk_bursts_add(&lane->bursts, times, n,
			      lane->tsc ? tk_tsc_fast() : tk_now_ns(CLOCK_MONOTONIC));
	} while (on && --left);
	lane->lost = r->lost;
	return r->delivered + r->lost - had;
}

static void note_gap(struct tk_live *l, struct tk_live_lane *lane, uint64_t gap_ns)
{
	struct tk_hist *h = &l->gaps;

	if (gap_ns > lane->worst_gap_ns)
		lane->worst_gap_ns = gap_ns;
	if (h->count == 0 || gap_ns < h->min)
		h->min = gap_ns;
	if (gap_ns > h->max)
		h->max = gap_ns;
	h->count++;
	h->sum += gap_ns;
	h->buckets[tk_hist_index(gap_ns)]++;
}

/* What smaller lanes would have lost: a lapped reader skips ahead by an eighth of a lane more. */
static void note_losses(struct tk_live *l, uint64_t waiting)
{
	for (unsigned i = 0; i < TK_SIZES && waiting > tk_size_slots(i); i++)
		l->would_lose[i] += waiting - tk_size_slots(i) + tk_size_slots(i) / 8;
}

/* Drain one lane. @return in how many ns it would fill at its peak rate so far */
static double poll_lane(struct tk_live *l, struct tk_live_lane *lane, bool *moved)
{
	uint64_t begin_ns = tk_now_ns(CLOCK_MONOTONIC), window_ns = TK_RATE_WINDOW_NS, n;
	uint64_t before_ns = lane->drained_ns;

	n = drain(lane);
	lane->drained_ns = tk_now_ns(CLOCK_MONOTONIC);
	if (before_ns == 0)
		return 8.0 * (double)TK_POLL_MAX_NS;
	if (before_ns - l->began_ns > SETTLE_NS) {
		note_gap(l, lane, begin_ns - before_ns);
		note_losses(l, n);
	}
	if (n) {
		*moved = true;
		l->draining_ns += lane->drained_ns - begin_ns;
	}
	if (n > lane->waiting)
		lane->waiting = n;
	if (begin_ns - before_ns > window_ns)
		window_ns = begin_ns - before_ns;
	if ((double)n / (double)window_ns > lane->peak)
		lane->peak = (double)n / (double)window_ns;
	return lane->peak > 0 ? (double)lane->slots / lane->peak : 8.0 * (double)TK_POLL_MAX_NS;
}

static void rest(uint64_t poll_ns)
{
	struct timespec t = { (time_t)(poll_ns / TK_SECOND_NS), (long)(poll_ns % TK_SECOND_NS) };
	uint64_t until;

	if (poll_ns != TK_POLL_SPIN) {
		clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
		return;
	}
	until = tk_now_ns(CLOCK_MONOTONIC) + TK_SPIN_REST_NS;
	while (tk_now_ns(CLOCK_MONOTONIC) < until)
		tk_relax();
}

static void measure(struct tk_live *l, const struct tk_args *a, const volatile sig_atomic_t *stop)
{
	uint64_t now = tk_now_ns(CLOCK_MONOTONIC), moved_ns = now, refresh_ns = now + REFRESH_NS;
	uint64_t until_ns = now + SETTLE_NS + a->seconds * TK_SECOND_NS;
	bool any = true;

	l->began_ns = now;
	while (!*stop && any && now < until_ns) {
		double fill_ns = 8.0 * (double)TK_POLL_MAX_NS;
		bool moved = false;
		uint64_t poll_ns;

		for (uint32_t i = 0; i < l->n_lanes; i++) {
			double fills = poll_lane(l, &l->lanes[i], &moved);

			fill_ns = fills < fill_ns ? fills : fill_ns;
		}
		now = tk_now_ns(CLOCK_MONOTONIC);
		if (moved)
			moved_ns = now;
		if (now >= refresh_ns) {
			any = refresh_all(l);
			refresh_ns = now + REFRESH_NS;
		}
		poll_ns = now - moved_ns > QUIET_NS ? TK_POLL_MAX_NS : tk_poll_ns(fill_ns);
		if (a->collector.poll_ns)
			poll_ns = a->collector.poll_ns;
		if (poll_ns != TK_POLL_SPIN && poll_ns < TK_POLL_MIN_NS)
			poll_ns = TK_POLL_MIN_NS;
		rest(poll_ns);
	}
	l->measured_ns = now - l->began_ns;
}

static void sum_up_lane(struct tk_live *l, struct tk_live_lane *lane)
{
	l->records += lane->bursts.records + lane->lost;
	l->lost += lane->lost;
	for (unsigned w = 0; w < TK_WINDOWS; w++)
		if (lane->bursts.peak[w] > l->peak[w])
			l->peak[w] = lane->bursts.peak[w];
	for (unsigned i = 0; i < TK_SIZES; i++) {
		uint64_t ns = (uint64_t)((double)lane->bursts.fill[i] * 1e9 / lane->hz);

		lane->survives_ns[i] = ns < TK_SURVIVES_MAX_NS ? ns : TK_SURVIVES_MAX_NS;
		if (ns < l->survives_ns[i])
			l->survives_ns[i] = ns;
	}
}

static void sum_up(struct tk_live *l)
{
	for (unsigned i = 0; i < TK_SIZES; i++)
		l->survives_ns[i] = TK_SURVIVES_MAX_NS;
	for (uint32_t k = 0; k < l->n_lanes; k++)
		sum_up_lane(l, &l->lanes[k]);
}

/* @had: the affinity to restore later */
static int pin(int cpu, struct tk_tsc_cpus *had)
{
	struct tk_tsc_cpus one = { 0 };
	int err = tk_tsc_affinity(0, had);

	tk_tsc_cpus_add(&one, (unsigned int)cpu);
	return err ? err : tk_tsc_affinity_set(0, &one);
}

static int open_clock(struct tk_live *l)
{
	struct tk_clock clock;
	int err = tk_clock_open(&clock, NULL);

	if (err) {
		tk_say("the counter's rate cannot be measured: %s; `timekeeper tsc` says more",
		       strerror(-err));
		return TK_EXIT_FAILED;
	}
	l->hz = clock.hz;
	return TK_EXIT_OK;
}

static int attach_all(struct tk_live *l, const struct tk_args *a)
{
	int code = tk_walk(a, attach, l, TK_WALK_SKIPPED, false);

	if (code == TK_EXIT_OK && l->n_segments == 0 && !l->no_memory) {
		tk_say("only segments of dead processes: measure a program while it runs");
		code = TK_EXIT_NOTHING;
	}
	if (code == TK_EXIT_OK && l->n_lanes == 0 && l->n_queues) {
		tk_say("only queues there, and a queue is its reader's alone: describe its load "
		       "with "
		       "--rate instead");
		code = TK_EXIT_NOTHING;
	}
	return code;
}

int tk_live_measure(struct tk_live *l, const struct tk_args *a, const volatile sig_atomic_t *stop)
{
	bool pinned = a->cpu >= 0;
	int code = open_clock(l);
	struct tk_tsc_cpus had;
	int err;

	if (code == TK_EXIT_OK)
		code = attach_all(l, a);
	if (code != TK_EXIT_OK)
		return code;
	err = pinned ? pin(a->cpu, &had) : 0;
	if (err) {
		tk_say("cannot run on cpu %d: %s", a->cpu, strerror(-err));
		return TK_EXIT_FAILED;
	}
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	tk_say("measuring %u lane%s for %" PRIu64 " s", l->n_lanes, l->n_lanes == 1 ? "" : "s",
	       a->seconds);
	if (!l->no_memory)
		measure(l, a, stop);
	if (pinned)
		(void)tk_tsc_affinity_set(0, &had);
	if (l->no_memory) {
		tk_say("out of memory for the times of so many lanes' records; choose fewer with "
		       "--app or --pid");
		return TK_EXIT_FAILED;
	}
	if (l->n_queues)
		tk_say("%u lane%s left out: a queue is its reader's alone; describe its load with "
		       "--rate instead",
		       l->n_queues, l->n_queues == 1 ? "" : "s");
	sum_up(l);
	return TK_EXIT_OK;
}

void tk_live_free(struct tk_live *l)
{
	for (uint32_t i = 0; i < l->n_lanes; i++)
		tk_bursts_free(&l->lanes[i].bursts);
	for (uint32_t i = 0; i < l->n_segments; i++)
		tk_segment_detach(l->segments[i]);
	free(l->lanes);
	free(l->segments);
}
