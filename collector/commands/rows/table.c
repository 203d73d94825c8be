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

/* The last records of a dead process are read in an instant, which tells nothing of their rate. */
static const char *rate(char text[TK_UNITS_MAX], bool found_dead, double per_s)
{
	return found_dead ? "-" : tk_text_unspaced(tk_text_count(text, per_s));
}

/* A ? where records were lost of which it is not known yet whose they were. */
static const char *losses(char text[TK_UNITS_MAX], uint64_t n, bool unsettled)
{
	size_t end;

	tk_text_whole(text, n);
	end = strlen(text);
	if (unsettled && end < 7)
		memcpy(text + end, "?", 2);
	return text;
}

/* ---- which columns there are ---- */

/*
 * What stands left of KIND is the timer's, and the same in each of its rows; what stands right of
 * it is of the row's measure alone. The statistics come last, from STAT on, in their list's order.
 */
enum { PID, RATE, LOST, TOTAL, KIND, COUNT, STAT, COLUMNS = STAT + TK_STATS_MAX };

#define NAME_LEAST 20
#define NAME_MOST  40

struct layout {
	const struct tk_rows_style *style;
	int width; /* of the terminal; INT_MAX: as it takes */
	int name;  /* of the column of names */
	int kind;  /* of the column of kinds, in which units stand, too */
	bool has[COLUMNS];
	/* What tells rows of one name apart, where no column does. */
	bool pids, apps, owners;
};

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

static int width_of_column(const struct layout *l, int column)
{
	char title[TK_STAT_NAME_MAX];

	if (column == PID)
		return 9;
	if (column == KIND)
		return l->kind;
	if (column < STAT)
		return 8;
	tk_stat_title(title, &l->style->stats->of[column - STAT]);
	return strlen(title) < 8 ? 8 : (int)strlen(title) + 1;
}

static void add_column(struct layout *l, int column)
{
	l->has[column] = true;
	l->name -= width_of_column(l, column);
}

/* A column that is worth its place where names have room beside it. */
static void offer_column(struct layout *l, int column)
{
	if (l->name - width_of_column(l, column) >= NAME_LEAST)
		add_column(l, column);
}

/* What everybody needs, at 80 columns: how many, and what the typical and the worst were. */
static void offer_usual(struct layout *l)
{
	static const char *const always[] = { "p50", "p99", "max" };
	static const char *const wider[] = { "p99.9", "p90", "min", "p99.99" };
	const struct tk_stats_list *stats = l->style->stats;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add_column(l, STAT + tk_stats_list_find(stats, always[i]));
	offer_column(l, STAT + tk_stats_list_find(stats, "avg"));
	offer_column(l, PID);
	offer_column(l, RATE);
	for (size_t i = 0; i < sizeof(wider) / sizeof(wider[0]); i++)
		offer_column(l, STAT + tk_stats_list_find(stats, wider[i]));
}

static void offer_asked(struct layout *l)
{
	for (size_t i = 0; i < l->style->stats->n; i++)
		add_column(l, STAT + (int)i);
	offer_column(l, PID);
	offer_column(l, RATE);
}

/* Which of their facts differ between rows. */
static void compare_rows(struct layout *l, const struct tk_rows *rows)
{
	for (size_t i = 1; i < rows->n; i++) {
		const struct tk_row *a = rows->row[0], *b = rows->row[i];
		const char *x = a->dir ? a->dir : "", *y = b->dir ? b->dir : "";

		l->pids = l->pids || a->pid != b->pid;
		l->apps = l->apps || strcmp(a->app, b->app) != 0;
		l->owners = l->owners || a->uid != b->uid || strcmp(x, y) != 0;
	}
	l->pids = l->pids && !l->style->by_app && !l->has[PID];
	l->apps = l->apps && l->style->by_app;
	l->owners = l->owners && l->style->by_app;
}

/* A value's kind is its unit, if that has a name. */
static const char *kind_of(const struct tk_row *row, enum tk_measure m)
{
	return row->unit.name[0] ? row->unit.name : tk_measure_word(m, &row->unit);
}

