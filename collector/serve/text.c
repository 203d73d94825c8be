/* SPDX-License-Identifier: MIT */
#include "collector/serve/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/machine/list.h"

enum type { COUNTER, GAUGE, HISTOGRAM, INFO };

/** What has one name. A counter's stands without _total, and an info's without _info. */
struct family {
	const char *name, *unit, *help; /* unit: the name's end; or NULL */
	enum type type;
};

struct text {
	const struct tk_metrics *m;
	bool openmetrics;
	struct tk_buffer *out;
};

/* ---- lines ---- */

static const char *suffix(enum type type)
{
	return type == COUNTER ? "_total" : type == INFO ? "_info" : "";
}

static void put_about(struct text *t, const char *what, const struct family *f, const char *text)
{
	tk_buffer_text(t->out, what);
	tk_buffer_text(t->out, f->name);
	if (!t->openmetrics)
		tk_buffer_text(t->out, suffix(f->type));
	tk_buffer_put(t->out, " ", 1);
	tk_buffer_text(t->out, text);
	tk_buffer_put(t->out, "\n", 1);
}

static void put_head(struct text *t, const struct family *f)
{
	static const char *const names[] = { "counter", "gauge", "histogram", "info" };

	put_about(t, "# HELP ", f, f->help);
	put_about(t, "# TYPE ", f, !t->openmetrics && f->type == INFO ? "gauge" : names[f->type]);
	if (t->openmetrics && f->unit)
		put_about(t, "# UNIT ", f, f->unit);
}

/* `name suffix{labels` without the end: more labels may come. @labels: NULL: none */
static void put_series(struct text *t, const struct family *f, const char *ending,
		       const struct tk_index_key *labels)
{
	tk_buffer_text(t->out, f->name);
	tk_buffer_text(t->out, ending);
	if (!labels)
		return;
	tk_buffer_put(t->out, "{", 1);
	tk_buffer_put(t->out, labels->text, labels->n);
}

static void put_count(struct text *t, const struct tk_index_key *labels, uint64_t v)
{
	tk_buffer_text(t->out, labels ? "} " : " ");
	tk_buffer_count(t->out, v);
	tk_buffer_put(t->out, "\n", 1);
}

static void put_number(struct text *t, const struct tk_index_key *labels, double v)
{
	tk_buffer_text(t->out, labels ? "} " : " ");
	tk_buffer_number(t->out, v);
	tk_buffer_put(t->out, "\n", 1);
}

static void put_created(struct text *t, const struct family *f, const struct tk_index_key *labels,
			double created_s)
{
	char text[32];

	if (!t->openmetrics)
		return;
	put_series(t, f, "_created", labels);
	snprintf(text, sizeof(text), "%s%.3f\n", labels ? "} " : " ", created_s);
	tk_buffer_text(t->out, text);
}

static void put_counter(struct text *t, const struct family *f, const struct tk_index_key *labels,
			uint64_t v, double created_s)
{
	put_series(t, f, "_total", labels);
	put_count(t, labels, v);
	put_created(t, f, labels, created_s);
}

/* ---- of each timer ---- */

static const struct family histograms[TK_MEASURES] = {
	{ "timekeeper_processing_seconds", "seconds", "How long spans took.", HISTOGRAM },
	{ "timekeeper_latency_seconds", "seconds", "Time since the origin of the message.",
	  HISTOGRAM },
};

static const struct family asides[TK_MEASURES] = {
	{ "timekeeper_processing_set_aside", NULL,
	  "Samples in no histogram: below zero, across a clock epoch, or too long to tell.",
	  COUNTER },
	{ "timekeeper_latency_set_aside", NULL,
	  "Samples in no histogram: below zero, across a clock epoch, or too long to tell.",
	  COUNTER },
};

static const struct family timer_records = { "timekeeper_timer_records", NULL,
					     "Records of a timer, delivered or lost.", COUNTER };
static const struct family timer_lost = { "timekeeper_timer_records_lost", NULL,
					  "Records of a timer that are known to be lost.",
					  COUNTER };

/* @scale: of the sum */
static void put_histogram(struct text *t, const struct family *f, const struct tk_index_key *labels,
			  const struct tk_buckets *set, const struct tk_metric_measure *v,
			  double scale)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= set->n; i++) {
		sum += v->cell[i];
		put_series(t, f, "_bucket", labels);
		tk_buffer_put(t->out, ",le=\"", 5);
		tk_buffer_text(t->out, i < set->n ? set->le[i] : "+Inf");
		tk_buffer_put(t->out, "\"", 1);
		put_count(t, labels, sum);
	}
	put_series(t, f, "_sum", labels);
	put_number(t, labels, v->sum_ns * scale);
	put_series(t, f, "_count", labels);
	put_count(t, labels, sum);
	put_created(t, f, labels, v->created_s);
}

