/* SPDX-License-Identifier: MIT */
/* The lane and its reader, record by record. See model.h. */
#include <stdbool.h>

#include "collector/tune/model/model.h"
#include "ring/lane_read.h"

/* About a second of work for all sizes; a longer simulation would repeat itself. */
#define POLLS_MAX   400000u
#define RECORDS_MAX 200000000u

struct run {
	const struct tk_load *load;
	uint64_t slots;
	uint64_t record_ps; /* the reader takes one record in this time */
	uint64_t now_ps;
	uint64_t next; /* the record the reader looks for */
	struct tk_simulated sum;
};

/* Take a whole chunk at once if nothing can happen meanwhile: no lap, and no new maximum. */
static bool take_chunk(struct run *r, uint64_t arrived)
{
	uint64_t until = r->now_ps + (TK_LANE_CHUNK - 1) * r->record_ps;
	uint64_t most = r->slots < r->sum.waiting ? r->slots : r->sum.waiting;

	if (arrived < r->next + TK_LANE_CHUNK || tk_load_arrived(r->load, until) - r->next > most)
		return false;
	r->next += TK_LANE_CHUNK;
	r->sum.delivered += TK_LANE_CHUNK;
	r->now_ps = until + r->record_ps;
	return true;
}

static void take_one(struct run *r)
{
	r->next++;
	r->sum.delivered++;
	r->now_ps += r->record_ps;
}

/* As lapped() in ring/lane_read.c: skip ahead until the writer has an eighth of a lane to go. */
static void lapped(struct run *r, uint64_t arrived)
{
	uint64_t next = arrived - r->slots + r->slots / 8;

	r->sum.lost += next - r->next;
	r->next = next;
}

/*
 * As drain_lane() in collector/drain/part.c: until the lane is empty, but at most one lane's worth.
 */
static void drain(struct run *r)
{
	uint64_t end = r->sum.delivered + (r->slots / TK_LANE_CHUNK + 1) * TK_LANE_CHUNK;

	while (r->sum.delivered < end) {
		uint64_t arrived = tk_load_arrived(r->load, r->now_ps);

		if (arrived <= r->next)
			break;
		if (arrived - r->next > r->sum.waiting)
			r->sum.waiting = arrived - r->next;
		if (arrived - r->next > r->slots)
			lapped(r, arrived);
		else if (end - r->sum.delivered < TK_LANE_CHUNK || !take_chunk(r, arrived))
			take_one(r);
	}
}

static uint64_t next_gap(const struct tk_reader *r, uint64_t polls, uint64_t *random)
{
	if (polls == 0)
		return r->worst_ns;
	if (r->recorded)
		return tk_gaps_draw(r->recorded, random);
	return polls % TK_STALL_EVERY ? r->poll_ns : r->worst_ns;
}

void tk_simulate(const struct tk_load *l, const struct tk_reader *reader, uint64_t slots,
		 uint64_t seconds, struct tk_simulated *out)
{
	struct run r = { .load = l, .slots = slots, .record_ps = TK_PS_PER_S / reader->drain };
	uint64_t random = 1;

	do {
		r.now_ps += next_gap(reader, r.sum.polls, &random) * TK_PS_PER_NS;
		drain(&r);
	} while (++r.sum.polls < POLLS_MAX && r.next < RECORDS_MAX &&
		 r.now_ps < seconds * TK_PS_PER_S);
	r.sum.produced = tk_load_arrived(l, r.now_ps);
	*out = r.sum;
}
