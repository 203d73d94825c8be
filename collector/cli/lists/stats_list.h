/* SPDX-License-Identifier: MIT */
/*
 * collector/cli/lists/stats_list.h - the list of statistics that `--stats p50,p99.9,max` asks for:
 * parsed, named for headings and for columns, and filled with values.
 *
 * A word is one of sum, min, avg, max, or p and a percentage above 0 and below 100 with up to seven
 * digits behind the point: any percentile. To use a list:
 *
 *	struct tk_stats_list list;
 *	double ns[TK_STATS_MAX];
 *
 *	tk_stats_list_parse(&list, "p50,p99.9,max");
 *	tk_bins_quantiles(of, n, list.quantile, list.n_quantiles, ns);  // or tk_window_quantiles()
 *	for (size_t i = 0; i < list.n; i++) {
 *		const struct tk_stat *s = &list.of[i];
 *		double v = s->kind == TK_STAT_QUANTILE ? ns[s->place] : ...;
 *	}
 *
 * An option whose value is a list has the type TK_OPTION_STATS (collector/cli/options.h). Plain
 * data; any thread; nothing allocates.
 */
#ifndef TK_COLLECTOR_CLI_LISTS_STATS_LIST_H
#define TK_COLLECTOR_CLI_LISTS_STATS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/stats/measure.h"

#define TK_STATS_MAX 16u

enum tk_stat_kind { TK_STAT_SUM, TK_STAT_MIN, TK_STAT_AVG, TK_STAT_MAX, TK_STAT_QUANTILE };

/** One statistic of samples. */
struct tk_stat {
	enum tk_stat_kind kind;
	uint32_t quantile; /* of a quantile: in billionths, as in collector/stats/rated.h */
	uint32_t place;    /* of a quantile: its place in tk_stats_list.quantile */
};

/** In the order in which they were asked for, each once. n 0: nothing was asked for. */
struct tk_stats_list {
	struct tk_stat of[TK_STATS_MAX];
	size_t n;
	/* The quantiles among them, ascending, as tk_bins_quantiles() wants them. */
	uint32_t quantile[TK_STATS_MAX];
	size_t n_quantiles;
};

/**
 * Parse words separated by commas. @return 0; -EINVAL: a word is none of those above, one is said
 * twice (p50 and p50.0 are one), there is none, or there are more than TK_STATS_MAX
 */
int tk_stats_list_parse(struct tk_stats_list *list, const char *text);

/** Parse a single word; it has no place. @return 0 or -EINVAL */
int tk_stat_parse(struct tk_stat *s, const char *word);

/**
 * @return the place in the list of what a single word says; -1: it is no such word, or not in it
 */
int tk_stats_list_find(const struct tk_stats_list *list, const char *word);

#define TK_STAT_NAME_MAX 16u

/** Its heading in a table: "P99.9", "MAX". @return out */
char *tk_stat_title(char out[TK_STAT_NAME_MAX], const struct tk_stat *s);

/**
 * Its column in JSON and CSV, where values are in ns: "max_ns"; of a percentile, p and its digits
 * without the point, two of them before where the point was: "p999_ns" is p99.9, "p05_ns" p5. No
 * two statistics have the same. @return out
 */
char *tk_stat_column(char out[TK_STAT_NAME_MAX], const struct tk_stat *s);

/**
 * Its member of a JSON object about samples of this unit: that column, or, of values, which are in
 * no ns, "max", "p999". @return out
 */
char *tk_stat_member(char out[TK_STAT_NAME_MAX], const struct tk_stat *s,
		     const struct tk_unit *unit);

/**
 * Whether `count` samples can tell it: of a percentile, whether there is one beyond it on either
 * side, 2 for p50, 100 for p99 and for p1. P99.99 of one sample is that sample, and says nothing.
 */
bool tk_stat_is_known(const struct tk_stat *s, uint64_t count);

#endif