static int width_of_kinds(const struct tk_rows *rows)
{
	size_t width = strlen("processing");

	for (size_t i = 0; i < rows->n; i++) {
		size_t n = strlen(kind_of(rows->row[i], TK_PROCESSING));

		width = n > width ? n : width;
	}
	return (int)width + 1;
}

static void lay_out(struct layout *l, FILE *out, const struct tk_rows_style *style,
		    const struct tk_rows *rows)
{
	static const int always[] = { LOST, KIND, COUNT };

	*l = (struct layout){ .style = style,
			      .width = width_of(out),
			      .kind = width_of_kinds(rows) };
	l->name = l->width;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add_column(l, always[i]);
	if (style->total)
		add_column(l, TOTAL);
	if (style->asked)
		offer_asked(l);
	else
		offer_usual(l);
	l->name = l->name < NAME_LEAST ? NAME_LEAST : l->name > NAME_MOST ? NAME_MOST : l->name;
	compare_rows(l, rows);
}

/* ---- names ---- */

/*
 * No name is cut: two of them may differ at the end only. On a terminal, one that is too long has a
 * line of its own, as `df` does it; in a file, where lines may be of any length, it moves the rest.
 */
static void print_name(FILE *out, const struct layout *l, const char *name)
{
	int left = l->name - tk_text_width(name);

	fputs(name, out);
	if (left < 0 && l->width < INT_MAX)
		fprintf(out, "\n%*s", l->name, "");
	else if (left > 0)
		fprintf(out, "%*s", left, "");
}

/* The timer's name, and what tells it from another of the same name. */
static void print_label(FILE *out, const struct layout *l, const struct tk_row *row)
{
	char label[sizeof(row->name) + sizeof(row->app) + 4200];

	if (l->owners)
		snprintf(label, sizeof(label), "%s [%s of %" PRIu32 " in %s]", row->name, row->app,
			 row->uid, row->dir ? row->dir : "?");
	else if (l->apps)
		snprintf(label, sizeof(label), "%s [%s]", row->name, row->app);
	else if (l->pids)
		snprintf(label, sizeof(label), "%s [%" PRIu32 "]", row->name, row->pid);
	else
		snprintf(label, sizeof(label), "%s", row->name);
	print_name(out, l, label);
}

/* ---- rows ---- */

static void print_pid(FILE *out, uint32_t pid, uint32_t processes, bool by_app, bool alive)
{
	fprintf(out, " %7" PRIu32 "%s", by_app ? processes : pid, alive ? " " : "+");
}

static const char *figure(char text[TK_UNITS_MAX], const struct tk_stat *s,
			  const struct tk_row *row, const struct tk_row_measure *of, double v)
{
	if (isnan(v) || !tk_stat_is_known(s, of->count))
		return "-";
	return tk_text_unspaced(tk_text_sample(text, v, &row->unit));
}

static void print_timer(FILE *out, const struct layout *l, const struct tk_rows *rows,
			const struct tk_row *row, enum tk_measure m)
{
	const struct tk_row_measure *of = &row->of[m];
	char text[TK_UNITS_MAX];

	print_label(out, l, row);
	for (int c = 0; c < COLUMNS; c++) {
		if (!l->has[c])
			continue;
		if (c == PID)
			print_pid(out, row->pid, row->processes, l->style->by_app, row->alive);
		else if (c == KIND)
			fprintf(out, " %-*s", l->kind - 1, kind_of(row, m));
		else if (c == COUNT)
			fprintf(out, " %7s", tk_text_whole(text, of->count));
		else if (c == RATE)
			fprintf(out, " %7s",
				rate(text, row->found_dead, tk_rows_rate(rows, row->records)));
		else if (c == LOST)
			fprintf(out, " %7s", losses(text, row->lost, row->unsettled));
		else if (c == TOTAL)
			fprintf(out, " %7s", tk_text_whole(text, row->since_start));
		else
			fprintf(out, " %*s", width_of_column(l, c) - 1,
				figure(text, &l->style->stats->of[c - STAT], row, of,
				       of->value[c - STAT]));
	}
	fputc('\n', out);
}

