/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows/overhead.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/cli/text.h"

/* What a row says of some records. */
struct figures {
	uint64_t records;
	double rate, span_ns, percent; /* span_ns: of one of them; NAN: there is none */
};

static struct figures figures_of(const struct tk_interval *i, uint64_t records, double cost_ns)
{
	double ns = (double)i->interval_ns;

	return (struct figures){ .records = records,
				 .rate = ns > 0 ? (double)records * 1e9 / ns : 0,
				 .span_ns = records ? cost_ns / (double)records : NAN,
				 .percent = ns > 0 ? cost_ns * 100 / ns : 0 };
}

static struct figures in_all(const struct tk_interval *i)
{
	uint64_t records = 0;
	double cost_ns = 0;

	for (size_t k = 0; k < i->n_threads; k++) {
		records += i->threads[k].records;
		cost_ns += i->threads[k].cost_ns;
	}
	return figures_of(i, records, cost_ns);
}

/* ---- JSON lines ---- */

static void dump(FILE *out, json_t *o, const struct figures *f)
{
	json_object_set_new(o, "records", json_integer((json_int_t)f->records));
	json_object_set_new(o, "rate_per_s", json_real(f->rate));
	json_object_set_new(o, "span_ns", isnan(f->span_ns) ? json_null() : json_real(f->span_ns));
	json_object_set_new(o, "core_percent", json_real(f->percent));
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(o);
}

static json_t *object(const struct tk_interval *i, const char *type)
{
	return json_pack("{s:i,s:s,s:I,s:I,s:I}", "schema", TK_ROWS_SCHEMA, "type", type,
			 "interval", (json_int_t)i->number, "t_ns", (json_int_t)i->t_ns,
			 "interval_ns", (json_int_t)i->interval_ns);
}

static void json_thread(FILE *out, const struct tk_interval *i, const struct tk_interval_thread *t,
			const struct figures *f)
{
	json_t *o = object(i, "thread");

	json_object_set_new(o, "app", json_string(t->app));
	json_object_set_new(o, "segment", json_string(t->segment));
	json_object_set_new(o, "pid", json_integer(t->pid));
	json_object_set_new(o, "uid", json_integer(t->uid));
	json_object_set_new(o, "dir", json_string(t->dir ? t->dir : ""));
	json_object_set_new(o, "thread", json_string(t->name));
	json_object_set_new(o, "tid", json_integer(t->tid));
	json_object_set_new(o, "lane", json_integer(t->lane));
	dump(out, o, f);
}

static void json_all(FILE *out, const struct tk_interval *i, const struct figures *f)
{
	json_t *o = object(i, "overhead");

	json_object_set_new(o, "threads", json_integer((json_int_t)i->n_threads));
	dump(out, o, f);
}

/* ---- CSV ---- */

static void csv_figures(FILE *out, const struct figures *f)
{
	fprintf(out, ",%" PRIu64 ",%.3f,", f->records, f->rate);
	if (!isnan(f->span_ns))
		fprintf(out, "%.3f", f->span_ns);
	fprintf(out, ",%.6f\n", f->percent);
}

static void csv_begin(FILE *out, const struct tk_interval *i, const char *type)
{
	fprintf(out, "%d,%s,%" PRIu64 ",%" PRId64 ",%" PRIu64, TK_ROWS_SCHEMA, type, i->number,
		i->t_ns, i->interval_ns);
}

static void csv_thread(FILE *out, const struct tk_interval *i, const struct tk_interval_thread *t,
		       const struct figures *f)
{
	csv_begin(out, i, "thread");
	tk_rows_csv_text(out, t->app);
	tk_rows_csv_text(out, t->segment);
	fprintf(out, ",%" PRIu32 ",%" PRIu32, t->pid, t->uid);
	tk_rows_csv_text(out, t->dir);
	tk_rows_csv_text(out, t->name);
	fprintf(out, ",%" PRIu32 ",%" PRIu32 ",", t->tid, t->lane);
	csv_figures(out, f);
}

