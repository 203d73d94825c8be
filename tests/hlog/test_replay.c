/* SPDX-License-Identifier: MIT */
/* A recording that is played: what snapshots have, against `report` and against all samples. */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/engine/views/recent.h"
#include "collector/hlog/write.h"
#include "collector/replay/replay.h"
#include "collector/report/report.h"
#include "tests/random.h"

#define SECOND  INT64_C(1000000000)
#define START   (INT64_C(1764460000) * SECOND + 123456789)
#define TICK    0.3852 /* ns */
#define FOREVER (UINT64_C(1) << 60)

/* ---- a log, line by line ---- */

struct log {
	struct tk_hlog_writer w;
	char path[64];
};

static void open_log(struct log *l, const char *name)
{
	*l = (struct log){ 0 };
	snprintf(l->path, sizeof(l->path), "/dev/shm/tk-test-replay.%d.%s", getpid(), name);
	cr_assert_eq(tk_hlog_writer_open(&l->w), 0);
}

static void begin_log(struct log *l, const char *name)
{
	open_log(l, name);
	tk_hlog_put_header(&l->w, START);
	tk_hlog_put_comment(&l->w, "log");
	tk_hlog_put_number(&l->w, "unit_ps", TK_HLOG_UNIT_PS);
	tk_hlog_put_end(&l->w);
}

/* As `record` tells of the clock: before its first line. */
static void put_clock(struct log *l)
{
	tk_hlog_put_comment(&l->w, "clock");
	tk_hlog_put_number(&l->w, "number", 1);
	tk_hlog_put_fact(&l->w, "ticks_per_s", "2596053998");
	tk_hlog_put_end(&l->w);
}

static void put_bounds(struct log *l, int64_t start, int64_t length)
{
	tk_hlog_put_comment(&l->w, "interval");
	tk_hlog_put_time(&l->w, "start", START + start);
	tk_hlog_put_time(&l->w, "length", length);
	tk_hlog_put_end(&l->w);
}

static void put_lost(struct log *l, const char *app, const char *timer, uint64_t records,
		     uint64_t lost)
{
	tk_hlog_put_comment(&l->w, "lost");
	tk_hlog_put_fact(&l->w, "app", app);
	if (timer)
		tk_hlog_put_fact(&l->w, "timer", timer);
	tk_hlog_put_number(&l->w, "records", records);
	tk_hlog_put_number(&l->w, "lost", lost);
	tk_hlog_put_end(&l->w);
}

/* n samples of about `ticks`. */
static void put_line(struct log *l, const char *timer, enum tk_measure m, int64_t start,
		     int64_t length, uint64_t ticks, uint64_t n)
{
	struct tk_hlog_where at = { "app", timer, m, start, (uint64_t)length };
	struct tk_bins b = { 0 };

	tk_bins_add(&b, ticks, n);
	tk_hlog_put_histogram(&l->w, &at, &b, TICK);
	tk_bins_free(&b);
}

static void put_text(struct log *l, const char *text)
{
	FILE *f = fopen(l->path, "a");

	cr_assert(f && fwrite(l->w.text, 1, l->w.size, f) == l->w.size && fputs(text, f) >= 0);
	fclose(f);
	tk_hlog_clear(&l->w);
}

static void finish_log(struct log *l)
{
	put_text(l, "");
	tk_hlog_writer_close(&l->w);
}

/* ---- playing ---- */

static struct tk_replay *open_files(const char *const *files, size_t n)
{
	const struct tk_replay_wanted w = { .files = files, .n_files = n, .speed = 1 };
	char why[256] = "";
	struct tk_replay *r = tk_replay_open(&w, why);

	cr_assert(r, "%s", why);
	return r;
}

static struct tk_replay *open_one(const struct log *l)
{
	const char *file = l->path;

	return open_files(&file, 1);
}

static void play_to_end(struct tk_replay *r)
{
	while (!tk_replay_is_over(r))
		tk_replay_play(r, FOREVER);
}

