/* SPDX-License-Identifier: MIT */
/*
 * Rows out of intervals against a naive oracle: all samples of the window in a list, sorted. Timers
 * of several processes, apps, users, directories and clocks come and go at random; each row is
 * rebuilt from the plain samples, and must be the same, to the bucket where it is a percentile.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collector/commands/rows/gather.h"
#include "collector/stats/past/pack.h"
#include "collector/stats/rated.h"
#include "tests/random.h"

#define TIMERS    24u
#define INTERVALS 60u
#define SAMPLES   40u
#define MS        UINT64_C(1000000)

/* A timer of a process: who it is, and when it lives. */
struct timer {
	uint64_t key, place;
	uint32_t uid, pid;
	unsigned name, app;
	uint64_t from, to; /* intervals */
	bool tsc;
};

/* One sample, as it was. */
struct sample {
	unsigned timer;
	uint64_t interval;
	int measure;
	double ns;
};

struct counted {
	uint64_t records, lost, aside[TK_MEASURES], without[TK_MEASURES];
};

static struct timer timers[TIMERS];
static struct sample *samples;
static size_t n_samples;
static struct counted counts[INTERVALS + 1][TIMERS];
static uint64_t lengths[INTERVALS + 1], pushed[INTERVALS + 1][TIMERS];
static const char *const dirs[] = { "/one", "/two" };

static double rate_of(const struct timer *t)
{
	return t->tsc ? 0.5 : 1;
}

static void make_timers(uint64_t *r)
{
	for (unsigned i = 0; i < TIMERS; i++)
		timers[i] = (struct timer){ .key = i + 1,
					    .place = random_below(r, 2),
					    .uid = 1000 + (uint32_t)random_below(r, 2),
					    .pid = 100 + i / 4,
					    .name = (unsigned)random_below(r, 3),
					    .app = (unsigned)random_below(r, 2),
					    .from = 1 + random_below(r, INTERVALS),
					    .to = 1 + random_below(r, 2 * INTERVALS),
					    .tsc = random_below(r, 2) };
}

static void name_of(const struct timer *t, char name[64], char app[64])
{
	snprintf(name, 64, "timer-%u", t->name);
	snprintf(app, 64, "app-%u", t->app);
}

/* Samples of a measure, into the row and into the oracle. */
static void fill(uint64_t *r, unsigned k, uint64_t number, int m, struct tk_interval_timer *row,
		 struct tk_bins *bins)
{
	struct tk_datapoint *d = &row->of[m];
	double rate = rate_of(&timers[k]);

	d->count = random_below(r, 4) ? random_below(r, SAMPLES) : 0;
	for (uint64_t i = 0; i < d->count; i++) {
		uint64_t ticks = 1 + random_log(r, 30);

		tk_bins_add(bins, ticks, 1);
		samples[n_samples++] = (struct sample){ k, number, m, (double)ticks * rate };
	}
	d->aside = random_below(r, 3);
	d->sum_ns = (double)bins->sum * rate;
	d->min_ns = (double)bins->min * rate;
	d->max_ns = (double)bins->max * rate;
}

static void add_row(uint64_t *r, struct tk_intervals *l, struct tk_interval *i, unsigned k)
{
	static uint8_t bytes[TK_PACK_MAX];
	struct timer *t = &timers[k];
	struct tk_interval_timer *row = tk_interval_add_timer(l, i, 1);
	struct counted *c = &counts[i->number][k];
	uint64_t most = 0;
	uint32_t used[TK_MEASURES], n = 0;
	uint8_t *at = malloc(2 * TK_PACK_MAX);

	name_of(t, row->name, row->app);
	snprintf(row->segment, sizeof(row->segment), "segment-%u.%u", t->pid, k);
	row->key = t->key;
	row->pid = t->pid;
	row->uid = t->uid;
	row->place = t->place;
	row->dir = dirs[t->place];
	row->alive = i->number < t->to;
	row->ns_per_tick = rate_of(t);
	row->clock = t->tsc;
	row->bytes = at;
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_bins bins = { 0 };

		fill(r, k, i->number, m, row, &bins);
		used[m] = tk_pack(&bins, bytes);
		memcpy(at + n, bytes, used[m]);
		row->packed[m] = (struct tk_packed){ bins.sum, bins.count, bins.min,
						     bins.max, at + n,     used[m] };
		n += used[m];
		if (row->of[m].count + row->of[m].aside > most)
			most = row->of[m].count + row->of[m].aside;
		tk_bins_free(&bins);
	}
	c->lost = random_below(r, 3);
	c->records = most + c->lost + random_below(r, 2);
	for (int m = 0; m < TK_MEASURES; m++) {
		struct tk_datapoint *d = &row->of[m];

		d->records = c->records;
		d->lost = c->lost;
		d->without = c->records - c->lost - d->count - d->aside;
		c->aside[m] = d->aside;
		c->without[m] = d->without;
	}
	pushed[i->number][k] = row->since_start = 1000 * t->key + i->number;
}