static void print_process(FILE *out, const struct layout *l, const struct tk_interval_process *p,
			  const char *what, uint64_t count, uint64_t lost)
{
	char text[TK_UNITS_MAX];

	print_name(out, l, p->app);
	for (int c = 0; c < COLUMNS; c++) {
		if (!l->has[c])
			continue;
		if (c == PID)
			print_pid(out, p->pid, p->processes, l->style->by_app, p->alive);
		else if (c == KIND)
			fprintf(out, " %-*s", l->kind - 1, what);
		else if (c == COUNT || c == LOST)
			fprintf(out, " %7s", tk_text_whole(text, c == COUNT ? count : lost));
		else
			fprintf(out, " %*s", width_of_column(l, c) - 1, "-");
	}
	fputc('\n', out);
}

/* For people, a process has a line where its timers' lines do not say all there is to say. */
static void print_processes(FILE *out, const struct layout *l, const struct tk_interval_process *p)
{
	if (p->lost)
		print_process(out, l, p, "(process)", p->delivered, p->lost);
	if (p->unknown)
		print_process(out, l, p, "(unknown)", p->unknown, 0);
	if (p->refused)
		print_process(out, l, p, "(refused)", p->refused, 0);
}

/* ---- the heading ---- */

static const char *title_of(const struct layout *l, int column, char text[TK_STAT_NAME_MAX])
{
	static const char *const titles[] = { "PID", "RATE/s", "LOST", "TOTAL", "KIND", "COUNT" };

	if (column >= STAT)
		return tk_stat_title(text, &l->style->stats->of[column - STAT]);
	return column == PID && l->style->by_app ? "PROCS" : titles[column];
}

/* What the rows are about, if it is not an interval. */
static void print_span(FILE *out, const struct layout *l, const struct tk_rows *rows)
{
	char text[TK_UNITS_MAX];

	tk_text_ns(text, (double)rows->interval_ns);
	if (!rows->number)
		fprintf(out, "in all, %s", text);
	else if (l->style->window_ns == UINT64_MAX)
		fprintf(out, ", all of the last %s", text);
	else if (l->style->window_ns)
		fprintf(out, ", the last %s", text);
	if (l->style->total)
		fputs("; TOTAL since each program began", out);
}

static void print_heading(FILE *out, const struct layout *l, const struct tk_rows *rows, bool first)
{
	time_t seconds = (time_t)(rows->t_ns / 1000000000);
	char clock[16] = "", text[TK_STAT_NAME_MAX];
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	if (!first)
		fputc('\n', out);
	if (rows->number)
		fprintf(out, "%s.%03d", clock, (int)(rows->t_ns / 1000000 % 1000));
	print_span(out, l, rows);
	fprintf(out, "\n%-*s", l->name, "TIMER");
	for (int c = 0; c < COLUMNS; c++) {
		const char *title = l->has[c] ? title_of(l, c, text) : NULL;

		if (!title)
			continue;
		if (c == PID)
			fprintf(out, " %7s ", title);
		else if (c == KIND)
			fprintf(out, " %-*s", l->kind - 1, title);
		else
			fprintf(out, " %*s", width_of_column(l, c) - 1, title);
	}
	fputc('\n', out);
}

void tk_rows_table(FILE *out, const struct tk_rows_style *style, const struct tk_rows *rows,
		   bool first)
{
	struct layout l;

	lay_out(&l, out, style, rows);
	print_heading(out, &l, rows, first);
	for (size_t i = 0; i < rows->n; i++)
		for (int m = 0; m < TK_MEASURES; m++)
			if (tk_rows_has(rows->row[i], (enum tk_measure)m))
				print_timer(out, &l, rows, rows->row[i], (enum tk_measure)m);
	for (size_t i = 0; i < rows->n_processes; i++)
		print_processes(out, &l, &rows->process[i]);
}