static struct tk_snapshot *look(struct tk_replay *r, uint64_t key)
{
	const struct tk_view v = { .key = key, .totals = true, .max_points = 1 << 20 };
	struct tk_snapshot *s = tk_replay_snapshot(r, &v);

	cr_assert(s);
	return s;
}

static const struct tk_snap_timer *timer(const struct tk_snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->n_timers; i++)
		if (!strcmp(s->timers[i].name, name))
			return &s->timers[i];
	cr_assert_fail("%s is not there", name);
	return NULL;
}

static void adds_up(const struct tk_datapoint *d)
{
	cr_assert_eq(d->records, d->count + d->aside + d->without + d->lost);
}

/* All points of a timer add up to its total, and follow one another. */
static void points_are_whole(struct tk_replay *r, uint64_t key)
{
	struct tk_snapshot *s = look(r, key);

	for (size_t i = 0; i < s->n_timers; i++)
		for (int m = 0; m < TK_MEASURES && s->timers[i].key == key; m++) {
			const struct tk_datapoint *total = &s->timers[i].total[m];
			uint64_t count = 0, lost = 0;

			adds_up(total);
			for (size_t k = 0; k < s->n_points[m]; k++) {
				const struct tk_datapoint *p = &s->points[m][k];

				adds_up(p);
				count += p->count;
				lost += p->lost;
				cr_assert(!k || p->t_ns - (int64_t)p->interval_ns == p[-1].t_ns);
			}
			cr_assert_eq(count, total->count);
			cr_assert(!count || lost == total->lost);
		}
	tk_snapshot_free(s);
}

/* ---- the same as report says ---- */

static const char stats[] = "p50,p90,p99,p99.9,p99.99";

static void is_about(double a, double b, double part)
{
	cr_assert(fabs(a - b) <= part * b + 0.001, "%f, not %f", a, b);
}

static void compare_row(const struct tk_snapshot *s, const struct tk_report_row *row, double part)
{
	enum tk_measure m = strcmp(row->key.measure, "latency") ? TK_PROCESSING : TK_LATENCY;
	const struct tk_snap_timer *t = NULL;
	struct tk_stats_list list;
	double ns[TK_PERCENTILES];

	for (size_t i = 0; i < s->n_timers && !t; i++)
		if (!strcmp(s->timers[i].name, row->shown.timer) &&
		    !strcmp(s->timers[i].app, row->shown.app))
			t = &s->timers[i];
	cr_assert(t, "%s is not there", row->shown.timer);
	cr_assert_eq(t->total[m].count, row->count);
	cr_assert_eq(t->total[m].lost, row->lost);
	cr_assert_eq(tk_stats_list_parse(&list, stats), 0);
	cr_assert_eq(tk_report_stats(row, &list, ns), 0);
	for (int p = 0; p < TK_PERCENTILES; p++)
		is_about(t->total[m].p_ns[p], ns[p], part);
}

static void same_as_report(const struct log *l, double part)
{
	const struct tk_texts all = { .n = 0 };
	const struct tk_report_wanted wanted = { .timers = &all };
	char *file = (char *)l->path;
	struct tk_replay *r = open_one(l);
	struct tk_snapshot *s;
	struct tk_report report;
	size_t measures = 0;

	play_to_end(r);
	s = look(r, 0);
	cr_assert_eq(tk_report_read(&report, &wanted, &file, 1), 0);
	for (size_t i = 0; i < report.n; i++)
		compare_row(s, report.row[i], part);
	for (size_t i = 0; i < s->n_timers; i++)
		for (int m = 0; m < TK_MEASURES; m++)
			measures += s->timers[i].total[m].count != 0;
	cr_assert_eq(measures, report.n);
	cr_assert_eq(s->lost, report.lost_processes);
	tk_report_free(&report);
	tk_snapshot_free(s);
	for (uint64_t key = 1; key <= 6; key++)
		points_are_whole(r, key);
	tk_replay_close(r);
}

