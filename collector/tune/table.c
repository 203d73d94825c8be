/* SPDX-License-Identifier: MIT */
/* The answer for people. See answer.h. */
#include <inttypes.h>

#include "collector/cli/say.h"
#include "collector/cli/text.h"
#include "collector/tune/answer.h"

#define BELOW     3u /* how many smaller sizes to show than the recommended one, */
#define ABOVE     1u /* and how many larger ones */
#define LANES_MAX 16u
#define THREE_OF  3.0 /* rule of three: none seen in n, then with 95 % the rate is below 3 / n */

static const char *memory_text(char text[24], uint64_t slots)
{
	uint64_t bytes = tk_size_bytes(slots);

	if (bytes < 1024 * 1024)
		snprintf(text, 24, "%" PRIu64 " KiB", bytes >> 10);
	else
		snprintf(text, 24, "%" PRIu64 " MiB", bytes >> 20);
	return text;
}

/* "1 s+" where nothing longer was measured. */
static const char *survives_text(char text[TK_UNITS_MAX], const struct tk_tune_answer *a,
				 unsigned i)
{
	uint64_t ns = tk_tune_survives_ns(a, i);

	if (a->live && ns >= TK_SURVIVES_MAX_NS)
		return "1 s+";
	if (ns == 0)
		return "none";
	return ns >= TK_GAP_MAX_NS - 1 ? "1 h+" : tk_text_ns(text, (double)ns);
}

/* How many of the measured lanes have this many slots now. */
static unsigned lanes_with(const struct tk_tune_answer *a, uint64_t slots)
{
	unsigned n = 0;

	for (uint32_t i = 0; a->live && i < a->live->n_lanes; i++)
		n += a->live->lanes[i].slots == slots;
	return n;
}

static bool worth_a_line(const struct tk_tune_answer *a, unsigned i)
{
	unsigned middle = a->recommended < TK_SIZES ? a->recommended : TK_SIZES - 1;

	if (a->args->slots && !a->must_survive_ns)
		middle = tk_size_of(a->args->slots);
	return (i + BELOW >= middle && i <= middle + ABOVE) || lanes_with(a, tk_size_slots(i)) ||
	       tk_size_slots(i) == a->args->slots;
}

static const char *remark(char text[32], const struct tk_tune_answer *a, unsigned i)
{
	unsigned now = lanes_with(a, tk_size_slots(i));

	snprintf(text, 32, "%s%s", i == a->recommended ? "  <- enough" : "", now ? "  (now)" : "");
	return text;
}

static void print_lane(const struct tk_tune_answer *a, const struct tk_live_lane *lane, FILE *out)
{
	static const unsigned windows[] = { 3, 6, 9 }; /* 100 us, 1 ms, 10 ms */
	unsigned enough = tk_size_surviving(lane->survives_ns, a->must_survive_ns);
	double records = (double)(lane->bursts.records + lane->lost);
	char text[TK_UNITS_MAX];

	fprintf(out, "%-16s %8" PRIu64 " %7s", lane->thread, lane->slots,
		tk_text_count(text, records * 1e9 / (double)a->live->measured_ns));
	for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++)
		fprintf(out, " %6s", tk_text_count(text, (double)lane->bursts.peak[windows[w]]));
	fprintf(out, " %7s", tk_text_ns(text, (double)lane->worst_gap_ns));
	fprintf(out, " %7s", tk_text_count(text, (double)lane->waiting));
	if (enough < TK_SIZES)
		fprintf(out, " %8" PRIu64 "\n", tk_size_slots(enough));
	else
		fprintf(out, " %8s\n", "none");
}