static void put_histograms(struct text *t, int measure)
{
	put_head(t, &histograms[measure]);
	for (size_t i = 0; i < t->m->timers.n; i++) {
		const struct tk_metric_timer *of = t->m->timers.entry[i];

		if (of->of[measure].cell)
			put_histogram(t, &histograms[measure], &of->key, of->buckets,
				      &of->of[measure], 1e-9);
	}
}

static void put_asides(struct text *t, int measure)
{
	put_head(t, &asides[measure]);
	for (size_t i = 0; i < t->m->timers.n; i++) {
		const struct tk_metric_timer *of = t->m->timers.entry[i];

		if (of->of[measure].series)
			put_counter(t, &asides[measure], &of->key, of->of[measure].aside,
				    of->created_s);
	}
}

static void put_timer_counters(struct text *t, const struct family *f, bool lost)
{
	put_head(t, f);
	for (size_t i = 0; i < t->m->timers.n; i++) {
		const struct tk_metric_timer *of = t->m->timers.entry[i];

		if (of->series)
			put_counter(t, f, &of->key, lost ? of->lost : of->records, of->created_s);
	}
}

/* ---- of values ---- */

/* Each unit that is in use, once. */
struct units {
	const char **name;
	size_t n;
};

static void note_unit(struct units *u, const char *name)
{
	const char **list;

	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->name[i], name) == 0)
			return;
	list = tk_list_grow(u->name, u->n, sizeof(*list));
	if (!list)
		return;
	u->name = list;
	list[u->n++] = name;
}

/* Whether a family of that name could be taken for a part of another one. */
static bool is_ambiguous(const char *unit)
{
	static const char *const endings[] = { "total",   "sum",  "count", "bucket",
					       "created", "info", "aside" };
	const char *last = strrchr(unit, '_') ? strrchr(unit, '_') + 1 : unit;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(last, endings[i]) == 0)
			return true;
	return false;
}

static void put_values_of(struct text *t, const struct family *histogram,
			  const struct family *aside, const char *unit)
{
	for (int what = 0; what < 2; what++) {
		put_head(t, what ? aside : histogram);
		for (size_t i = 0; i < t->m->timers.n; i++) {
			const struct tk_metric_timer *of = t->m->timers.entry[i];
			const struct tk_metric_values *v = of->values;

			while (v && strcmp(v->unit, unit) != 0)
				v = v->next;
			if (v && what && v->of.series)
				put_counter(t, aside, &of->key, v->of.aside, of->created_s);
			else if (v && !what && v->of.cell)
				put_histogram(t, histogram, &of->key, v->buckets, &v->of, 1);
		}
	}
}

static void put_unit(struct text *t, const char *unit)
{
	char name[64], aside[80];
	bool ambiguous = is_ambiguous(unit), has_unit = strcmp(unit, TK_METRICS_NO_UNIT) != 0;

	snprintf(name, sizeof(name), "timekeeper_value_%s%s", unit, ambiguous ? "_unit" : "");
	snprintf(aside, sizeof(aside), "%s_set_aside", name);
	put_values_of(t,
		      &(struct family){ name, has_unit && !ambiguous ? unit : NULL,
					"Values, as the program gave them.", HISTOGRAM },
		      &(struct family){ aside, NULL,
					"Values in no histogram: below zero, or too large.",
					COUNTER },
		      unit);
}

static void put_values(struct text *t)
{
	struct units units = { 0 };

	for (size_t i = 0; i < t->m->timers.n; i++) {
		const struct tk_metric_timer *of = t->m->timers.entry[i];

		for (const struct tk_metric_values *v = of->values; v; v = v->next)
			if (v->of.series)
				note_unit(&units, v->unit);
	}
	for (size_t i = 0; i < units.n; i++)
		put_unit(t, units.name[i]);
	free(units.name);
}

/* ---- of each app ---- */

static const struct family lost = { "timekeeper_records_lost", NULL,
				    "Records that were overwritten, dropped or removed unread.",
				    COUNTER };