/* Three timers of two apps, both measures; and all of their samples. */
static const char *const apps[] = { "gate, way", "b" };
static const char *const names[] = { "x/y", "na\xc3\xafve", "z" };
static struct tk_bins live[12];

static void put_random(struct log *l, unsigned k, uint64_t *state, int64_t start, int64_t length)
{
	struct tk_hlog_where at = { apps[k % 2], names[k / 2 % 3], k / 6 % 2, start,
				    (uint64_t)length };
	struct tk_bins b = { 0 };

	for (uint64_t n = random_below(state, 300); n-- && random_below(state, 100);)
		tk_bins_add(&b, random_log(state, 38), 1 + random_log(state, 8));
	if (b.count && random_below(state, 3) == 0) {
		put_lost(l, at.app, at.timer, b.count + 9, 9);
		put_lost(l, at.app, NULL, b.count + 9, 9);
	}
	if (b.count)
		tk_hlog_put_histogram(&l->w, &at, &b, TICK);
	tk_bins_merge(&live[k], &b);
	tk_bins_free(&b);
}

/* A percentile is of the same bucket of ticks as it was live, or beside it: a sample at an edge of
 * its bucket may be on the other side in the log. */
static void same_as_live(const struct log *l)
{
	struct tk_replay *r = open_one(l);
	struct tk_snapshot *s;

	play_to_end(r);
	s = look(r, 0);
	for (unsigned k = 0; k < 12; k++) {
		const struct tk_bins_rated of = { .bins = live[k], .ns_per_tick = 1 };
		const struct tk_snap_timer *t = s->timers;
		double ticks[TK_PERCENTILES];

		while (strcmp(t->app, apps[k % 2]) || strcmp(t->name, names[k / 2 % 3]))
			t++;
		tk_bins_quantiles(&of, 1, tk_quantiles, TK_PERCENTILES, ticks);
		for (int p = 0; p < TK_PERCENTILES; p++) {
			uint64_t played = (uint64_t)(t->total[k / 6].p_ns[p] / TICK + 0.25);
			uint32_t a = tk_hist_index((uint64_t)ticks[p]), b = tk_hist_index(played);

			cr_assert(a <= b + 1 && b <= a + 1);
		}
		tk_bins_free(&live[k]);
	}
	tk_snapshot_free(s);
	tk_replay_close(r);
}

Test(replay, same_as_report)
{
	uint64_t state = 1;
	struct log l;

	for (unsigned round = 0; round < 20; round++) {
		begin_log(&l, "random");
		put_clock(&l);
		for (int64_t i = 0; i < 50; i++) {
			put_bounds(&l, i * SECOND, SECOND + 456);
			for (unsigned k = 0; k < 12; k++)
				put_random(&l, k, &state, i * SECOND, SECOND + 456);
		}
		finish_log(&l);
		same_as_report(&l, 1. / 256 + 1. / 2048);
		same_as_live(&l);
		unlink(l.path);
	}
}

