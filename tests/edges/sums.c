/* SPDX-License-Identifier: MIT */
/* What a collector printed, summed up. */
#include "tests/edges/watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
	const struct watch_segment *const x = a, *const y = b;

	return strcmp(x->name, y->name);
}

static void *get(void *memory)
{
	if (!memory) {
		perror("edges");
		exit(1);
	}
	return memory;
}

static struct watch_segment *segment_of(struct watch *w, const struct row *row)
{
	struct watch_segment *s = get(calloc(1, sizeof(*s))), **known;

	snprintf(s->name, sizeof(s->name), "%s", row->segment);
	known = get(tsearch(s, &w->index, by_name));
	if (*known != s) {
		free(s);
		return *known;
	}
	snprintf(s->app, sizeof(s->app), "%s", row->app);
	s->pid = row->pid;
	s->next = w->segments;
	w->segments = s;
	w->n_segments++;
	return s;
}

/* Rows of an interval come in the same order as those of the last. */
static struct watch_timer *timer_of(struct watch_segment *s, const char *name)
{
	struct watch_timer *t;

	for (uint32_t i = 0; i < s->n_timers; i++) {
		t = &s->timers[(s->expected + i) % s->n_timers];
		if (strcmp(t->name, name))
			continue;
		s->expected = (uint32_t)(t - s->timers);
		return t;
	}
	s->timers = get(realloc(s->timers, (s->n_timers + 1) * sizeof(*s->timers)));
	t = memset(&s->timers[s->n_timers++], 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->interval = UINT64_MAX;
	return t;
}

static void found_wrong(struct watch *w, const char *what, const char *where, size_t length)
{
	if (w->wrong++ == 0)
		snprintf(w->first_wrong, sizeof(w->first_wrong), "%s: %.*s", what,
			 length < 500 ? (int)length : 500, where);
}

/* All rows of an interval are there: the process's and its timers' must agree. */
static void close_interval(struct watch *w, struct watch_segment *s)
{
	char where[300];

	snprintf(where, sizeof(where), "%s, interval %" PRIu64, s->name, s->now.number);
	if (rows_of_processes && s->now.of_process != s->now.delivered)
		found_wrong(w, "delivered is not what timers' rows have and unknown", where, 300);
	if (rows_of_processes && s->now.attributed != s->now.lost)
		found_wrong(w, "attributed is not what timers' rows lost", where, 300);
	memset(&s->now, 0, sizeof(s->now));
}

static struct watch_segment *segment_in(struct watch *w, const struct row *row)
{
	struct watch_segment *s = segment_of(w, row);

	if (s->now.number != row->interval)
		close_interval(w, s);
	s->now.number = row->interval;
	return s;
}

/* A record has a row in each measure of its timer: it is counted once. */
static void add_records(struct watch_segment *s, struct watch_timer *t, const struct row *row)
{
	if (t->interval == row->interval)
		return;
	t->interval = row->interval;
	t->records += row->records;
	t->lost += row->lost;
	s->now.delivered += row->records - row->lost;
	s->now.lost += row->lost;
}

static void add_timer_row(struct watch *w, const struct row *row)
{
	struct watch_segment *s = segment_in(w, row);
	struct watch_timer *t = timer_of(s, row->timer);

	add_records(s, t, row);
	if (!strcmp(row->measure, "latency"))
		return;
	if (row->count) {
		t->min_ns = t->count && t->min_ns < row->min_ns ? t->min_ns : row->min_ns;
		t->max_ns = t->max_ns > row->max_ns ? t->max_ns : row->max_ns;
	}
	t->count += row->count;
	t->set_aside += row->set_aside;
	t->without += row->without;
	t->sum_ns += row->sum_ns;
}

static void add_process_row(struct watch *w, const struct row *row)
{
	struct watch_segment *s = segment_in(w, row);

	s->delivered += row->delivered;
	s->lost += row->lost;
	s->unknown += row->unknown;
	s->refused += row->refused;
	s->unsettled = row->unsettled;
	s->now.of_process += row->delivered - row->unknown;
	s->now.attributed += row->attributed;
}

static void add_row(struct watch *w, const char *line, size_t length)
{
	struct row row = { .type = ROW_OTHER };
	const char *wrong = row_read(&row, line, length);

	w->rows++;
	if (wrong)
		found_wrong(w, wrong, line, length);
	if (row.type == ROW_TIMER)
		add_timer_row(w, &row);
	else if (row.type == ROW_PROCESS)
		add_process_row(w, &row);
	if (row.type == ROW_UNREAD) {
		w->unread_processes += row.processes;
		w->unread_records += row.records;
	}
	if (w->hook.row)
		w->hook.row(w->hook.arg, &row);
}

/* @return bytes of whole lines. */
static size_t read_some(struct watch *w)
{
	static char text[1 << 20];
	char *line = text, *end;
	ssize_t n = pread(w->out, text, sizeof(text), (off_t)w->taken);

	while (n > 0 && (end = memchr(line, '\n', (size_t)(text + n - line)))) {
		add_row(w, line, (size_t)(end - line));
		line = end + 1;
	}
	w->taken += (uint64_t)(line - text);
	fallocate(w->out, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)w->taken);
	return (size_t)(line - text);
}

