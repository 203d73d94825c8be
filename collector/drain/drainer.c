/* SPDX-License-Identifier: MIT */
#include "collector/drain/drainer.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "collector/drain/pace.h"
#include "collector/machine/now.h"
#include "collector/machine/watchers.h"
#include "tsc/read.h"

#define QUIET_NS TK_SECOND_NS
#define WORK_NS  UINT64_C(500000)
#define BURST    32u
#define ORDERS   16384u
#define PARCELS  16384u

/* Memory for histograms is bounded whatever segments say: TK_TALLY_POOL_BYTES, and so many. */
#define TALLIES_MAX 131072u /* of a segment, handed over and being filled */

static bool spins(const struct tk_drainer *d)
{
	return d->poll_ns == TK_POLL_SPIN;
}

static uint64_t poll_interval(const struct tk_drainer *d, uint64_t now_ns)
{
	if (d->poll_ns)
		return d->poll_ns;
	return now_ns - d->own.moved_ns > QUIET_NS ? TK_POLL_MAX_NS : tk_poll_ns(d->own.fill_ns);
}

/* A system call, and so not while it spins: then all of a gap that nobody else made is its own. */
static uint64_t cpu_time(const struct tk_drainer *d)
{
	return spins(d) ? 0 : tk_now_ns(CLOCK_THREAD_CPUTIME_ID);
}

#define FILL_MAX_NS (8.0 * (double)TK_POLL_MAX_NS)

static void drain_part(const struct tk_drainer *d, struct tk_part *p, uint64_t now_ns,
		       uint64_t elapsed_ns, struct tk_drained *sum)
{
	struct tk_drained own = { .fill_ns = FILL_MAX_NS };

	tk_part_drain(p, spins(d) ? now_ns : 0, elapsed_ns, &own);
	p->fill_ns = own.fill_ns;
	sum->records += own.records;
	sum->lost += own.lost;
	if (own.fill_ns < sum->fill_ns)
		sum->fill_ns = own.fill_ns;
}

static void drain(struct tk_drainer *d, uint64_t now_ns)
{
	struct tk_drained sum = { .fill_ns = FILL_MAX_NS };
	uint64_t elapsed = now_ns - d->own.polled_ns, own = cpu_time(d) - d->own.cpu_ns;

	if (own > d->own.own_ns)
		d->own.own_ns = own;
	d->own.polled_ns = now_ns;
	if (d->own.over)
		return;
	d->own.polls++;
	if (elapsed > d->own.gap_ns)
		d->own.gap_ns = elapsed;
	tk_parts_look(&d->own.parts);
	if (d->own.parts.quiet && d->own.parts.fill_ns < sum.fill_ns)
		sum.fill_ns = d->own.parts.fill_ns;
	for (struct tk_part *p = d->own.parts.moving; p; p = p->next)
		if (!p->seg->bad)
			drain_part(d, p, now_ns, elapsed, &sum);
	if (sum.records)
		d->own.moved_ns = now_ns;
	if (sum.lost)
		d->own.gap_lost = true;
	if (own * 2 > elapsed)
		d->own.lost_own += sum.lost;
	d->own.cpu_ns = cpu_time(d);
	d->own.fill_ns = sum.fill_ns;
}

/* Call this within long work, so that no lane waits for its end, nor for longer than WORK_NS. */
static void drain_if_due(struct tk_drainer *d)
{
	uint64_t now_ns = tk_now_ns(CLOCK_MONOTONIC), elapsed = now_ns - d->own.polled_ns;

	if (spins(d) || elapsed >= WORK_NS || elapsed >= poll_interval(d, now_ns))
		drain(d, now_ns);
}

/* Add samples that waited for memory to their tallies: those of before `until`. */
static void settle(struct tk_drainer *d, uint64_t until, bool now)
{
	while (tk_tally_settle(&d->own.pool, until, now))
		drain_if_due(d);
}

static void flush(struct tk_drainer *d)
{
	unsigned sent = 0;

	while (sent < d->own.n_burst && !__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
		unsigned n =
			tk_channel_push(d->parcels, &d->own.burst[sent], d->own.n_burst - sent);

		sent += n;
		if (n)
			continue;
		drain_if_due(d);
		sched_yield();
	}
	d->own.n_burst = 0;
}

