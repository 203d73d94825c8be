/* SPDX-License-Identifier: MIT */
/* A report for people. See report.h. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "collector/cli/text.h"
#include "collector/report/report.h"

static void print_name(FILE *out, const char *name, int width)
{
	fprintf(out, "%s%*s ", name, width - tk_text_width(name), "");
}

static int wider(int width, const char *name)
{
	int own = tk_text_width(name);

	return own > width ? own : width;
}

static void print_bounds(const struct tk_report *r, FILE *out)
{
	time_t seconds = (time_t)(r->first_ns / 1000000000);
	char date[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(out, "%s, %.3f s\n", date, (double)(r->end_ns - r->first_ns) / 1e9);
}

/* A value's kind is its unit, if that has a name. */
static const char *kind_of(const struct tk_report_row *row)
{
	const struct tk_report_names *n = &row->shown;

	return *n->unit.name ? n->unit.name : *n->measure ? n->measure : "-";
}

static void print_heading(const struct tk_report *r, FILE *out, int app, int timer, int kind)
{
	const struct tk_stats_list *stats = r->wanted->stats;
	char title[TK_STAT_NAME_MAX];

	print_name(out, "APP", app);
	print_name(out, "TIMER", timer);
	fprintf(out, "%-*s %7s %7s", kind, "KIND", "LOST", "COUNT");
	for (size_t i = 0; i < stats->n; i++)
		fprintf(out, " %7s", tk_stat_title(title, &stats->of[i]));
	fputc('\n', out);
}

static int print_row(const struct tk_report *r, FILE *out, const struct tk_report_row *row, int app,
		     int timer, int kind)
{
	const struct tk_stats_list *stats = r->wanted->stats;
	double ns[TK_STATS_MAX];
	char text[TK_UNITS_MAX];
	int err = tk_report_stats(row, stats, ns);

	if (err)
		return err;
	print_name(out, row->shown.app, app);
	print_name(out, row->shown.timer, timer);
	fprintf(out, "%-*s", kind, kind_of(row));
	fprintf(out, " %7s", tk_text_whole(text, row->lost));
	fprintf(out, " %7s", tk_text_whole(text, row->count));
	for (size_t i = 0; i < stats->n; i++) {
		bool known = tk_stat_is_known(&stats->of[i], row->count);

		fprintf(out, " %7s",
			known ? tk_text_unspaced(tk_text_sample(text, ns[i], &row->shown.unit))
			      : "-");
	}
	fputc('\n', out);
	return 0;
}

int tk_report_table(const struct tk_report *r, FILE *out)
{
	int app = wider(0, "APP"), timer = wider(0, "TIMER"), kind = wider(0, "processing");
	int err = 0;

	for (size_t k = 0; k < r->n; k++) {
		app = wider(app, r->row[k]->shown.app);
		timer = wider(timer, r->row[k]->shown.timer);
		kind = wider(kind, kind_of(r->row[k]));
	}
	print_bounds(r, out);
	print_heading(r, out, app, timer, kind);
	for (size_t k = 0; k < r->n && !err; k++)
		err = print_row(r, out, r->row[k], app, timer, kind);
	return err;
}