/* A counter or gauge of each app: where it lies. */
static const struct app_family {
	struct family family;
	size_t at;
} app_families[] = {
	{ { "timekeeper_records", NULL, "Records written, delivered or lost.", COUNTER },
	  offsetof(struct tk_metric_app, records) },
	{ { "timekeeper_records_unknown", NULL, "Records delivered of no timer that is known.",
	    COUNTER },
	  offsetof(struct tk_metric_app, unknown) },
	{ { "timekeeper_records_refused", NULL,
	    "Records that were never written: their threads got no lane.", COUNTER },
	  offsetof(struct tk_metric_app, refused) },
	{ { "timekeeper_lag_records", NULL, "Records that are written and not read yet.", GAUGE },
	  offsetof(struct tk_metric_app, lag) },
	{ { "timekeeper_processes", NULL, "Watched processes that live.", GAUGE },
	  offsetof(struct tk_metric_app, processes) },
};

static void put_app_family(struct text *t, const struct app_family *f)
{
	put_head(t, &f->family);
	for (size_t i = 0; i < t->m->apps.n; i++) {
		const struct tk_metric_app *a = t->m->apps.entry[i];
		uint64_t v;

		memcpy(&v, (const char *)a + f->at, sizeof(v));
		if (f->family.type == COUNTER) {
			put_counter(t, &f->family, &a->key, v, a->created_s);
		} else {
			put_series(t, &f->family, "", &a->key);
			put_count(t, &a->key, v);
		}
	}
}

static void put_lost(struct text *t, const struct tk_metric_app *a, const char *reason, uint64_t v)
{
	struct tk_buffer labels = { 0 };
	struct tk_index_key key;

	tk_buffer_put(&labels, a->key.text, a->key.n);
	tk_buffer_label(&labels, "reason", reason);
	key = (struct tk_index_key){ .text = labels.at, .n = labels.n };
	put_counter(t, &lost, &key, v, a->created_s);
	t->out->failed = t->out->failed || labels.failed;
	tk_buffer_free(&labels);
}

static void put_apps(struct text *t)
{
	for (size_t i = 0; i < sizeof(app_families) / sizeof(app_families[0]); i++)
		put_app_family(t, &app_families[i]);
	put_head(t, &lost);
	for (size_t i = 0; i < t->m->apps.n; i++) {
		const struct tk_metric_app *a = t->m->apps.entry[i];

		put_lost(t, a, "overrun", a->overrun);
		put_lost(t, a, "unread", a->unread);
	}
}

/* ---- of the collector ---- */

static void put_one(struct text *t, const char *name, const char *unit, enum type type,
		    const char *help, double v)
{
	const struct family f = { name, unit, help, type };

	put_head(t, &f);
	put_series(t, &f, suffix(type), NULL);
	put_number(t, NULL, v);
	if (type == COUNTER)
		put_created(t, &f, NULL, t->m->health.started_s);
}

static void put_build(struct text *t)
{
	static const struct family f = { "timekeeper_build", NULL, "The version of timekeeper.",
					 INFO };
	struct tk_buffer labels = { 0 };
	struct tk_index_key key;

	put_head(t, &f);
	tk_buffer_label(&labels, "version", TK_PROGRAM_VERSION);
	key = (struct tk_index_key){ .text = labels.at, .n = labels.n };
	put_series(t, &f, "_info", &key);
	put_count(t, &key, 1);
	tk_buffer_free(&labels);
}

static void put_drainers(struct text *t, const struct family *f,
			 double (*of)(const struct tk_metric_drainer *d))
{
	char text[32];
	struct tk_index_key key = { .text = text };

	put_head(t, f);
	for (size_t i = 0; i < t->m->health.n_drainers; i++) {
		key.n = (size_t)snprintf(text, sizeof(text), "drainer=\"%zu\"", i);
		put_series(t, f, suffix(f->type), &key);
		put_number(t, &key, of(&t->m->health.drainers[i]));
		if (f->type == COUNTER)
			put_created(t, f, &key, t->m->health.started_s);
	}
}

static double gap_of(const struct tk_metric_drainer *d)
{
	return (double)d->last.longest_gap_ns / 1e9;
}

static double lanes_of(const struct tk_metric_drainer *d)
{
	return d->last.lanes;
}

static double polls_of(const struct tk_metric_drainer *d)
{
	return (double)d->polls;
}

static double faults_of(const struct tk_metric_drainer *d)
{
	return (double)d->faults;
}

static double involuntary_of(const struct tk_metric_drainer *d)
{
	return (double)d->involuntary;
}

