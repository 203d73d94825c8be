/* SPDX-License-Identifier: MIT */
#include "collector/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/pace.h"

/* Memory for histograms is bounded whatever a segment says: 8,192 timers with records, 340 MB. */
#define TALLIES_MAX 8192u
/* And of a segment's accounts, 56 bytes a timer and lane: 64 lanes of 65,536 timers, 235 MB. */
#define ACCOUNTS_MAX (UINT64_C(64) * TK_TIMERS_MAX)

static uint32_t table_size(const struct tk_source *s)
{
	return s->seg->info.max_timers;
}

static size_t tallies_used(const struct tk_tally_pool *p)
{
	return p->n_blocks * ((UINT64_C(2) << 20) / sizeof(struct tk_tally)) - p->n_free;
}

/* A record of a timer that has no tally yet. */
static void more(struct tk_aggregator *a, uint32_t id)
{
	struct tk_source *s = (struct tk_source *)a;

	if (id >= a->n_timers && tk_source_refresh(s) < 0)
		return;
	if (id < a->n_timers && tallies_used(s->pool) < TALLIES_MAX)
		a->tallies[id] = tk_tally_get(s->pool);
}

/* A lane that could not be attached keeps its place; a queue that another read comes in later. */
static bool is_there(const struct tk_source *s, uint32_t i)
{
	return s->seg->lanes[i].head != NULL && s->lanes[i].account.got;
}

/* For another reader to let go of it. */
static bool waits(const struct tk_source *s, uint32_t i)
{
	return !s->seg->lanes[i].head && s->seg->lanes[i].queue_fd >= 0;
}

static bool is_ring(const struct tk_source *s, uint32_t i)
{
	return s->seg->lanes[i].info.discipline == TK_DISCIPLINE_BROADCAST;
}

/*
 * A lane whose beginning we missed is being written while we look. What its timers had pushed when
 * the reader took its place lies between the counts before and after, so take the place again
 * between two looks. A queue's beginning went to another reader, or was dropped.
 */
static int lane_begin(struct tk_source *s, uint32_t i)
{
	struct tk_lane_reader *r = &s->seg->lanes[i].reader;
	uint32_t n = table_size(s);
	uint64_t *before;
	int err;

	if (s->from == TK_LANE_NEWEST && r->first != r->size && is_ring(s, i)) {
		before = calloc(n, sizeof(*before));
		if (!before)
			return -ENOMEM;
		tk_lane_counts(r, before, n);
		tk_lane_reader_init(r, r->slots, r->head, r->size, TK_LANE_NEWEST);
		tk_lane_counts(r, s->counts, n);
		err = tk_account_init(&s->lanes[i].account, n, TK_BASE_BETWEEN, before, s->counts);
		free(before);
		return err;
	}
	return tk_account_init(&s->lanes[i].account, n,
			       r->first == r->size ? TK_BASE_ZERO : TK_BASE_UNKNOWN, NULL, NULL);
}

static int lanes_begin(struct tk_source *s)
{
	s->n_lanes = s->seg->n_lanes;
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		if (!s->seg->lanes[i].head || s->lanes[i].account.got)
			continue;
		if ((i + UINT64_C(1)) * table_size(s) > ACCOUNTS_MAX) {
			if (!s->cut)
				(void)tk_fail(s->why, ENOBUFS,
					      "it has room for too many timers in too many lanes: "
					      "lane %u and those after it are left out",
					      i);
			s->cut = true;
			break;
		}
		if (lane_begin(s, i) < 0)
			return -ENOMEM;
		if (s->ended) /* a queue that another reader kept until now */
			tk_lane_reader_end(&s->seg->lanes[i].reader);
	}
	return 0;
}

/* Stamps in CLOCK_MONOTONIC ns need no clock of ours, only the distance to the wall clock. */
static int64_t monotonic_to_wall_ns(void)
{
	struct timespec mono, wall;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (wall.tv_sec - mono.tv_sec) * INT64_C(1000000000) + wall.tv_nsec - mono.tv_nsec;
}

