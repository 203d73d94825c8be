/* SPDX-License-Identifier: MIT */
/* What metrics count, and how it is written: exact, never less than before, within their bounds. */
#include "collector/serve/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/now.h"
#include "collector/stats/past/pack.h"
#include "collector/stats/series.h"
#include "ring/owner.h"
#include "tests/random.h"

#define SECOND   INT64_C(1000000000)
#define BEGAN_NS INT64_C(1796000000000000000)
#define GHZ      2.6

static struct tk_metrics m;
static int64_t now_ns = BEGAN_NS;

static void begin(const struct tk_metrics_options *o, const char *rule)
{
	struct tk_texts rules = { .text = { rule }, .n = rule != NULL };
	struct tk_bucket_sets sets;
	char why[256];

	cr_assert_eq(tk_bucket_sets_open(&sets, &rules, why), 0, "%s", why);
	tk_metrics_open(&m, o, &sets);
}

/* A row without samples. */
static struct tk_interval_timer row_of(const char *app, const char *name, uint32_t pid)
{
	struct tk_interval_timer row = { .pid = pid, .ns_per_tick = 1 };

	snprintf(row.app, sizeof(row.app), "%s", app);
	snprintf(row.name, sizeof(row.name), "%s", name);
	return row;
}

/* Give it samples. @bytes: TK_PACK_MAX, for as long as the row is used */
static void fill(struct tk_interval_timer *row, int measure, const struct tk_bins *b,
		 uint8_t *bytes)
{
	struct tk_datapoint *d = &row->of[measure];

	row->packed[measure] = (struct tk_packed){ .sum = b->sum,
						   .count = b->count,
						   .min = b->min,
						   .max = b->max,
						   .bytes = bytes,
						   .size = tk_pack(b, bytes) };
	d->count = b->count;
	d->sum_ns = (double)b->sum * row->ns_per_tick;
	row->of[0].records = row->of[1].records =
		row->of[0].count > row->of[1].count ? row->of[0].count : row->of[1].count;
}

static void pass(int64_t ns, struct tk_interval_timer *rows, size_t n)
{
	struct tk_interval i = {
		.interval_ns = (uint64_t)ns, .t_ns = now_ns += ns, .timers = rows, .n_timers = n
	};

	cr_assert_eq(tk_metrics_add(&m, &i), 0);
}

/* A timer of one sample. */
static void pass_one(int64_t ns, const char *app, const char *name, uint32_t pid)
{
	struct tk_interval_timer row = row_of(app, name, pid);
	uint8_t bytes[64 + TK_PACK_MAX];
	struct tk_bins b = { 0 };

	tk_bins_add(&b, 1000, 1);
	fill(&row, TK_PROCESSING, &b, bytes);
	pass(ns, &row, 1);
	tk_bins_free(&b);
}

static char *text_of(bool openmetrics)
{
	struct tk_buffer out = { 0 };

	tk_metrics_text(&m, openmetrics, &out);
	tk_buffer_put(&out, "", 1);
	cr_assert(!out.failed);
	return out.at;
}

static bool has(const char *line)
{
	char *text = text_of(false), wanted[512];
	bool found;

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	found = strstr(text, wanted) != NULL;
	free(text);
	return found;
}

