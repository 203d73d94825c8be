/* SPDX-License-Identifier: MIT */
/*
 * bench/numa - what it costs if a lane lies on another NUMA node than its producer.
 *
 *	build/bench/numa [--json]
 *
 * For each pair of a producer's node and its lane's node:
 *	span, push	ticks of an ordered span and of a push alone, beside the bare clock pair, of
 *			a producer pinned to its node. All pairs take turns, a process each, several
 *			times; median over processes, with its 95 % bootstrap interval.
 *	drained		records a second, by a reader on each of the nodes (bench/drain.h).
 *
 * The lane has the default size. If it fits in the producer's caches, little of it is written to
 * the other node before a reader comes. A pair is void if its lane lies elsewhere than asked for,
 * or if it lost a record.
 */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/drain.h"
#include "bench/measure.h"
#include "collector/machine/nodes.h"
#include "producer/timekeeper.h"
#include "ring/memory.h"
#include "tsc/check.h"

#define NODES     8
#define PROCESSES 7u
#define ROUNDS    200u
#define HOT       __attribute__((noinline, aligned(64)))

struct node {
	int number;
	unsigned first, last; /* of its cpus */
};

enum { BARE, SPAN, LOOP, PUSH, VARIANTS, LIES_ON = VARIANTS, ROW };

struct pair {
	const struct node *producer, *lane;
	double rows[PROCESSES][ROW];
	struct tk_drain drained[NODES]; /* by a reader's node */
	bool is_void;
};

static struct node nodes[NODES];
static unsigned n_nodes;
static const struct pair *now; /* the pair that once() measures */
static unsigned rounds_each = ROUNDS;
static tk_timer_t timer;

/* --- a producer ------------------------------------------------------------------------------ */

static inline void keep(uint64_t v)
{
	__asm__ volatile("" : : "r"(v));
}

static HOT uint64_t bare(unsigned n)
{
	uint64_t began = tk_tsc_fenced();

	for (unsigned i = 0; i < n; i++) {
		uint32_t cpu;
		uint64_t start = tk_tsc_fast();

		keep(tk_tsc_ordered(&cpu) - start);
		keep(cpu);
	}
	return tk_tsc_fenced() - began;
}

static HOT uint64_t span(unsigned n)
{
	uint64_t began = tk_tsc_fenced();

	for (unsigned i = 0; i < n; i++)
		tk_stop(timer, tk_start(timer));
	return tk_tsc_fenced() - began;
}

static HOT uint64_t loop(unsigned n)
{
	uint64_t began = tk_tsc_fenced(), stamp = began;

	for (unsigned i = 0; i < n; i++) {
		stamp += 40;
		keep(stamp);
	}
	return tk_tsc_fenced() - began;
}

static HOT uint64_t push(unsigned n)
{
	uint64_t began = tk_tsc_fenced(), stamp = began;

	for (unsigned i = 0; i < n; i++) {
		stamp += 40;
		tk_lane_push(tk_lane(), timer, stamp, 40, TK_TICKS_NONE);
	}
	return tk_tsc_fenced() - began;
}

/* The node of all of this thread's lane; -1: of several, or unknown. */
static int lies_on(void)
{
	int where[TK_MEMORY_SAMPLES];

	if (tk_memory_nodes(tk_self.slots, tk_self.mask + 1, where))
		return -1;
	for (unsigned i = 1; i < TK_MEMORY_SAMPLES; i++)
		if (where[i] != where[0])
			return -1;
	return where[0];
}

static void once(double *row)
{
	static const tk_variant variants[VARIANTS] = { bare, span, loop, push };
	struct tk_thread thread = { .pin = true,
				    .cpu = now->producer->first,
				    .on_node = true,
				    .node = (uint32_t)now->lane->number };

	if (tk_open("numa", NULL) || tk_join(&thread)) {
		fprintf(stderr, "numa: %s\n", tk_why());
		exit(1);
	}
	timer = tk_timer("span");
	tk_measure(variants, VARIANTS, rounds_each, 0, row);
	row[LIES_ON] = lies_on();
	tk_close();
}

/* --- all pairs ------------------------------------------------------------------------------- */

static bool measure_producers(struct pair *pairs, unsigned n)
{
	for (unsigned p = 0; p < PROCESSES; p++)
		for (unsigned i = 0; i < n; i++) {
			now = &pairs[i];
			if (tk_in_processes(once, ROW, 1, pairs[i].rows[p]))
				return false;
			pairs[i].is_void = pairs[i].is_void ||
					   (int)pairs[i].rows[p][LIES_ON] != now->lane->number;
		}
	return true;
}

static void measure_readers(struct pair *pairs, unsigned n, const struct tk_clock *clock)
{
	for (unsigned r = 0; r < n_nodes; r++) {
		tk_pin(nodes[r].last);
		for (unsigned i = 0; i < n; i++) {
			struct tk_drain *d = &pairs[i].drained[r];

			tk_drain_measure(
				d, clock,
				&(struct tk_child_options){ .timers = 1,
							    .cpu = pairs[i].producer->first,
							    .node = pairs[i].lane->number });
			pairs[i].is_void = pairs[i].is_void || !(d->records_per_s > 0) ||
					   d->node != pairs[i].lane->number;
		}
	}
}

/* --- the report ------------------------------------------------------------------------------ */