struct tk_source *tk_source_new(struct tk_segment *seg, const char *dir, enum tk_lane_from from,
				struct tk_tally_pool *pool, const struct tk_clock *clock, bool raw)
{
	struct tk_source *s = calloc(1, sizeof(*s));
	bool tsc = seg->info.clock == TK_CLOCK_TSC;

	if (!s) {
		tk_segment_detach(seg);
		errno = ENOMEM;
		return NULL;
	}
	s->seg = seg;
	s->pool = pool;
	s->from = from;
	s->dir = strdup(dir);
	s->listed = true;
	s->clock_to_wall_ns = tsc ? 0 : monotonic_to_wall_ns();
	tk_aggregator_init(&s->agg, raw ? NULL : seg->info.floor, tsc ? clock : NULL);
	s->agg.more = more;
	s->agg.tallies = calloc(table_size(s), sizeof(struct tk_tally *));
	s->series = calloc(table_size(s), sizeof(struct tk_series *));
	s->counts = calloc(table_size(s), sizeof(*s->counts));
	s->lanes = calloc(seg->info.max_lanes, sizeof(*s->lanes));
	snprintf(s->info.name, sizeof(s->info.name), "%s", seg->name);
	snprintf(s->info.app, sizeof(s->info.app), "%s", seg->info.app);
	s->info.pid = seg->info.pid;
	s->disabled = calloc(table_size(s), 1);
	s->agg.n_timers = seg->info.n_timers;
	if (!s->dir || !s->disabled || !s->agg.tallies || !s->series || !s->counts || !s->lanes ||
	    lanes_begin(s) < 0) {
		tk_source_free(s);
		errno = ENOMEM;
		return NULL;
	}
	return s;
}

/* Owner-only: of another user's segment it is not known. */
int tk_source_refresh(struct tk_source *s)
{
	char why[TK_WHY_MAX] = "";
	int err = tk_segment_refresh(s->seg, why);

	if (why[0])
		memcpy(s->why, why, sizeof(s->why));
	if (err < 0)
		return err;
	s->agg.n_timers = s->seg->info.n_timers;
	return lanes_begin(s);
}

static void set_ended(struct tk_source *s, bool ended)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		if (!is_there(s, i))
			continue;
		if (ended)
			tk_lane_reader_end(&s->seg->lanes[i].reader);
		else
			tk_lane_reader_resume(&s->seg->lanes[i].reader);
	}
	s->ended = ended;
}

void tk_source_watch(struct tk_source *s)
{
	enum tk_owner owner = tk_segment_owner(s->seg);
	bool ended = owner == TK_OWNER_DEAD || owner == TK_OWNER_CLOSED;

	s->info.owner = owner;
	tk_segment_disabled(s->seg, s->disabled);
	if (ended == s->ended)
		return;
	if (ended)
		tk_source_refresh(s); /* lanes and timers of its last moments */
	set_ended(s, ended);
}

/* At most one ring's worth at a time: a lane that never ends must not starve the others. */
static void drain_lane(struct tk_source *s, uint32_t i, bool *resting)
{
	struct tk_lane_reader *r = &s->seg->lanes[i].reader;
	uint64_t *got = s->lanes[i].account.got;
	struct tk_slot batch[2][TK_LANE_CHUNK];
	uint64_t left = r->size / TK_LANE_CHUNK + 1;
	size_t n[2] = { 0 };
	unsigned now = 0;
	bool on;

	do {
		on = tk_lane_read(r, batch[now], &n[now]);
		tk_aggregate_prefetch(&s->agg, batch[now], n[now]);
		tk_aggregate(&s->agg, got, batch[now ^ 1], n[now ^ 1]);
		n[now ^ 1] = 0;
		now ^= 1;
	} while (on && --left);
	tk_aggregate(&s->agg, got, batch[now ^ 1], n[now ^ 1]);
	*resting = !on;
}

