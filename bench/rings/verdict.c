/* SPDX-License-Identifier: MIT */
/*
 * What the lane must reach against the other rings of the same run, if that run had all sections.
 */
#include <math.h>

#include "bench/rings/bench.h"

/* The least of `key` over the other rings (that are `of` this kind, if not NULL), and whose. */
struct best {
	double value;
	const char *ring;
};

static bool ours(const struct ring *r)
{
	return !strncmp(r->name, "lane", 4);
}

static void take(struct best *best, double value, const char *ring, double sign)
{
	if (!isnan(value) && (isnan(best->value) || sign * value < sign * best->value)) {
		best->value = value;
		best->ring = ring;
	}
}

static double push_of(const struct bench *b, const char *ring)
{
	return bench_value(b,
			   json_pack("{s:s,s:s,s:i,s:i}", "section", "push", "ring", ring, "bytes",
				     32, "burst", 1),
			   "cycles_p50");
}

static double fenced_of(const struct bench *b, const char *ring, const char *pace)
{
	return bench_value(b,
			   json_pack("{s:s,s:s,s:s,s:s}", "section", "fenced", "ring", ring,
				     "reader", "spins", "pace", pace),
			   "cycles_p99");
}

/* Delivered without loss, records of 32 bytes, at the best size and, unless burst says how, in the
 * best way. */
static double delivered_by(const struct bench *b, const char *ring, int burst)
{
	double best = NAN;
	json_t *row;
	size_t i;

	json_array_foreach(b->rows, i, row)
	{
		const char *section = json_string_value(json_object_get(row, "section"));
		double value = json_number_value(json_object_get(row, "m_per_s"));

		if (!strcmp(section, "deliver") &&
		    !strcmp(json_string_value(json_object_get(row, "ring")), ring) &&
		    json_integer_value(json_object_get(row, "bytes")) == 32 &&
		    json_is_true(json_object_get(row, "lossless")) &&
		    !json_is_true(json_object_get(row, "damaged")) &&
		    (!burst || json_integer_value(json_object_get(row, "burst")) == burst) &&
		    !(value <= best))
			best = value;
	}
	return best;
}

static void say(const char *what, double ratio, bool at_least, double bound, const char *against)
{
	if (isnan(ratio))
		printf("%-64s not measured, it needs a second cpu\n", what);
	else
		printf("%-64s %6.2f  %s %.2f  %-6s (%s)\n", what, ratio,
		       at_least ? ">=" : "<=", bound,
		       (at_least ? ratio >= bound : ratio <= bound) ? "met" : "MISSED", against);
}

static void judge_fenced(const struct bench *b, const char *pace)
{
	struct best always = { NAN, "" }, amortised = { NAN, "" };
	double lane = fenced_of(b, "lane", pace);
	char what[80];

	for (unsigned i = 1; i < b->n_rings; i++) {
		const struct ring *r = b->rings[i];

		if (r->loads == RING_LOADS_ALWAYS)
			take(&always, fenced_of(b, r->name, pace), r->name, 1);
		else if (r->loads == RING_LOADS_AMORTISED)
			take(&amortised, fenced_of(b, r->name, pace), r->name, 1);
	}
	snprintf(what, sizeof(what),
		 "fenced push, p99, reader spins, pace %s: lane / best that loads", pace);
	say(what, lane / always.value, false, 0.2, always.ring);
	printf("%-64s %6.2f  (%s; not asked)\n", "  the same / best that loads now and then",
	       lane / amortised.value, amortised.ring);
}

void bench_verdict(const struct bench *b)
{
	struct best push = { NAN, "" }, delivered = { NAN, "" }, added = { NAN, "" };

	for (unsigned i = 1; i < b->n_rings; i++) {
		if (ours(b->rings[i]))
			continue;
		take(&push, push_of(b, b->rings[i]->name), b->rings[i]->name, 1);
		take(&delivered, delivered_by(b, b->rings[i]->name, 0), b->rings[i]->name, -1);
	}
	for (unsigned i = 0; i < POLLINGS; i++)
		take(&added,
		     bench_value(b,
				 json_pack("{s:s,s:s,s:s}", "section", "work", "ring", "lane",
					   "reader", pollings[i].name),
				 "added_ns_p50"),
		     pollings[i].name, -1);
	printf("\nmust reach, in this run\n");
	say("push, nobody reads, 32 bytes: lane / cheapest other", push_of(b, "lane") / push.value,
	    false, 1.3, push.ring);
	say("push, nobody reads, 32 bytes: rte_ring one by one / lane",
	    push_of(b, "rte-sp") / push_of(b, "lane"), true, 1.5, "rte-sp");
	judge_fenced(b, "1 us");
	judge_fenced(b, "full");
	say("added to host work at 10 M/s, ns, worst polling: lane", added.value, false, 1,
	    added.ring);
	say("delivered without loss, 32 bytes, each at its best: lane / best other",
	    delivered_by(b, "lane", 0) / delivered.value, true, 1, delivered.ring);
	say("delivered without loss, 32 bytes: lane / rte_ring bursts of 32",
	    delivered_by(b, "lane", 0) / delivered_by(b, "rte-sp", 32), true, 1.5, "rte-sp");
}