static struct tk_interval *make_interval(uint64_t *r, uint64_t number)
{
	struct tk_intervals l = { .budget = 1 };
	struct tk_interval *i = tk_interval_new(&l);

	i->number = number;
	i->interval_ns = lengths[number] = 100 * MS + random_below(r, 10 * MS);
	for (unsigned k = 0; k < TIMERS; k++)
		if (timers[k].from <= number && number <= timers[k].to &&
		    (random_below(r, 3) || number == timers[k].to))
			add_row(r, &l, i, k);
	return i;
}

/* ---- the oracle ---- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool belongs(const struct tk_row *row, const struct timer *t, bool by_app)
{
	char name[64], app[64];

	name_of(t, name, app);
	if (strcmp(name, row->name) || strcmp(app, row->app) || t->uid != row->uid ||
	    strcmp(dirs[t->place], row->dir))
		return false;
	return by_app || t->pid == row->pid;
}

/* Several timers of a process may have one name here: they are told apart by how many there are. */
static void check_measure(const struct tk_row *row, int m, const struct tk_stats_list *stats,
			  const bool *mine, uint64_t first, uint64_t last)
{
	const struct tk_row_measure *of = &row->of[m];
	double *v = malloc((n_samples + 1) * sizeof(*v)), sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];

		if (!mine[s->timer] || s->measure != m || s->interval < first || s->interval > last)
			continue;
		v[n++] = s->ns;
		sum += s->ns;
	}
	qsort(v, n, sizeof(*v), ascending);
	cr_assert_eq(of->count, n, "%s: %lu, not %zu", row->name, of->count, n);
	for (size_t i = 0; i < stats->n; i++) {
		const struct tk_stat *s = &stats->of[i];
		double is = of->value[i], want = NAN, off = 1e-9;

		if (s->kind == TK_STAT_SUM)
			want = sum;
		else if (n == 0)
			cr_assert(isnan(is));
		else if (s->kind == TK_STAT_MIN || s->kind == TK_STAT_MAX)
			want = s->kind == TK_STAT_MIN ? v[0] : v[n - 1];
		else if (s->kind == TK_STAT_AVG)
			want = sum / (double)n;
		else {
			/* The value of rank ceil(q n), within half a bucket: 1/256. */
			want = v[(s->quantile * (uint64_t)n + 999999999) / 1000000000 - 1];
			off = 1.0 / 256 + 1e-9;
		}
		if (s->kind == TK_STAT_QUANTILE && n) /* never what cannot have been */
			cr_assert(is >= v[0] * (1 - 1e-9) && is <= v[n - 1] * (1 + 1e-9));
		if (n || s->kind == TK_STAT_SUM)
			cr_assert_leq(fabs(is - want), fabs(want) * off, "%s[%zu]: %g, not %g",
				      row->name, i, is, want);
	}
	free(v);
}

static void check_row(const struct tk_row *row, const struct tk_gather_how *how, bool *seen,
		      uint64_t first, uint64_t last)
{
	struct counted want = { 0 };
	uint64_t since_start = 0;
	unsigned processes = 0;
	bool mine[TIMERS], alive = false;

	for (unsigned k = 0; k < TIMERS; k++) {
		uint64_t newest = 0;

		mine[k] = belongs(row, &timers[k], how->by_app) && !seen[k];
		/* Without folding, the first that is not taken yet: rows come by key. */
		for (uint64_t i = first; mine[k] && i <= last; i++) {
			const struct counted *c = &counts[i][k];

			if (!pushed[i][k])
				continue;
			newest = i;
			want.records += c->records;
			want.lost += c->lost;
			for (int m = 0; m < TK_MEASURES; m++) {
				want.aside[m] += c->aside[m];
				want.without[m] += c->without[m];
			}
		}
		mine[k] = mine[k] && newest;
		if (!mine[k])
			continue;
		seen[k] = true;
		processes++;
		since_start += pushed[newest][k];
		alive = alive || newest < timers[k].to;
		if (!how->by_app)
			memset(&mine[k + 1], 0, (TIMERS - k - 1) * sizeof(*mine));
		if (!how->by_app)
			break;
	}
	cr_assert_eq(row->processes, processes);
	cr_assert_eq(row->records, want.records);
	cr_assert_eq(row->lost, want.lost);
	cr_assert_eq(row->since_start, since_start);
	cr_assert_eq(row->alive, alive);
	cr_assert_eq(row->pid == 0, how->by_app);
	for (int m = 0; m < TK_MEASURES; m++) {
		cr_assert_eq(row->of[m].aside, want.aside[m]);
		cr_assert_eq(row->of[m].without, want.without[m]);
		cr_assert_eq(row->records,
			     row->of[m].count + row->of[m].aside + row->of[m].without + row->lost);
		check_measure(row, m, how->stats, mine, first, last);
	}
}

