/* SPDX-License-Identifier: MIT */
/* --alert's rules, from text. See alert.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/alert/alert.h"
#include "collector/cli/options.h"

#define WORD_MAX  32
#define COUNT_MAX UINT64_C(1000000000000)
#define VALUE_MAX (UINT64_C(1) << 48)

static int parse_figure(struct tk_alert_rule *r)
{
	static const char *const words[] = {
		[TK_ALERT_COUNT] = "count", [TK_ALERT_LOST] = "lost", [TK_ALERT_RATE] = "rate"
	};

	for (unsigned i = TK_ALERT_COUNT; i <= TK_ALERT_RATE; i++) {
		if (strcmp(words[i], r->about.word) != 0)
			continue;
		r->figure = (enum tk_alert_figure)i;
		return 0;
	}
	r->figure = TK_ALERT_SAMPLES;
	return tk_stat_parse(&r->stat, r->about.word);
}

static int parse_limit(const struct tk_alert_rule *r, const char *word, double *limit)
{
	uint64_t value;
	bool time = r->figure == TK_ALERT_SAMPLES && !r->values;
	int err = time ? tk_parse_time(word, &value) : tk_parse_whole(word, VALUE_MAX, &value);

	if (!err)
		*limit = (double)value;
	return err;
}

/* The next word, behind spaces. @return 0; -ENOENT: there is none; -EINVAL: it is too long */
static int next_word(const char **text, char word[WORD_MAX])
{
	size_t n;

	*text += strspn(*text, " ");
	n = strcspn(*text, " ");
	if (n == 0 || n >= WORD_MAX)
		return n ? -EINVAL : -ENOENT;
	memcpy(word, *text, n);
	word[n] = '\0';
	*text += n;
	return 0;
}

static bool is_on_its_good_side(const struct tk_alert_rule *r)
{
	return r->above ? r->clear <= r->limit : r->clear >= r->limit;
}

/* @return what is wrong, or NULL */
static const char *parse_clause(struct tk_alert_rule *r, const char *name, const char *value)
{
	if (!strcmp(name, "for"))
		return r->for_ns || tk_parse_time(value, &r->for_ns)
			       ? "`for` takes a time such as 3s, once"
			       : NULL;
	if (!strcmp(name, "over"))
		return r->over_ns || tk_parse_time(value, &r->over_ns)
			       ? "`over` takes a time such as 10s, once"
			       : NULL;
	if (!strcmp(name, "clear"))
		return r->clear >= 0 || parse_limit(r, value, &r->clear) || !is_on_its_good_side(r)
			       ? "`clear` takes a limit on the good side of the first, once"
			       : NULL;
	if (strcmp(name, "min") != 0)
		return "behind the limit come for, over, min and clear";
	if (r->figure != TK_ALERT_SAMPLES)
		return "`min` is a number of samples, and goes with statistics of samples";
	return r->least_samples || tk_parse_whole(value, COUNT_MAX, &r->least_samples) ||
			       !r->least_samples
		       ? "`min` takes a number of samples, once"
		       : NULL;
}

static const char *parse_clauses(struct tk_alert_rule *r, const char *text)
{
	char name[WORD_MAX], value[WORD_MAX];
	const char *wrong = NULL;
	int err;

	while (!wrong && (err = next_word(&text, name)) != -ENOENT) {
		if (err || next_word(&text, value))
			return "behind the limit come pairs of words, such as for 3s";
		wrong = parse_clause(r, name, value);
	}
	return wrong;
}

/* So that a figure that wavers around its limit does not fire again and again. Losses and samples
 * are whole: `lost>0` is ok again with 0. */
static double default_clear(const struct tk_alert_rule *r)
{
	if (r->figure == TK_ALERT_COUNT || r->figure == TK_ALERT_LOST)
		return r->limit;
	return r->limit * (r->above ? 0.9 : 1.1);
}

static const char *parse_condition(struct tk_alert_rule *r)
{
	const char *text = r->about.condition + 1, *wrong;
	char word[WORD_MAX];

	r->above = r->about.condition[0] == '>';
	r->clear = -1;
	r->values = strcmp(r->about.measure, "value") == 0;
	if (parse_figure(r))
		return "no such figure: p99.9, sum, min, avg, max, count, lost or rate";
	if (*text == ' ' || next_word(&text, word) || parse_limit(r, word, &r->limit))
		return r->figure == TK_ALERT_SAMPLES && !r->values
			       ? "the limit is a time such as 50us, or of value.p99 a number"
			       : "the limit is a whole number";
	wrong = parse_clauses(r, text);
	if (r->clear < 0)
		r->clear = default_clear(r);
	r->least_samples = r->least_samples ? r->least_samples : 1;
	return wrong;
}

int tk_alert_rule_parse(struct tk_alert_rule *r, const char *text, const char **why)
{
	int err;

	*r = (struct tk_alert_rule){ .text = text };
	err = tk_subject_parse(&r->about, text);
	*why = err ? "a rule is PATTERN:p99.9>50us, and may go on: for 3s" : parse_condition(r);
	if (!err && *why)
		err = -EINVAL;
	if (!err)
		return 0;
	free(r->about.pattern);
	r->about.pattern = NULL;
	return err;
}
