/* SPDX-License-Identifier: MIT */
/* --fail-if: when a comparison is a failure. See diff.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/lists/subject.h"
#include "collector/diff/diff.h"

/* "+5%" after '>', "-5%" after '<'; the plus may be left out. */
static int parse_threshold(const char *text, double *threshold)
{
	char sign = text[0] == '>' ? '+' : '-', *end;
	const char *number = text + 1 + (text[1] == sign);

	if ((sign == '-' && text[1] != '-') || *number < '0' || *number > '9' ||
	    strspn(number, "0123456789.") != strlen(number) - 1)
		return -EINVAL;
	*threshold = strtod(number, &end) / 100;
	if (strcmp(end, "%") != 0 || *threshold > 1e6 || (sign == '-' && *threshold >= 1))
		return -EINVAL;
	*threshold = sign == '-' ? -*threshold : *threshold;
	return 0;
}

static int parse_condition(struct tk_diff_rule *r, const struct tk_subject *s)
{
	if (tk_stat_parse(&r->stat, s->word) < 0 || r->stat.kind != TK_STAT_QUANTILE)
		return -EINVAL;
	return parse_threshold(s->condition, &r->threshold);
}

int tk_diff_rule_parse(struct tk_diff_rule *r, const char *text)
{
	struct tk_subject s;
	int err = tk_subject_parse(&s, text);

	*r = (struct tk_diff_rule){ .text = text, .measure = s.measure };
	if (err)
		return err;
	err = parse_condition(r, &s);
	if (err)
		free(s.pattern);
	else
		r->pattern = s.pattern;
	return err;
}

static bool is_about(const struct tk_diff_rule *r, const struct tk_diff_row *row)
{
	return row->stat->quantile == r->stat.quantile &&
	       tk_subject_matches(r->pattern, r->measure, row->timer->timer, row->timer->measure);
}

/* A shift that was not shown may be chance, however large it is. */
bool tk_diff_rule_apply(struct tk_diff_rule *r, const struct tk_diff_row *row)
{
	bool up = !signbit(r->threshold), holds;

	if (!is_about(r, row))
		return false;
	r->rows++;
	r->known += row->is->verdict != TK_COMPARED_TOO_LITTLE;
	holds = row->is->verdict >= TK_COMPARED_DIFFERS &&
		(up ? row->is->shift > r->threshold : row->is->shift < r->threshold);
	r->holds += holds;
	return holds;
}
