/* SPDX-License-Identifier: MIT */
/* Lists of statistics: what is understood, in which order, under which names. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/lists/stats_list.h"
#include "tests/random.h"

Test(stats_list, words)
{
	struct tk_stats_list l;

	cr_assert_eq(tk_stats_list_parse(&l, "max,p99.9,p50,sum,p5,min,avg"), 0);
	cr_assert_eq(l.n, 7);
	cr_assert_eq(l.of[0].kind, TK_STAT_MAX);
	cr_assert_eq(l.of[1].quantile, 999000000);
	cr_assert_eq(l.of[1].place, 2);
	cr_assert_eq(l.of[2].place, 1);
	cr_assert_eq(l.of[4].place, 0);
	cr_assert_eq(l.n_quantiles, 3);
	cr_assert_eq(tk_stats_list_find(&l, "p50.000"), 2);
	cr_assert_eq(tk_stats_list_find(&l, "sum"), 3);
	cr_assert_eq(tk_stats_list_find(&l, "p51"), -1);
	cr_assert_eq(tk_stats_list_find(&l, "rate"), -1);
}

Test(stats_list, refused)
{
	static const char *const bad[] = {
		"",
		",",
		"p50,",
		",p50",
		"p",
		"p0",
		"p100",
		"p101",
		"p.5",
		"p5.",
		"p50 ",
		" p50",
		"P50",
		"p-5",
		"p1e1",
		"p99.99999999",
		"p0.0",
		"p0x10",
		"p50,p50.0",
		"max,max",
		"median",
		"99.9",
		"p50;p99",
		"p0099",
		"p50,,p99",
		"p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11,p12,p13,p14,p15,p16,p17",
		"p99999999999999999999999",
		"p1.2.3",
		"p\xc2\xb5",
		"p99.9%",
	};
	struct tk_stats_list l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(tk_stats_list_parse(&l, bad[i]), -EINVAL, "%s", bad[i]);
	cr_assert_eq(
		tk_stats_list_parse(&l, "p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11,p12,p13,p14,p15,p16"),
		0);
}

Test(stats_list, names)
{
	static const struct {
		const char *word, *title, *column;
	} cases[] = {
		{ "p50", "P50", "p50_ns" },
		{ "p90.0", "P90", "p90_ns" },
		{ "p99.9", "P99.9", "p999_ns" },
		{ "p99.99", "P99.99", "p9999_ns" },
		{ "p9.99", "P9.99", "p0999_ns" },
		{ "p5", "P5", "p05_ns" },
		{ "p0.5", "P0.5", "p005_ns" },
		{ "p99.0000001", "P99.0000001", "p990000001_ns" },
		{ "p010", "P10", "p10_ns" },
		{ "max", "MAX", "max_ns" },
		{ "p0.0000001", "P0.0000001", "p000000001_ns" },
	};
	char out[TK_STAT_NAME_MAX];
	struct tk_stats_list l;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(tk_stats_list_parse(&l, cases[i].word), 0, "%s", cases[i].word);
		cr_assert_str_eq(tk_stat_title(out, &l.of[0]), cases[i].title);
		cr_assert_str_eq(tk_stat_column(out, &l.of[0]), cases[i].column);
	}
}

/* Any percentile: its title is read back as the same, and other percentiles have other columns. */
Test(stats_list, any_percentile)
{
	uint64_t r = 29;
	char word[32], other[32], title[TK_STAT_NAME_MAX], a[TK_STAT_NAME_MAX], b[TK_STAT_NAME_MAX];
	struct tk_stats_list x, y;

	for (int i = 0; i < 100000; i++) {
		uint32_t q = 1 + (uint32_t)random_below(&r, 999999999);
		uint32_t scale = (uint32_t[]){ 1, 10, 1000, 1000000, 10000000 }[i % 5];

		q = q / scale * scale;
		if (!q)
			continue;
		snprintf(word, sizeof(word), "p%u.%07u", q / 10000000, q % 10000000);
		cr_assert_eq(tk_stats_list_parse(&x, word), 0, "%s", word);
		cr_assert_eq(x.of[0].quantile, q);
		cr_assert_eq(x.quantile[0], q);
		tk_stat_title(title, &x.of[0]);
		title[0] = 'p';
		cr_assert_eq(tk_stats_list_find(&x, title), 0, "%s", title);
		/* Ten times and a tenth have the same digits. */
		snprintf(other, sizeof(other), "p%.8g", q % 2 ? q / 1e8 : q / 1e6);
		if (tk_stats_list_parse(&y, other) < 0 || y.of[0].quantile == q)
			continue;
		cr_assert_str_neq(tk_stat_column(a, &x.of[0]), tk_stat_column(b, &y.of[0]), "%s %s",
				  word, other);
	}
}

/* "Where samples came for one beyond it." */
Test(stats_list, known)
{
	static const struct {
		const char *word;
		uint64_t least;
	} cases[] = { { "p50", 2 },
		      { "p90", 10 },
		      { "p99", 100 },
		      { "p99.9", 1000 },
		      { "p99.99", 10000 },
		      { "p1", 100 },
		      { "p75", 4 },
		      { "p70", 4 },
		      { "max", 1 },
		      { "sum", 1 },
		      { "p99.9999999", 1000000000 } };
	struct tk_stats_list l;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(tk_stats_list_parse(&l, cases[i].word), 0);
		cr_assert(tk_stat_is_known(&l.of[0], cases[i].least), "%s", cases[i].word);
		cr_assert(!tk_stat_is_known(&l.of[0], cases[i].least - 1), "%s", cases[i].word);
	}
}