/* The first interval of a window that ends with `last`: as many whole ones as come nearest. */
static uint64_t first_of(const struct tk_gather_how *how, uint64_t last, uint64_t *length)
{
	uint64_t first = last;

	*length = lengths[last];
	if (how->window_ns == TK_GATHER_ALL) {
		for (first = 1, *length = 0; last; last--)
			*length += lengths[last];
		return first;
	}
	while (first > 1 && *length + lengths[first - 1] - lengths[first - 1] / 2 <= how->window_ns)
		*length += lengths[--first];
	return first;
}

static void check(const struct tk_rows *rows, const struct tk_gather_how *how, uint64_t number)
{
	bool seen[TIMERS] = { false };
	uint64_t length, first = first_of(how, number, &length);

	cr_assert_eq(rows->number, number);
	cr_assert_eq(rows->interval_ns, length, "%lu: %lu, not %lu", number, rows->interval_ns,
		     length);
	for (size_t i = 0; i < rows->n; i++) {
		check_row(rows->row[i], how, seen, first, number);
		cr_assert(i == 0 || strcmp(rows->row[i - 1]->name, rows->row[i]->name) <= 0);
	}
	for (unsigned k = 0; k < TIMERS; k++)
		for (uint64_t i = first; i <= number; i++)
			cr_assert(seen[k] || !pushed[i][k], "a timer has no row");
}

static void run(uint64_t seed, struct tk_gather_how how)
{
	struct tk_stats_list stats;
	struct tk_gather *g;

	tk_stats_list_parse(&stats, "p99.9,sum,p1,min,avg,p50,p12.5,max,p90");
	how.stats = &stats;
	how.sort = TK_ROWS_BY_NAME;
	g = tk_gather_new(&how);
	samples = malloc(sizeof(*samples) * TIMERS * INTERVALS * SAMPLES * TK_MEASURES);
	n_samples = 0;
	memset(counts, 0, sizeof(counts));
	memset(pushed, 0, sizeof(pushed));
	make_timers(&seed);
	for (uint64_t number = 1; number <= INTERVALS; number++) {
		cr_assert_eq(tk_gather_add(g, make_interval(&seed, number)), 0);
		check(tk_gather_rows(g), &how, number);
	}
	tk_gather_free(g);
	free(samples);
}

Test(gather, an_interval)
{
	for (uint64_t seed = 0; seed < 5; seed++)
		run(seed, (struct tk_gather_how){ 0 });
}

Test(gather, an_app)
{
	for (uint64_t seed = 10; seed < 15; seed++)
		run(seed, (struct tk_gather_how){ .by_app = true });
}

Test(gather, a_window)
{
	for (uint64_t seed = 20; seed < 25; seed++)
		run(seed, (struct tk_gather_how){ .window_ns = 1000 * MS });
}

Test(gather, a_window_of_an_app)
{
	for (uint64_t seed = 30; seed < 35; seed++)
		run(seed, (struct tk_gather_how){ .window_ns = 1234 * MS, .by_app = true });
}

Test(gather, all)
{
	for (uint64_t seed = 40; seed < 45; seed++)
		run(seed, (struct tk_gather_how){ .window_ns = TK_GATHER_ALL });
}

Test(gather, all_of_an_app)
{
	for (uint64_t seed = 50; seed < 55; seed++)
		run(seed, (struct tk_gather_how){ .window_ns = TK_GATHER_ALL, .by_app = true });
}

/* ---- order, and the processes' rows ---- */

static struct tk_interval *three_timers(uint64_t number, double slow_ns)
{
	struct tk_intervals l = { .budget = 1 };
	struct tk_interval *i = tk_interval_new(&l);

	i->number = number;
	i->interval_ns = 100 * MS;
	for (unsigned k = 0; k < 3; k++) {
		struct tk_interval_timer *t = tk_interval_add_timer(&l, i, 1);

		snprintf(t->name, sizeof(t->name), "%c", 'a' + (int)k);
		t->key = k + 1;
		for (int m = 0; m < TK_MEASURES; m++) {
			t->of[m].records = 10 * (k + 1);
			t->of[m].count = k == 1 ? 0 : 10 * (k + 1);
			for (int p = 0; p < TK_PERCENTILES; p++)
				t->of[m].p_ns[p] = m == TK_LATENCY && k == 2 ? slow_ns : 5;
		}
	}
	return i;
}

