/* SPDX-License-Identifier: MIT */
/*
 * `timekeeper tsc`: whether the counter of this machine is a clock, how fast, and how sure that is.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/cli/say.h"
#include "ring/place.h"
#include "tsc/check.h"
#include "tsc/clock.h"
#include "tsc/floor.h"
#include "tsc/offset.h"

#define FLOOR_TRIES 3

/* Everything that was found, before it is printed as a table or as JSON. */
struct findings {
	struct tk_tsc_report report;
	struct tk_clock clock;
	bool measured; /* the clock is open: the counter is usable and its rate known */
	struct tk_tsc_floor floors[TK_TSC_FLOOR_MODES]; /* measured on this cpu: */
	int floors_cpu;
	struct tk_tsc_offsets offsets;
	int offsets_error; /* why there are none; 0 or a negative errno */
	bool cached;       /* offsets come from an earlier run */
	int save_error;    /* why the offsets could not be kept; 0 or a negative errno */
	char dir[512];     /* where they are kept */
};

static void add_cross_core(struct findings *f)
{
	struct tk_tsc_check *c = tk_tsc_check_add(&f->report, "cross_core",
						  f->cached ? "token exchange, earlier in this boot"
							    : "token exchange");
	unsigned int differ = 0, failed = f->offsets_error != 0;

	if (!c)
		return;
	for (uint32_t i = 0; i < f->offsets.n; i++) {
		differ += tk_tsc_offset_correctable(&f->offsets.v[i]);
		failed += f->offsets.v[i].error != 0;
	}
	snprintf(c->value, sizeof(c->value), "%u of %u cpus differ, %u not measured", differ,
		 f->offsets.n, failed);
	if (differ) {
		c->severity = TK_TSC_WARN;
		c->reason =
			"An ordered exchange saw time run backward between cores: times from one "
			"core to another need the offsets below, times on one core do not.";
	} else if (failed) {
		c->severity = TK_TSC_UNKNOWN;
		c->reason = "Some cores could not be measured; run again when the machine is idle, "
			    "and with every cpu in this program's cpuset.";
	} else {
		c->severity = TK_TSC_OK;
		c->reason = "No core's counter can be told from the first one's.";
	}
}

static void find_offsets(struct findings *f, bool measure)
{
	int err = tk_segments_dir(f->dir, sizeof(f->dir));

	f->save_error = err;
	if (!measure) {
		f->cached = !err && tk_tsc_offsets_load(f->dir, &f->offsets) == 0;
		if (f->cached)
			add_cross_core(f);
		return;
	}
	f->offsets_error = tk_tsc_offsets_measure(&f->offsets);
	if (!f->offsets_error && !err) {
		mkdir(f->dir, 0700); /* a failure shows when the file is written */
		f->save_error = tk_tsc_offsets_save(f->dir, &f->offsets);
	}
	add_cross_core(f);
}

/* Measure again where the scheduler moved this thread meanwhile: the figures are to be of one
 * cpu. */
static void find_floors(struct findings *f)
{
	int before;

	for (int i = 0; i < FLOOR_TRIES; i++) {
		before = sched_getcpu();
		tk_tsc_floor_measure(f->floors);
		f->floors_cpu = sched_getcpu();
		if (f->floors_cpu == before)
			return;
	}
	f->floors_cpu = -1;
}

static void find_all(struct findings *f, bool offsets)
{
	struct tk_tsc_check *c;
	int err;

	*f = (struct findings){ .offsets.ref_cpu = -1 };
	tk_tsc_check_all(&tk_tsc_this_machine, &f->report);
	if (!tk_tsc_usable(&f->report))
		return;
	err = tk_clock_open(&f->clock, NULL);
	if (err) {
		c = tk_tsc_check_add(&f->report, "frequency", "CLOCK_MONOTONIC_RAW");
		if (c) {
			c->severity = TK_TSC_FATAL;
			snprintf(c->value, sizeof(c->value), "%s", strerror(-err));
			c->reason =
				"The rate of the counter could not be measured: the machine is too "
				"busy or a clock stepped meanwhile; run again.";
		}
		return;
	}
	f->measured = true;
	find_floors(f);
	tk_tsc_check_freq(&tk_tsc_this_machine, f->clock.hz, &f->report);
	find_offsets(f, offsets);
}