static void print_lanes(const struct tk_tune_answer *a, FILE *out)
{
	const struct tk_live *l = a->live;

	fprintf(out, "%33s  most records in any   worst    most\n", "");
	fprintf(out, "%-16s %8s %7s %6s %6s %6s %7s %7s %8s\n", "THREAD", "SLOTS", "RATE/S",
		"100us", "1ms", "10ms", "GAP", "WAITING", "ENOUGH");
	for (uint32_t i = 0; i < l->n_lanes && i < LANES_MAX; i++)
		print_lane(a, &l->lanes[i], out);
	if (l->n_lanes > LANES_MAX)
		fprintf(out, "and %u more lanes (--json has them)\n", l->n_lanes - LANES_MAX);
	fputc('\n', out);
}

/* The margin: how many times the worst gap the size survives; "150+": or more. */
static const char *margin_text(char text[16], const struct tk_tune_answer *a, unsigned i)
{
	uint64_t ns = tk_tune_survives_ns(a, i);
	double margin = (double)ns / (double)a->live->gaps.max;

	snprintf(text, 16, margin < 9.95 ? "%.1f%s" : "%.0f%s", margin,
		 ns >= TK_SURVIVES_MAX_NS ? "+" : "");
	return text;
}

static void print_live_sizes(const struct tk_tune_answer *a, FILE *out)
{
	fprintf(out, "%8s %8s %9s %10s %8s %6s\n", "SLOTS", "MEMORY", "HUGEPAGES", "WOULD LOSE",
		"SURVIVES", "MARGIN");
	for (unsigned i = 0; i < TK_SIZES; i++) {
		uint64_t slots = tk_size_slots(i);
		char memory[24], text[TK_UNITS_MAX], margin[16], huge[24] = "-", last[32];

		if (!worth_a_line(a, i))
			continue;
		if (tk_size_bytes(slots) >= TK_HUGEPAGE)
			snprintf(huge, sizeof(huge), "%" PRIu64,
				 tk_size_bytes(slots) / TK_HUGEPAGE);
		fprintf(out, "%8" PRIu64 " %8s %9s %10" PRIu64 " %8s %6s%s\n", slots,
			memory_text(memory, slots), huge, a->live->would_lose[i],
			survives_text(text, a, i), margin_text(margin, a, i), remark(last, a, i));
	}
}

static void print_model_sizes(const struct tk_tune_answer *a, FILE *out)
{
	fprintf(out, "%8s %8s %8s %8s %8s %10s %8s\n", "SLOTS", "MEMORY", "POLL", "WAITING",
		"BOUND", "LOST", "SURVIVES");
	for (unsigned i = 0; i < TK_SIZES; i++) {
		const struct tk_model_size *s = &a->size[i];
		char poll[TK_UNITS_MAX] = "-", text[TK_UNITS_MAX];
		char memory[24], bound[24] = "none", last[32];

		if (!worth_a_line(a, i))
			continue;
		if (s->poll_ns)
			tk_text_ns(poll, (double)s->poll_ns);
		if (s->bound != TK_UNBOUNDED)
			snprintf(bound, sizeof(bound), "%" PRIu64, s->bound);
		fprintf(out, "%8" PRIu64 " %8s %8s %8" PRIu64 " %8s %10" PRIu64 " %8s%s\n",
			s->slots, memory_text(memory, s->slots), poll, s->simulated.waiting, bound,
			s->simulated.lost, survives_text(text, a, i), remark(last, a, i));
	}
}

static void sentence(FILE *out, const char *label, const char *text)
{
	fprintf(out, "%-12s", label);
	tk_wrap(out, text, 12, 12);
}