static void check_order(int sort, const char *want)
{
	struct tk_stats_list stats;
	struct tk_gather_how how = { .stats = &stats, .sort = sort };
	struct tk_gather *g;
	const struct tk_rows *rows;

	tk_stats_list_parse(&stats, "p50,p99");
	g = tk_gather_new(&how);
	cr_assert_eq(tk_gather_add(g, three_timers(1, 9)), 0);
	rows = tk_gather_rows(g);
	cr_assert_eq(rows->n, 3);
	for (size_t i = 0; i < rows->n; i++)
		cr_assert_eq(rows->row[i]->name[0], want[i], "%d: %s", sort, want);
	tk_gather_free(g);
}

/* "By the larger of both measures, those without samples last, ties by name." */
Test(gather, order)
{
	check_order(TK_ROWS_BY_NAME, "abc");
	check_order(TK_ROWS_BY_RECORDS, "cba");
	check_order(TK_ROWS_BY_COUNT, "cab");
	check_order(TK_ROWS_BY_APP, "abc");
	check_order(TK_ROWS_BY_LOST, "abc");
	check_order(1, "cab");
}

static void add_process(struct tk_intervals *l, struct tk_interval *i, const char *app,
			uint32_t pid, uint64_t records, uint64_t lag, bool alive)
{
	struct tk_interval_process *p = tk_interval_add_process(l, i);

	snprintf(p->app, sizeof(p->app), "%s", app);
	snprintf(p->segment, sizeof(p->segment), "%s.%u", app, pid);
	p->pid = pid;
	p->processes = pid ? 1 : 3;
	p->delivered = records;
	p->lost = 1;
	p->records = records + 1;
	p->lag = lag;
	p->alive = alive;
}

/* Two workers of an app, one of which ends and is followed by another; one of another app. */
static const struct tk_rows *feed(struct tk_gather *g)
{
	struct tk_intervals l = { .budget = 1 };

	for (uint64_t number = 1; number <= 4; number++) {
		struct tk_interval *i = tk_interval_new(&l);

		i->number = number;
		i->interval_ns = 100 * MS;
		add_process(&l, i, "web", 1, 100, number, true);
		if (number <= 2)
			add_process(&l, i, "web", 2, 10, 0, number < 2);
		else
			add_process(&l, i, "web", 3, 1000, 7, true);
		add_process(&l, i, "db", 4, 5, 0, true);
		add_process(&l, i, "web", 0, 0, 0, false);
		cr_assert_eq(tk_gather_add(g, i), 0);
	}
	return tk_gather_rows(g);
}

static void check_process(const struct tk_interval_process *p, const char *app, uint32_t pid,
			  uint32_t processes, uint64_t records, uint64_t lag, bool alive)
{
	cr_assert_str_eq(p->app, app);
	cr_assert_eq(p->pid, pid);
	cr_assert_eq(p->processes, processes, "%s %u: %u", app, pid, p->processes);
	cr_assert_eq(p->records, records, "%s %u: %lu", app, pid, p->records);
	cr_assert_eq(p->records, p->delivered + p->lost);
	cr_assert_eq(p->lag, lag);
	cr_assert_eq(p->alive, alive);
}

Test(gather, processes)
{
	struct tk_stats_list stats = { 0 };
	struct tk_gather_how how = { .stats = &stats, .sort = TK_ROWS_BY_NAME };
	const struct tk_rows *rows;
	struct tk_gather *g;

	how.window_ns = TK_GATHER_ALL;
	g = tk_gather_new(&how);
	rows = feed(g);
	cr_assert_eq(rows->n_processes, 5);
	check_process(&rows->process[0], "db", 4, 1, 24, 0, true);
	check_process(&rows->process[1], "web", 0, 12, 4, 0, false);
	check_process(&rows->process[2], "web", 1, 1, 404, 4, true);
	check_process(&rows->process[3], "web", 2, 1, 22, 0, false);
	check_process(&rows->process[4], "web", 3, 1, 2002, 7, true);
	tk_gather_free(g);

	how.by_app = true;
	g = tk_gather_new(&how);
	rows = feed(g);
	cr_assert_eq(rows->n_processes, 3);
	check_process(&rows->process[0], "db", 0, 1, 24, 0, true);
	check_process(&rows->process[1], "web", 0, 12, 4, 0, false);
	check_process(&rows->process[2], "web", 0, 3, 404 + 22 + 2002, 11, true);
	tk_gather_free(g);

	how.window_ns = 200 * MS;
	g = tk_gather_new(&how);
	rows = feed(g);
	cr_assert_eq(rows->n_processes, 3);
	check_process(&rows->process[2], "web", 0, 2, 202 + 2002, 11, true);
	tk_gather_free(g);
}