static double ticks_to_ns(const struct findings *f, int64_t ticks)
{
	return (double)ticks * 1e9 / f->clock.hz;
}

static unsigned int count(const struct tk_tsc_report *r, enum tk_tsc_severity s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < r->n_checks; i++)
		n += r->checks[i].severity == s;
	return n;
}

static void print_offsets(const struct findings *f, FILE *out)
{
	if (f->offsets.ref_cpu < 0) {
		fprintf(out, "\noffsets between cores: not measured%s%s\n",
			f->offsets_error ? ": " : " in this boot; see --offsets",
			f->offsets_error ? strerror(-f->offsets_error) : "");
		return;
	}
	fprintf(out, "\noffsets against cpu %d%s\n", f->offsets.ref_cpu,
		f->cached ? " (measured earlier in this boot)" : "");
	if (!f->offsets.n)
		fprintf(out, "  one cpu only: nothing to compare\n");
	for (uint32_t i = 0; i < f->offsets.n; i++) {
		const struct tk_tsc_offset *o = &f->offsets.v[i];
		double lo = ticks_to_ns(f, o->lo), hi = ticks_to_ns(f, o->hi);

		fprintf(out, "  cpu %-5d ", o->cpu);
		if (o->error)
			fprintf(out, "not measured: %s\n", strerror(-o->error));
		else if (tk_tsc_offset_correctable(o))
			fprintf(out, "%+.0f ns, between %+.0f and %+.0f ns, %u rounds: corrected\n",
				ticks_to_ns(f, o->est), lo, hi, o->rounds);
		else
			fprintf(out, "indistinguishable from 0, ±%.0f ns, %u rounds\n",
				fmax(fabs(lo), fabs(hi)), o->rounds);
	}
	if (f->save_error)
		fprintf(out, "  not kept in %s for later: %s\n", f->dir, strerror(-f->save_error));
}

static void print_floors(const struct findings *f, FILE *out)
{
	fprintf(out, "\nspans read longer than their work, on ");
	if (f->floors_cpu < 0)
		fprintf(out, "more than one cpu");
	else
		fprintf(out, "cpu %d", f->floors_cpu);
	fprintf(out, " (below zero: shorter)\n%-22s %12s %20s %16s\n", "stamps", "ticks", "ns",
		"subtracted ticks");
	for (unsigned i = 0; i < TK_TSC_FLOOR_MODES; i++) {
		const struct tk_tsc_floor *l = &f->floors[i];
		char ticks[32], ns[48];

		snprintf(ticks, sizeof(ticks), "%+d to %+d", l->least, l->most);
		snprintf(ns, sizeof(ns), "%+.1f to %+.1f", ticks_to_ns(f, l->least),
			 ticks_to_ns(f, l->most));
		fprintf(out, "%-22s %12s %20s %16u\n", tk_tsc_floor_name((enum tk_tsc_floor_mode)i),
			ticks, ns, l->subtract);
	}
}

static void print_table(const struct findings *f, FILE *out)
{
	const struct tk_tsc_report *r = &f->report;

	fprintf(out, "The counter of this machine is %s: fatal %u, warnings %u, unknown %u.\n",
		tk_tsc_usable(r) ? "usable" : "NOT usable", count(r, TK_TSC_FATAL),
		count(r, TK_TSC_WARN), count(r, TK_TSC_UNKNOWN));
	if (f->measured) {
		fprintf(out,
			"\nfrequency   %.1f Hz, expected within ±%.4f ppm, certainly within ±%.2f "
			"ppm\n",
			f->clock.hz, f->clock.stat_ppm, f->clock.bound_ppm);
		fprintf(out, "epoch       %u\n", f->clock.epoch.number + 1);
		fprintf(out, "\n%-22s %16s %12s\n", "reference", "Hz", "ppm");
		for (size_t i = 0; i < r->n_refs; i++)
			fprintf(out, "%-22s %16.1f %+12.3f\n", r->refs[i].name, r->refs[i].hz,
				r->refs[i].ppm);
		print_floors(f, out);
	}
	fprintf(out, "\n%-22s %-8s %s\n", "check", "verdict", "value");
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct tk_tsc_check *c = &r->checks[i];

		fprintf(out, "%-22s %-8s %s\n", c->id, tk_tsc_severity_name(c->severity), c->value);
		if (c->severity == TK_TSC_OK)
			continue;
		fprintf(out, "%23s", "");
		tk_wrap(out, c->reason, 23, 23);
		fprintf(out, "%23s(%s)\n", "", c->source);
	}
	if (f->measured)
		print_offsets(f, out);
}