static void print_load(const struct tk_tune_answer *a, FILE *out)
{
	const struct tk_model *m = a->model;
	char text[256], rate[TK_UNITS_MAX], time[TK_UNITS_MAX], of_bursts[64] = "", away[64] = "";

	if (m->load.burst > 1)
		snprintf(of_bursts, sizeof(of_bursts), ", in bursts of %" PRIu64 " every %s",
			 m->load.burst,
			 tk_text_ns(time, (double)(m->load.period_ps / TK_PS_PER_NS)));
	snprintf(text, sizeof(text), "%s records a second%s",
		 tk_text_count(rate, tk_load_rate(&m->load)), of_bursts);
	sentence(out, "load", text);
	if (m->recorded)
		snprintf(away, sizeof(away),
			 "; its gaps as recorded, and one of %u times the worst", TK_TUNE_MARGIN);
	else if (m->stall_ns)
		snprintf(away, sizeof(away), "; one poll in %" PRIu64 " comes %s late",
			 TK_STALL_EVERY, tk_text_ns(time, (double)m->stall_ns));
	snprintf(text, sizeof(text), "takes %s a second%s%s", tk_text_count(rate, (double)m->drain),
		 a->args->drain ? "" : " (assumed; --drain N)", away);
	sentence(out, "reader", text);
	fputc('\n', out);
}

static void print_recommended(const struct tk_tune_answer *a, FILE *out)
{
	char text[512], must[TK_UNITS_MAX], survives[TK_UNITS_MAX], memory[24];
	uint32_t lanes = tk_tune_lanes(a);

	if (a->recommended == TK_SIZES) {
		snprintf(text, sizeof(text),
			 "none: no size up to %" PRIu64 " slots is known to survive a gap of %s "
			 "between polls. Shorter gaps help more than more slots: give the reader a "
			 "cpu of its own (--cpu).",
			 TK_SIZE_MAX, tk_text_ns(must, (double)a->must_survive_ns));
	} else {
		snprintf(text, sizeof(text),
			 "%" PRIu64 " slots, %s%s: a lane loses nothing while gaps between polls "
			 "are no longer than %s; %s %s.",
			 tk_size_slots(a->recommended),
			 memory_text(memory, tk_size_slots(a->recommended)),
			 lanes > 1 ? " a lane" : "", survives_text(survives, a, a->recommended),
			 a->live ? "it must survive" : "with these stalls they are at most",
			 tk_text_ns(must, (double)a->must_survive_ns));
	}
	sentence(out, "enough", text);
}

static void print_live_confidence(const struct tk_live *l, FILE *out)
{
	char text[640], worst[TK_UNITS_MAX], rarer[TK_UNITS_MAX], measured[TK_UNITS_MAX];

	snprintf(text, sizeof(text),
		 "%" PRIu64
		 " gaps between polls in %s, the worst %s. A longer gap can still come: with 95 %% "
		 "confidence less than once in %s; the %u-fold margin is for those. The bursts are "
		 "exactly the worst of these records; other records may come in worse bursts. "
		 "Measure for longer, and under the heaviest load.",
		 l->gaps.count, tk_text_ns(measured, (double)l->measured_ns),
		 tk_text_ns(worst, (double)l->gaps.max),
		 tk_text_ns(rarer, (double)l->measured_ns / THREE_OF), TK_TUNE_MARGIN);
	sentence(out, "certain", text);
	sentence(out, "would lose",
		 "what a lane of each size would have lost of these records, polled at the times "
		 "of this run. A collector polls more often if lanes fill sooner.");
	if (l->lost == 0)
		return;
	snprintf(text, sizeof(text),
		 "%" PRIu64 " of %" PRIu64
		 " records were lost while tune measured. So bursts may be larger than shown, and "
		 "each size may survive less than shown. Take one size more than the table calls "
		 "enough, and measure again.",
		 l->lost, l->records);
	sentence(out, "but", text);
}

static void print_model_confidence(const struct tk_tune_answer *a, FILE *out)
{
	const struct tk_model_size *s;
	char text[512];

	if (a->recommended == TK_SIZES)
		return;
	s = &a->size[a->recommended];
	snprintf(
		text, sizeof(text),
		"for this load and for gaps no longer than these, whenever they come, no more than "
		"%" PRIu64 " records can wait (network calculus), and %" PRIu64 " did at the most "
		"in %" PRIu64 " simulated records. A real load that differs from this "
		"description may need more.%s",
		s->bound, s->simulated.waiting, s->simulated.produced,
		a->args->verify ? "" : " --verify puts it to the test.");
	sentence(out, "certain", text);
}