/* Another program's: nothing tells the clock, the apps, or the measures. */
Test(replay, foreign)
{
	static const char *const heads[] = { "#[StartTime: 1764460000.123 (seconds since epoch)]\n",
					     "" };
	uint64_t state = 2;
	struct log l;

	for (unsigned k = 0; k < 2; k++) {
		open_log(&l, "foreign");
		put_text(&l, heads[k]);
		for (int64_t i = 0; i < 30; i++) {
			struct tk_hlog_where at = { "", "", 0, i * SECOND, SECOND };
			struct tk_bins b = { 0 };
			char *ours, tag[40];

			for (int n = 0; n < 50; n++)
				tk_bins_add(&b, 1 + random_log(&state, 40), 1);
			tk_hlog_put_histogram(&l.w, &at, &b, 1);
			tk_bins_free(&b);
			/* In place of our tag: that of another program; none, each third time. */
			ours = strchr(l.w.text, ',');
			snprintf(tag, sizeof(tag), "Tag=GET /a/b/%" PRId64, i % 3);
			FILE *f = fopen(l.path, "a");
			cr_assert(f &&
				  fprintf(f, "%s%.*s", i % 3 ? tag : "",
					  (int)(l.w.size - (size_t)(ours - l.w.text)) - !(i % 3),
					  ours + !(i % 3)) > 0);
			fclose(f);
			tk_hlog_clear(&l.w);
		}
		finish_log(&l);
		struct tk_replay *r = open_one(&l);
		struct tk_snapshot *s = look(r, 0);
		cr_assert_eq(s->wall_ns, 0 - (k ? TK_REPLAY_ZERO_NS : 0));
		cr_assert_eq(s->n_segments, 1);
		cr_assert_str_eq(timer(s, "(no tag)")->app, "");
		tk_snapshot_free(s);
		tk_replay_close(r);
		unlink(l.path);
	}
}

/* ---- time ---- */

/* Whatever the steps: at any time there is what had ended by then, and nothing else. */
Test(replay, shows_what_had_ended)
{
	uint64_t state = 3;
	struct log l;

	begin_log(&l, "steps");
	for (int64_t i = 0; i < 40; i++)
		put_line(&l, "a", TK_PROCESSING, 2 * i * SECOND, 2 * SECOND, 1000, 10);
	finish_log(&l);
	for (unsigned round = 0; round < 20; round++) {
		struct tk_replay *r = open_one(&l);
		uint64_t played = 0;

		while (!tk_replay_is_over(r)) {
			struct tk_snapshot *s = look(r, 1);
			uint64_t ended = 1 + played / (2 * (uint64_t)SECOND);

			cr_assert_eq(s->t_ns, START + 2 * SECOND + (int64_t)played);
			cr_assert_eq(timer(s, "a")->total[0].count, 10 * ended);
			cr_assert_eq(s->n_points[0], ended);
			tk_snapshot_free(s);
			uint64_t step = random_log(&state, 34);
			tk_replay_play(r, step);
			played += step;
		}
		cr_assert_eq(tk_replay_now_ns(r), START + 80 * SECOND);
		points_are_whole(r, 1);
		tk_replay_close(r);
	}
	unlink(l.path);
}

Test(replay, gaps_are_quiet)
{
	struct log l;
	struct tk_replay *r;
	struct tk_snapshot *s;

	begin_log(&l, "gap");
	put_line(&l, "a", TK_PROCESSING, 0, SECOND, 1000, 10);
	put_line(&l, "a", TK_PROCESSING, 3600 * SECOND, SECOND, 1000, 10);
	finish_log(&l);
	r = open_one(&l);
	for (int i = 0; i < 600; i++)
		tk_replay_play(r, (uint64_t)SECOND / 10);
	s = look(r, 1);
	cr_assert_eq(s->t_ns, START + 61 * SECOND);
	cr_assert_eq(timer(s, "a")->total[0].count, 10);
	cr_assert_eq(timer(s, "a")->last[0].records, 0);
	cr_assert(s->n_points[0] >= 60, "%zu", s->n_points[0]);
	for (size_t i = 1; i < s->n_points[0]; i++)
		cr_assert_eq(s->points[0][i].count, 0);
	tk_snapshot_free(s);
	play_to_end(r);
	s = look(r, 1);
	cr_assert_eq(timer(s, "a")->total[0].count, 20);
	cr_assert_eq(timer(s, "a")->last[0].count, 10);
	tk_snapshot_free(s);
	points_are_whole(r, 1);
	tk_replay_close(r);
	unlink(l.path);
}

