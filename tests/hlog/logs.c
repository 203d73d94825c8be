/* SPDX-License-Identifier: MIT */
/*
 * Logs by our own hand, for interop.sh: logs write FILE | read FILE
 *
 * `write` makes a log from numbers that are the same each time, and prints what is in it from a
 * histogram of its own; `read` prints what the reader finds. A line a histogram, with tag, start
 * and length in seconds, count, and the largest values that are equivalent to the 50th, 90th, 99th,
 * 99.9th and 100th percentile; then a line a bucket, with its largest value and its count.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/hlog/file.h"
#include "collector/hlog/hlog.h"
#include "collector/hlog/text.h"
#include "collector/hlog/write.h"
#include "tests/random.h"

#define START_NS INT64_C(1764460000123456789)

static const uint32_t percentiles[] = { 500, 900, 990, 999, 1000 };

/* A bucket by its largest value. */
struct bucket {
	uint64_t highest, count;
};

static int by_value(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;

	return (x->highest > y->highest) - (x->highest < y->highest);
}

/* The highest value of the bucket of rank ceil(p * count). */
static uint64_t value_at(const struct bucket *b, size_t n, uint64_t count, uint32_t permille)
{
	uint64_t rank = (uint64_t)(((unsigned __int128)count * permille + 999) / 1000);

	for (size_t i = 0; i < n; i++) {
		if (b[i].count >= rank)
			return b[i].highest;
		rank -= b[i].count;
	}
	return 0;
}

static void print(const char *tag, int64_t start_ns, uint64_t length_ns, struct bucket *b, size_t n)
{
	uint64_t count = 0;

	qsort(b, n, sizeof(*b), by_value);
	for (size_t i = 0; i < n; i++)
		count += b[i].count;
	printf("histogram %s %" PRId64 " %.0f %" PRIu64, *tag ? tag : "-", start_ns / 1000000000,
	       round((double)length_ns / 1e9), count);
	for (size_t i = 0; i < 5; i++)
		printf(" %" PRIu64, value_at(b, n, count, percentiles[i]));
	printf("\n");
	for (size_t i = 0; i < n; i++)
		printf("%" PRIu64 " %" PRIu64 "\n", b[i].highest, b[i].count);
}

/* The tag of a histogram, as it stood in the log. */
static void tag_of(const struct tk_hlog_item *i, char tag[4096])
{
	char *at = tag;

	if (!*i->measure) {
		snprintf(tag, 4096, "%s", i->timer);
		return;
	}
	at = tk_hlog_encode_text(at, i->app);
	*at++ = '/';
	at = tk_hlog_encode_text(at, i->timer);
	snprintf(at, 16, "/%s", i->measure);
}

static int read_log(const char *path)
{
	static struct bucket b[1 << 20];
	struct tk_hlog *l = tk_hlog_open(path, 0);
	struct tk_hlog_item i;
	char tag[4096], damage[256];
	bool damaged;

	while (l && tk_hlog_next(l, &i) > 0) {
		if (i.kind != TK_HLOG_HISTOGRAM)
			continue;
		for (size_t k = 0; k < i.n; k++) {
			uint32_t bucket = i.counted[k].bucket;

			b[k].highest =
				tk_hlog_lowest(i.shape, bucket) + tk_hlog_span(i.shape, bucket);
			b[k].count = i.counted[k].count;
		}
		tag_of(&i, tag);
		print(tag, i.start_ns, i.length_ns, b, i.n);
	}
	damaged = !l || tk_hlog_damage(l, damage, sizeof(damage));
	if (damaged)
		fprintf(stderr, "%s\n", l ? damage : strerror(errno));
	tk_hlog_close(l);
	return damaged;
}

/* HdrHistogram's largest equivalent value with 3 digits: the lowest bits beyond 11 are set. */
static uint64_t highest(uint64_t ps)
{
	unsigned bits = 0;

	while (ps >> bits >= 2048)
		bits++;
	return ps | ((UINT64_C(1) << bits) - 1);
}

static size_t add(struct bucket *b, size_t n, uint64_t value, uint64_t count)
{
	for (size_t i = 0; i < n; i++) {
		if (b[i].highest == value) {
			b[i].count += count;
			return n;
		}
	}
	b[n] = (struct bucket){ value, count };
	return n + 1;
}

/* Of every value, its bucket's middle in ticks is what is written. */
static size_t expected(const struct tk_bins *bins, double rate, struct bucket *b)
{
	size_t n = 0;

	for (uint32_t i = 0; i < TK_HIST_BUCKETS; i++)
		if (tk_bins_at(bins, i))
			n = add(b, n,
				highest((uint64_t)llround(tk_bins_middle(bins, i) * rate * 1e3)),
				tk_bins_at(bins, i));
	return n;
}

static struct tk_bins random_bins(uint64_t *state, uint64_t round)
{
	struct tk_bins bins = { 0 };

	for (size_t k = 1 + random_below(state, 300); k; k--)
		tk_bins_add(&bins, random_log(state, round % 4 ? 16 : 43),
			    random_log(state, 40) + 1);
	return bins;
}

static int write_log(const char *path)
{
	static const char *const timers[] = { "a\"b\\{}, c", "Tag=#,\n", "na\xc3\xafve", "%2F/" };
	static struct bucket b[TK_HIST_BUCKETS];
	struct tk_hlog_file file = { 0 };
	struct tk_hlog_writer w;
	uint64_t state = 20261129;
	char why[256], tag[4096];

	if (tk_hlog_file_open(&file, path, true, why) || tk_hlog_writer_open(&w))
		return 1;
	tk_hlog_put_header(&w, START_NS);
	for (uint64_t i = 0; i < 100; i++) {
		struct tk_bins bins = random_bins(&state, i);
		double rate = 0.3 + (double)i / 1000;
		struct tk_hlog_where at = { "app 1", timers[i % 4], i % 2,
					    (int64_t)(i * 1000000000), 1000400000 };
		struct tk_hlog_item item = { .app = at.app,
					     .timer = at.timer,
					     .measure = i % 2 ? "latency" : "processing" };

		tk_hlog_put_histogram(&w, &at, &bins, rate);
		tag_of(&item, tag);
		print(tag, START_NS + at.start_ns, at.length_ns, b, expected(&bins, rate, b));
		tk_bins_free(&bins);
	}
	if (tk_hlog_file_write(&file, w.text, w.size) || tk_hlog_file_close(&file))
		return 1;
	tk_hlog_writer_close(&w);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	return !strcmp(argv[1], "read") ? read_log(argv[2]) : write_log(argv[2]);
}
