/* SPDX-License-Identifier: MIT */
/* The table of `stat`: its columns line up whatever the names are, and no name is cut. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "collector/cli/text.h"
#include "collector/commands/rows/gather.h"

static const char *const names[] = {
	"ascii",
	"日本語タイマー",
	"café",
	"cafe\xcc\x81",
	"🚀 launch",
	"упячка",
	"한국어",
	"ไทยกำ",
	"e\xcc\x81\xcc\x82\xcc\x83x",
	"Sequencer-order-in-flight-0123456789-0123456789-of-the-north-1",
	"Sequencer-order-in-flight-0123456789-0123456789-of-the-north-2",
	"日本語日本語日本語日本語日本語日本語日本語",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static void fill(struct tk_interval_timer *t, const char *name, uint64_t count)
{
	*t = (struct tk_interval_timer){ .pid = 4242, .alive = true, .key = (uintptr_t)name };
	strcpy(t->name, name);
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_datapoint *d = &t->of[m];

		*d = (struct tk_datapoint){ .interval_ns = 1000000000,
					    .records = count,
					    .count = count,
					    .sum_ns = 1e5 * (double)count,
					    .min_ns = 1e5,
					    .max_ns = 1e5 };
		for (int p = 0; p < TK_PERCENTILES; p++)
			d->p_ns[p] = 1e5;
	}
}

static struct tk_stats_list stats;

/* What a gatherer makes of an interval with these timers, as a table. */
static char *print(struct tk_interval *i, struct tk_gather_how *how, bool total)
{
	struct tk_rows_style style = {
		.stats = &stats, .asked = how->stats != NULL, .by_app = how->by_app, .total = total
	};
	struct tk_gather *g;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!how->stats)
		tk_stats_list_parse(&stats, tk_rows_stats);
	how->stats = &stats;
	how->sort = TK_ROWS_BY_NAME;
	g = tk_gather_new(how);
	cr_assert_eq(tk_gather_add(g, i), 0);
	tk_rows_print(out, &style, tk_gather_rows(g), true);
	fclose(out);
	tk_gather_free(g);
	return text;
}

/* The table of all names, where the terminal has so many columns; 0: in a file. */
static char *table(int columns, uint64_t count)
{
	struct tk_intervals l = { .budget = 1 };
	struct tk_interval *i = tk_interval_new(&l);
	char width[16];

	i->number = 1;
	i->interval_ns = 1000000000;
	snprintf(width, sizeof(width), "%d", columns);
	setenv("COLUMNS", columns ? width : "", 1);
	for (size_t k = 0; k < NAMES; k++)
		fill(tk_interval_add_timer(&l, i, count), names[k], count);
	return print(i, &(struct tk_gather_how){ 0 }, false);
}

static bool is_name(const char *line)
{
	for (size_t k = 0; k < NAMES; k++)
		if (!strcmp(line, names[k]))
			return true;
	return false;
}

/* Lines with values are as wide as the heading; the others are names, which are whole. */
Test(rows, columns_line_up)
{
	for (int columns = 80; columns <= 200; columns++) {
		char *text = table(columns, 20000), *save, *line = strtok_r(text, "\n", &save);
		int width = tk_text_width(line = strtok_r(NULL, "\n", &save));
		size_t values = 0;

		cr_assert(!strncmp(line, "TIMER ", 6));
		cr_assert_leq(width, columns);
		while ((line = strtok_r(NULL, "\n", &save))) {
			if (is_name(line))
				continue;
			cr_assert_eq(tk_text_width(line), width, "%d columns: %s", columns, line);
			values++;
		}
		cr_assert_eq(values, NAMES * TK_MEASURES);
		free(text);
	}
}

Test(rows, names_are_whole)
{
	for (int columns = 0; columns <= 200; columns += 40) {
		char *text = table(columns, 20000);

		for (size_t k = 0; k < NAMES; k++)
			cr_assert(strstr(text, names[k]), "%d columns: %s", columns, names[k]);
		free(text);
	}
}

/* In a file each row is one line. */
Test(rows, one_line_in_a_file)
{
	char *text = table(0, 20000);
	size_t lines = 0;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	cr_assert_eq(lines, 2 + NAMES * TK_MEASURES);
	free(text);
}

/* So many of P50 to P99.99 are told of so many samples, of each measure. */
Test(rows, percentiles_have_samples_beyond_them)
{
	static const struct {
		uint64_t count;
		int told;
	} cases[] = { { 1, 0 },   { 2, 1 },   { 9, 1 },    { 10, 2 },   { 99, 2 },
		      { 100, 3 }, { 999, 3 }, { 1000, 4 }, { 9999, 4 }, { 10000, 5 } };

	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		char *text = table(0, cases[k].count), *at = strstr(text, "\nascii ");
		char figures[8][16];

		cr_assert_eq(sscanf(at,
				    " ascii %*s %*s %*s %*s %*s %15s %15s %15s %15s %15s %15s "
				    "%15s %15s",
				    figures[0], figures[1], figures[2], figures[3], figures[4],
				    figures[5], figures[6], figures[7]),
			     8);
		for (int f = 0; f < 8; f++) /* MIN, AVG, five percentiles, MAX */
			cr_assert_str_eq(figures[f],
					 f < 2 || f == 7 || f - 2 < cases[k].told ? "100us" : "-");
		free(text);
	}
}