/* Lines of timers that are there. */
static size_t lines(void)
{
	char *text = text_of(false), *saved, *line;
	size_t n = 0;

	for (line = strtok_r(text, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
		n += *line != '#' && strstr(line, "timer=") != NULL;
	free(text);
	return n;
}

static const struct tk_metrics_options plain = { .max_series = 100000 };

/* ---- text ---- */

Test(metrics, seconds_are_exact_and_short)
{
	uint64_t state = 1;
	struct tk_buffer b = { 0 };

	for (int i = 0; i < 200000; i++) {
		uint64_t ns = random_log(&state, 46);
		char text[64], again[64];
		double v = (double)ns / 1e9;

		b.n = 0;
		tk_buffer_seconds(&b, ns);
		snprintf(text, sizeof(text), "%.*s", (int)b.n, b.at);
		cr_assert_eq(strtod(text, NULL), v, "%s is not %lu ns", text, ns);
		/* No form with fewer digits says the same, and small ones are as %g has them. */
		snprintf(again, sizeof(again), "%.15g", v);
		if (ns < 100000 && ns)
			cr_assert_str_eq(text, again);
		cr_assert(strpbrk(text, ".e"), "%s: OpenMetrics takes no whole number", text);
	}
	tk_buffer_free(&b);
}

Test(metrics, names_are_escaped)
{
	begin(&plain, NULL);
	pass_one(SECOND, "a\"pp\\", "a\"b\\{},", 1);
	pass_one(SECOND, "x", "two\nlines", 1);
	pass_one(SECOND, "x", "sent{queue=rx,core=\"3,\\\"\\\\\"}", 1);
	pass_one(SECOND, "x", "sent{core=\"3,\\\"\\\\\",queue=rx}", 1);
	pass_one(SECOND, "x", "sent{app=rx}", 1);
	cr_assert(has(
		"timekeeper_timer_records_total{app=\"a\\\"pp\\\\\",timer=\"a\\\"b\\\\{},\"} 1"));
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"two\\nlines\"} 1"));
	/* Labels in another order are the same. */
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"sent\","
		      "core=\"3,\\\"\\\\\",queue=\"rx\"} 2"));
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"sent{app=rx}\"} 1"));
	tk_metrics_free(&m);
}

/* ---- exactness ---- */

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static size_t at_most(const double *sorted, size_t n, double limit)
{
	size_t i = 0;

	while (i < n && sorted[i] <= limit)
		i++;
	return i;
}

/* Whatever limits, with a rate that is refined from interval to interval. */
Test(metrics, limits_hold_the_sorted_truth)
{
	enum { N = 20000, A_TIME = 500 };
	static double truth[N];
	static uint8_t bytes[TK_PACK_MAX];
	const double ns_per_tick = 1 / GHZ;
	struct tk_metric_timer *t;
	uint64_t state = 2, sum = 0;

	begin(&plain, "slo*:1us,50us,1ms,1s");
	for (int of = 0; of < 2; of++) {
		const char *name = of ? "slo" : "usual";

		for (int i = 0; i < N; i += A_TIME) {
			struct tk_interval_timer row = row_of("x", name, 1);
			struct tk_bins b = { 0 };

			for (int k = 0; k < A_TIME; k++) {
				uint64_t ticks = random_log(&state, 38);

				tk_bins_add(&b, ticks, 1);
				truth[i + k] = (double)ticks * ns_per_tick;
			}
			row.clock = 1;
			row.ns_per_tick = ns_per_tick * (1 + 1e-5 * (i % 7 - 3));
			fill(&row, TK_PROCESSING, &b, bytes);
			pass(SECOND, &row, 1);
			tk_bins_free(&b);
		}
		qsort(truth, N, sizeof(*truth), by_value);
		t = m.timers.entry[of];
		sum = 0;
		for (size_t i = 0; i < t->buckets->n; i++) {
			double limit = (double)t->buckets->limit[i];

			sum += t->of[0].cell[i];
			cr_assert_geq(sum, at_most(truth, N, limit * (1 - 1e-4)));
			cr_assert_leq(sum, at_most(truth, N, limit * (1 + 1. / 128 + 1e-4) + 1));
		}
		cr_assert_eq(sum + t->of[0].cell[t->buckets->n], N);
	}
	tk_metrics_free(&m);
}

/* The same tick goes to the same limit, whatever it is worth by then. */
Test(metrics, a_tick_bucket_keeps_its_limit)
{
	static uint8_t bytes[TK_PACK_MAX];
	struct tk_metric_timer *t;
	struct tk_bins b = { 0 };

	begin(&plain, NULL);
	tk_bins_add(&b, 1 << 20, 1);
	for (int i = 0; i < 1000; i++) {
		struct tk_interval_timer row = row_of("x", "edge", 1);

		/* From just below 2^20 ns to just above. */
		row.ns_per_tick = 1 + (i - 500) * 1e-6;
		row.clock = 1;
		fill(&row, TK_PROCESSING, &b, bytes);
		pass(SECOND, &row, 1);
	}
	t = m.timers.entry[0];
	cr_assert_eq(t->of[0].cell[13] + t->of[0].cell[14], 1000);
	cr_assert(t->of[0].cell[13] == 0 || t->of[0].cell[14] == 0);
	tk_bins_free(&b);
	tk_metrics_free(&m);
}