/* Intervals of several lengths at a time: each rate is that of its own. */
Test(replay, rates)
{
	struct log l;
	struct tk_replay *r;
	struct tk_snapshot *s;

	begin_log(&l, "rates");
	for (int64_t i = 1; i <= 40; i++) {
		put_line(&l, "second", TK_PROCESSING, (i - 1) * SECOND, SECOND, 1000, 1000);
		put_line(&l, "second", TK_LATENCY, (i - 1) * SECOND, SECOND, 1000, 400);
		if (i % 10 == 0)
			put_line(&l, "ten", TK_PROCESSING, (i - 10) * SECOND, 10 * SECOND, 1000,
				 1000);
	}
	finish_log(&l);
	r = open_one(&l);
	play_to_end(r);
	s = look(r, 0);
	is_about(tk_datapoint_rate(&timer(s, "second")->last[0]), 1000, 1e-6);
	is_about(tk_datapoint_rate(&timer(s, "ten")->last[0]), 100, 1e-6);
	cr_assert_eq(timer(s, "second")->last[1].without, 600);
	is_about(tk_datapoint_rate(&timer(s, "second")->total[0]), 1000, 1e-6);
	cr_assert_eq(s->n_segments, 1);
	cr_assert_eq(s->delivered, 44000);
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(l.path);
}

/* The overview is of the last interval, however long ago it ended: as of a live display. */
Test(replay, long_intervals)
{
	struct tk_recent recent = { 0 };
	const struct tk_view v = { .recent = &recent };
	struct log l;

	begin_log(&l, "long");
	for (int64_t i = 0; i < 3; i++)
		put_line(&l, "a", TK_PROCESSING, 60 * i * SECOND, 60 * SECOND, 1000, 600);
	finish_log(&l);
	struct tk_replay *r = open_one(&l);
	for (int i = 0; i < 6; i++) {
		struct tk_snapshot *s = tk_replay_snapshot(r, &v);

		cr_assert(s);
		cr_assert_eq(timer(s, "a")->recent[0].count, 600);
		is_about(tk_datapoint_rate(&timer(s, "a")->recent[0]), 10, 1e-6);
		is_about(timer(s, "a")->recent[0].p_ns[TK_P99], 1000 * TICK, 1. / 256);
		tk_snapshot_free(s);
		tk_replay_play(r, 20 * (uint64_t)SECOND);
	}
	cr_assert(tk_replay_is_over(r));
	tk_recent_free(&recent);
	tk_replay_close(r);
	unlink(l.path);
}

/* Many lines at once take several calls: none of them is lost, and none comes twice. */
Test(replay, more_lines_than_a_call_reads)
{
	struct log l;
	char name[16];
	struct tk_snapshot *s;
	int calls = 0;

	begin_log(&l, "many");
	for (int64_t i = 0; i < 3; i++)
		for (int k = 0; k < 6000; k++) {
			snprintf(name, sizeof(name), "t%d", k);
			put_line(&l, name, (enum tk_measure)(k % 2), i * SECOND, SECOND, 1000, 2);
		}
	finish_log(&l);
	struct tk_replay *r = open_one(&l);
	for (; !tk_replay_is_over(r); calls++)
		tk_replay_play(r, FOREVER);
	cr_assert(calls >= 3 && !tk_replay_is_behind(r));
	s = look(r, 1);
	cr_assert_eq(s->n_timers, 6000);
	for (int k = 0; k < 6000; k++)
		cr_assert_eq(s->timers[k].total[0].count + s->timers[k].total[1].count, 6);
	cr_assert_eq(s->n_points[0], 3);
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(l.path);
}

Test(replay, speed)
{
	struct log l;
	const char *file = l.path;
	struct tk_replay_wanted w = { .files = &file, .n_files = 1, .speed = 8 };
	char why[256];

	begin_log(&l, "speed");
	for (int64_t i = 0; i < 100; i++)
		put_line(&l, "a", TK_PROCESSING, i * SECOND, SECOND, 1000, 10);
	finish_log(&l);
	struct tk_replay *r = tk_replay_open(&w, why);
	cr_assert(r);
	tk_replay_play(r, 2 * (uint64_t)SECOND);
	cr_assert_eq(tk_replay_now_ns(r), START + 17 * SECOND);
	struct tk_snapshot *s = look(r, 0);
	cr_assert_eq(timer(s, "a")->total[0].count, 170);
	cr_assert(strstr(s->moment, "×8"), "%s", s->moment);
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(l.path);
}

