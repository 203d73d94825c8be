/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/rows.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

const char tk_rows_stats[] = "sum,min,avg,p50,p90,p99,p99.9,p99.99,max";

double tk_rows_rate(const struct tk_rows *rows, uint64_t records)
{
	return rows->interval_ns ? (double)records * 1e9 / (double)rows->interval_ns : 0;
}

static bool has_samples(const struct tk_row *row, enum tk_measure m)
{
	return row->of[m].count || row->of[m].aside;
}

bool tk_rows_has(const struct tk_row *row, enum tk_measure m)
{
	return has_samples(row, m) || (m == TK_PROCESSING && !has_samples(row, TK_LATENCY));
}

/* ---- JSON lines ---- */

static void set(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void set_text(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, json_string(text ? text : ""));
}

static json_t *object(const struct tk_rows *rows, const char *type)
{
	return json_pack("{s:i,s:s,s:I,s:I,s:I}", "schema", TK_ROWS_SCHEMA, "type", type,
			 "interval", (json_int_t)rows->number, "t_ns", (json_int_t)rows->t_ns,
			 "interval_ns", (json_int_t)rows->interval_ns);
}

/* Which process, or which of them. */
static void set_owner(json_t *o, const char *app, const char *segment, uint32_t pid)
{
	set_text(o, "app", app);
	set_text(o, "segment", segment);
	set(o, "pid", pid);
}

static void set_place(json_t *o, uint32_t uid, const char *dir, uint32_t processes)
{
	set(o, "uid", uid);
	set_text(o, "dir", dir);
	set(o, "processes", processes);
}

static void dump(FILE *out, json_t *o)
{
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(o);
}

/* Of what its statistics are so many. */
static const char *unit_of(const struct tk_row *row)
{
	return row->unit.values ? row->unit.name : "ns";
}

static void json_timer(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		       const struct tk_row *row, enum tk_measure m)
{
	json_t *o = object(rows, "timer");
	const struct tk_row_measure *of = &row->of[m];
	char name[TK_STAT_NAME_MAX];

	set_owner(o, row->app, row->segment, row->pid);
	set_text(o, "timer", row->name);
	set_text(o, "kind", tk_measure_word(m, &row->unit));
	set_text(o, "unit", unit_of(row));
	set(o, "records", row->records);
	set(o, "count", of->count);
	set(o, "set_aside", of->aside);
	set(o, "without", of->without);
	set(o, "lost", row->lost);
	json_object_set_new(o, "unsettled", json_boolean(row->unsettled));
	json_object_set_new(o, "rate_per_s", json_real(tk_rows_rate(rows, row->records)));
	for (size_t i = 0; i < style->stats->n; i++)
		json_object_set_new(o, tk_stat_member(name, &style->stats->of[i], &row->unit),
				    isnan(of->value[i]) ? json_null() : json_real(of->value[i]));
	set_place(o, row->uid, row->dir, row->processes);
	json_object_set_new(o, "alive", json_boolean(row->alive));
	if (style->total)
		set(o, "since_start", row->since_start);
	dump(out, o);
}

static void json_process(FILE *out, const struct tk_rows *rows, const struct tk_interval_process *p)
{
	json_t *o = object(rows, "process");

	set_owner(o, p->app, p->segment, p->pid);
	set_place(o, p->uid, p->dir, p->processes);
	json_object_set_new(o, "alive", json_boolean(p->alive));
	set(o, "records", p->records);
	set(o, "delivered", p->delivered);
	set(o, "lost", p->lost);
	set(o, "attributed", p->attributed);
	json_object_set_new(o, "unsettled", json_boolean(p->unsettled));
	set(o, "unknown", p->unknown);
	set(o, "refused", p->refused);
	set(o, "lag", p->lag);
	json_object_set_new(o, "rate_per_s", json_real(tk_rows_rate(rows, p->records)));
	dump(out, o);
}

/* ---- CSV: the columns of all types, empty where they do not apply ---- */

static void csv_heading(FILE *out, const struct tk_rows_style *style)
{
	const struct tk_stats_list *stats = style->stats;
	char name[TK_STAT_NAME_MAX];

	fputs("schema,type,interval,t_ns,interval_ns,app,segment,pid,timer,kind,records,count,"
	      "set_aside,without,lost,unsettled,rate_per_s",
	      out);
	for (size_t i = 0; i < stats->n; i++)
		fprintf(out, ",%s", tk_stat_column(name, &stats->of[i]));
	fputs(",processes,alive,delivered,attributed,unknown,refused,lag,uid,dir,since_start,unit",
	      out);
	fputs(style->alerts ? ",rule,state,value,limit\n" : "\n", out);
}

