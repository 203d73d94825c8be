/* SPDX-License-Identifier: MIT */
#include "collector/tune/model/model.h"

#include "collector/drain/pace.h"

uint64_t tk_model_poll_ns(const struct tk_load *l, uint64_t slots)
{
	uint64_t poll_ns = TK_POLL_MAX_NS, last;

	do {
		uint64_t over_ns = poll_ns > TK_RATE_WINDOW_NS ? poll_ns : TK_RATE_WINDOW_NS;
		uint64_t peak = tk_load_arrived(l, over_ns * TK_PS_PER_NS);

		last = poll_ns;
		poll_ns = tk_poll_ns((double)slots * (double)over_ns / (double)peak);
	} while (poll_ns < last);
	return last;
}

/* A collector that paces itself still has the poll interval of quiet times when a load begins. */
static struct tk_reader reader_of(const struct tk_model *m, uint64_t slots)
{
	struct tk_reader r = { .drain = m->drain, .recorded = m->recorded };

	if (m->recorded) {
		r.worst_ns = tk_gaps_worst(m->recorded);
		return r;
	}
	r.poll_ns = m->poll_ns ? m->poll_ns : tk_model_poll_ns(&m->load, slots);
	r.worst_ns = r.poll_ns + m->stall_ns;
	if (!m->poll_ns && r.worst_ns < TK_POLL_MAX_NS)
		r.worst_ns = TK_POLL_MAX_NS;
	return r;
}

void tk_model_run(const struct tk_model *m, struct tk_model_size out[TK_SIZES])
{
	for (unsigned i = 0; i < TK_SIZES; i++) {
		struct tk_model_size *s = &out[i];
		struct tk_reader r;

		s->slots = tk_size_slots(i);
		r = reader_of(m, s->slots);
		s->poll_ns = r.poll_ns;
		s->worst_gap_ns = r.worst_ns;
		tk_simulate(&m->load, &r, s->slots, m->seconds, &s->simulated);
		s->bound = tk_bound(&m->load, &r, s->slots);
		s->survives_ns = tk_bound_survives(&m->load, &r, s->slots);
	}
}

unsigned tk_model_recommend(const struct tk_model_size size[TK_SIZES])
{
	unsigned i = 0;

	while (i < TK_SIZES && size[i].bound > size[i].slots)
		i++;
	return i;
}
