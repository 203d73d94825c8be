/* SPDX-License-Identifier: MIT */
/* --fail-if: when a comparison is a failure. See diff.h. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/diff/diff.h"
#include "collector/machine/printable.h"

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

static int parse_stat(const char *text, size_t length, struct tk_stat *s)
{
	struct tk_stats_list list;
	char word[TK_STAT_NAME_MAX];

	if (length >= sizeof(word))
		return -EINVAL;
	memcpy(word, text, length);
	word[length] = '\0';
	if (tk_stats_list_parse(&list, word) < 0 || list.n != 1 ||
	    list.of[0].kind != TK_STAT_QUANTILE)
		return -EINVAL;
	*s = list.of[0];
	return 0;
}

/* Cut "processing." or "latency." off. */
static const char *parse_measure(const char **text)
{
	static const char *const measures[] = { "processing", "latency" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(measures[i]);

		if (strncmp(*text, measures[i], n) != 0 || (*text)[n] != '.')
			continue;
		*text += n + 1;
		return measures[i];
	}
	return "";
}

/* No timer's name has anything else. */
static bool is_printable(const char *text)
{
	char *shown = strdup(text);
	bool same;

	if (!shown)
		return false;
	tk_printable(shown, strlen(text) + 1, text);
	same = strcmp(shown, text) == 0;
	free(shown);
	return same;
}

/* A timer may have any sign in its name, also a colon: the last one ends the pattern. */
int tk_diff_rule_parse(struct tk_diff_rule *r, const char *text)
{
	const char *colon = strrchr(text, ':'), *condition;
	size_t length;

	*r = (struct tk_diff_rule){ .text = text };
	if (!colon || colon == text || !is_printable(text))
		return -EINVAL;
	condition = colon + 1;
	r->measure = parse_measure(&condition);
	length = strcspn(condition, "<>");
	if (!condition[length] || parse_stat(condition, length, &r->stat) ||
	    parse_threshold(condition + length, &r->threshold))
		return -EINVAL;
	r->pattern = strndup(text, (size_t)(colon - text));
	return r->pattern ? 0 : -ENOMEM;
}

static bool is_about(const struct tk_diff_rule *r, const struct tk_diff_row *row)
{
	return row->stat->quantile == r->stat.quantile &&
	       (!r->measure[0] || strcmp(r->measure, row->timer->measure) == 0) &&
	       fnmatch(r->pattern, row->timer->timer, 0) == 0;
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