static void csv_all(FILE *out, const struct tk_interval *i, const struct figures *f)
{
	csv_begin(out, i, "overhead");
	fprintf(out, ",,,,,,,,,%zu", i->n_threads);
	csv_figures(out, f);
}

/* ---- a table ---- */

/* Not more digits than the measured cost has. */
static char *percent(char text[TK_UNITS_MAX], double value)
{
	snprintf(text, TK_UNITS_MAX, value > 0 && value < 0.001 ? "<0.001" : "%.3g", value);
	return text;
}

static void table_row(FILE *out, const char *app, const char *pid, const char *thread,
		      const struct figures *f)
{
	char rate[TK_UNITS_MAX], span[TK_UNITS_MAX], core[TK_UNITS_MAX];

	fprintf(out, "%-20s %8s  %-16s %9s %9s %9s\n", app, pid, thread,
		tk_text_count(rate, f->rate), tk_text_ns(span, f->span_ns),
		percent(core, f->percent));
}

static void table_thread(FILE *out, const struct tk_interval_thread *t, const struct figures *f)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%" PRIu32, t->pid);
	table_row(out, t->app, pid, t->name, f);
}

static void table_heading(FILE *out, const struct tk_interval *i, bool first)
{
	time_t seconds = (time_t)(i->t_ns / 1000000000);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out, "%s%s.%03d, %% of a core that recording takes\n", first ? "" : "\n", clock,
		(int)(i->t_ns / 1000000 % 1000));
	fprintf(out, "%-20s %8s  %-16s %9s %9s %9s\n", "APP", "PID", "THREAD", "RECORDS/s",
		"A SPAN", "% CORE");
}

/* ---- any ---- */

static int by_thread(const void *a, const void *b)
{
	const struct tk_interval_thread *x = a, *y = b;
	int order = strcmp(x->app, y->app);

	order = order ? order : (x->pid > y->pid) - (x->pid < y->pid);
	order = order ? order : strcmp(x->segment, y->segment);
	return order ? order : (x->lane > y->lane) - (x->lane < y->lane);
}

static void print_thread(FILE *out, enum tk_format format, const struct tk_interval *i,
			 const struct tk_interval_thread *t)
{
	struct figures f = figures_of(i, t->records, t->cost_ns);

	if (format == TK_FORMAT_JSONL)
		json_thread(out, i, t, &f);
	else if (format == TK_FORMAT_CSV)
		csv_thread(out, i, t, &f);
	else
		table_thread(out, t, &f);
}

void tk_overhead_print(FILE *out, enum tk_format format, const struct tk_interval *i, bool first)
{
	struct figures f = in_all(i);

	if (format == TK_FORMAT_TABLE)
		table_heading(out, i, first);
	else if (format == TK_FORMAT_CSV && first)
		fputs("schema,type,interval,t_ns,interval_ns,app,segment,pid,uid,dir,thread,tid,"
		      "lane,threads,records,rate_per_s,span_ns,core_percent\n",
		      out);
	if (i->n_threads)
		qsort(i->threads, i->n_threads, sizeof(*i->threads), by_thread);
	for (size_t k = 0; k < i->n_threads; k++)
		print_thread(out, format, i, &i->threads[k]);
	if (format == TK_FORMAT_JSONL)
		json_all(out, i, &f);
	else if (format == TK_FORMAT_CSV)
		csv_all(out, i, &f);
	else
		table_row(out, "in all", "", "", &f);
}

char *tk_overhead_how(char out[TK_OVERHEAD_HOW_MAX], const struct tk_span_cost *cost)
{
	snprintf(out, TK_OVERHEAD_HOW_MAX,
		 "a span costs %.1f ns with ordered stamps, %.1f fast, %.1f fenced, %.1f by the "
		 "system's clock, %.1f with the program's own: %s",
		 cost->by_stamp[TK_STAMP_ORDERED], cost->by_stamp[TK_STAMP_FAST],
		 cost->by_stamp[TK_STAMP_FENCED], cost->monotonic, cost->by_stamp[TK_STAMP_HAND],
		 tk_span_cost_how);
	return out;
}
