/* SPDX-License-Identifier: MIT */
/*
 * HdrHistogram's percentile distribution (.hgrm), as its plotters read it. See report.h.
 *
 * A line a percentile, from 0 on, each a fifth of the way that halves what is left to 100 %; until
 * the last sample. Values are in ms, or in the unit of values. Of several rows each has a comment
 * with its name before it: tools that take one are given one by --timer.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "collector/report/report.h"

#define TICKS_A_HALF 5 /* as HdrHistogram has it */

static double deviation(const struct tk_hlog_cells *cells, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < cells->n; i++)
		sum += (double)cells->cell[i].count * pow(cells->cell[i].ns - mean, 2);
	return cells->count ? sqrt(sum / (double)cells->count) : 0;
}

/* The percentile that follows p, in percent. */
static double next_percentile(double p)
{
	double halves = floor(log2(100 / (100 - p))) + 1;

	return p + 100 / (TICKS_A_HALF * pow(2, halves));
}

/* What 1 is: 1 ms, or one of values. */
static double one_of(const struct tk_report_row *row)
{
	return row->shown.unit.values ? 1 : 1e6;
}

static const char *unit_of(const struct tk_report_row *row)
{
	const struct tk_unit *unit = &row->shown.unit;

	return !unit->values ? "ms" : *unit->name ? unit->name : "numbers";
}

static void print_line(FILE *out, double value, double p, uint64_t count)
{
	fprintf(out, "%12.6f %2.12f %10" PRIu64, value, p / 100, count);
	if (p < 100)
		fprintf(out, " %14.2f", 100 / (100 - p));
	fputc('\n', out);
}

static void print_cells(FILE *out, const struct tk_hlog_cells *cells, double one)
{
	uint64_t seen = cells->n ? cells->cell[0].count : 0;
	size_t at = 0;

	for (double p = 0; cells->n && seen < cells->count; p = next_percentile(p)) {
		while (seen < cells->count && (double)seen < p / 100 * (double)cells->count)
			seen += cells->cell[++at].count;
		print_line(out, cells->cell[at].ns / one, p, seen);
	}
	if (cells->n)
		print_line(out, cells->cell[cells->n - 1].ns / one, 100, cells->count);
}

static int print_row(FILE *out, const struct tk_report_row *row)
{
	char title[TK_REPORT_TITLE_MAX];
	struct tk_hlog_cells cells;
	double mean, one = one_of(row);

	if (tk_hlog_sum_cells(&row->sum, &cells))
		return -ENOMEM;
	mean = tk_hlog_mean(&cells);
	fprintf(out, "#[%s, values in %s, %" PRIu64 " records lost]\n", tk_report_title(title, row),
		unit_of(row), row->lost);
	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	print_cells(out, &cells, one);
	fprintf(out, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n", mean / one,
		deviation(&cells, mean) / one);
	fprintf(out, "#[Max     = %12.6f, Total count    = %12" PRIu64 "]\n",
		cells.n ? cells.cell[cells.n - 1].ns / one : 0, cells.count);
	tk_hlog_cells_free(&cells);
	return 0;
}

int tk_report_hgrm(const struct tk_report *r, FILE *out)
{
	int err = 0;

	for (size_t k = 0; k < r->n && !err; k++)
		err = print_row(out, r->row[k]);
	return err;
}
