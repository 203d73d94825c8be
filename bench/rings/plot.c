/* SPDX-License-Identifier: MIT */
/* Tables for rings.gp: one line a ring, the cheapest first; "?" where there is nothing. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/rings/bench.h"

enum { VALUES = 6 };

struct line {
	const char *ring;
	double v[VALUES];
};

static int by_first(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->v[0] > y->v[0]) - (x->v[0] < y->v[0]);
}

/* Lines that have a first value, sorted by it: the place, the name, the values. */
static int write_table(const char *dir, const char *name, const char *head, struct line *lines,
		       unsigned n, unsigned values)
{
	unsigned kept = 0;
	char path[4096];
	FILE *f;

	for (unsigned i = 0; i < n; i++)
		if (!isnan(lines[i].v[0]))
			lines[kept++] = lines[i];
	qsort(lines, kept, sizeof(*lines), by_first);
	if (!kept)
		return 0; /* not measured */
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fprintf(f, "# place\tring\t%s\n", head);
	for (unsigned i = 0; i < kept; i++) {
		fprintf(f, "%u\t%s", i, lines[i].ring);
		for (unsigned k = 0; k < values; k++)
			fprintf(f, isnan(lines[i].v[k]) ? "\t?" : "\t%.4f", lines[i].v[k]);
		putc('\n', f);
	}
	return fclose(f) ? -errno : 0;
}

static int plot_push(const struct bench *b, const char *dir, struct line *lines)
{
	static const int bursts[] = { 1, 8, 32 };

	for (unsigned i = 1; i < b->n_rings; i++)
		for (unsigned k = 0; k < 3; k++)
			lines[i - 1].v[k] = bench_value(b,
							json_pack("{s:s,s:s,s:i,s:i}", "section",
								  "push", "ring", lines[i - 1].ring,
								  "bytes", 32, "burst", bursts[k]),
							"cycles_p50");
	return write_table(dir, "push", "one by one\tby 8\tby 32: cycles a record, nobody reads",
			   lines, b->n_rings - 1, 3);
}

/* One table a polling: p99, p50, p99.9. */
static int plot_percentiles(const struct bench *b, const char *dir, struct line *lines,
			    const char *section, const char *pace)
{
	static const char *const keys[] = { "cycles_p99", "cycles_p50", "cycles_p999" };
	int ret = 0;

	for (unsigned p = 0; p < POLLINGS && !ret; p++) {
		char name[64];

		for (unsigned i = 1; i < b->n_rings; i++) {
			lines[i - 1].ring = b->rings[i]->name;
			for (unsigned k = 0; k < 3; k++)
				lines[i - 1].v[k] = bench_value(
					b,
					json_pack("{s:s,s:s,s:s,s:s*}", "section", section, "ring",
						  lines[i - 1].ring, "reader", pollings[p].name,
						  "pace", pace),
					keys[k]);
		}
		snprintf(name, sizeof(name), "%s-%u", section, p);
		ret = write_table(dir, name, "p99\tp50\tp99.9: cycles", lines, b->n_rings - 1, 3);
	}
	return ret;
}

static int plot_work(const struct bench *b, const char *dir, struct line *lines)
{
	for (unsigned i = 1; i < b->n_rings; i++) {
		lines[i - 1].ring = b->rings[i]->name;
		for (unsigned p = 0; p < POLLINGS; p++)
			lines[i - 1].v[p] =
				bench_value(b,
					    json_pack("{s:s,s:s,s:s}", "section", "work", "ring",
						      lines[i - 1].ring, "reader",
						      pollings[POLLINGS - 1 - p].name),
					    "added_ns_p50");
	}
	return write_table(dir, "work", "spins\t1 us\t20 us\t100 us\tabsent: ns added", lines,
			   b->n_rings - 1, POLLINGS);
}

/* Delivered without loss, records of 32 bytes, in the ring's best way. */
static double delivered(const struct bench *b, const char *ring, uint64_t slots)
{
	double best = NAN;
	json_t *row;
	size_t i;

	json_array_foreach(b->rows, i, row)
	{
		double value = json_number_value(json_object_get(row, "m_per_s"));

		if (!strcmp(json_string_value(json_object_get(row, "section")), "deliver") &&
		    !strcmp(json_string_value(json_object_get(row, "ring")), ring) &&
		    json_integer_value(json_object_get(row, "bytes")) == 32 &&
		    json_is_true(json_object_get(row, "lossless")) &&
		    json_integer_value(json_object_get(row, "slots")) == (json_int_t)slots &&
		    !(value <= best))
			best = value;
	}
	return best;
}

/* One block a ring, one line a size. */
static int plot_deliver(const struct bench *b, const char *dir)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/deliver.dat", dir);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fprintf(f, "# slots\tM records/s, lossless\tring\n");
	for (unsigned i = 1; i < b->n_rings; i++) {
		for (uint64_t slots = SLOTS_MIN; slots <= SLOTS_MAX; slots *= 2) {
			double value = delivered(b, b->rings[i]->name, slots);

			if (!isnan(value))
				fprintf(f, "%lu\t%.1f\t%s\n", slots, value, b->rings[i]->name);
		}
		putc('\n', f);
	}
	return fclose(f) ? -errno : 0;
}

int bench_plot(const struct bench *b, const char *dir)
{
	struct line *lines = calloc(b->n_rings, sizeof(*lines));
	int ret;

	if (!lines)
		return -ENOMEM;
	for (unsigned i = 1; i < b->n_rings; i++)
		lines[i - 1].ring = b->rings[i]->name;
	ret = plot_push(b, dir, lines);
	if (!ret)
		ret = plot_percentiles(b, dir, lines, "fenced", "1 us");
	if (!ret)
		ret = plot_percentiles(b, dir, lines, "burst", NULL);
	if (!ret)
		ret = plot_work(b, dir, lines);
	if (!ret)
		ret = plot_deliver(b, dir);
	free(lines);
	return ret;
}