/* tk_series_cumulative() says the same of the same samples, over two epochs of the clock. */
Test(metrics, as_the_series_says)
{
	static uint8_t bytes[TK_PACK_MAX];
	struct tk_series *s = tk_series_new(1, BEGAN_NS);
	double edge[TK_BUCKETS_MAX];
	uint64_t state = 3, of_series[TK_BUCKETS_MAX], sum = 0;
	struct tk_history history;
	struct tk_metric_timer *t;

	begin(&plain, NULL);
	tk_history_init(&history, 1 << 24);
	for (int i = 0; i < 100; i++) {
		struct tk_interval_timer row = row_of("x", "same", 1);
		struct tk_bins b = { 0 };
		struct tk_counts c = { 0 };
		struct tk_hist_counted of[TK_MEASURES] = { 0 };

		for (int k = 0; k < 100; k++) {
			uint64_t ticks = random_log(&state, 40);
			const uint32_t one = 1;

			tk_bins_add(&b, ticks, 1);
			c.records = c.count[0] = 1;
			of[0] = (struct tk_hist_counted){ .counters = &one,
							  .first = tk_hist_index(ticks),
							  .n = 1,
							  .min = ticks,
							  .max = ticks,
							  .sum = ticks };
			tk_series_feed(s, &c, of);
		}
		s->clock = row.clock = 1 + (unsigned)i / 50;
		s->ns_per_tick = row.ns_per_tick = (1 + 1e-5 * i) / GHZ;
		fill(&row, TK_PROCESSING, &b, bytes);
		pass(SECOND, &row, 1);
		tk_series_close(s, &history, BEGAN_NS + (i + 1) * SECOND, (uint64_t)SECOND);
		tk_bins_free(&b);
	}
	t = m.timers.entry[0];
	for (size_t i = 0; i < t->buckets->n; i++)
		edge[i] = (double)t->buckets->limit[i];
	tk_series_cumulative(s, TK_PROCESSING, edge, t->buckets->n, of_series);
	for (size_t i = 0; i < t->buckets->n; i++)
		cr_assert_eq(sum += t->of[0].cell[i], of_series[i], "limit %zu", i);
	tk_series_free(s);
	tk_history_free(&history);
	tk_metrics_free(&m);
}

/* Without memory for a histogram: counted, and only known to be below infinity. */
Test(metrics, what_has_no_histogram_is_counted)
{
	struct tk_interval_timer row = row_of("x", "bare", 1);

	begin(&plain, NULL);
	row.of[0] = (struct tk_datapoint){ .records = 7, .count = 7, .sum_ns = NAN };
	row.of[1] = (struct tk_datapoint){ .records = 7, .without = 7 };
	pass(SECOND, &row, 1);
	cr_assert(has("timekeeper_processing_seconds_bucket{app=\"x\",timer=\"bare\","
		      "le=\"34.359738368\"} 0"));
	cr_assert(has(
		"timekeeper_processing_seconds_bucket{app=\"x\",timer=\"bare\",le=\"+Inf\"} 7"));
	cr_assert(has("timekeeper_processing_seconds_count{app=\"x\",timer=\"bare\"} 7"));
	cr_assert_eq(lines(), 2 + 1 + 32);
	tk_metrics_free(&m);
}

/* ---- values ---- */

static void pass_value(const char *name, const char *unit, uint64_t value)
{
	struct tk_interval_timer row = row_of("x", name, 1);
	uint8_t bytes[64 + TK_PACK_MAX];
	struct tk_bins b = { 0 };

	row.unit.values = true;
	snprintf(row.unit.name, sizeof(row.unit.name), "%s", unit);
	tk_bins_add(&b, value, 1);
	fill(&row, TK_PROCESSING, &b, bytes);
	pass(SECOND, &row, 1);
	tk_bins_free(&b);
}

#define LARGEST ((UINT64_C(1) << 47) - 1)