static const struct drainer_family {
	struct family family;
	double (*of)(const struct tk_metric_drainer *d);
} drainer_families[] = {
	{ { "timekeeper_drainer_longest_gap_seconds", "seconds",
	    "The longest time between two looks at the lanes, since the drainer is warm.", GAUGE },
	  gap_of },
	{ { "timekeeper_drainer_lanes", NULL, "Lanes that it drains.", GAUGE }, lanes_of },
	{ { "timekeeper_drainer_polls", NULL, "Times that it looked at its lanes.", COUNTER },
	  polls_of },
	{ { "timekeeper_drainer_page_faults", NULL, "Page faults, minor and major.", COUNTER },
	  faults_of },
	{ { "timekeeper_drainer_involuntary_switches", NULL, "Involuntary context switches.",
	    COUNTER },
	  involuntary_of },
};

/* The second figure of statm, in pages. */
static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "", *at = line;
	unsigned long pages;

	if (f && !fgets(line, sizeof(line), f))
		*line = 0;
	if (f)
		fclose(f);
	strtoul(at, &at, 10);
	pages = strtoul(at, NULL, 10);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void put_process(struct text *t)
{
	struct rusage u = { 0 };

	getrusage(RUSAGE_SELF, &u);
	put_one(t, "process_cpu_seconds", "seconds", COUNTER, "CPU time of the collector.",
		(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
			(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
	put_one(t, "process_resident_memory_bytes", "bytes", GAUGE,
		"Resident memory of the collector.", resident_bytes());
	put_one(t, "process_start_time_seconds", "seconds", GAUGE,
		"When the collector began, since the epoch.", t->m->health.started_s);
}

static void put_collecting(struct text *t)
{
	const struct tk_metrics_health *h = &t->m->health;

	put_one(t, "timekeeper_interval_seconds", "seconds", GAUGE,
		"How often figures become newer.", h->interval_s);
	put_one(t, "timekeeper_intervals", NULL, COUNTER, "Intervals closed.",
		(double)h->intervals);
	put_one(t, "timekeeper_intervals_dropped", NULL, COUNTER,
		"Intervals closed that are in no figure.", (double)h->dropped_intervals);
	put_one(t, "timekeeper_last_interval_timestamp_seconds", "seconds", GAUGE,
		"When the last interval ended, since the epoch.", h->last_s);
	put_one(t, "timekeeper_drain_gap_seconds", "seconds", GAUGE,
		"The longest time between two looks at the lanes, over the last 10 s.",
		h->drain_gap_s);
	put_one(t, "timekeeper_notes", NULL, COUNTER, "Things that were refused or went wrong.",
		(double)h->notes);
	put_one(t, "timekeeper_timers_forgotten", NULL, COUNTER,
		"Timers of ended processes that the collector keeps no more.",
		(double)h->forgotten);
	put_one(t, "timekeeper_clock_rate_hertz", "hertz", GAUGE, "Ticks a second, as measured.",
		h->hz);
	put_one(t, "timekeeper_clock_invariant", NULL, GAUGE, "Whether the counter is the clock.",
		h->invariant);
	put_one(t, "timekeeper_clock_epochs", NULL, COUNTER,
		"Times that the clock began another epoch.", (double)h->epochs);
}

static void put_collector(struct text *t)
{
	put_build(t);
	put_collecting(t);
	for (size_t i = 0; i < sizeof(drainer_families) / sizeof(drainer_families[0]); i++)
		put_drainers(t, &drainer_families[i].family, drainer_families[i].of);
	put_one(t, "timekeeper_series", NULL, GAUGE, "Series of timers that are exposed.",
		(double)t->m->series);
	put_one(t, "timekeeper_series_limit", NULL, GAUGE, "Series of timers that may be.",
		(double)t->m->options.max_series);
	put_one(t, "timekeeper_series_omitted", NULL, GAUGE,
		"Series of timers that are left out for that limit.", (double)t->m->omitted);
	put_one(t, "timekeeper_render_seconds", "seconds", GAUGE,
		"How long the last answer took to be written.", t->m->health.render_s);
	put_process(t);
}

void tk_metrics_text(const struct tk_metrics *m, bool openmetrics, struct tk_buffer *out)
{
	struct text t = { m, openmetrics, out };

	put_collector(&t);
	put_apps(&t);
	put_timer_counters(&t, &timer_records, false);
	put_timer_counters(&t, &timer_lost, true);
	for (int k = 0; k < TK_MEASURES; k++) {
		put_asides(&t, k);
		put_histograms(&t, k);
	}
	put_values(&t);
	if (openmetrics)
		tk_buffer_text(out, "# EOF\n");
}