static void put(struct tk_drainer *d, struct tk_parcel parcel)
{
	d->own.burst[d->own.n_burst++] = parcel;
	if (d->own.n_burst < BURST)
		return;
	flush(d);
	drain_if_due(d);
}

static void hand_over_timer(struct tk_drainer *d, struct tk_part *p, uint32_t id)
{
	struct tk_tally **tally = tk_tally_of(p->full, p->agg.values, id);
	struct tk_parcel parcel = { .part = p,
				    .tally = *tally,
				    .lost = p->lost[id],
				    .timer = id,
				    .kind = TK_PARCEL_TIMER };

	if (!parcel.tally && !parcel.lost)
		return;
	if (parcel.tally)
		tk_tally_remember(parcel.tally, &p->agg.hints[id]);
	*tally = NULL;
	p->lost[id] = 0;
	put(d, parcel);
}

/* The last one says how many came after it that were not kept. */
static void hand_over_marks(struct tk_drainer *d, struct tk_part *p)
{
	struct tk_aggregator *a = &p->agg;

	for (uint32_t i = 0; i < a->n_marks; i++)
		put(d, (struct tk_parcel){ .part = p,
					   .lost = i + 1 == a->n_marks ? a->marks_dropped : 0,
					   .ticks = a->marks[i].start,
					   .timer = a->marks[i].timer,
					   .kind = TK_PARCEL_MARK });
	a->n_marks = a->marks_dropped = 0;
}

/* Losses are settled first, so that no timer is ever told to have lost more than its process. */
static void hand_over(struct tk_drainer *d, struct tk_part *p)
{
	uint64_t before = p->figures.delivered + p->figures.lost;

	tk_part_look_for_timers(p);
	for (uint32_t i = 0; i < p->n_lanes; i++) {
		tk_part_settle_lane(p, i);
		drain_if_due(d);
	}
	tk_part_swap_tallies(p);
	settle(d, d->own.pool.spill.put, true); /* no record is handed over half counted */
	for (uint32_t id = 0; id < p->agg.n_timers; id++)
		hand_over_timer(d, p, id);
	hand_over_marks(d, p);
	tk_part_look_at_lanes(p);
	p->still = p->figures.delivered + p->figures.lost == before;
}

/* The kernel gathers pages that were faulted in, some ten a cpu, and seconds later sends a worker
 * to that cpu to process the rest. munmap() processes them now. */
static void flush_page_batch(void)
{
	void *page = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED)
		munmap(page, 1);
}

/* Count what an isolated core should not see: page faults, involuntary switches, gaps. */
static void count_disturbances(struct tk_drainer *d)
{
	struct tk_drainer_figures *s = &d->figures;
	uint64_t faults;
	struct rusage u;

	s->cpu = sched_getcpu();
	s->gap_ns = d->own.gap_ns;
	s->gap_lost = d->own.gap_lost;
	s->polls = d->own.polls;
	s->own_ns = d->own.own_ns;
	s->lost_own = d->own.lost_own;
	s->stock = tk_tally_stocked(&d->own.pool);
	s->waited = d->own.pool.spill.put;
	if (s->gap_ns > s->longest_gap_ns)
		s->longest_gap_ns = s->gap_ns;
	d->own.gap_ns = 0;
	d->own.gap_lost = false;
	if (getrusage(RUSAGE_THREAD, &u))
		return;
	faults = (uint64_t)(u.ru_minflt + u.ru_majflt);
	if (d->cpu >= 0 && faults != d->own.faults)
		flush_page_batch();
	d->own.faults = faults;
	if (!d->own.warm) {
		d->own.since.faults = faults;
		d->own.since.involuntary = (uint64_t)u.ru_nivcsw;
		d->own.polls = 0;
		s->longest_gap_ns = 0;
		d->own.warm = true;
	}
	s->faults = faults - d->own.since.faults;
	s->involuntary = (uint64_t)u.ru_nivcsw - d->own.since.involuntary;
}

static void take_round(struct tk_drainer *d)
{
	tk_clock_guard_update(&d->own.guard, d->master_clock);
	tk_parts_check(&d->own.parts);
	for (struct tk_part *p = d->own.parts.moving; p; p = p->next)
		hand_over(d, p);
	/* One that spins leaves each lane alone for a while, which only tk_part_drain() does. */
	if (!spins(d))
		tk_parts_settle(&d->own.parts);
	count_disturbances(d);
	put(d, (struct tk_parcel){ .kind = TK_PARCEL_ROUND });
	flush(d);
}