static json_t *json_references(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->report.n_refs; i++) {
		const struct tk_tsc_ref *r = &f->report.refs[i];

		json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "name", r->name, "hz",
						      r->hz, "ppm", r->ppm));
	}
	return list;
}

static json_t *json_checks(const struct findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->report.n_checks; i++) {
		const struct tk_tsc_check *c = &f->report.checks[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", c->id,
						      "severity", tk_tsc_severity_name(c->severity),
						      "value", c->value, "source", c->source,
						      "reason", c->reason));
	}
	return list;
}

/* A number, or null where it was not measured. */
static json_t *json_measured(bool measured, double value)
{
	return measured ? json_real(value) : json_null();
}

static json_t *json_offsets(const struct findings *f)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < f->offsets.n; i++) {
		const struct tk_tsc_offset *o = &f->offsets.v[i];
		bool ok = o->error == 0;

		json_array_append_new(list,
				      json_pack("{s:i, s:o, s:o, s:o, s:I, s:b}", "cpu", o->cpu,
						"est_ns", json_measured(ok, ticks_to_ns(f, o->est)),
						"lo_ns", json_measured(ok, ticks_to_ns(f, o->lo)),
						"hi_ns", json_measured(ok, ticks_to_ns(f, o->hi)),
						"rounds", (json_int_t)o->rounds, "corrected",
						(int)tk_tsc_offset_correctable(o)));
	}
	return list;
}

/* Null where the counter was not measured, and in "cpu" where it was on more than one. */
static json_t *json_floors(const struct findings *f)
{
	json_t *list;

	if (!f->measured)
		return json_null();
	list = json_array();
	for (unsigned i = 0; i < TK_TSC_FLOOR_MODES; i++) {
		const struct tk_tsc_floor *l = &f->floors[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:i, s:i, s:i}", "stamps",
				  tk_tsc_floor_name((enum tk_tsc_floor_mode)i), "cpu",
				  f->floors_cpu < 0 ? json_null() : json_integer(f->floors_cpu),
				  "least_ticks", (int)l->least, "most_ticks", (int)l->most,
				  "subtracted_ticks", (int)l->subtract));
	}
	return list;
}

static int print_json(const struct findings *f, FILE *out)
{
	bool m = f->measured;
	json_t *root = json_pack(
		"{s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "usable",
		(int)tk_tsc_usable(&f->report), "hz", json_measured(m, f->clock.hz), "stat_ppm",
		json_measured(m, f->clock.stat_ppm), "bound_ppm",
		json_measured(m, f->clock.bound_ppm), "references", json_references(f), "checks",
		json_checks(f), "offsets", json_offsets(f), "floors", json_floors(f), "epoch",
		m ? json_integer(f->clock.epoch.number + 1) : json_null());
	int err;

	if (!root)
		return -ENOMEM;
	err = json_dumpf(root, out, JSON_REAL_PRECISION(15));
	json_decref(root);
	return err || fputc('\n', out) == EOF ? -EIO : 0;
}

/*
 * About 15 ms; with --offsets 1.3 ms a core more, on each of which a thread runs in turn. Offsets
 * are kept in $TIMEKEEPER_DIR, else /dev/shm/timekeeper-<uid>, and shown from there without
 * --offsets.
 */
tk_command_run tk_cmd_tsc;

int tk_cmd_tsc(const struct tk_args *a, FILE *out)
{
	struct findings f;
	bool usable;
	int err = 0;

	find_all(&f, a->offsets);
	usable = tk_tsc_usable(&f.report);
	if (a->json)
		err = print_json(&f, out);
	else
		print_table(&f, out);
	tk_tsc_offsets_free(&f.offsets);
	if (err == -ENOMEM)
		return tk_failed("out of memory for JSON");
	return usable && !err ? TK_EXIT_OK : TK_EXIT_FAILED;
}
