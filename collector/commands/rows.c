/* SPDX-License-Identifier: MIT */
#include "collector/commands/rows.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "collector/cli/text.h"

static const char *const kinds[TK_MEASURES] = { "processing", "latency" };

/* The statistics of a row, in the order in which every format has them. */
enum { SUM, MIN, AVG, P50, MAX = P50 + TK_PERCENTILES, VALUES };

static const char *const names[VALUES] = { "sum_ns", "min_ns",  "avg_ns",   "p50_ns", "p90_ns",
					   "p99_ns", "p999_ns", "p9999_ns", "max_ns" };

static void values_of(const struct tk_datapoint *d, double v[VALUES])
{
	v[SUM] = d->sum_ns;
	v[MIN] = d->min_ns;
	v[AVG] = tk_datapoint_avg_ns(d);
	memcpy(&v[P50], d->p_ns, sizeof(d->p_ns));
	v[MAX] = d->max_ns;
}

static void print_json(FILE *out, const struct tk_snap_timer *t, enum tk_measure m,
		       const struct tk_datapoint *d)
{
	double v[VALUES];
	json_t *o =
		json_pack("{s:i,s:I,s:I,s:s,s:I,s:s,s:s,s:I,s:I,s:I,s:f}", "schema", 1, "t_ns",
			  (json_int_t)d->t_ns, "interval_ns", (json_int_t)d->interval_ns, "segment",
			  t->segment, "pid", (json_int_t)t->pid, "timer", t->name, "kind", kinds[m],
			  "count", (json_int_t)d->count, "lost", (json_int_t)d->lost, "set_aside",
			  (json_int_t)d->aside, "rate_per_s", tk_datapoint_rate(d));

	values_of(d, v);
	for (int i = 0; i < VALUES; i++)
		json_object_set_new(o, names[i],
				    d->count || i == SUM ? json_real(v[i]) : json_null());
	json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	fputc('\n', out);
	json_decref(o);
}

static void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_csv(FILE *out, const struct tk_snap_timer *t, enum tk_measure m,
		      const struct tk_datapoint *d)
{
	double v[VALUES];

	fprintf(out, "1,%" PRId64 ",%" PRIu64 ",", d->t_ns, d->interval_ns);
	print_quoted(out, t->segment);
	fprintf(out, ",%" PRIu32 ",", t->pid);
	print_quoted(out, t->name);
	fprintf(out, ",%s,%" PRIu64 ",%" PRIu64 ",%.3f", kinds[m], d->count, d->lost,
		tk_datapoint_rate(d));
	values_of(d, v);
	for (int i = 0; i < VALUES; i++) {
		if (d->count || i == SUM)
			fprintf(out, ",%.3f", v[i]);
		else
			fputc(',', out);
	}
	fprintf(out, ",%" PRIu64 "\n", d->aside);
}

/* Spaces separate the columns, so that a value has none: "6.09us". */
static const char *without_space(char *text)
{
	char *space = strchr(text, ' ');

	if (space)
		memmove(space, space + 1, strlen(space));
	return text;
}

/* All digits where they fit: a count is exact, and should look exact. */
static const char *whole(char text[TK_UNITS_MAX], uint64_t n)
{
	if (n > 9999999)
		return without_space(tk_text_count(text, (double)n));
	snprintf(text, TK_UNITS_MAX, "%" PRIu64, n);
	return text;
}

/* The last records of a dead process are read in an instant, which tells nothing of their rate. */
static const char *rate(char text[TK_UNITS_MAX], const struct tk_snap_timer *t,
			const struct tk_datapoint *d)
{
	return t->found_dead ? "-" : without_space(tk_text_count(text, tk_datapoint_rate(d)));
}

/* A name of any width in so many columns; characters outside ASCII are counted as one column. */
static void print_name(FILE *out, const char *name, int columns)
{
	int used = 0;

	for (const char *c = name; *c; c++) {
		bool begins = ((unsigned char)*c & 0xc0) != 0x80;

		if (begins && used == columns)
			break;
		used += begins;
		fputc(*c, out);
	}
	fprintf(out, "%*s", columns - used, "");
}