static void add_lane(struct tk_drainer *d, struct tk_part *p, uint32_t lane)
{
	uint32_t lanes;

	if (!p->pool) {
		tk_part_begin(p, &d->own.pool, &d->own.guard);
		tk_parts_add(&d->own.parts, p);
	}
	tk_parts_move(&d->own.parts, p);
	lanes = p->n_lanes;
	tk_part_add(p, lane);
	if (p->n_lanes > lanes)
		tk_parts_reserve(&d->own.parts);
	d->own.warm = false;
}

static void take_part(struct tk_drainer *d, struct tk_part *p)
{
	tk_part_begin(p, &d->own.pool, &d->own.guard);
	tk_parts_add(&d->own.parts, p);
	for (uint32_t i = 0; i < p->n_lanes; i++)
		tk_parts_reserve(&d->own.parts);
	d->own.warm = false;
}

static void set_ended(struct tk_drainer *d, struct tk_part *p, bool ended)
{
	tk_parts_move(&d->own.parts, p);
	p->ended = ended;
	for (uint32_t i = 0; i < p->n_lanes; i++) {
		tk_part_end_lane(p, i);
		drain_if_due(d);
	}
}

static void release(struct tk_drainer *d, struct tk_part *p)
{
	tk_parts_remove(&d->own.parts, p);
	settle(d, d->own.pool.spill.put, true);
	tk_part_release(p);
	put(d, (struct tk_parcel){ .part = p, .kind = TK_PARCEL_RELEASED });
	flush(d);
}

static void carry_out(struct tk_drainer *d, const struct tk_order *o)
{
	switch ((enum tk_order_kind)o->kind) {
	case TK_ORDER_LANE:
		add_lane(d, o->part, o->lane);
		break;
	case TK_ORDER_PART:
		take_part(d, o->part);
		break;
	case TK_ORDER_END:
	case TK_ORDER_RESUME:
		set_ended(d, o->part, o->kind == TK_ORDER_END);
		break;
	case TK_ORDER_RELEASE:
		release(d, o->part);
		break;
	case TK_ORDER_LAST:
		drain(d, tk_now_ns(CLOCK_MONOTONIC)); /* lanes that were dealt just now, too */
		d->own.over = true;
		take_round(d);
		break;
	case TK_ORDER_TAKE:
		take_round(d);
		break;
	}
}

static void recycle_tallies(struct tk_drainer *d)
{
	struct tk_tally *empty[BURST];
	unsigned n;

	while ((n = tk_channel_pop(d->empties, empty, BURST))) {
		while (n)
			tk_tally_put(&d->own.pool, empty[--n]);
		drain_if_due(d);
	}
}

void tk_drainer_turn(struct tk_drainer *d, uint64_t now_ns)
{
	struct tk_order order;
	bool any = false;

	drain(d, now_ns);
	settle(d, UINT64_MAX, false);
	while (tk_channel_pop(d->orders, &order, 1)) {
		if (!any)
			recycle_tallies(d);
		any = true;
		carry_out(d, &order);
		drain_if_due(d);
	}
	if (d->own.pool.full)
		recycle_tallies(d);
}

static void sleep_until_due(struct tk_drainer *d)
{
	uint64_t now_ns, until;

	if (spins(d)) {
		tk_relax();
		return;
	}
	tk_bell_doze(&d->bell);
	now_ns = tk_now_ns(CLOCK_MONOTONIC);
	until = d->own.polled_ns + poll_interval(d, now_ns);
	if (until < now_ns + TK_POLL_MIN_NS)
		until = now_ns + TK_POLL_MIN_NS;
	if (tk_channel_empty(d->orders))
		tk_bell_sleep(&d->bell, (int64_t)(until - now_ns));
	tk_bell_awake(&d->bell);
}

