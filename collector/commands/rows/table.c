/* SPDX-License-Identifier: MIT */
/* Rows for people: a table as wide as the terminal. See rows.h. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "collector/cli/text.h"
#include "collector/commands/rows/rows.h"

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
static const char *rate(char text[TK_UNITS_MAX], bool found_dead, double per_s)
{
	return found_dead ? "-" : without_space(tk_text_count(text, per_s));
}

/* A ? where records were lost of which it is not known yet whose they were. */
static const char *losses(char text[TK_UNITS_MAX], uint64_t n, bool unsettled)
{
	size_t end;

	whole(text, n);
	end = strlen(text);
	if (unsettled && end < 7)
		memcpy(text + end, "?", 2);
	return text;
}

/*
 * The table's columns after the timer's name, each 8 wide but PID (9) and KIND (11), and when each
 * is worth its place: from this width of the terminal on. 80 columns show who, how many, and what
 * the typical and the worst were. Left of KIND stands what is the timer's, and the same in each of
 * its rows; right of it, what is the row's.
 */
enum { PID = TK_ROWS_VALUES, KIND, COUNT, RATE, LOST };

static const struct {
	int what; /* a value, or one of those above */
	int from;
	const char *title;
} columns[] = {
	{ PID, 88, "     PID " },
	{ RATE, 96, "  RATE/s" },
	{ LOST, 0, "    LOST" },
	{ KIND, 0, " KIND      " },
	{ COUNT, 0, "   COUNT" },
	{ TK_ROWS_MIN, 120, "     MIN" },
	{ TK_ROWS_AVG, 0, "     AVG" },
	{ TK_ROWS_P50, 0, "     P50" },
	{ TK_ROWS_P50 + TK_P90, 112, "     P90" },
	{ TK_ROWS_P50 + TK_P99, 0, "     P99" },
	{ TK_ROWS_P50 + TK_P999, 104, "   P99.9" },
	{ TK_ROWS_P50 + TK_P9999, 128, "  P99.99" },
	{ TK_ROWS_MAX, 0, "     MAX" },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Files and pipes are as wide as it takes. */
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

#define NAME_LEAST 20
#define NAME_MOST  40

/* Names have what the columns leave. */
static int name_width(int width)
{
	int left = width;

	for (size_t i = 0; i < COLUMNS; i++)
		if (width >= columns[i].from)
			left -= (int)strlen(columns[i].title);
	return left < NAME_LEAST ? NAME_LEAST : left > NAME_MOST ? NAME_MOST : left;
}

/*
 * No name is cut: two of them may differ at the end only. On a terminal, one that is too long has a
 * line of its own, as `df` does it; in a file, where lines may be of any length, it moves the rest.
 */
static void print_name(FILE *out, const char *name, int width)
{
	int left = name_width(width) - tk_text_width(name);

	fputs(name, out);
	if (left < 0 && width < INT_MAX)
		fprintf(out, "\n%*s", name_width(width), "");
	else if (left > 0)
		fprintf(out, "%*s", left, "");
}

/* A percentile is told where a sample could lie beyond it: 2 for the median, 10 for P90, ... */
static bool is_known(const struct tk_datapoint *d, int value)
{
	static const uint64_t least[TK_PERCENTILES] = { 2, 10, 100, 1000, 10000 };
	int p = value - TK_ROWS_P50;

	return p < 0 || p >= TK_PERCENTILES || d->count >= least[p];
}

static const char *figure(char text[TK_UNITS_MAX], const struct tk_datapoint *d, int value)
{
	double v[TK_ROWS_VALUES];

	tk_rows_values(d, v);
	return isnan(v[value]) || !is_known(d, value) ? "-"
						      : without_space(tk_text_ns(text, v[value]));
}

void tk_rows_table_timer(FILE *out, const struct tk_interval_timer *t, enum tk_measure m)
{
	const struct tk_datapoint *d = &t->of[m];
	int width = width_of(out);
	char text[TK_UNITS_MAX];

	print_name(out, t->name, width);
	for (size_t i = 0; i < COLUMNS; i++) {
		int what = columns[i].what;

		if (width < columns[i].from)
			continue;
		if (what == PID)
			fprintf(out, " %7" PRIu32 "%s", t->pid, t->alive ? " " : "+");
		else if (what == KIND)
			fprintf(out, " %-10s", tk_rows_kinds[m]);
		else if (what == COUNT)
			fprintf(out, " %7s", whole(text, d->count));
		else if (what == RATE)
			fprintf(out, " %7s", rate(text, t->found_dead, tk_datapoint_rate(d)));
		else if (what == LOST)
			fprintf(out, " %7s", losses(text, d->lost, t->unsettled));
		else
			fprintf(out, " %7s", figure(text, d, what));
	}
	fputc('\n', out);
}

static void print_process(FILE *out, const char *app, uint32_t pid, bool alive, const char *what,
			  uint64_t count, uint64_t lost)
{
	int width = width_of(out);
	char text[TK_UNITS_MAX];

	print_name(out, app, width);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (width < columns[i].from)
			continue;
		if (columns[i].what == PID)
			fprintf(out, " %7" PRIu32 "%s", pid, alive ? " " : "+");
		else if (columns[i].what == KIND)
			fprintf(out, " %-10s", what);
		else if (columns[i].what == COUNT)
			fprintf(out, " %7s", whole(text, count));
		else if (columns[i].what == LOST)
			fprintf(out, " %7s", whole(text, lost));
		else
			fprintf(out, " %7s", "-");
	}
	fputc('\n', out);
}

/* For people, a process has a line where its timers' lines do not say all there is to say. */
void tk_rows_table_process(FILE *out, const struct tk_interval_process *p)
{
	if (p->lost)
		print_process(out, p->app, p->pid, p->alive, "(process)", p->delivered, p->lost);
	if (p->unknown)
		print_process(out, p->app, p->pid, p->alive, "(unknown)", p->unknown, 0);
	if (p->refused)
		print_process(out, p->app, p->pid, p->alive, "(refused)", p->refused, 0);
}

/* When the interval ended, or how long the whole took. */
static void print_time(FILE *out, const struct tk_interval *i)
{
	time_t seconds = (time_t)(i->t_ns / 1000000000);
	char text[TK_UNITS_MAX] = "";
	struct tm tm;

	if (!i->number) {
		fprintf(out, "in all, %s\n", tk_text_ns(text, (double)i->interval_ns));
		return;
	}
	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s.%03d\n", text, (int)(i->t_ns / 1000000 % 1000));
}

void tk_rows_table_heading(FILE *out, const struct tk_interval *i, bool first)
{
	int width = width_of(out);

	if (!first)
		fputc('\n', out);
	print_time(out, i);
	fprintf(out, "%-*s", name_width(width), "TIMER");
	for (size_t k = 0; k < COLUMNS; k++)
		if (width >= columns[k].from)
			fputs(columns[k].title, out);
	fputc('\n', out);
}
