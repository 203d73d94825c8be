/* SPDX-License-Identifier: MIT */
#include "collector/diff/words.h"

#include <math.h>
#include <string.h>

char *tk_diff_percent(char text[32], double fraction)
{
	if (isnan(fraction))
		snprintf(text, 32, "-");
	else
		snprintf(text, 32, "%+.*f %%", fabs(fraction) < 1, 100 * fraction);
	return text;
}

char *tk_diff_interval(char text[64], const struct tk_compare_row *r)
{
	if (isnan(r->low))
		snprintf(text, 64, "-");
	else
		snprintf(text, 64, "%+.1f .. %+.1f %%", 100 * r->low, 100 * r->high);
	return text;
}

char *tk_diff_name(char text[TK_DIFF_WORDS_MAX], const struct tk_diff_timer *t)
{
	snprintf(text, TK_DIFF_WORDS_MAX, "%s%s%s%s%s", t->app, t->app[0] ? "/" : "", t->timer,
		 t->measure[0] ? " " : "", t->measure);
	return text;
}

static double share_lost(const struct tk_diff_timer *t, enum tk_diff_side side)
{
	return t->records[side] ? 100 * (double)t->lost[side] / (double)t->records[side] : 0;
}

char *tk_diff_losses(char text[128], const struct tk_diff_timer *t)
{
	text[0] = '\0';
	if (t->lost[TK_DIFF_BASE] || t->lost[TK_DIFF_NEW])
		snprintf(text, 128, "lost %.2g %% of base, %.2g %% of new",
			 share_lost(t, TK_DIFF_BASE), share_lost(t, TK_DIFF_NEW));
	return text;
}

char *tk_diff_summary(char text[256], const struct tk_diff *d)
{
	size_t used = (size_t)snprintf(text, 256, "%zu rows", d->n);

	for (int v = TK_COMPARED_VERDICTS - 1; v >= 0 && used < 256; v--) {
		bool said = d->runs ? v != TK_COMPARED_DIFFERS : v < TK_COMPARED_BETTER;

		if (said)
			used += (size_t)snprintf(text + used, 256 - used, "%s %zu %s",
						 used < 16 && !strchr(text, ':') ? ":" : ",",
						 d->verdicts[v], tk_diff_word((enum tk_compared)v));
	}
	return text;
}

static const char *meaning(const struct tk_diff *d, char *text, size_t size)
{
	const struct tk_diff_question *q = d->question;

	if (d->runs)
		snprintf(text, size,
			 "\"Worse\" and \"better\" are said of the program. The probability that "
			 "any "
			 "of them is false, among all rows, is at most %.0f %%.",
			 100 * TK_COMPARE_LEVEL);
	else
		snprintf(
			text, size,
			"One recording a side: \"differs\" is said of these two recordings only, "
			"not of the program. Two runs of the same program often differ by as much. "
			"To tell better from worse takes %zu recordings a side: `timekeeper record "
			"--runs %zu`.",
			q->min_runs, q->min_runs);
	return text;
}

static const char *findable(const struct tk_diff *d, char *text, size_t size)
{
	snprintf(text, size,
		 "\"Not shown\" does not mean that there is no difference. FINDS is the shift that "
		 "would have been found about 4 times in 5: %.1f %% in half of the rows, %.1f %% "
		 "in all. "
		 "Shifts below %.1f %% have no verdict (--min-effect).",
		 100 * d->detectable, 100 * d->detectable_most, 100 * d->question->min_effect);
	return text;
}

static const char *too_little(const struct tk_diff *d, char *text, size_t size)
{
	if (d->runs)
		snprintf(text, size,
			 "Too little data: a verdict takes %zu runs a side (--min-runs), each with "
			 "%.0f "
			 "samples beyond the percentile; that is %.0f samples for p99.",
			 d->question->min_runs, TK_DIFF_BEYOND, 100 * TK_DIFF_BEYOND);
	else
		snprintf(
			text, size,
			"Too little data: a verdict takes %u intervals a side, %.0f samples beyond "
			"the "
			"percentile, and intervals that do not resemble their neighbours too much.",
			TK_COMPARE_PARTS_MIN, TK_DIFF_BEYOND_PART * TK_COMPARE_PARTS);
	return text;
}

/* Who is told a sentence. */
struct listener {
	void (*each)(void *arg, const char *sentence);
	void *arg;
};

/* Of a process: with what no timer's row has. */
static void say_losses(void *arg, struct tk_diff_timer *of)
{
	const struct listener *l = arg;
	char lost[128], text[TK_DIFF_WORDS_MAX];

	if (of->timer[0] || !tk_diff_losses(lost, of)[0])
		return;
	snprintf(text, sizeof(text), "%s %s. These records are in no percentile.", of->app, lost);
	l->each(l->arg, text);
}

static void say_alone(const struct tk_diff *d, const struct listener *l)
{
	char name[TK_DIFF_WORDS_MAX], text[TK_DIFF_WORDS_MAX + 32];

	for (size_t i = 0; i < d->n_alone; i++) {
		snprintf(text, sizeof(text), "Only in %s: %s",
			 tk_diff_side_names[tk_diff_side_of(d->alone[i])],
			 tk_diff_name(name, d->alone[i]));
		l->each(l->arg, text);
	}
}

void tk_diff_sentences(const struct tk_diff *d, void (*each)(void *arg, const char *sentence),
		       void *arg)
{
	struct listener l = { each, arg };
	char text[TK_DIFF_WORDS_MAX];

	each(arg, meaning(d, text, sizeof(text)));
	if (!isnan(d->detectable))
		each(arg, findable(d, text, sizeof(text)));
	if (d->verdicts[TK_COMPARED_TOO_LITTLE])
		each(arg, too_little(d, text, sizeof(text)));
	tk_diff_timers_each(&d->recordings.losses, say_losses, &l);
	for (size_t i = 0; i < TK_FACTS; i++)
		if (tk_facts_differ(&d->recordings.facts, i, text, sizeof(text)))
			each(arg, text);
	say_alone(d, &l);
}
