/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/rows.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

const char *const tk_rows_kinds[TK_MEASURES] = { "processing", "latency" };

static const char *const names[TK_ROWS_VALUES] = { "sum_ns",  "min_ns",   "avg_ns",
						   "p50_ns",  "p90_ns",   "p99_ns",
						   "p999_ns", "p9999_ns", "max_ns" };

void tk_rows_values(const struct tk_datapoint *d, double v[TK_ROWS_VALUES])
{
	v[TK_ROWS_SUM] = d->sum_ns;
	v[TK_ROWS_MIN] = d->min_ns;
	v[TK_ROWS_AVG] = tk_datapoint_avg_ns(d);
	memcpy(&v[TK_ROWS_P50], d->p_ns, sizeof(d->p_ns));
	v[TK_ROWS_MAX] = d->max_ns;
	for (int i = 0; i < TK_ROWS_VALUES && !d->count; i++)
		v[i] = i == TK_ROWS_SUM ? 0 : NAN;
}

static double per_second(const struct tk_interval *i, uint64_t records)
{
	return i->interval_ns ? (double)records * 1e9 / (double)i->interval_ns : 0;
}

/* ---- JSON lines ---- */

static json_t *object(const struct tk_interval *i, const char *type, const char *app,
		      const char *segment, uint32_t pid)
{
	return json_pack("{s:i,s:s,s:I,s:I,s:I,s:s,s:s,s:I}", "schema", TK_ROWS_SCHEMA, "type",
			 type, "interval", (json_int_t)i->number, "t_ns", (json_int_t)i->t_ns,
			 "interval_ns", (json_int_t)i->interval_ns, "app", app, "segment", segment,
			 "pid", (json_int_t)pid);
}

static void set(json_t *o, const char *name, uint64_t n)
{
	json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void dump(FILE *out, json_t *o)
{
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(o);
}

static void json_timer(FILE *out, const struct tk_interval *i, const struct tk_interval_timer *t,
		       enum tk_measure m)
{
	json_t *o = object(i, "timer", t->app, t->segment, t->pid);
	const struct tk_datapoint *d = &t->of[m];
	double v[TK_ROWS_VALUES];

	json_object_set_new(o, "timer", json_string(t->name));
	json_object_set_new(o, "kind", json_string(tk_rows_kinds[m]));
	set(o, "records", d->records);
	set(o, "count", d->count);
	set(o, "set_aside", d->aside);
	set(o, "without", d->without);
	set(o, "lost", d->lost);
	json_object_set_new(o, "unsettled", json_boolean(t->unsettled));
	json_object_set_new(o, "rate_per_s", json_real(per_second(i, d->records)));
	tk_rows_values(d, v);
	for (int k = 0; k < TK_ROWS_VALUES; k++)
		json_object_set_new(o, names[k], isnan(v[k]) ? json_null() : json_real(v[k]));
	dump(out, o);
}

static void json_process(FILE *out, const struct tk_interval *i,
			 const struct tk_interval_process *p)
{
	json_t *o = object(i, "process", p->app, p->segment, p->pid);

	set(o, "processes", p->processes);
	json_object_set_new(o, "alive", json_boolean(p->alive));
	set(o, "records", p->records);
	set(o, "delivered", p->delivered);
	set(o, "lost", p->lost);
	set(o, "attributed", p->attributed);
	json_object_set_new(o, "unsettled", json_boolean(p->unsettled));
	set(o, "unknown", p->unknown);
	set(o, "refused", p->refused);
	set(o, "lag", p->lag);
	json_object_set_new(o, "rate_per_s", json_real(per_second(i, p->records)));
	dump(out, o);
}

/* ---- CSV: the columns of both types, empty where they do not apply ---- */

static void csv_heading(FILE *out)
{
	fputs("schema,type,interval,t_ns,interval_ns,app,segment,pid,timer,kind,records,count,"
	      "set_aside,without,lost,unsettled,rate_per_s",
	      out);
	for (int k = 0; k < TK_ROWS_VALUES; k++)
		fprintf(out, ",%s", names[k]);
	fputs(",processes,alive,delivered,attributed,unknown,refused,lag\n", out);
}

static void csv_text(FILE *out, const char *text)
{
	fputs(",\"", out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_begin(FILE *out, const struct tk_interval *i, const char *type, const char *app,
		      const char *segment, uint32_t pid)
{
	fprintf(out, "%d,%s,%" PRIu64 ",%" PRId64 ",%" PRIu64, TK_ROWS_SCHEMA, type, i->number,
		i->t_ns, i->interval_ns);
	csv_text(out, app);
	csv_text(out, segment);
	fprintf(out, ",%" PRIu32, pid);
}

static void csv_timer(FILE *out, const struct tk_interval *i, const struct tk_interval_timer *t,
		      enum tk_measure m)
{
	const struct tk_datapoint *d = &t->of[m];
	double v[TK_ROWS_VALUES];

	csv_begin(out, i, "timer", t->app, t->segment, t->pid);
	csv_text(out, t->name);
	fprintf(out, ",%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d,%.3f",
		tk_rows_kinds[m], d->records, d->count, d->aside, d->without, d->lost, t->unsettled,
		per_second(i, d->records));
	tk_rows_values(d, v);
	for (int k = 0; k < TK_ROWS_VALUES; k++) {
		if (isnan(v[k]))
			fputc(',', out);
		else
			fprintf(out, ",%.3f", v[k]);
	}
	fputs(",,,,,,,\n", out);
}

static void csv_process(FILE *out, const struct tk_interval *i, const struct tk_interval_process *p)
{
	csv_begin(out, i, "process", p->app, p->segment, p->pid);
	fprintf(out, ",,,%" PRIu64 ",,,,%" PRIu64 ",%d,%.3f", p->records, p->lost, p->unsettled,
		per_second(i, p->records));
	for (int k = 0; k < TK_ROWS_VALUES; k++)
		fputc(',', out);
	fprintf(out,
		",%" PRIu32 ",%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
		p->processes, p->alive, p->delivered, p->attributed, p->unknown, p->refused,
		p->lag);
}

/* ---- any format ---- */

void tk_rows_heading(FILE *out, enum tk_format format, const struct tk_interval *i, bool first)
{
	if (format == TK_FORMAT_TABLE)
		tk_rows_table_heading(out, i, first);
	else if (format == TK_FORMAT_CSV && first)
		csv_heading(out);
}

static bool has_samples(const struct tk_datapoint *d)
{
	return d->count || d->aside;
}

void tk_rows_timer(FILE *out, enum tk_format format, const struct tk_interval *i,
		   const struct tk_interval_timer *t)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		bool alone = m == TK_PROCESSING && !has_samples(&t->of[TK_LATENCY]);

		if (!has_samples(&t->of[m]) && !alone)
			continue;
		if (format == TK_FORMAT_JSONL)
			json_timer(out, i, t, (enum tk_measure)m);
		else if (format == TK_FORMAT_CSV)
			csv_timer(out, i, t, (enum tk_measure)m);
		else
			tk_rows_table_timer(out, t, (enum tk_measure)m);
	}
}

void tk_rows_process(FILE *out, enum tk_format format, const struct tk_interval *i,
		     const struct tk_interval_process *p)
{
	if (format == TK_FORMAT_JSONL)
		json_process(out, i, p);
	else if (format == TK_FORMAT_CSV)
		csv_process(out, i, p);
	else
		tk_rows_table_process(out, p);
}