/* As report has it: from the interval on that begins then, or next. */
Test(replay, from)
{
	struct log l;
	const char *file = l.path;
	const struct {
		int64_t from_ns;
		bool is_relative;
		int64_t first;
	} starts[] = { { 30 * SECOND, true, 30 },
		       { 30 * SECOND - 1, true, 30 },
		       { 30 * SECOND + 1, true, 31 },
		       { START + 7 * SECOND, false, 7 } };
	char why[256];

	begin_log(&l, "from");
	for (int64_t i = 0; i < 100; i++) {
		put_bounds(&l, i * SECOND, SECOND);
		put_line(&l, "a", TK_PROCESSING, i * SECOND, SECOND, 1000, 10);
	}
	finish_log(&l);
	for (size_t k = 0; k < sizeof(starts) / sizeof(*starts); k++) {
		struct tk_replay_wanted w = { .files = &file,
					      .n_files = 1,
					      .speed = 1,
					      .from_ns = starts[k].from_ns,
					      .from_is_relative = starts[k].is_relative };
		struct tk_replay *r = tk_replay_open(&w, why);

		cr_assert(r);
		cr_assert_eq(tk_replay_now_ns(r), START + (starts[k].first + 1) * SECOND);
		play_to_end(r);
		struct tk_snapshot *s = look(r, 0);
		cr_assert_eq(timer(s, "a")->total[0].count, 10 * (100 - (uint64_t)starts[k].first));
		tk_snapshot_free(s);
		tk_replay_close(r);
	}
	struct tk_replay_wanted late = {
		.files = &file, .n_files = 1, .speed = 1, .from_ns = INT64_MAX / 4
	};
	cr_assert(!tk_replay_open(&late, why) && errno == ENODATA);
	unlink(l.path);
}

/* ---- several files ---- */

static void put_part(struct log *l, const char *name, int64_t from, int64_t to, uint64_t n)
{
	begin_log(l, name);
	for (int64_t i = from; i < to; i++)
		put_line(l, "a", TK_PROCESSING, i * SECOND, SECOND, 1000, n);
	finish_log(l);
}

/* In any order. */
Test(replay, parts_follow_one_another)
{
	struct log first, second;

	put_part(&first, "1", 0, 10, 10);
	put_part(&second, "2", 10, 20, 20);
	const char *files[] = { second.path, first.path };
	struct tk_replay *r = open_files(files, 2);
	tk_replay_play(r, 10 * (uint64_t)SECOND);
	struct tk_snapshot *s = look(r, 0);
	cr_assert_eq(s->n_timers, 1);
	cr_assert_eq(timer(s, "a")->total[0].count, 100 + 20);
	tk_snapshot_free(s);
	play_to_end(r);
	points_are_whole(r, 1);
	s = look(r, 1);
	cr_assert_eq(timer(s, "a")->total[0].count, 300);
	cr_assert_eq(s->n_points[0], 20);
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(first.path);
	unlink(second.path);
}