/*
 * The table's columns after the timer's name, each 8 wide but PID (9) and KIND (11), with the width
 * of the terminal from which on each is shown. 80 columns show which timer, how many records, and
 * the typical and the worst times.
 */
enum { PID = VALUES, KIND, COUNT, RATE, LOST };

static const struct {
	int what; /* a value, or one of those above */
	int from;
	const char *title;
} columns[] = {
	{ PID, 88, "     PID " },
	{ KIND, 0, " KIND      " },
	{ COUNT, 0, "   COUNT" },
	{ RATE, 96, "  RATE/s" },
	{ LOST, 0, "    LOST" },
	{ MIN, 120, "     MIN" },
	{ AVG, 0, "     AVG" },
	{ P50, 0, "     P50" },
	{ P50 + TK_P90, 112, "     P90" },
	{ P50 + TK_P99, 0, "     P99" },
	{ P50 + TK_P999, 104, "   P99.9" },
	{ P50 + TK_P9999, 128, "  P99.99" },
	{ MAX, 0, "     MAX" },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Columns of a name; a longer one is cut. */
static int name_width(int width)
{
	return width >= 136 ? 28 : 20;
}

/* Columns of the terminal, or what COLUMNS says; files and pipes take any width. */
static int width_of(FILE *out)
{
	const char *asked = getenv("COLUMNS");
	long width = asked ? strtol(asked, NULL, 10) : 0;
	struct winsize size;

	if (width > 0 && width <= INT_MAX)
		return (int)width;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return INT_MAX;
}

static void print_table(FILE *out, const struct tk_snap_timer *t, enum tk_measure m,
			const struct tk_datapoint *d)
{
	int width = width_of(out);
	double v[VALUES];
	char text[TK_UNITS_MAX];

	values_of(d, v);
	print_name(out, t->name, name_width(width));
	for (size_t i = 0; i < COLUMNS; i++) {
		int what = columns[i].what;

		if (width < columns[i].from)
			continue;
		if (what == PID)
			fprintf(out, " %7" PRIu32 "%s", t->pid, t->alive ? " " : "+");
		else if (what == KIND)
			fprintf(out, " %-10s", kinds[m]);
		else if (what == COUNT)
			fprintf(out, " %7s", whole(text, d->count));
		else if (what == RATE)
			fprintf(out, " %7s", rate(text, t, d));
		else if (what == LOST)
			fprintf(out, " %7s", whole(text, d->lost));
		else
			fprintf(out, " %7s",
				d->count ? without_space(tk_text_ns(text, v[what])) : "-");
	}
	fputc('\n', out);
}

static void table_heading(FILE *out, int64_t t_ns, bool first)
{
	time_t seconds = (time_t)(t_ns / 1000000000);
	int width = width_of(out);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out, "%s%s.%03d\n%-*s", first ? "" : "\n", clock, (int)(t_ns / 1000000 % 1000),
		name_width(width), "TIMER");
	for (size_t i = 0; i < COLUMNS; i++)
		if (width >= columns[i].from)
			fputs(columns[i].title, out);
	fputc('\n', out);
}

void tk_rows_heading(FILE *out, enum tk_format format, int64_t t_ns, bool first)
{
	if (format == TK_FORMAT_TABLE) {
		table_heading(out, t_ns, first);
	} else if (format == TK_FORMAT_CSV && first) {
		fprintf(out,
			"schema,t_ns,interval_ns,segment,pid,timer,kind,count,lost,rate_per_s");
		for (int i = 0; i < VALUES; i++)
			fprintf(out, ",%s", names[i]);
		fprintf(out, ",set_aside\n");
	}
}

void tk_rows_print(FILE *out, enum tk_format format, const struct tk_snap_timer *t,
		   enum tk_measure m, const struct tk_datapoint *d)
{
	if (format == TK_FORMAT_JSONL)
		print_json(out, t, m, d);
	else if (format == TK_FORMAT_CSV)
		print_csv(out, t, m, d);
	else
		print_table(out, t, m, d);
}