/* Ticks of one variant minus those of variant `less`; less < 0: minus nothing. */
static double ticks(const struct pair *p, int what, int less, double *lo, double *hi)
{
	double v[PROCESSES];

	for (unsigned i = 0; i < PROCESSES; i++)
		v[i] = p->rows[i][what] - (less < 0 ? 0 : p->rows[i][less]);
	tk_bootstrap(v, PROCESSES, lo, hi);
	return tk_quantile(v, PROCESSES, 0.5);
}

static void print_pair(const struct pair *p)
{
	static const struct {
		const char *name;
		int what, less;
	} rows[] = { { "bare clock pair", BARE, -1 },
		     { "span, ordered", SPAN, -1 },
		     { "push alone", PUSH, LOOP } };
	double lo, hi;

	printf("producer on node %d, lane on node %d%s\n", p->producer->number, p->lane->number,
	       p->is_void ? ": VOID: the lane lay elsewhere, or records were lost" : "");
	for (unsigned i = 0; i < 3; i++) {
		double m = ticks(p, rows[i].what, rows[i].less, &lo, &hi);

		printf("  %-16s %8.2f ticks  [%.2f, %.2f]\n", rows[i].name, m, lo, hi);
	}
	for (unsigned r = 0; r < n_nodes; r++)
		printf("  drained on node %-2d %11.0f records/s  (80 %% of rounds %.0f to %.0f)\n",
		       nodes[r].number, p->drained[r].records_per_s, p->drained[r].lo,
		       p->drained[r].hi);
}

static json_t *ticks_json(const struct pair *p, int what, int less)
{
	double lo, hi, m = ticks(p, what, less, &lo, &hi);

	return json_pack("{s:f,s:f,s:f}", "ticks", m, "lo", lo, "hi", hi);
}

static json_t *pair_json(const struct pair *p)
{
	json_t *drained = json_array();

	for (unsigned r = 0; r < n_nodes; r++)
		json_array_append_new(drained,
				      json_pack("{s:i,s:f,s:f,s:f}", "reader_node", nodes[r].number,
						"records_per_s", p->drained[r].records_per_s, "lo",
						p->drained[r].lo, "hi", p->drained[r].hi));
	return json_pack("{s:i,s:i,s:b,s:o,s:o,s:o,s:o}", "producer_node", p->producer->number,
			 "lane_node", p->lane->number, "void", p->is_void, "bare",
			 ticks_json(p, BARE, -1), "span", ticks_json(p, SPAN, -1), "push",
			 ticks_json(p, PUSH, LOOP), "drained", drained);
}

static void print_json(const struct pair *pairs, unsigned n, bool emulated)
{
	json_t *list = json_array();
	json_t *all = json_pack("{s:i,s:b,s:i,s:o}", "schema", 1, "emulated", emulated, "nodes",
				n_nodes, "pairs", list);

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, pair_json(&pairs[i]));
	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

/* --- the machine ----------------------------------------------------------------------------- */

/* Before anything is pinned: the nodes with cpus that this process may use. */
static void find_nodes(void)
{
	struct tk_tsc_cpus cpus;

	for (int node = 0; node < 1024 && n_nodes < NODES; node++) {
		struct node *n = &nodes[n_nodes];

		if (!tk_node_cpus(node, &cpus))
			continue;
		n->number = node;
		for (n->first = 0; !tk_tsc_cpus_has(&cpus, n->first);)
			n->first++;
		for (n->last = TK_TSC_CPUS - 1; !tk_tsc_cpus_has(&cpus, n->last);)
			n->last--;
		n_nodes++;
	}
}

static void say_one_node(FILE *out)
{
	if (tk_nodes() == 1)
		fprintf(out, "this machine has one NUMA node: local and remote placement cannot be "
			     "compared here\n");
	else
		fprintf(out, "this process may use cpus of one NUMA node only: local and remote "
			     "placement cannot be compared from here\n");
}

/* Under emulation all memory is equally near, and time is the emulator's. */
static bool is_emulated(void)
{
	char why[256];

	return tk_tsc_atomic(false, why, sizeof(why)) && !tk_tsc_atomic(true, why, sizeof(why));
}

static int run(bool json)
{
	unsigned n = n_nodes * n_nodes;
	struct pair *pairs = calloc(n, sizeof(*pairs));
	bool emulated = is_emulated(), good = pairs != NULL;
	struct tk_clock clock;
	bool counter = tk_clock_open(&clock, NULL) == 0;

	if (emulated) {
		fprintf(json ? stderr : stdout,
			"this processor is emulated (qemu's TCG): these figures mean nothing\n");
		rounds_each = 1; /* only to check that it runs */
	}
	for (unsigned i = 0; good && i < n; i++) {
		pairs[i].producer = &nodes[i / n_nodes];
		pairs[i].lane = &nodes[i % n_nodes];
	}
	good = good && measure_producers(pairs, n);
	if (good)
		measure_readers(pairs, n, counter ? &clock : NULL);
	if (good && json)
		print_json(pairs, n, emulated);
	for (unsigned i = 0; good && !json && i < n; i++)
		print_pair(&pairs[i]);
	for (unsigned i = 0; i < n && good; i++)
		good = !pairs[i].is_void;
	free(pairs);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && !strcmp(argv[1], "--json");
	int status;

	if (!json)
		tk_describe_machine(stdout);
	find_nodes();
	if (n_nodes < 2) {
		say_one_node(json ? stderr : stdout);
		if (json)
			print_json(NULL, 0, is_emulated());
		return 0;
	}
	if (tk_drain_begin() < 0) {
		fprintf(stderr, "numa: no directory for segments can be had\n");
		return 1;
	}
	status = run(json);
	tk_drain_end();
	return status;
}