Test(metrics, values_have_a_family_for_each_unit)
{
	begin(&plain, "queue*:1,10,1000000,2000001");
	pass_value("sent", "bytes", 8);
	pass_value("sent", "bytes", LARGEST);
	pass_value("sent", "packets", 9);
	pass_value("queue{core=3}", "", 0);
	pass_value("queue{core=3}", "", 10);
	pass_value("odd", "a_total", 1);
	pass_one(SECOND, "x", "sent", 2);
	cr_assert(has("timekeeper_value_bytes_bucket{app=\"x\",timer=\"sent\",le=\"4.0\"} 0"));
	cr_assert(has("timekeeper_value_bytes_bucket{app=\"x\",timer=\"sent\",le=\"8.0\"} 1"));
	cr_assert(has("timekeeper_value_bytes_bucket{app=\"x\",timer=\"sent\","
		      "le=\"4.294967296e+09\"} 1"));
	cr_assert(has("timekeeper_value_bytes_bucket{app=\"x\",timer=\"sent\",le=\"+Inf\"} 2"));
	cr_assert(has("timekeeper_value_bytes_sum{app=\"x\",timer=\"sent\"} 140737488355335"));
	cr_assert(has("timekeeper_value_packets_sum{app=\"x\",timer=\"sent\"} 9"));
	cr_assert(has("timekeeper_value_number_bucket{app=\"x\",timer=\"queue\",core=\"3\","
		      "le=\"1.0\"} 1"));
	cr_assert(has("timekeeper_value_number_bucket{app=\"x\",timer=\"queue\",core=\"3\","
		      "le=\"1e+06\"} 2"));
	cr_assert(has("timekeeper_value_number_bucket{app=\"x\",timer=\"queue\",core=\"3\","
		      "le=\"2.000001e+06\"} 2"));
	cr_assert(has("# TYPE timekeeper_value_a_total_unit histogram"));
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"sent\"} 4"));
	cr_assert(has("timekeeper_processing_seconds_count{app=\"x\",timer=\"sent\"} 1"));
	cr_assert_eq(lines(), m.series);
	tk_metrics_free(&m);
}

/* ---- bounds ---- */

Test(metrics, series_are_bounded_and_counted)
{
	struct tk_metrics_options o = { .max_series = 5000 };
	uint64_t state = 4;
	size_t all = 0;

	for (int limited = 0; limited < 2; limited++) {
		o.max_series = limited ? 5000 : SIZE_MAX;
		begin(&o, "b*:1us,1ms");
		state = 4;
		for (int i = 0; i < 2000; i++) {
			struct tk_interval_timer row;
			char name[16];

			snprintf(name, sizeof(name), "%c%u", "ab"[random_below(&state, 2)],
				 (unsigned)random_below(&state, 300));
			row = row_of("x", name, 1);
			for (int k = 0; k < TK_MEASURES; k++) {
				row.of[k].records = 1;
				row.of[k].count = random_below(&state, 2);
				row.of[k].aside = random_below(&state, 2);
			}
			pass(SECOND, &row, 1);
			if (i % 100 == 0)
				cr_assert_eq(lines(), m.series);
			cr_assert_leq(m.series, o.max_series);
		}
		cr_assert_eq(lines(), m.series);
		if (!limited)
			all = m.series + m.omitted;
		cr_assert_eq(m.series + m.omitted, all);
		tk_metrics_free(&m);
	}
}

/* Only those that had no record for an hour make room, and only if others need it. */
Test(metrics, idle_timers_make_room)
{
	const struct tk_metrics_options two = { .max_series = 2 * 35 };

	begin(&two, NULL);
	pass_one(SECOND, "x", "old", 1);
	pass_one(SECOND, "x", "busy", 1);
	pass_one(SECOND, "x", "new", 1);
	cr_assert_eq(m.omitted, 35);
	for (int i = 0; i < 59; i++)
		pass_one(60 * SECOND, "x", "busy", 1);
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"old\"} 1"));
	for (int i = 0; i < 2; i++)
		pass_one(60 * SECOND, "x", "busy", 1);
	cr_assert_eq(m.omitted, 0);
	pass_one(SECOND, "x", "new", 1);
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"busy\"} 62"));
	cr_assert(has("timekeeper_processing_seconds_count{app=\"x\",timer=\"new\"} 1"));
	cr_assert(!has("timekeeper_timer_records_total{app=\"x\",timer=\"old\"} 1"));
	for (int i = 0; i < 100; i++)
		pass(60 * SECOND, NULL, 0);
	cr_assert_eq(lines(), 2 * 35);
	tk_metrics_free(&m);
}