static void print_asked(const struct tk_tune_answer *a, FILE *out)
{
	unsigned i = tk_size_of(a->args->slots);
	char text[256], survives[TK_UNITS_MAX];

	if (tk_tune_survives_ns(a, i) == 0)
		snprintf(text, sizeof(text),
			 "%" PRIu64 " slots lose records however short the gaps between polls are.",
			 a->args->slots);
	else
		snprintf(text, sizeof(text),
			 "%" PRIu64 " slots survive gaps of up to %s between polls.",
			 a->args->slots, survives_text(survives, a, i));
	sentence(out, "asked", text);
}

static void print_runs(const struct tk_verified_size *s, FILE *out)
{
	char text[512], rate[TK_UNITS_MAX], gap[TK_UNITS_MAX];

	snprintf(text, sizeof(text),
		 "%" PRIu64 " slots: lost %" PRIu64 " of %" PRIu64 " records, in %u of %u runs, at "
		 "%s a second; the longest gap between polls%s was %s.",
		 s->slots, s->lost, s->produced, s->lossy, s->runs, tk_text_count(rate, s->rate),
		 s->lossy ? " then" : "", tk_text_ns(gap, (double)s->longest_gap_ns));
	sentence(out, "run", text);
}

static void print_verdict(const struct tk_verified *v, FILE *out)
{
	unsigned silent = v->whole.runs - v->whole.holding;
	char text[320];

	if (silent && !v->refuted) {
		snprintf(text, sizeof(text),
			 "%u of the runs with %" PRIu64
			 " slots proved nothing: the machine held up the collector for longer than "
			 "the size survives, or slowed the load to less than nine tenths of its "
			 "rate.",
			 silent, v->whole.slots);
		sentence(out, "void", text);
	}
	if (v->refuted)
		snprintf(text, sizeof(text),
			 "refuted: %" PRIu64
			 " slots lost records in a gap that this size should survive.",
			 v->whole.slots);
	else if (!v->holds)
		snprintf(text, sizeof(text),
			 "not shown: too many runs proved nothing. Try again on a machine with "
			 "less other load.");
	else if (!v->half.slots)
		snprintf(text, sizeof(text), "it holds; there is no smaller lane to compare with.");
	else
		snprintf(text, sizeof(text), "it holds, and half of it %s.",
			 v->half.lossy ? "loses" : "lost nothing either");
	sentence(out, "so", text);
}

static void print_verified(const struct tk_tune_answer *a, FILE *out)
{
	char text[256], rate[TK_UNITS_MAX], stall[TK_UNITS_MAX], of_bursts[64] = "";

	if (a->test->burst > 1)
		snprintf(of_bursts, sizeof(of_bursts), " in bursts of %" PRIu64, a->test->burst);
	snprintf(text, sizeof(text),
		 "%s records a second%s, the collector stopped for %s at a time; produced = "
		 "delivered + lost in every run.",
		 tk_text_count(rate, (double)a->test->rate), of_bursts,
		 tk_text_ns(stall, (double)a->test->stall_ns));
	fputc('\n', out);
	sentence(out, "verify", text);
	print_runs(&a->verified->whole, out);
	if (a->verified->half.slots)
		print_runs(&a->verified->half, out);
	print_verdict(a->verified, out);
}

void tk_tune_table(const struct tk_tune_answer *a, FILE *out)
{
	if (a->live) {
		print_lanes(a, out);
		print_live_sizes(a, out);
	} else {
		print_load(a, out);
		print_model_sizes(a, out);
	}
	fputc('\n', out);
	if (a->must_survive_ns)
		print_recommended(a, out);
	if (a->args->slots)
		print_asked(a, out);
	if (a->live)
		print_live_confidence(a->live, out);
	else if (a->must_survive_ns)
		print_model_confidence(a, out);
	if (a->verified)
		print_verified(a, out);
}
