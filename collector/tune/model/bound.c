/* SPDX-License-Identifier: MIT */
/* The bound, by network calculus. See model.h. */
#include <stdbool.h>

#include "collector/tune/model/model.h"
#include "ring/lane_read.h"

/* A reader that has not emptied the lane by then never will. */
#define AFTER_MAX (1000000 * TK_PS_PER_S)

/* One drain, after a gap, of the records that came since the lane was last empty. */
struct phase {
	const struct tk_load *load;
	uint64_t record_ps;
	uint64_t begin_ps, end_ps; /* since the lane was last empty */
	uint64_t taken;            /* records, before this phase */
};

/* The records that wait at time t of the phase, if the reader took all it could until then. */
static uint64_t waiting(const struct phase *p, uint64_t arrived, uint64_t t_ps)
{
	uint64_t taken = p->taken + (t_ps - p->begin_ps) / p->record_ps;

	return arrived > taken ? arrived - taken : 0;
}

/*
 * The most records that wait at any time of a phase. Their number grows only during a burst. So it
 * is highest at the beginning, or at the end of the burst that is then under way, or at the end of
 * the next burst. Later bursts end lower, because on average the reader is faster than the load.
 */
static uint64_t most(const struct phase *p)
{
	const struct tk_load *l = p->load;
	uint64_t begun = p->begin_ps / l->period_ps * l->period_ps + (l->burst - 1) * l->spacing_ps;
	uint64_t max = waiting(p, tk_load_arrived(l, p->begin_ps), p->begin_ps);

	for (uint64_t t = begun; t <= begun + l->period_ps; t += l->period_ps) {
		uint64_t n;

		if (t <= p->begin_ps || t > p->end_ps)
			continue;
		n = waiting(p, tk_load_arrived(l, t), t);
		max = n > max ? n : max;
	}
	/* A phase that ends within a burst. */
	if (waiting(p, tk_load_arrived(l, p->end_ps), p->end_ps) > max)
		max = waiting(p, tk_load_arrived(l, p->end_ps), p->end_ps);
	return max;
}

/* Whether the lane is empty at the phase's end, or just before the last burst that begins in it. */
static bool empties(const struct phase *p)
{
	uint64_t last = p->end_ps / p->load->period_ps;
	uint64_t t_ps = last * p->load->period_ps;

	if (waiting(p, tk_load_arrived(p->load, p->end_ps), p->end_ps) == 0)
		return true;
	return t_ps > p->begin_ps && waiting(p, last * p->load->burst, t_ps) == 0;
}

/* The longest gap comes first: in any other order the reader has taken as many at every time. */
uint64_t tk_bound(const struct tk_load *l, const struct tk_reader *r, uint64_t slots)
{
	uint64_t quota = (slots / TK_LANE_CHUNK + 1) * TK_LANE_CHUNK, max = 0;
	uint64_t later_ns = r->recorded ? r->worst_ns : r->poll_ns;
	struct phase p = { .load = l, .record_ps = TK_PS_PER_S / r->drain };

	for (uint64_t i = 0; i < TK_STALL_EVERY && p.end_ps < AFTER_MAX; i++) {
		uint64_t n;

		p.begin_ps = p.end_ps + (i ? later_ns : r->worst_ns) * TK_PS_PER_NS;
		p.end_ps = p.begin_ps + quota * p.record_ps;
		n = most(&p);
		max = n > max ? n : max;
		if (empties(&p))
			return max;
		p.taken += quota;
	}
	return TK_UNBOUNDED;
}

uint64_t tk_bound_survives(const struct tk_load *l, const struct tk_reader *r, uint64_t slots)
{
	struct tk_reader tried = *r;
	uint64_t fits = 0, fails = TK_GAP_MAX_NS;

	while (fails - fits > 1) {
		tried.worst_ns = fits + (fails - fits) / 2;
		if (tk_bound(l, &tried, slots) <= slots)
			fits = tried.worst_ns;
		else
			fails = tried.worst_ns;
	}
	return fits;
}
