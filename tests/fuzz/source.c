/* SPDX-License-Identifier: MIT */
/*
 * A spoilt segment on its way through the collector to people: scanned, drained, aggregated,
 * accounted for, made into datapoints, snapshots, JSON lines and a screen; spoilt further
 * meanwhile.
 *
 *	u8	how many patches (segment.h) before, and from where it is read
 *	...	those; then steps until the end of the input: u8 what, and what it takes
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/commands/rows/gather.h"
#include "collector/display/draw.h"
#include "collector/engine/collector.h"
#include "collector/engine/core.h"
#include "tests/fuzz/segment.h"

#define INTERVAL_NS UINT64_C(100000000)

static struct tk_clock measured;
static struct tk_drainer *drainer; /* of all collectors: its memory takes a while to be had */

/* As tk_collector_open() leaves it, but for the threads. */
static struct tk_collector *open_collector(bool oldest)
{
	struct tk_collector *c = calloc(1, sizeof(*c));

	REQUIRE(c && (measured.hz > 0 || tk_clock_open(&measured, NULL) == 0));
	if (!drainer)
		drainer = tk_drainer_new(&measured, 1);
	c->own.drainers = malloc(sizeof(struct tk_drainer *));
	REQUIRE(drainer && c->own.drainers);
	c->own.drainers[c->own.n_drainers++] = drainer;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->closed, NULL);
	c->own.clock = measured;
	c->options = (struct tk_collector_options){ .dir = fuzz_place(), .oldest = oldest };
	c->wanted_interval_ns = INTERVAL_NS;
	c->shown.state.interval_ns = INTERVAL_NS;
	tk_registry_init(&c->shown.registry, 1u << 20);
	c->shown.intervals.budget = 1u << 20;
	c->own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	c->own.began_ns = (int64_t)tk_now_ns(CLOCK_REALTIME);
	c->own.line_ns = c->shown.line_ns = c->own.began_ns - (int64_t)c->own.now_ns;
	return c;
}

static void drain(struct tk_collector *c)
{
	c->own.now_ns = tk_now_ns(CLOCK_MONOTONIC);
	tk_drainer_turn(drainer, c->own.now_ns);
}

/* A whole one: asked, answered and taken. */
static void round_of(struct tk_collector *c)
{
	tk_round_ask(c, true);
	drain(c);
	tk_round_receive(c);
	REQUIRE(!c->own.rounding && drainer->kept.n_held == 0);
}

static void close_collector(struct tk_collector *c)
{
	for (size_t i = 0; i < c->own.n_sources; i++)
		if (c->own.sources[i]->seg)
			c->own.sources[i]->broken = true;
	round_of(c); /* everything is let go of, */
	round_of(c); /* and gone */
	for (size_t i = 0; i < c->own.n_sources; i++)
		REQUIRE(!c->own.sources[i]->seg);
	REQUIRE(!drainer->own.parts.moving && !drainer->own.parts.quiet &&
		drainer->kept.lanes == 0);
	tk_scan_free(c);
	tk_shown_free(&c->shown);
	free(c->own.drainers);
	free(c);
}

static void check_datapoint(const struct tk_datapoint *d)
{
	const double slack = 1 + 1e-9;

	REQUIRE(isfinite(tk_datapoint_rate(d)) && (!d->count || isfinite(d->sum_ns)));
	if (!d->count)
		return;
	REQUIRE(d->min_ns >= 0 && d->min_ns <= d->p_ns[0] * slack);
	for (int i = 1; i < TK_PERCENTILES; i++)
		REQUIRE(d->p_ns[i - 1] <= d->p_ns[i]);
	REQUIRE(d->p_ns[TK_P9999] <= d->max_ns * slack && isfinite(d->max_ns));
	REQUIRE(tk_datapoint_avg_ns(d) <= d->max_ns * slack);
	REQUIRE(tk_datapoint_avg_ns(d) * slack >= d->min_ns);
}

static bool adds_up(const struct tk_datapoint *d)
{
	return d->records == d->count + d->aside + d->without + d->lost && d->lost <= d->records;
}

static void check_timer(const struct tk_interval_timer *t)
{
	REQUIRE(t->of[0].records == t->of[1].records && t->of[0].lost == t->of[1].lost);
	for (int m = 0; m < TK_MEASURES; m++) {
		REQUIRE(adds_up(&t->of[m]));
		check_datapoint(&t->of[m]);
	}
}

static void check_process(const struct tk_interval *i, const struct tk_interval_process *p)
{
	uint64_t delivered = p->unknown, lost = 0;

	for (size_t k = 0; k < i->n_timers; k++) {
		if (strcmp(i->timers[k].segment, p->segment))
			continue;
		delivered += i->timers[k].of[0].records - i->timers[k].of[0].lost;
		lost += i->timers[k].of[0].lost;
	}
	REQUIRE(p->records == p->delivered + p->lost);
	REQUIRE(p->delivered == delivered && p->attributed == lost);
}

