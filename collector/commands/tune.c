/* SPDX-License-Identifier: MIT */
/* `timekeeper tune`: which size loses nothing, for running programs or for a described load. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "collector/cli/stop.h"
#include "collector/drain/pace.h"
#include "collector/tune/answer.h"

#define SECONDS    10u
#define BURST_RATE UINT64_C(100000000)
/* A third of what bench/collector drains with one timer, and its worst with a thousand timers. */
#define DRAIN UINT64_C(50000000)

static uint64_t memory_bytes(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Refuse what each option by itself allows, and all together do not. */
static int check(const struct tk_args *a)
{
	if (tk_size_bytes(a->slots) > memory_bytes())
		return tk_usage(a->command,
				"%" PRIu64 " slots are %" PRIu64
				" MiB, and this machine has %" PRIu64,
				a->slots, tk_size_bytes(a->slots) >> 20, memory_bytes() >> 20);
	if (a->rate == 0 && (a->burst || a->burst_rate || a->drain || a->stall_ns || a->stalls))
		return tk_usage(
			a->command,
			"--burst, --burst-rate, --drain, --stall and --stalls describe a load: "
			"say its --rate");
	if (a->rate == 0)
		return TK_EXIT_OK;
	if (a->stall_ns && a->stalls)
		return tk_usage(a->command, "--stall or --stalls, not both");
	if (a->stall_ns > TK_GAP_MAX_NS / 2)
		return tk_usage(a->command, "--stall takes half an hour at the most");
	if (!a->stall_ns && !a->stalls && !a->slots)
		return tk_usage(a->command,
				"how long is its reader away at the worst? Say --stall TIME, or "
				"--stalls FILE; or ask what --slots N survive");
	if (a->verify && !a->stall_ns && !a->stalls)
		return tk_usage(a->command,
				"--verify needs a stall to provoke: --stall TIME or --stalls FILE");
	return TK_EXIT_OK;
}

/*
 * Print the answer before drawing it: if the picture cannot be written, what was measured is not
 * lost.
 */
static int print(const struct tk_tune_answer *a, FILE *out)
{
	json_t *all;
	int err;

	if (!a->args->json) {
		tk_tune_table(a, out);
	} else {
		all = tk_tune_json(a);
		json_dumpf(all, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(all);
	}
	fflush(out);
	err = a->args->plot ? tk_tune_plot(a, a->args->plot) : 0;
	if (err)
		return tk_failed("%s cannot be written: %s", a->args->plot, strerror(-err));
	if (a->must_survive_ns && a->recommended == TK_SIZES)
		return TK_EXIT_FAILED;
	return a->verified && !a->verified->holds ? TK_EXIT_FAILED : TK_EXIT_OK;
}

/* Verify the recommended size, if --verify asks for it, and print everything. */
static int finish(struct tk_tune_answer *a, struct tk_verify *v, FILE *out)
{
	struct tk_verified verified;
	int code;
	char why[256];
	int err;

	if (!a->args->verify || a->recommended == TK_SIZES)
		return print(a, out);
	v->slots = tk_size_slots(a->recommended);
	v->survives_ns = tk_tune_survives_ns(a, a->recommended);
	v->poll_ns = a->args->collector.poll_ns;
	v->cpu = a->args->cpu;
	v->stop = &tk_stop_requested;
	tk_stop_on_signals();
	err = tk_verify(v, &verified, why);
	if (err) {
		tk_say("%s", err == -EINTR ? "interrupted: nothing was verified" : why);
		print(a, out);
		return TK_EXIT_FAILED;
	}
	a->test = v;
	a->verified = &verified;
	code = print(a, out);
	a->verified = NULL;
	return code;
}

/* ---- a described load ------------------------------------------------------------------------ */

/* The time between polls that --poll asks for; 0: the collector paces itself. */
static uint64_t poll_ns(const struct tk_args *a)
{
	uint64_t ns = a->collector.poll_ns;

	if (ns == TK_POLL_SPIN)
		return TK_SPIN_REST_NS;
	return ns && ns < TK_POLL_MIN_NS ? TK_POLL_MIN_NS : ns;
}

/* How long to stop a collector so that the stop and its poll interval add up to gap_ns. */
static uint64_t stall_ns(const struct tk_args *a, const struct tk_load *l, uint64_t gap_ns,
			 uint64_t slots)
{
	uint64_t poll = a->collector.poll_ns ? poll_ns(a) : tk_model_poll_ns(l, slots);

	return gap_ns > poll ? gap_ns - poll : gap_ns;
}

static int describe(struct tk_model *m, struct tk_gaps *recorded, const struct tk_args *a)
{
	char why[256];
	int err;

	m->drain = a->drain ? a->drain : DRAIN;
	m->poll_ns = poll_ns(a);
	m->stall_ns = a->stall_ns;
	m->seconds = a->seconds;
	err = tk_load_init(&m->load, a->rate, a->burst ? a->burst : 1,
			   a->burst_rate ? a->burst_rate : BURST_RATE);
	if (err == -ERANGE)
		return tk_usage(a->command,
				"bursts would run into each other: --burst-rate must not be below "
				"--rate");
	if (err)
		return tk_usage(a->command, "such bursts come less than once in eleven days");
	if (a->rate >= m->drain)
		return tk_failed("no size survives this load: %" PRIu64 " records a second come, "
				 "and the reader takes %" PRIu64 "; whatever the size, it fills",
				 a->rate, m->drain);
	if (!a->stalls)
		return TK_EXIT_OK;
	if (tk_gaps_read(recorded, a->stalls, why) < 0)
		return tk_usage(a->command, "--stalls: %s", why);
	if (tk_gaps_add(recorded, TK_TUNE_MARGIN * tk_gaps_worst(recorded), 1) < 0)
		return tk_failed("out of memory for the gaps of %s", a->stalls);
	m->recorded = recorded;
	return TK_EXIT_OK;
}

static int tune_described(const struct tk_args *a, FILE *out)
{
	struct tk_model_size size[TK_SIZES];
	struct tk_gaps recorded = { 0 };
	struct tk_model m = { 0 };
	struct tk_tune_answer answer = {
		.args = a, .model = &m, .size = size, .recommended = TK_SIZES
	};
	struct tk_verify v = { .rate = a->rate, .burst = a->burst ? a->burst : 1 };
	int code = describe(&m, &recorded, a);

	if (code == TK_EXIT_OK)
		tk_model_run(&m, size);
	if (code == TK_EXIT_OK && (m.stall_ns || m.recorded)) {
		unsigned i = tk_model_recommend(size);

		answer.recommended = i;
		answer.must_survive_ns = size[i < TK_SIZES ? i : TK_SIZES - 1].worst_gap_ns;
		if (i < TK_SIZES)
			v.stall_ns = stall_ns(a, &m.load, answer.must_survive_ns, tk_size_slots(i));
	}
	if (code == TK_EXIT_OK)
		code = finish(&answer, &v, out);
	tk_gaps_free(&recorded);
	return code;
}

/* ---- running programs ------------------------------------------------------------------------ */

/*
 * Make a steady load that is as dense as the densest stretch of what was measured, which decided
 * the size: half a lane of records in the time in which they came. But let no more than nine tenths
 * of a lane come in the gap that is to be survived.
 */
static void imitate(struct tk_verify *v, const struct tk_tune_answer *a)
{
	uint64_t slots = tk_size_slots(a->recommended);
	struct tk_load load;
	double dense, most;

	dense = (double)slots / 2 * 1e9 /
		(double)tk_tune_survives_ns(a, a->recommended ? a->recommended - 1 : 0);
	most = 0.9 * (double)slots * 1e9 / (double)a->must_survive_ns;
	v->rate = (uint64_t)(dense < most ? dense : most) + 1;
	v->burst = 1;
	tk_load_init(&load, v->rate, 1, BURST_RATE);
	v->stall_ns = stall_ns(a->args, &load, a->must_survive_ns, slots);
}

/*
 * A collector that paces itself waits up to TK_POLL_MAX_NS between polls in quiet times, and a
 * burst ends such times: no smaller gap will do.
 */
static uint64_t must_survive_ns(const struct tk_args *a, const struct tk_live *l)
{
	uint64_t ns = TK_TUNE_MARGIN * l->gaps.max;

	return ns < TK_POLL_MAX_NS && !a->collector.poll_ns ? TK_POLL_MAX_NS : ns;
}

static int tune_live(const struct tk_args *a, FILE *out)
{
	struct tk_live *l = calloc(1, sizeof(*l));
	struct tk_tune_answer answer = { .args = a, .live = l };
	struct tk_verify v = { 0 };
	int code;

	if (!l)
		return tk_failed("out of memory for a measurement");
	tk_stop_on_signals();
	code = tk_live_measure(l, a, &tk_stop_requested);
	if (code == TK_EXIT_OK && (l->records == 0 || l->gaps.max == 0)) {
		tk_say(l->records
			       ? "that was too short to see how long a reader is away"
			       : "no records came meanwhile: measure under load; `timekeeper ls` "
				 "says which lanes there are, and which timers are disabled");
		code = TK_EXIT_NOTHING;
	}
	if (code == TK_EXIT_OK) {
		answer.must_survive_ns = must_survive_ns(a, l);
		answer.recommended = tk_size_surviving(l->survives_ns, answer.must_survive_ns);
		if (answer.recommended < TK_SIZES)
			imitate(&v, &answer);
		code = finish(&answer, &v, out);
	}
	tk_live_free(l);
	free(l);
	return code;
}

tk_command_run tk_cmd_tune;

int tk_cmd_tune(const struct tk_args *a, FILE *out)
{
	struct tk_args args = *a;
	int code = check(a);

	if (code != TK_EXIT_OK)
		return code;
	args.seconds = a->seconds ? a->seconds : SECONDS;
	return args.rate ? tune_described(&args, out) : tune_live(&args, out);
}