static void *run(void *arg)
{
	struct tk_drainer *d = arg;
	char name[16];

	snprintf(name, sizeof(name), TK_WATCHER_NAME "%u",
		 d->node < 0 ? 0 : (unsigned)d->node % 100000);
	pthread_setname_np(pthread_self(), name);
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	d->figures.tid = (uint32_t)syscall(SYS_gettid);
	d->own.polled_ns = tk_now_ns(CLOCK_MONOTONIC);
	d->own.cpu_ns = cpu_time(d);
	while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED)) {
		tk_drainer_turn(d, tk_now_ns(CLOCK_MONOTONIC));
		sleep_until_due(d);
	}
	return NULL;
}

struct tk_drainer *tk_drainer_new(const struct tk_clock *clock, unsigned share)
{
	struct tk_drainer *d = aligned_alloc(64, (sizeof(*d) + 63) & ~(size_t)63);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->cpu = d->node = d->figures.cpu = -1;
	d->master_clock = clock;
	tk_clock_guard_init(&d->own.guard, clock);
	d->own.polled_ns = tk_now_ns(CLOCK_MONOTONIC);
	d->own.pool.max_tallies = TALLIES_MAX - 1;
	d->orders = tk_channel_new(ORDERS, sizeof(struct tk_order));
	d->parcels = tk_channel_new(PARCELS, sizeof(struct tk_parcel));
	d->empties = tk_channel_new(TALLIES_MAX, sizeof(struct tk_tally *));
	d->own.burst = calloc(BURST, sizeof(*d->own.burst));
	if (d->orders && d->parcels && d->empties && d->own.burst &&
	    tk_tally_pool_init(&d->own.pool, TK_TALLY_POOL_BYTES / share) == 0)
		return d;
	tk_drainer_free(d);
	errno = ENOMEM;
	return NULL;
}

int tk_drainer_start(struct tk_drainer *d, const struct tk_tsc_cpus *cpus)
{
	pthread_attr_t attr;
	int err = 0;

	d->figures.node = d->node;
	d->figures.cpu = d->cpu;
	d->figures.pinned = d->cpu >= 0;
	d->kept.shown = d->figures;
	if (!d->stock.pool)
		err = tk_stock_init(&d->stock, &d->own.pool, d->node);
	if (err)
		return err;
	while (d->cpu >= 0 && tk_stock_refill(&d->stock))
		;
	pthread_attr_init(&attr);
	if (cpus)
		pthread_attr_setaffinity_np(&attr, sizeof(cpus->bits),
					    (const cpu_set_t *)cpus->bits);
	err = pthread_create(&d->thread, &attr, run, d);
	pthread_attr_destroy(&attr);
	d->runs = !err;
	return -err;
}

void tk_drainer_stop(struct tk_drainer *d)
{
	struct tk_tsc_cpus any;

	tk_stock_stop(&d->stock);
	if (!d->runs)
		return;
	__atomic_store_n(&d->stop, true, __ATOMIC_RELAXED);
	tk_bell_ring(&d->bell);
	/* Another task may keep its cpu from it: let it run anywhere. */
	memset(&any, 0xff, sizeof(any));
	pthread_setaffinity_np(d->thread, sizeof(any.bits), (const cpu_set_t *)any.bits);
	pthread_join(d->thread, NULL);
	d->runs = false;
}

void tk_drainer_free(struct tk_drainer *d)
{
	if (!d)
		return;
	tk_channel_free(d->orders);
	tk_channel_free(d->parcels);
	tk_channel_free(d->empties);
	tk_tally_pool_free(&d->own.pool);
	tk_parts_free(&d->own.parts);
	free(d->own.burst);
	free(d->kept.held);
	free(d);
}

bool tk_drainer_order(struct tk_drainer *d, enum tk_order_kind kind, struct tk_part *part,
		      uint32_t lane)
{
	struct tk_order order = { .part = part, .lane = lane, .kind = (uint32_t)kind };

	if (!tk_channel_push(d->orders, &order, 1))
		return false;
	if (!spins(d))
		tk_bell_ring(&d->bell);
	return true;
}

unsigned tk_drainer_receive(struct tk_drainer *d, struct tk_parcel *parcels, unsigned n)
{
	return tk_channel_pop(d->parcels, parcels, n);
}

void tk_drainer_return(struct tk_drainer *d, struct tk_tally *tally)
{
	/* There is room: the channel holds as many as the pool may have out. */
	(void)tk_channel_push(d->empties, &tally, 1);
}
