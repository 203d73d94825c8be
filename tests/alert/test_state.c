/* SPDX-License-Identifier: MIT */
/*
 * An alert over random intervals, against its definition, which looks at all of them anew each
 * time:
 *
 *	It fires in an interval i if there is one j <= i in which the limit had been passed for the
 *	whole of `for`, to half an interval, and none behind j up to i that was within.
 *	It is unknown where there is doubt. Where there is nothing, what fires has no data, and all
 *	else is as it was. Else it is ok.
 */
#include "collector/alert/alert.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/random.h"

#define INTERVALS 60

struct past {
	enum tk_alert_evidence e[INTERVALS];
	uint64_t ns[INTERVALS];
	size_t n;
};

static bool had_passed_long_enough(const struct past *p, size_t j, uint64_t for_ns)
{
	uint64_t sum = 0;

	if (p->e[j] != TK_ALERT_BEYOND)
		return false;
	for (size_t i = j + 1; i-- > 0 && p->e[i] == TK_ALERT_BEYOND;)
		sum += p->ns[i];
	return sum + p->ns[j] / 2 >= for_ns;
}

static bool fires(const struct past *p, size_t i, uint64_t for_ns)
{
	bool firing = false;

	for (size_t j = 0; j <= i; j++) {
		bool was_within = false;

		for (size_t k = j + 1; k <= i; k++)
			was_within = was_within || p->e[k] == TK_ALERT_WITHIN;
		firing = firing || (had_passed_long_enough(p, j, for_ns) && !was_within);
	}
	return firing;
}

static enum tk_alert_status status(const struct past *p, size_t i, uint64_t for_ns)
{
	size_t known = i + 1; /* behind the newest interval that said something */

	if (p->e[i] == TK_ALERT_NOTHING && fires(p, i, for_ns))
		return TK_ALERT_NO_DATA;
	while (known > 0 && p->e[known - 1] == TK_ALERT_NOTHING)
		known--;
	if (!known)
		return TK_ALERT_OK;
	if (p->e[known - 1] == TK_ALERT_DOUBT)
		return TK_ALERT_UNKNOWN;
	return fires(p, known - 1, for_ns) ? TK_ALERT_FIRING : TK_ALERT_OK;
}

/* Mostly the same as before, so that runs are long. */
static void add_interval(struct past *p, uint64_t *seed)
{
	size_t i = p->n++;

	if (i && random_below(seed, 4))
		p->e[i] = p->e[i - 1];
	else
		p->e[i] = (enum tk_alert_evidence)(random_below(seed, TK_ALERT_WITHIN + 1));
	p->ns[i] = 900 + random_below(seed, 200);
}

Test(state, is_what_its_definition_says)
{
	uint64_t seed = 3;

	for (int turn = 0; turn < 2000; turn++) {
		struct tk_alert_rule r = { .for_ns = random_below(&seed, 5) * 1000 };
		struct tk_alert_state s = { 0 };
		struct past p = { .n = 0 };

		for (size_t i = 0; i < INTERVALS; i++) {
			enum tk_alert_status before = s.status;
			bool changed;

			add_interval(&p, &seed);
			changed = tk_alert_step(&s, &r, p.e[i], p.ns[i]);
			cr_assert_eq(s.status, status(&p, i, r.for_ns), "turn %d, interval %zu",
				     turn, i);
			cr_assert_eq(changed, s.status != before);
			cr_assert_eq(s.firing, fires(&p, i, r.for_ns));
		}
	}
}

/* The sentence of the issue, step by step. */
Test(state, goes_from_ok_over_pending_to_firing_and_back)
{
	struct tk_alert_rule r = { .for_ns = 3000 };
	struct tk_alert_state s = { 0 };

	cr_assert(!tk_alert_step(&s, &r, TK_ALERT_WITHIN, 1000));
	cr_assert(!tk_alert_step(&s, &r, TK_ALERT_BEYOND, 1000));
	cr_assert(!tk_alert_step(&s, &r, TK_ALERT_BEYOND, 1000));
	cr_assert(tk_alert_step(&s, &r, TK_ALERT_BEYOND, 1000));
	cr_assert_eq(s.status, TK_ALERT_FIRING);
	cr_assert(!tk_alert_step(&s, &r, TK_ALERT_BETWEEN, 1000));
	cr_assert(tk_alert_step(&s, &r, TK_ALERT_DOUBT, 1000));
	cr_assert_eq(s.status, TK_ALERT_UNKNOWN);
	cr_assert(tk_alert_step(&s, &r, TK_ALERT_NOTHING, 1000));
	cr_assert_eq(s.status, TK_ALERT_NO_DATA);
	cr_assert(tk_alert_step(&s, &r, TK_ALERT_WITHIN, 1000));
	cr_assert_eq(s.status, TK_ALERT_OK);
}

Test(state, ends_with_a_word_if_it_was_not_ok)
{
	struct tk_alert_rule r = { .for_ns = 0 };
	struct tk_alert_state s = { 0 };

	cr_assert(!tk_alert_end(&s));
	cr_assert(tk_alert_step(&s, &r, TK_ALERT_BEYOND, 1000));
	cr_assert(tk_alert_end(&s));
	cr_assert_eq(s.status, TK_ALERT_ENDED);
	cr_assert_str_eq(tk_alert_words[s.status], "ended");
}