/* With --per-process, those of a process that has ended go five minutes after its last record. */
Test(metrics, processes_end)
{
	const struct tk_metrics_options o = { .max_series = 100000, .per_process = true };
	struct tk_source_figures living = { .app = "x", .pid = 2, .owner = TK_OWNER_ALIVE };
	const struct tk_intervals_dropped none = { 0 };
	struct tk_snapshot s = { .n_segments = 1, .segments = &living };

	begin(&o, NULL);
	pass_one(SECOND, "x", "t", 1);
	pass_one(SECOND, "x", "t", 2);
	pass(290 * SECOND, NULL, 0);
	tk_metrics_note(&m, &s, &none);
	cr_assert_eq(lines(), 2 * 35);
	pass(20 * SECOND, NULL, 0);
	tk_metrics_note(&m, &s, &none);
	cr_assert_eq(lines(), 35);
	cr_assert_eq(m.series, 35);
	cr_assert(has("timekeeper_timer_records_total{app=\"x\",timer=\"t\",pid=\"2\"} 1"));
	tk_metrics_free(&m);
}

static void pass_process(const char *app, uint32_t uid, uint32_t pid, uint64_t lost)
{
	struct tk_interval_process p = {
		.pid = pid, .uid = uid, .records = 10, .delivered = 10 - lost, .lost = lost
	};
	struct tk_interval i = { .interval_ns = 1, .processes = &p, .n_processes = 1 };

	snprintf(p.app, sizeof(p.app), "%s", app);
	cr_assert_eq(tk_metrics_add(&m, &i), 0);
}

Test(metrics, apps_are_bounded_and_nothing_of_them_is_lost)
{
	uint64_t sum = 0;

	begin(&plain, NULL);
	for (unsigned i = 0; i < TK_METRICS_APPS_MAX + 500; i++) {
		char app[16];

		snprintf(app, sizeof(app), "job-%u", i);
		pass_process(app, 1, i + 1, 3);
		pass_process(app, 1, 0, 10);
	}
	cr_assert_eq(m.apps.n, TK_METRICS_APPS_MAX + 1);
	for (size_t i = 0; i < m.apps.n; i++) {
		const struct tk_metric_app *a = m.apps.entry[i];

		cr_assert_eq(a->overrun * 10, a->unread * 3);
		sum += a->records;
	}
	cr_assert_eq(sum, 20 * (TK_METRICS_APPS_MAX + 500));
	cr_assert(has("timekeeper_records_lost_total{app=\"\",reason=\"overrun\"} 1500"));
	tk_metrics_free(&m);
}

Test(metrics, users_are_told_apart)
{
	const struct tk_metrics_options o = { .max_series = 100000, .per_user = true };

	begin(&o, NULL);
	pass_process("x", 1000, 1, 0);
	pass_process("x", 1001, 2, 0);
	pass_process("x", 0, 0, 10); /* removed unread: nobody knows whose it was */
	cr_assert(has("timekeeper_records_total{app=\"x\",user=\"1000\"} 10"));
	cr_assert(has("timekeeper_records_total{app=\"x\",user=\"1001\"} 10"));
	cr_assert(has("timekeeper_records_lost_total{app=\"x\",reason=\"unread\"} 10"));
	tk_metrics_free(&m);
}

/* A drainer counts anew when it is warm, or is another one. */
Test(metrics, drainers_count_on)
{
	const struct tk_intervals_dropped none = { 0 };
	const uint64_t polls[] = { 100, 150, 10, 30, 30 };
	struct tk_drainer_figures d = { 0 };
	struct tk_snapshot s = { .n_drainers = 1, .drainers = &d };

	begin(&plain, NULL);
	for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]); i++) {
		d.polls = polls[i];
		tk_metrics_note(&m, &s, &none);
	}
	cr_assert(has("timekeeper_drainer_polls_total{drainer=\"0\"} 180"));
	s.n_drainers = 0;
	tk_metrics_note(&m, &s, &none);
	tk_metrics_free(&m);
}