/* Of the same time, about: their samples are one interval's. */
Test(replay, side_by_side)
{
	struct log first, second;

	put_part(&first, "1", 0, 10, 10);
	begin_log(&second, "2");
	for (int64_t i = 0; i < 10; i++)
		put_line(&second, "a", TK_PROCESSING, i * SECOND + SECOND / 5, SECOND, 9000, 20);
	finish_log(&second);
	const char *files[] = { first.path, second.path };
	struct tk_replay *r = open_files(files, 2);
	play_to_end(r);
	struct tk_snapshot *s = look(r, 1);
	cr_assert_eq(timer(s, "a")->total[0].count, 300);
	cr_assert(s->n_points[0] <= 11, "%zu", s->n_points[0]);
	is_about(s->points[0][4].p_ns[TK_P90], 9000 * TICK, 1. / 256);
	is_about((double)s->points[0][4].count, 30, 0);
	tk_snapshot_free(s);
	points_are_whole(r, 1);
	tk_replay_close(r);
	unlink(first.path);
	unlink(second.path);
}

/* ---- what a recording says of itself ---- */

Test(replay, facts)
{
	struct log l;

	setenv("TZ", "UTC", 1);
	begin_log(&l, "facts");
	put_text(&l, "#[Timekeeper log: version=1 interval=0.500000000]\n"
		     "#[Timekeeper machine: host=box cpu=A%20B]\n"
		     "#[Timekeeper label: commit=a%2Cb%1B]\n");
	put_clock(&l);
	put_line(&l, "a\033[2J", TK_PROCESSING, 0, SECOND, 1000, 10);
	tk_hlog_put_comment(&l.w, "missed");
	tk_hlog_put_number(&l.w, "samples", 77);
	tk_hlog_put_end(&l.w);
	finish_log(&l);
	struct tk_replay *r = open_one(&l);
	play_to_end(r);
	struct tk_snapshot *s = look(r, 0);
	cr_assert_str_eq(s->title, "REPLAY");
	cr_assert_str_eq(s->about, "on box, A B, commit=a,b?");
	cr_assert_str_eq(s->moment, "end of the recording, 2025-11-29 23:46:41");
	cr_assert(strstr(s->origin, ".facts"), "%s", s->origin);
	cr_assert_str_eq(s->timers[0].name, "a?[2J");
	cr_assert_eq(s->interval_ns, SECOND / 2);
	cr_assert_eq(s->n_notes, 1);
	cr_assert(strstr(s->notes[0], "77 samples are missing"), "%s", s->notes[0]);
	cr_assert_eq(s->hz, 2596053998);
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(l.path);
}

/* ---- bad input ---- */

static void cannot_open(const char *path, int error, const char *expected)
{
	const struct tk_replay_wanted w = { .files = &path, .n_files = 1, .speed = 1 };
	char why[256] = "";

	errno = 0;
	cr_assert_null(tk_replay_open(&w, why));
	cr_assert_eq(errno, error);
	cr_assert(!expected || strstr(why, expected), "%s", why);
}

Test(replay, cannot_be_opened)
{
	struct log l;

	cannot_open("/nonexistent/x", ENOENT, "/nonexistent/x: No such file or directory");
	cannot_open("/dev/shm", EBADMSG, "/dev/shm: Is a directory");
	cannot_open("/dev/null", ENODATA, NULL);
	open_log(&l, "text");
	put_text(&l, "It is no log.\n");
	finish_log(&l);
	cannot_open(l.path, EBADMSG, ":1: ");
	unlink(l.path);
}