/* Each line of what was printed is a JSON object of a type. @return how many are of timers */
static size_t check_lines(char *text, size_t processes)
{
	size_t n = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *type = json_string_value(json_object_get(row, "type"));

		REQUIRE(json_is_object(row) && type);
		if (!strcmp(type, "process"))
			REQUIRE(processes-- > 0);
		else
			n += !strcmp(type, "timer");
		json_decref(row);
	}
	REQUIRE(processes == 0);
	return n;
}

/* As `stat` prints it; the interval is gone then. */
static void check_rows(struct tk_interval *i)
{
	struct tk_stats_list stats;
	struct tk_gather_how how = { .stats = &stats, .sort = TK_ROWS_BY_NAME };
	struct tk_rows_style style = { .format = TK_FORMAT_JSONL, .stats = &stats };
	int err = tk_stats_list_parse(&stats, tk_rows_stats);
	struct tk_gather *g = tk_gather_new(&how);
	size_t size, n, timers = i->n_timers, processes = i->n_processes;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out && g && !err);
	REQUIRE(tk_gather_add(g, i) == 0);
	REQUIRE(tk_gather_rows(g)->n == timers && tk_gather_rows(g)->n_processes == processes);
	tk_rows_print(out, &style, tk_gather_rows(g), true);
	fclose(out);
	n = check_lines(text, processes);
	REQUIRE(n >= timers && n <= TK_MEASURES * timers);
	tk_gather_free(g);
	free(text);
}

static void check_intervals(struct tk_collector *c)
{
	struct tk_intervals_dropped dropped;
	struct tk_interval *i;

	while ((i = tk_collector_next_interval(c, &dropped))) {
		for (size_t k = 0; k < i->n_timers; k++)
			check_timer(&i->timers[k]);
		for (size_t k = 0; k < i->n_processes; k++)
			check_process(i, &i->processes[k]);
		check_rows(i);
	}
}

static void check_screen(const struct tk_snapshot *s)
{
	struct tk_grid g = { .charset = TK_CHARSET_BRAILLE };
	struct tk_view_state v;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out && tk_grid_resize(&g, 60, 14) == 0);
	tk_view_init(&v, "somewhere");
	REQUIRE(tk_view_sync(&v, s) == 0);
	tk_draw(&v, s, &g);
	REQUIRE(tk_grid_write(&g, out, false) == 0 && fclose(out) == 0 && strlen(text) == size);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		REQUIRE(fuzz_printable(line, false));
	tk_view_fini(&v);
	tk_grid_free(&g);
	free(text);
}

static void show(struct tk_collector *c)
{
	struct tk_view view = { .silent = true, .max_points = 100, .key = 1, .totals = true };
	struct tk_snapshot *s = tk_collector_snapshot(c, &view);
	uint64_t lost = 0;

	REQUIRE(s);
	for (size_t i = 0; i < s->n_timers; i++) {
		const struct tk_snap_timer *t = &s->timers[i];

		REQUIRE(tk_name_valid(t->name) && fuzz_printable(t->segment, false) &&
			fuzz_printable(t->app, false));
		for (int m = 0; m < TK_MEASURES; m++) {
			check_datapoint(&t->last[m]);
			check_datapoint(&t->total[m]);
			REQUIRE(adds_up(&t->last[m]) && adds_up(&t->total[m]));
		}
		lost += t->total[TK_PROCESSING].lost;
	}
	REQUIRE(lost <= s->lost);
	for (size_t i = 0; i < s->n_notes; i++)
		REQUIRE(fuzz_is_reason(s->notes[i], sizeof(s->notes[i])));
	check_screen(s);
	tk_snapshot_free(s);
}

static void step(struct tk_collector *c, struct fuzz_input *in)
{
	switch (fuzz_number(in, 1) % 6) {
	case 0:
		tk_scan(c);
		break;
	case 1:
		tk_look(c);
		break;
	case 2:
		drain(c);
		break;
	case 3:
		round_of(c);
		break;
	default:
		fuzz_segment_spoil(in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned first = (unsigned)fuzz_number(&in, 1);
	struct tk_collector *c;
	int descriptor;

	fuzz_segment_mend();
	for (unsigned i = 0; i < first % 8; i++)
		fuzz_segment_spoil(&in);
	descriptor = fuzz_free_descriptor();
	c = open_collector(first & 8);
	tk_scan(c);
	for (unsigned i = 0; i < 32 && in.left; i++)
		step(c, &in);
	round_of(c);
	show(c);
	check_intervals(c);
	close_collector(c);
	REQUIRE(fuzz_free_descriptor() == descriptor);
	return 0;
}