void tk_source_drain(struct tk_source *s, uint64_t now_ns, uint64_t elapsed_ns,
		     struct tk_drained *sum)
{
	double window = (double)(elapsed_ns > TK_RATE_WINDOW_NS ? elapsed_ns : TK_RATE_WINDOW_NS);

	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_source_lane *l = &s->lanes[i];
		const struct tk_lane_reader *r = &s->seg->lanes[i].reader;
		uint64_t lost = r->lost;
		uint64_t moved;
		bool resting;

		if (!is_there(s, i) || (now_ns && now_ns < l->due_ns))
			continue;
		drain_lane(s, i, &resting);
		if (now_ns && resting)
			l->due_ns = now_ns + TK_SPIN_REST_NS;
		moved = r->delivered + r->lost - l->passed;
		l->passed += moved;
		sum->records += moved;
		sum->lost += r->lost - lost;
		if ((double)moved > l->peak * window && !s->ended)
			l->peak = (double)moved / window;
		if (l->peak * sum->fill_ns > (double)r->size && !s->ended)
			sum->fill_ns = (double)r->size / l->peak;
	}
}

bool tk_source_finished(const struct tk_source *s)
{
	if (s->broken || !s->ended)
		return s->broken;
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct tk_lane_reader *r = &s->seg->lanes[i].reader;

		if (waits(s, i))
			return false;
		if (is_there(s, i) && (!r->ended || r->next != r->end || r->n_pending))
			return false;
	}
	return true;
}

static void count_lane(struct tk_source *s, uint32_t i)
{
	struct tk_lane_reader *r = &s->seg->lanes[i].reader;
	struct tk_source_lane *l = &s->lanes[i];
	const uint64_t *counts = NULL;

	if (tk_account_wants(&l->account, r->lost)) {
		if (tk_lane_counts(r, s->counts, s->agg.n_timers))
			tk_account_level(&l->account, s->counts, s->agg.n_timers, r->lost);
		if (l->account.settled != r->lost)
			counts = s->counts;
	} else if (l->closed == l->passed) {
		return;
	}
	l->closed = l->passed;
	for (uint32_t id = 0; id < s->agg.n_timers; id++) {
		uint64_t pushed, lost;

		if (!s->series[id]) { /* new since series were given: it is told of later */
			l->closed = 0;
			continue;
		}
		tk_account_take(&l->account, id, counts, &pushed, &lost);
		tk_series_count(s->series[id], pushed, lost);
	}
}

void tk_source_count(struct tk_source *s)
{
	struct tk_snap_segment *info = &s->info;

	info->lanes = s->n_lanes;
	info->refused = s->seg->info.refused_records;
	info->delivered = 0;
	info->lost = 0;
	info->lag = 0;
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_lane_reader *r = &s->seg->lanes[i].reader;

		if (!is_there(s, i))
			continue;
		count_lane(s, i);
		tk_lane_reader_sync(r);
		info->delivered += r->delivered;
		info->lost += r->lost;
		info->lag += tk_lane_lag(r);
	}
}

void tk_source_let_go(struct tk_source *s)
{
	for (uint32_t id = 0; id < s->agg.n_timers; id++)
		if (s->agg.tallies && s->agg.tallies[id])
			tk_tally_put(s->pool, s->agg.tallies[id]);
	for (uint32_t i = 0; i < s->n_lanes; i++)
		tk_account_free(&s->lanes[i].account);
	free(s->agg.tallies);
	free(s->series);
	free(s->lanes);
	free(s->counts);
	free(s->disabled);
	s->agg.tallies = NULL;
	s->agg.n_timers = 0;
	s->series = NULL;
	s->lanes = NULL;
	s->counts = NULL;
	s->disabled = NULL;
	s->n_lanes = 0;
	tk_segment_detach(s->seg);
	s->seg = NULL;
}

void tk_source_free(struct tk_source *s)
{
	if (s->seg)
		tk_source_let_go(s);
	free(s->dir);
	free(s);
}