/* Each of these is passed over or shown somehow, and what is whole around it is shown. */
Test(replay, damaged)
{
	static const char *const lines[] = {
		"Tag=x,1.0,1.0,1.0,HISTF\n",
		"Tag=x,NaN,1.0,1.0,HISTFAAAA\n",
		("Tag=x,-999999999.0,9000000000.0,1.0,"
		 "HISTFAAAADFIDQXBMRVAEQAAwMNqs8rw3zMbZNBJAzE0kUaEf1fXLkiABAjy/WZjPOD0+ANc+wTr\n"),
		"#[Timekeeper lost: app=app timer=a records=1 lost=99999]\n",
		"#[Timekeeper clock: number=1 ticks_per_s=nan]\n",
		"#[Timekeeper clock: number=1 ticks_per_s=1e300]\n",
		"#[Timekeeper log: interval=-5 unit_ps=0]\n",
		"Tag=app/a/processing,2.0,1.0,1.0,HISTFAAAADFIDQXBM",
	};

	for (size_t k = 0; k < sizeof(lines) / sizeof(*lines); k++) {
		struct log l;
		char damage[512] = "";

		begin_log(&l, "damaged");
		put_line(&l, "a", TK_PROCESSING, 0, SECOND, 1000, 10);
		put_text(&l, lines[k]);
		if (strchr(lines[k], '\n'))
			put_line(&l, "a", TK_PROCESSING, SECOND, SECOND, 1000, 10);
		finish_log(&l);
		struct tk_replay *r = open_one(&l);
		play_to_end(r);
		struct tk_snapshot *s = look(r, 1);
		cr_assert_eq(timer(s, "a")->total[0].count, strchr(lines[k], '\n') ? 20 : 10, "%s",
			     lines[k]);
		bool is_said = tk_replay_damage(r, damage, sizeof(damage));
		cr_assert_eq(is_said, s->n_notes != 0);
		cr_assert_eq(is_said, k < 2 || k >= 6, "%s: %s", lines[k], damage);
		tk_snapshot_free(s);
		points_are_whole(r, 1);
		tk_replay_close(r);
		unlink(l.path);
	}
}

/* A log that is not in order, and more than 2^62 samples. */
Test(replay, extremes)
{
	struct log l;

	begin_log(&l, "extremes");
	for (int64_t i = 20; i--;)
		put_line(&l, "back", TK_PROCESSING, i * SECOND, SECOND, 1000, 10);
	for (int64_t i = 0; i < 3; i++)
		put_line(&l, "many", TK_PROCESSING, i * SECOND, SECOND, 1000, UINT64_C(1) << 60);
	put_line(&l, "many", TK_PROCESSING, 3 * SECOND, SECOND, 1000, UINT64_C(1) << 61);
	put_line(&l, "point", TK_PROCESSING, 0, 0, 1000, 10);
	finish_log(&l);
	struct tk_replay *r = open_one(&l);
	char damage[512];
	play_to_end(r);
	struct tk_snapshot *s = look(r, 0);
	cr_assert_eq(timer(s, "back")->total[0].count, 200);
	cr_assert_eq(timer(s, "many")->total[0].count, UINT64_C(3) << 60);
	is_about(timer(s, "many")->total[0].p_ns[TK_P50], 1000 * TICK, 1. / 256);
	cr_assert_eq(timer(s, "point")->total[0].count, 10);
	cr_assert(tk_replay_damage(r, damage, sizeof(damage)) && strstr(damage, "1 lines"));
	tk_snapshot_free(s);
	tk_replay_close(r);
	unlink(l.path);
}

/* A day of a hundred timers: history stays within its budget. */
Test(replay, memory_is_bounded)
{
	struct log l;
	const char *file = l.path;
	struct tk_replay_wanted w = {
		.files = &file, .n_files = 1, .speed = 1, .history_bytes = 4 << 20
	};
	struct rusage before, after;
	char why[256], name[16];

	begin_log(&l, "day");
	for (int64_t i = 0; i < 3000; i++) {
		for (int k = 0; k < 20; k++) {
			snprintf(name, sizeof(name), "t%d", k);
			put_line(&l, name, TK_PROCESSING, i * 30 * SECOND, 30 * SECOND,
				 1000 + (uint64_t)i, 3);
		}
		put_text(&l, "");
	}
	finish_log(&l);
	getrusage(RUSAGE_SELF, &before);
	struct tk_replay *r = tk_replay_open(&w, why);
	play_to_end(r);
	getrusage(RUSAGE_SELF, &after);
	cr_assert(after.ru_maxrss - before.ru_maxrss < 64 << 10, "%ld KiB",
		  after.ru_maxrss - before.ru_maxrss);
	tk_replay_close(r);
	unlink(l.path);
}