void watch_read(struct watch *w)
{
	while (read_some(w))
		;
}

void watch_close_intervals(struct watch *w)
{
	for (struct watch_segment *s = w->segments; s; s = s->next)
		close_interval(w, s);
}

static void forget(void *unused)
{
	(void)unused;
}

void watch_free(struct watch *w)
{
	struct watch_segment *s;

	tdestroy(w->index, forget);
	while ((s = w->segments)) {
		w->segments = s->next;
		free(s->timers);
		free(s);
	}
	close(w->out);
	close(w->err);
}

/* ---- sums ---- */

static bool is(const struct watch_segment *s, const char *app, uint32_t pid)
{
	return (!pid || s->pid == pid) && (!app || !strcmp(s->app, app));
}

static void add_timer(struct watch_sum *sum, const struct watch_timer *t)
{
	sum->count += t->count;
	sum->set_aside += t->set_aside;
	sum->without += t->without;
	sum->in_timers += t->records;
	sum->lost_in_timers += t->lost;
}

struct watch_sum watch_sum(const struct watch *w, const char *app, uint32_t pid)
{
	struct watch_sum sum = { 0 };

	for (const struct watch_segment *s = w->segments; s; s = s->next) {
		if (!is(s, app, pid))
			continue;
		sum.segments++;
		sum.records += s->delivered + s->lost + s->refused;
		sum.lost += s->lost;
		sum.unknown += s->unknown;
		sum.refused += s->refused;
		sum.unsettled |= s->unsettled;
		for (uint32_t i = 0; i < s->n_timers; i++)
			add_timer(&sum, &s->timers[i]);
	}
	if (!rows_of_processes) {
		sum.records = sum.in_timers;
		sum.lost = sum.lost_in_timers;
	}
	return sum;
}

struct watch_timer watch_timer(const struct watch *w, const char *app, uint32_t pid,
			       const char *timer)
{
	struct watch_timer sum = { 0 }, *t;

	for (const struct watch_segment *s = w->segments; s; s = s->next) {
		for (uint32_t i = 0; is(s, app, pid) && i < s->n_timers; i++) {
			t = &s->timers[i];
			if (strcmp(t->name, timer))
				continue;
			sum.min_ns = sum.count && sum.min_ns < t->min_ns ? sum.min_ns : t->min_ns;
			sum.max_ns = sum.max_ns > t->max_ns ? sum.max_ns : t->max_ns;
			sum.records += t->records;
			sum.count += t->count;
			sum.set_aside += t->set_aside;
			sum.without += t->without;
			sum.lost += t->lost;
			sum.sum_ns += t->sum_ns;
		}
	}
	return sum;
}
