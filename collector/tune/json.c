/* SPDX-License-Identifier: MIT */
/* The answer for programs. See answer.h. */
#include "collector/tune/answer.h"

static void set(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *peaks_json(const uint64_t peak[TK_WINDOWS])
{
	json_t *list = json_array();

	for (unsigned w = 0; w < TK_WINDOWS; w++)
		json_array_append_new(list, json_pack("{s:I,s:I}", "window_ns",
						      (json_int_t)tk_windows_ns[w], "records",
						      (json_int_t)peak[w]));
	return list;
}

static json_t *slots_json(unsigned i)
{
	return i < TK_SIZES ? json_integer((json_int_t)tk_size_slots(i)) : json_null();
}

static json_t *lane_json(const struct tk_tune_answer *a, const struct tk_live_lane *l)
{
	json_t *lane = json_object();

	json_object_set_new(lane, "segment", json_string(l->segment));
	set(lane, "lane", l->index);
	json_object_set_new(lane, "thread", json_string(l->thread));
	set(lane, "slots", l->slots);
	set(lane, "records", l->bursts.records + l->lost);
	set(lane, "lost", l->lost);
	set(lane, "waiting", l->waiting);
	set(lane, "worst_gap_ns", l->worst_gap_ns);
	json_object_set_new(lane, "at_least", json_boolean(l->bursts.cut || l->lost));
	json_object_set_new(lane, "peaks", peaks_json(l->bursts.peak));
	json_object_set_new(lane, "recommended_slots",
			    slots_json(tk_size_surviving(l->survives_ns, a->must_survive_ns)));
	return lane;
}

static void put_live(json_t *all, const struct tk_tune_answer *a)
{
	const struct tk_live *l = a->live;
	struct tk_gaps gaps = { 0 };
	json_t *lanes = json_array();

	for (uint32_t i = 0; i < l->n_lanes; i++)
		json_array_append_new(lanes, lane_json(a, &l->lanes[i]));
	json_object_set_new(all, "mode", json_string("live"));
	set(all, "measured_ns", l->measured_ns);
	set(all, "records", l->records);
	set(all, "lost", l->lost);
	set(all, "worst_gap_ns", l->gaps.max);
	set(all, "margin", TK_TUNE_MARGIN);
	json_object_set_new(
		all, "drain_per_s",
		json_real(l->draining_ns ? (double)l->records * 1e9 / (double)l->draining_ns : 0));
	json_object_set_new(all, "peaks", peaks_json(l->peak));
	json_object_set_new(all, "lanes", lanes);
	if (tk_gaps_from_hist(&gaps, &l->gaps) == 0)
		json_object_set_new(all, "gaps", tk_gaps_json(&gaps));
	tk_gaps_free(&gaps);
}

static void put_model(json_t *all, const struct tk_model *m)
{
	json_object_set_new(all, "mode", json_string("model"));
	json_object_set_new(all, "load",
			    json_pack("{s:f,s:I,s:f,s:f}", "rate_per_s", tk_load_rate(&m->load),
				      "burst", (json_int_t)m->load.burst, "period_ns",
				      (double)m->load.period_ps / 1e3, "spacing_ns",
				      (double)m->load.spacing_ps / 1e3));
	set(all, "drain_per_s", m->drain);
	if (m->recorded)
		json_object_set_new(all, "gaps", tk_gaps_json(m->recorded));
	else
		set(all, "stall_ns", m->stall_ns);
}

static json_t *size_json(const struct tk_tune_answer *a, unsigned i)
{
	uint64_t slots = tk_size_slots(i);
	json_t *size = json_pack("{s:I,s:I,s:I,s:b,s:I}", "slots", (json_int_t)slots, "lane_bytes",
				 (json_int_t)tk_size_bytes(slots), "all_bytes",
				 (json_int_t)(tk_size_bytes(slots) * tk_tune_lanes(a)),
				 "whole_hugepages", tk_size_bytes(slots) >= TK_HUGEPAGE,
				 "survives_ns", (json_int_t)tk_tune_survives_ns(a, i));

	if (a->live) {
		set(size, "would_lose", a->live->would_lose[i]);
		json_object_set_new(size, "at_least",
				    json_boolean(tk_tune_survives_ns(a, i) >= TK_SURVIVES_MAX_NS));
		return size;
	}
	set(size, "poll_ns", a->size[i].poll_ns);
	set(size, "worst_gap_ns", a->size[i].worst_gap_ns);
	set(size, "produced", a->size[i].simulated.produced);
	set(size, "lost", a->size[i].simulated.lost);
	set(size, "waiting", a->size[i].simulated.waiting);
	json_object_set_new(size, "bound",
			    a->size[i].bound == TK_UNBOUNDED
				    ? json_null()
				    : json_integer((json_int_t)a->size[i].bound));
	return size;
}

static json_t *runs_json(const struct tk_verified_size *s)
{
	return json_pack("{s:I,s:i,s:i,s:i,s:i,s:I,s:I,s:f,s:I}", "slots", (json_int_t)s->slots,
			 "runs", s->runs, "lossy", s->lossy, "holding", s->holding, "refuting",
			 s->refuting, "produced", (json_int_t)s->produced, "lost",
			 (json_int_t)s->lost, "rate_per_s", s->rate, "longest_gap_ns",
			 (json_int_t)s->longest_gap_ns);
}

static json_t *verified_json(const struct tk_tune_answer *a)
{
	const struct tk_verified *v = a->verified;

	return json_pack("{s:I,s:I,s:I,s:o,s:o,s:b,s:b,s:b}", "rate_per_s",
			 (json_int_t)a->test->rate, "burst", (json_int_t)a->test->burst, "stall_ns",
			 (json_int_t)a->test->stall_ns, "whole", runs_json(&v->whole), "half",
			 v->half.slots ? runs_json(&v->half) : json_null(), "holds", v->holds,
			 "refuted", v->refuted, "half_loses", v->half.lossy > 0);
}

json_t *tk_tune_json(const struct tk_tune_answer *a)
{
	json_t *all = json_object(), *sizes = json_array();

	set(all, "schema", 1);
	if (a->live)
		put_live(all, a);
	else
		put_model(all, a->model);
	for (unsigned i = 0; i < TK_SIZES; i++)
		json_array_append_new(sizes, size_json(a, i));
	json_object_set_new(all, "sizes", sizes);
	set(all, "must_survive_ns", a->must_survive_ns);
	json_object_set_new(all, "recommended_slots", slots_json(a->recommended));
	if (a->verified)
		json_object_set_new(all, "verified", verified_json(a));
	return all;
}