void tk_rows_csv_text(FILE *out, const char *text)
{
	fputs(",\"", out);
	for (; text && *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_begin(FILE *out, const struct tk_rows *rows, const char *type, const char *app,
		      const char *segment, uint32_t pid)
{
	fprintf(out, "%d,%s,%" PRIu64 ",%" PRId64 ",%" PRIu64, TK_ROWS_SCHEMA, type, rows->number,
		rows->t_ns, rows->interval_ns);
	tk_rows_csv_text(out, app);
	tk_rows_csv_text(out, segment);
	fprintf(out, ",%" PRIu32, pid);
}

/* The columns of alerts, of a row of another type. */
static void csv_end(FILE *out, const struct tk_rows_style *style)
{
	fputs(style->alerts ? ",,,,\n" : "\n", out);
}

static void csv_timer(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		      const struct tk_row *row, enum tk_measure m)
{
	const struct tk_row_measure *of = &row->of[m];

	csv_begin(out, rows, "timer", row->app, row->segment, row->pid);
	tk_rows_csv_text(out, row->name);
	fprintf(out, ",%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d,%.3f",
		tk_measure_word(m, &row->unit), row->records, of->count, of->aside, of->without,
		row->lost, row->unsettled, tk_rows_rate(rows, row->records));
	for (size_t i = 0; i < style->stats->n; i++) {
		if (isnan(of->value[i]))
			fputc(',', out);
		else
			fprintf(out, ",%.3f", of->value[i]);
	}
	fprintf(out, ",%" PRIu32 ",%d,,,,,,%" PRIu32, row->processes, row->alive, row->uid);
	tk_rows_csv_text(out, row->dir);
	fputc(',', out);
	if (style->total)
		fprintf(out, "%" PRIu64, row->since_start);
	fprintf(out, ",%s", unit_of(row));
	csv_end(out, style);
}

static void csv_process(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
			const struct tk_interval_process *p)
{
	csv_begin(out, rows, "process", p->app, p->segment, p->pid);
	fprintf(out, ",,,%" PRIu64 ",,,,%" PRIu64 ",%d,%.3f", p->records, p->lost, p->unsettled,
		tk_rows_rate(rows, p->records));
	for (size_t i = 0; i < style->stats->n; i++)
		fputc(',', out);
	fprintf(out,
		",%" PRIu32 ",%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		",%" PRIu32,
		p->processes, p->alive, p->delivered, p->attributed, p->unknown, p->refused, p->lag,
		p->uid);
	tk_rows_csv_text(out, p->dir);
	fputs(",,", out);
	csv_end(out, style);
}

/* ---- alerts ---- */

static void json_alert(FILE *out, const struct tk_rows *about, const struct tk_row_alert *a)
{
	json_t *o = object(about, "alert");

	set_owner(o, a->app, a->segment, a->pid);
	set_text(o, "timer", a->timer);
	set_text(o, "kind", a->kind);
	set(o, "count", a->count);
	set(o, "lost", a->lost);
	set(o, "uid", a->uid);
	set_text(o, "dir", a->dir);
	set_text(o, "unit", a->unit);
	set_text(o, "rule", a->rule);
	set_text(o, "state", a->state);
	json_object_set_new(o, "value", isnan(a->value) ? json_null() : json_real(a->value));
	json_object_set_new(o, "limit", json_real(a->limit));
	dump(out, o);
}

static void csv_alert(FILE *out, const struct tk_rows_style *style, const struct tk_rows *about,
		      const struct tk_row_alert *a)
{
	csv_begin(out, about, "alert", a->app, a->segment, a->pid);
	tk_rows_csv_text(out, a->timer);
	fprintf(out, ",%s,,%" PRIu64 ",,,%" PRIu64 ",,", a->kind, a->count, a->lost);
	for (size_t i = 0; i < style->stats->n; i++)
		fputc(',', out);
	fprintf(out, ",,,,,,,,%" PRIu32, a->uid);
	tk_rows_csv_text(out, a->dir);
	fprintf(out, ",,%s", a->unit);
	tk_rows_csv_text(out, a->rule);
	fprintf(out, ",%s,", a->state);
	if (!isnan(a->value))
		fprintf(out, "%.3f", a->value);
	fprintf(out, ",%.3f\n", a->limit);
}

void tk_rows_print_alert(FILE *out, const struct tk_rows_style *style, const struct tk_rows *about,
			 const struct tk_row_alert *a, bool first)
{
	if (style->format == TK_FORMAT_JSONL) {
		json_alert(out, about, a);
		return;
	}
	if (first)
		csv_heading(out, style);
	csv_alert(out, style, about, a);
}

/* ---- any format ---- */

static void print_timer(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
			const struct tk_row *row)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		if (!tk_rows_has(row, (enum tk_measure)m))
			continue;
		if (style->format == TK_FORMAT_JSONL)
			json_timer(out, style, rows, row, (enum tk_measure)m);
		else
			csv_timer(out, style, rows, row, (enum tk_measure)m);
	}
}

void tk_rows_print(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		   bool first)
{
	if (style->format == TK_FORMAT_TABLE) {
		tk_rows_table(out, style, rows, first);
		return;
	}
	if (style->format == TK_FORMAT_CSV && first)
		csv_heading(out, style);
	for (size_t i = 0; i < rows->n; i++)
		print_timer(out, style, rows, rows->row[i]);
	for (size_t i = 0; i < rows->n_processes; i++) {
		if (style->format == TK_FORMAT_JSONL)
			json_process(out, rows, &rows->process[i]);
		else
			csv_process(out, style, rows, &rows->process[i]);
	}
}
