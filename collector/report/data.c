/* SPDX-License-Identifier: MIT */
/* A report for programs: JSON and CSV, in ns, or in the unit of values. See report.h. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#include "collector/report/report.h"

#define SCHEMA 1

/* ---- JSON ---- */

/* Of what its statistics are so many. */
static const char *unit_of(const struct tk_report_row *row)
{
	return row->shown.unit.values ? row->shown.unit.name : "ns";
}

static int add_row(json_t *rows, const struct tk_report_row *row, const struct tk_stats_list *stats)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "app", row->shown.app, "timer",
			      row->shown.timer, "kind", row->shown.measure, "unit", unit_of(row),
			      "count", (json_int_t)row->count, "lost", (json_int_t)row->lost);
	char column[TK_STAT_NAME_MAX];
	double ns[TK_STATS_MAX];
	int err = o ? tk_report_stats(row, stats, ns) : -ENOMEM;

	for (size_t i = 0; i < stats->n && !err; i++)
		if (json_object_set_new(o, tk_stat_member(column, &stats->of[i], &row->shown.unit),
					isnan(ns[i]) ? json_null() : json_real(ns[i])))
			err = -ENOMEM;
	if (json_array_append_new(rows, o))
		err = -ENOMEM;
	return err;
}

int tk_report_json(const struct tk_report *r, FILE *out)
{
	json_t *rows = json_array();
	json_t *o = json_pack("{s:i,s:I,s:I,s:I,s:I,s:o}", "schema", SCHEMA, "from_ns",
			      (json_int_t)r->first_ns, "to_ns", (json_int_t)r->end_ns,
			      "lost_processes", (json_int_t)r->lost_processes, "missed_samples",
			      (json_int_t)r->missed, "rows", rows);
	int err = rows && o ? 0 : -ENOMEM;

	for (size_t k = 0; k < r->n && !err; k++)
		err = add_row(rows, r->row[k], r->wanted->stats);
	if (!err) {
		json_dumpf(o, out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
		fputc('\n', out);
	}
	json_decref(o);
	return err;
}

/* ---- CSV ---- */

static void csv_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputs("\",", out);
}

static int csv_row(FILE *out, const struct tk_report_row *row, const struct tk_stats_list *stats)
{
	double ns[TK_STATS_MAX];
	int err = tk_report_stats(row, stats, ns);

	if (err)
		return err;
	fprintf(out, "%d,", SCHEMA);
	csv_text(out, row->shown.app);
	csv_text(out, row->shown.timer);
	fprintf(out, "%s,%" PRIu64 ",%" PRIu64, row->shown.measure, row->count, row->lost);
	for (size_t i = 0; i < stats->n; i++) {
		if (isnan(ns[i]))
			fputc(',', out);
		else
			fprintf(out, ",%.3f", ns[i]);
	}
	fprintf(out, ",%s\n", unit_of(row));
	return 0;
}

int tk_report_csv(const struct tk_report *r, FILE *out)
{
	const struct tk_stats_list *stats = r->wanted->stats;
	char column[TK_STAT_NAME_MAX];
	int err = 0;

	fputs("schema,app,timer,kind,count,lost", out);
	for (size_t i = 0; i < stats->n; i++)
		fprintf(out, ",%s", tk_stat_column(column, &stats->of[i]));
	fputs(",unit\n", out);
	for (size_t k = 0; k < r->n && !err; k++)
		err = csv_row(out, r->row[k], stats);
	return err;
}
