/* SPDX-License-Identifier: MIT */
#include "collector/cli/lists/stats_list.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/stats/rated.h"

#define PERCENT (TK_QUANTILE_ONE / 100)

static const char *const words[] = {
	[TK_STAT_SUM] = "sum",
	[TK_STAT_MIN] = "min",
	[TK_STAT_AVG] = "avg",
	[TK_STAT_MAX] = "max",
};

/* Digits, and perhaps a point and more digits: a percentage, in billionths of the whole. */
static int parse_percentage(const char *text, size_t length, uint32_t *quantile)
{
	uint64_t value = 0, unit = PERCENT;
	size_t i = 0;

	for (; i < length && isdigit((unsigned char)text[i]); i++)
		value = 10 * value + unit * (uint64_t)(text[i] - '0');
	if (i == 0 || i > 3)
		return -EINVAL;
	if (i < length && (text[i++] != '.' || i == length))
		return -EINVAL;
	for (; i < length && isdigit((unsigned char)text[i]) && unit > 1; i++) {
		unit /= 10;
		value += unit * (uint64_t)(text[i] - '0');
	}
	if (i < length || value == 0 || value >= TK_QUANTILE_ONE)
		return -EINVAL;
	*quantile = (uint32_t)value;
	return 0;
}

static int parse_word(const char *text, size_t length, struct tk_stat *s)
{
	*s = (struct tk_stat){ .kind = TK_STAT_QUANTILE };
	for (unsigned k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
		if (strlen(words[k]) != length || strncmp(words[k], text, length) != 0)
			continue;
		s->kind = (enum tk_stat_kind)k;
		return 0;
	}
	if (length < 2 || text[0] != 'p')
		return -EINVAL;
	return parse_percentage(text + 1, length - 1, &s->quantile);
}

static int find(const struct tk_stats_list *list, const struct tk_stat *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->of[i].kind == s->kind && list->of[i].quantile == s->quantile)
			return (int)i;
	return -1;
}

static void insert_quantile(struct tk_stats_list *list, uint32_t quantile)
{
	size_t i = list->n_quantiles++;

	for (; i > 0 && list->quantile[i - 1] > quantile; i--)
		list->quantile[i] = list->quantile[i - 1];
	list->quantile[i] = quantile;
}

/* Find each quantile's place, when all are known. */
static void place(struct tk_stats_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		while (list->of[i].kind == TK_STAT_QUANTILE &&
		       list->quantile[list->of[i].place] != list->of[i].quantile)
			list->of[i].place++;
}

int tk_stats_list_parse(struct tk_stats_list *list, const char *text)
{
	memset(list, 0, sizeof(*list));
	for (;;) {
		size_t length = strcspn(text, ",");
		struct tk_stat s;

		if (list->n == TK_STATS_MAX || parse_word(text, length, &s) < 0 ||
		    find(list, &s) >= 0)
			return -EINVAL;
		list->of[list->n++] = s;
		if (s.kind == TK_STAT_QUANTILE)
			insert_quantile(list, s.quantile);
		if (!text[length])
			break;
		text += length + 1;
	}
	place(list);
	return 0;
}

int tk_stat_parse(struct tk_stat *s, const char *word)
{
	return parse_word(word, strlen(word), s);
}

int tk_stats_list_find(const struct tk_stats_list *list, const char *word)
{
	struct tk_stat s;

	return parse_word(word, strlen(word), &s) < 0 ? -1 : find(list, &s);
}

/* p, the whole percents with at least `least` digits, `point`, and what is behind it. */
static void percentile(char out[TK_STAT_NAME_MAX], uint32_t quantile, int least, const char *point)
{
	uint32_t rest = quantile % PERCENT;
	int digits = 7;

	if (!rest) {
		snprintf(out, TK_STAT_NAME_MAX, "p%0*" PRIu32, least, quantile / PERCENT);
		return;
	}
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	snprintf(out, TK_STAT_NAME_MAX, "p%0*" PRIu32 "%s%0*" PRIu32, least, quantile / PERCENT,
		 point, digits, rest);
}

char *tk_stat_title(char out[TK_STAT_NAME_MAX], const struct tk_stat *s)
{
	if (s->kind == TK_STAT_QUANTILE)
		percentile(out, s->quantile, 1, ".");
	else
		snprintf(out, TK_STAT_NAME_MAX, "%s", words[s->kind]);
	for (char *c = out; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return out;
}

char *tk_stat_column(char out[TK_STAT_NAME_MAX], const struct tk_stat *s)
{
	char name[TK_STAT_NAME_MAX];

	if (s->kind == TK_STAT_QUANTILE)
		percentile(name, s->quantile, 2, "");
	else
		snprintf(name, sizeof(name), "%s", words[s->kind]);
	snprintf(out, TK_STAT_NAME_MAX, "%.*s_ns", (int)TK_STAT_NAME_MAX - 4, name);
	return out;
}

char *tk_stat_member(char out[TK_STAT_NAME_MAX], const struct tk_stat *s,
		     const struct tk_unit *unit)
{
	tk_stat_column(out, s);
	if (unit->values)
		out[strlen(out) - strlen("_ns")] = '\0';
	return out;
}

bool tk_stat_is_known(const struct tk_stat *s, uint64_t count)
{
	uint32_t beyond = TK_QUANTILE_ONE - s->quantile;

	if (s->kind != TK_STAT_QUANTILE)
		return count > 0;
	beyond = s->quantile < beyond ? s->quantile : beyond;
	return count >= (TK_QUANTILE_ONE + beyond - 1) / beyond;
}
