/* SPDX-License-Identifier: MIT */
/* Logs: what is written is read back equal, in every encoding, and what is damaged is said. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "collector/hlog/decode.h"
#include "collector/hlog/hlog.h"
#include "collector/hlog/sum.h"
#include "collector/hlog/text.h"
#include "collector/hlog/write.h"
#include "collector/stats/rated.h"
#include "tests/hlog/encode.h"
#include "tests/random.h"

static struct encoded e;

/* A log in memory, as a file that can be opened by name. */
static struct tk_hlog *open_log(const char *text, size_t size)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/dev/shm/tk-test-hlog.%d", getpid());
	f = fopen(name, "w");
	cr_assert(f && fwrite(text, 1, size, f) == size && fclose(f) == 0);
	struct tk_hlog *l = tk_hlog_open(name, 0);
	cr_assert(l);
	unlink(name);
	return l;
}

static struct tk_hlog *open_text(const char *text)
{
	return open_log(text, strlen(text));
}

static void says(const char *text, const char *expected)
{
	struct tk_hlog *l = open_text(text);
	struct tk_hlog_item i;
	char damage[256] = "";
	int err;

	while ((err = tk_hlog_next(l, &i)) > 0)
		;
	cr_assert_eq(err, 0);
	cr_assert_eq(tk_hlog_damage(l, damage, sizeof(damage)), *expected != '\0', "%s", text);
	cr_assert(*expected == '\0' || strstr(damage, expected), "%s: %s", text, damage);
	tk_hlog_close(l);
}

/* ---- buckets ---- */

/* HdrHistogram's own definition: values below 2 * 10^digits units are told apart by one unit. */
Test(shape, keeps_its_digits)
{
	for (unsigned digits = 0; digits <= 5; digits++) {
		struct tk_hlog_shape s;
		uint64_t exact = 2, value = 0;

		for (unsigned i = 0; i < digits; i++)
			exact *= 10;
		cr_assert_eq(tk_hlog_shape_of(&s, digits, 1, 1), 0);
		cr_assert((2u << s.half_bits) >= exact && (1u << s.half_bits) < exact);
		for (uint32_t b = 0; b < tk_hlog_buckets(&s); b++) {
			uint64_t span = tk_hlog_span(&s, b);

			cr_assert_eq(tk_hlog_lowest(&s, b), value);
			cr_assert_eq(tk_hlog_bucket(&s, value), b);
			cr_assert_eq(tk_hlog_bucket(&s, value + span), b);
			cr_assert((double)span <= (double)value / (1 << s.half_bits));
			value += span + 1;
		}
		cr_assert_eq(value, UINT64_C(1) << 63);
	}
}

Test(shape, has_units)
{
	struct tk_hlog_shape s;

	cr_assert_eq(tk_hlog_shape_of(&s, 2, 1000, 1), 0); /* 512 is the power of two below it */
	cr_assert_eq(tk_hlog_bucket(&s, 511), 0);
	cr_assert_eq(tk_hlog_bucket(&s, 512), 1);
	cr_assert_eq(tk_hlog_lowest(&s, 3), 1536);
	cr_assert_eq(tk_hlog_span(&s, 3), 511);
	cr_assert_eq(tk_hlog_bucket(&s, INT64_MAX), tk_hlog_buckets(&s) - 1);
	cr_assert_eq(tk_hlog_shape_of(&s, 6, 1, 1), -EINVAL);
	cr_assert_eq(tk_hlog_shape_of(&s, 3, 0, 1), -EINVAL);
	cr_assert_eq(tk_hlog_shape_of(&s, 3, -1, 1), -EINVAL);
	cr_assert_eq(tk_hlog_shape_of(&s, 5, INT64_MAX, 1), -EINVAL);
}

/* ---- encodings ---- */

static uint64_t counts[1 << 14];

static size_t random_counts(uint64_t *state, unsigned bits)
{
	size_t n = 1 + random_below(state, 6000);

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < n; i++)
		if (random_below(state, 1 + *state % 5) == 0)
			counts[i] = random_log(state, bits);
	counts[n - 1]++;
	return n;
}

static void decodes(struct tk_hlog_decoder *d, size_t n, double unit)
{
	uint64_t sum = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		sum += counts[i];
		if (!counts[i])
			continue;
		cr_assert(at < d->n && d->counted[at].bucket == i);
		cr_assert_eq(d->counted[at++].count, counts[i]);
	}
	cr_assert_eq(at, d->n);
	cr_assert_eq(sum, d->count);
	cr_assert_eq(d->shape.ns, unit);
}

Test(decode, every_encoding)
{
	struct tk_hlog_decoder d = { 0 };
	uint64_t state = 1;

	for (unsigned round = 0; round < 200; round++) {
		for (unsigned version = 0; version <= 2; version++) {
			for (unsigned word = 2; word <= 8; word *= 2) {
				size_t n = random_counts(&state, word == 8 ? 48 : 8 * word - 1);

				encode_plain(&e, counts, n, version, word, 3, 1);
				cr_assert_null(tk_hlog_decode(&d, e.bytes, e.size, 0.001));
				decodes(&d, n, 0.001);
				encode_compressed(&e, version);
				cr_assert_null(tk_hlog_decode(&d, e.bytes, e.size, 7));
				decodes(&d, n, 7);
			}
		}
	}
	tk_hlog_decoder_free(&d);
}

/* Whatever is cut off, it is said; nothing is read beyond the end (AddressSanitizer). */
Test(decode, cut_anywhere)
{
	struct tk_hlog_decoder d = { 0 };
	uint64_t state = 2;

	for (unsigned version = 0; version <= 2; version++) {
		size_t n = random_counts(&state, 20) % 300 + 1;

		counts[n - 1] = 1;
		encode_plain(&e, counts, n, version, 8, 3, 1);
		encode_compressed(&e, version);
		for (size_t size = 0; size < e.size; size++) {
			uint8_t *exact = malloc(size + 1);

			memcpy(exact, e.bytes, size);
			cr_assert(tk_hlog_decode(&d, exact, size, 1));
			free(exact);
		}
	}
	tk_hlog_decoder_free(&d);
}

Test(decode, counts_to_the_largest)
{
	struct tk_hlog_decoder d = { 0 };
	uint64_t most[] = { INT64_MAX, 0, 0, 1 };

	encode_plain(&e, most, 3, 2, 0, 3, 1);
	cr_assert_null(tk_hlog_decode(&d, e.bytes, e.size, 1));
	cr_assert_eq(d.count, INT64_MAX);
	encode_plain(&e, most, 4, 2, 0, 3, 1);
	cr_assert_str_eq(tk_hlog_decode(&d, e.bytes, e.size, 1), "its counts exceed 2^63");
	most[0] = UINT64_C(1) << 63;
	encode_plain(&e, most, 1, 1, 8, 3, 1);
	cr_assert_str_eq(tk_hlog_decode(&d, e.bytes, e.size, 1), "a count in it is negative");
	tk_hlog_decoder_free(&d);
}

/* 64 KiB of zeros a thousand times over: some 64 KB that want to become 64 MB. */
Test(decode, bomb)
{
	struct tk_hlog_decoder d = { 0 };
	static uint8_t zeros[1 << 16], out[1 << 20];
	z_stream z = { .next_out = out + 8, .avail_out = sizeof(out) - 8 };

	deflateInit(&z, 9);
	for (unsigned i = 0; i <= 1024; i++) {
		z.next_in = zeros;
		z.avail_in = sizeof(zeros);
		deflate(&z, i < 1024 ? Z_NO_FLUSH : Z_FINISH);
	}
	e.size = 0;
	encode_number(&e, 0x1c849314, 4);
	encode_number(&e, z.total_out, 4);
	memcpy(out, e.bytes, 8);
	cr_assert_str_eq(tk_hlog_decode(&d, out, 8 + z.total_out, 1),
			 "it inflates to more than 64 MiB");
	cr_assert_leq(d.room, TK_HLOG_INFLATED_MAX);
	deflateEnd(&z);
	tk_hlog_decoder_free(&d);
}

/* ---- there and back ---- */

static struct tk_bins random_bins(uint64_t *state)
{
	uint64_t base = random_log(state, 48), spread = 1 + random_log(state, 40);
	unsigned kind = (unsigned)random_below(state, 3);
	struct tk_bins b = { 0 };

	for (size_t i = 1 + random_below(state, 500); i; i--)
		tk_bins_add(&b,
			    kind == 0   ? random_log(state, 48)
			    : kind == 1 ? base + random_below(state, spread)
					: random_below(state, 300),
			    1 + random_below(state, 3));
	return b;
}

/* Each sample is found within what the header of write.h says of it. */
static void is_near(const struct tk_bins *b, double rate, const struct tk_hlog_item *i)
{
	uint64_t left = 0;
	size_t at = 0;

	for (uint32_t k = tk_bins_next(b, 0); k < TK_HIST_BUCKETS; k = tk_bins_next(b, k + 1)) {
		uint64_t low = tk_hist_lowest(k), high = tk_hist_lowest(k + 1) - 1;
		double part = low < 256 ? 0.00049 : 0.0044;
		double value = tk_hlog_middle_ns(i->shape, i->counted[at].bucket);

		low = low < b->min ? b->min : low;
		high = high > b->max ? b->max : high;
		cr_assert(fabs(value - (double)low * rate) <= (double)low * rate * part + 0.0005);
		cr_assert(fabs(value - (double)high * rate) <= (double)high * rate * part + 0.0005);
		left += tk_bins_at(b, k);
		if (left == i->counted[at].count) {
			left = 0;
			at++;
		}
	}
	cr_assert_eq(left, 0);
	cr_assert_eq(at, i->n);
}

Test(log, there_and_back)
{
	struct tk_hlog_writer w;
	uint64_t state = 3;

	cr_assert_eq(tk_hlog_writer_open(&w), 0);
	for (unsigned round = 0; round < 500; round++) {
		struct tk_bins b = random_bins(&state);
		double rate = 0.2 + (double)random_below(&state, 1000) / 1000;
		struct tk_hlog_where at = { .app = "a,b c",
					    .timer = "a\"b\\{}, c\n/%20",
					    .measure = round % 2 ? TK_LATENCY : TK_PROCESSING,
					    .start_ns = (int64_t)random_below(&state, 1u << 31),
					    .length_ns = random_below(&state, 1u << 31) };
		struct tk_hlog_item i;
		char damage[256] = "";

		tk_hlog_clear(&w);
		tk_hlog_put_header(&w, INT64_C(1764460000123456789));
		tk_hlog_put_comment(&w, "log");
		tk_hlog_put_number(&w, "unit_ps", TK_HLOG_UNIT_PS);
		tk_hlog_put_number(&w, "error_ppm", TK_HLOG_ERROR_PPM);
		tk_hlog_put_end(&w);
		tk_hlog_put_comment(&w, "interval");
		tk_hlog_put_time(&w, "start", INT64_C(1764460000123456789) + at.start_ns);
		tk_hlog_put_time(&w, "length", (int64_t)at.length_ns);
		tk_hlog_put_end(&w);
		tk_hlog_put_histogram(&w, &at, &b, rate);
		cr_assert_eq(w.err, 0);

		struct tk_hlog *l = open_log(w.text, w.size);
		cr_assert_eq(tk_hlog_next(l, &i), 1);
		cr_assert(i.kind == TK_HLOG_NOTE && !strcmp(i.name, "log.unit_ps"));
		cr_assert_eq(tk_hlog_next(l, &i), 1);
		cr_assert_eq(tk_hlog_next(l, &i), 1, "%s", w.text);
		cr_assert_eq(i.kind, TK_HLOG_HISTOGRAM);
		cr_assert_str_eq(i.app, at.app);
		cr_assert_str_eq(i.timer, at.timer);
		cr_assert_str_eq(i.measure, round % 2 ? "latency" : "processing");
		cr_assert_eq(i.start_ns, INT64_C(1764460000123456789) + at.start_ns);
		cr_assert_eq(i.length_ns, at.length_ns);
		cr_assert_eq(i.count, b.count);
		cr_assert_float_eq(tk_hlog_error(l), 1.0 / 256, 1e-6);
		is_near(&b, rate, &i);
		cr_assert_eq(tk_hlog_next(l, &i), 0);
		cr_assert(!tk_hlog_damage(l, damage, sizeof(damage)), "%s", damage);
		tk_hlog_close(l);
		tk_bins_free(&b);
	}
	tk_hlog_writer_close(&w);
}

/* ---- lines ---- */

static const char *histogram(void)
{
	static char *text;

	if (!text) {
		encode_plain(&e, (uint64_t[]){ 0, 0, 7 }, 3, 2, 0, 3, 1);
		encode_compressed(&e, 2);
		text = encode_text(&e);
	}
	return text;
}

/* A log that ends with a histogram. */
static struct tk_hlog *log_of(const char *before)
{
	char text[4096];
	int size = snprintf(text, sizeof(text), "%s%s\n", before, histogram());

	return open_log(text, (size_t)size);
}

Test(log, tags)
{
	static const struct {
		const char *tag, *app, *timer, *measure;
	} row[] = {
		{ "", "", "", "" },
		{ "Tag=,", "", "", "" },
		{ "Tag=A,", "", "A", "" },
		{ "Tag=a/b/c,", "", "a/b/c", "" },
		{ "Tag=a/b/latency,", "a", "b", "latency" },
		{ "Tag=%41%zz/%,", "", "%41%zz/%", "" },
		{ "Tag=%41%zz%00%/b%2Fc/processing,", "A%zz%00%", "b/c", "processing" },
		{ "Tag=a/b/latency/latency,", "", "a/b/latency/latency", "" },
	};

	for (size_t k = 0; k < sizeof(row) / sizeof(*row); k++) {
		char text[512];
		struct tk_hlog_item i;
		int size = snprintf(text, sizeof(text), "%s1.5,1.000,0.1,%s\r\n", row[k].tag,
				    histogram());
		struct tk_hlog *l = open_log(text, (size_t)size);

		cr_assert_eq(tk_hlog_next(l, &i), 1);
		cr_assert_str_eq(i.app, row[k].app);
		cr_assert_str_eq(i.timer, row[k].timer);
		cr_assert_str_eq(i.measure, row[k].measure);
		cr_assert(i.start_ns == 1500000000 && i.length_ns == 1000000000 && i.count == 7);
		tk_hlog_close(l);
	}
}

/* HdrHistogram's rule: a base; else the start, if times lie more than a year before it; else 0. */
Test(log, bases_of_time)
{
	static const struct {
		const char *text;
		int64_t start_ns;
	} row[] = {
		{ "2.25 1.0 0 ", INT64_C(2250000000) },
		{ "#[StartTime: 1000000000.5 (seconds since epoch), Sun]\n2.25,1,0,",
		  INT64_C(1000000002750000000) },
		{ "#[StartTime: 1000000000.5 (seconds since epoch)]\n1000000001.5,1,0,",
		  INT64_C(1000000001500000000) },
		{ "#[StartTime: 1000000000 (s)]\n#[BaseTime: 7 (s)]\n1000000001.5,1,0,",
		  INT64_C(1000000008500000000) },
		{ "\"StartTimestamp\",\"x\"\n\n-0.5,1,0,", -500000000 },
	};

	for (size_t k = 0; k < sizeof(row) / sizeof(*row); k++) {
		struct tk_hlog *l = log_of(row[k].text);
		struct tk_hlog_item i;

		cr_assert_eq(tk_hlog_next(l, &i), 1);
		cr_assert_eq(i.start_ns, row[k].start_ns, "%zu", k);
		tk_hlog_close(l);
	}
}

Test(log, losses_and_labels)
{
	struct tk_hlog *l =
		open_text("#[Timekeeper label: commit=abc%20d empty=]\n"
			  "#[Timekeeper interval: number=3 start=10.000000001 length=0.5]\n"
			  "#[Timekeeper lost: app=a%2Cb timer=t%0A records=12 lost=5 aside=1]\n"
			  "#[Timekeeper future: what=1]\n# else\n");
	struct tk_hlog_item i;

	cr_assert_eq(tk_hlog_next(l, &i), 1);
	cr_assert(i.kind == TK_HLOG_NOTE && !strcmp(i.name, "label.commit"));
	cr_assert_str_eq(i.value, "abc d");
	cr_assert_eq(tk_hlog_next(l, &i), 1);
	cr_assert(!strcmp(i.name, "label.empty") && !strcmp(i.value, ""));
	cr_assert_eq(tk_hlog_next(l, &i), 1);
	cr_assert_eq(i.kind, TK_HLOG_LOST);
	cr_assert(!strcmp(i.app, "a,b") && !strcmp(i.timer, "t\n") && !strcmp(i.measure, ""));
	cr_assert(i.records == 12 && i.lost == 5);
	cr_assert(i.start_ns == INT64_C(10000000001) && i.length_ns == 500000000);
	cr_assert_eq(tk_hlog_next(l, &i), 1);
	cr_assert_str_eq(i.name, "future.what");
	cr_assert_eq(tk_hlog_next(l, &i), 0);
	tk_hlog_close(l);
}

/* What can be read is read: here the lines before, between and behind. */
Test(log, damage)
{
	char text[4096], damage[256];
	struct tk_hlog_item i;
	unsigned n = 0;
	int size = snprintf(text, sizeof(text),
			    "1,1,0,%s\n1,1,0,%.30s\n2,1,0,%s\nNaN,1,0,%s\n3,1,0,%s", histogram(),
			    histogram(), histogram(), histogram(), histogram());
	struct tk_hlog *l = open_log(text, (size_t)size);

	while (tk_hlog_next(l, &i) > 0)
		n += i.kind == TK_HLOG_HISTOGRAM && i.count == 7;
	cr_assert_eq(n, 3);
	cr_assert(tk_hlog_damage(l, damage, sizeof(damage)));
	cr_assert(strstr(damage, ":2: its histogram ends early (2 lines in all"), "%s", damage);
	tk_hlog_close(l);
}

Test(log, each_damage_is_said)
{
	says("", "");
	says("\n\n# hello\n", "");
	says("hello\n", ":1: it is no line of an interval");
	says("# \n1,1,0,====\n", ":2: ");
	says("1,1,0,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	     ":1: it is no histogram of encoding V0, V1 or V2");
	says("1,1,0,AA(A\n", ":1: its histogram is no base64");
	says("NaN,1,0,HISTFAAA\n", ":1: the interval's start is no time");
	says("1,-1,0,HISTFAAA\n", ":1: the interval's length is no time");
	says("1,1e3,0,HISTFAAA\n", ":1: the interval's length is no time");
	says("99999999999999999999,1,0,HISTFAAA\n", ":1: the interval's start is no time");
	says("1,1,0,HISTFAAA", ":1: the file ends within the line");
	says("#[StartTime: NaN\n", ":1: the log's start is no time");
	says("#[BaseTime: \n", ":1: the log's base time is no time");
	says("#[Timekeeper interval: start=1 length=NaN]\n", ":1: the interval's length");
	says("#[Timekeeper interval:]\n", ":1: the interval has no length");
	says("#[Timekeeper lost: lost=-1]\n", ":1: a count of losses is no number");
	says("#[Timekeeper log: unit_ps=0]\n", ":1: the log's unit or error is no number");
	says("#[Timekeeper log: unit_ps=1", "");
	says("#[Timekeeper \n#[Timekeeper :\n#[Timekeeper x: =]\n", "");
}

/* What nettle says of a whole text. */
static const char *verdict(const char *text)
{
	static uint8_t bytes[4096];
	struct base64_decode_ctx c;
	size_t size = sizeof(bytes);

	base64_decode_init(&c);
	if (!base64_decode_update(&c, &size, bytes, strlen(text), text))
		return "no base64";
	return base64_decode_final(&c) ? "" : "ends early";
}

/* Any character at any place, and any end: base64 is taken where nettle takes it. */
Test(log, base64_is_strict)
{
	const char *whole = histogram();
	size_t length = strlen(whole);

	for (size_t at = 0; at <= length; at++) {
		for (unsigned c = 0; c < 256; c++) {
			char text[4096], line[4200], damage[256] = "";
			struct tk_hlog_item i;
			struct tk_hlog *l;

			if (strchr("\n\r, ", (int)c) && c)
				continue; /* where a line or a field ends */
			snprintf(text, sizeof(text), "%s", whole);
			text[at] = (char)c; /* or cut here */
			if (at == length)
				text[at + 1] = '\0';
			if (!*text)
				continue;
			snprintf(line, sizeof(line), "1,1,0,%s\n", text);
			l = open_text(line);
			while (tk_hlog_next(l, &i) > 0)
				;
			tk_hlog_damage(l, damage, sizeof(damage));
			if (*verdict(text))
				cr_assert(strstr(damage, verdict(text)), "%s: %s", line, damage);
			else
				cr_assert_not(strstr(damage, "base64"), "%s: %s", line, damage);
			tk_hlog_close(l);
		}
	}
}

/* A line of more than 16 MiB is passed over, whatever is in it; those around it are read. */
Test(log, long_line)
{
	size_t size = TK_HLOG_LINE_MAX + 3 * 256 * 1024, at;
	char *text = malloc(size + 1024), damage[256];
	struct tk_hlog_item i;
	unsigned n = 0;

	memset(text, 'x', size);
	at = (size_t)sprintf(text, "1,1,0,%s", histogram());
	text[at] = '\n';
	text[size - 1] = '\n';
	size += (size_t)sprintf(text + size, "2,1,0,%s\n", histogram());
	struct tk_hlog *l = open_log(text, size);
	while (tk_hlog_next(l, &i) > 0)
		n++;
	cr_assert_eq(n, 2);
	cr_assert(tk_hlog_damage(l, damage, sizeof(damage)));
	cr_assert(strstr(damage, ":2: the line has more than 16 MiB"), "%s", damage);
	tk_hlog_close(l);
	free(text);
}

Test(log, cannot_be_opened)
{
	cr_assert_null(tk_hlog_open("/nonexistent/x", 0));
	cr_assert_eq(errno, ENOENT);
	struct tk_hlog *l = tk_hlog_open("/", 0);
	struct tk_hlog_item i;
	cr_assert(l && tk_hlog_next(l, &i) == -EISDIR);
	tk_hlog_close(l);
}

/* ---- sums ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sums of histograms of several shapes, against all their samples, sorted. */
Test(sum, against_sorted_samples)
{
	static double all[40000];
	static const uint32_t quantiles[] = { 0, 1, 500000000, 990000000, 999999999, 1000000000 };
	uint64_t state = 5;

	for (unsigned round = 0; round < 50; round++) {
		struct tk_hlog_sum sum = { 0 };
		struct tk_hlog_cells cells;
		size_t n = 0;
		double ns[6], mean = 0;

		for (unsigned h = 0; h < 20; h++) {
			struct tk_hlog_shape s;
			struct tk_hlog_counted counted[50];
			struct tk_hlog_item i = { .shape = &s, .counted = counted };
			uint32_t bucket = 0;

			tk_hlog_shape_of(&s, 2 + (unsigned)random_below(&state, 3), 1, h % 2 + 1);
			for (i.n = 0; i.n < 50; i.n++) {
				bucket += 1 + (uint32_t)random_below(&state, 100);
				counted[i.n] =
					(struct tk_hlog_counted){ bucket,
								  1 + random_below(&state, 9) };
				for (uint64_t k = 0; k < counted[i.n].count; k++)
					all[n++] = tk_hlog_middle_ns(&s, bucket);
				i.count += counted[i.n].count;
			}
			cr_assert_eq(tk_hlog_sum_add(&sum, &i), 0);
		}
		qsort(all, n, sizeof(*all), by_value);
		cr_assert_eq(tk_hlog_sum_cells(&sum, &cells), 0);
		cr_assert_eq(cells.count, n);
		tk_hlog_quantiles(&cells, quantiles, 6, ns);
		for (unsigned q = 0; q < 6; q++) {
			size_t rank = (size_t)(((unsigned __int128)quantiles[q] * n + 999999999) /
					       1000000000);

			cr_assert_eq(ns[q], all[rank ? rank - 1 : 0]);
		}
		for (size_t k = 0; k < n; k++)
			mean += all[k] / (double)n;
		cr_assert_float_eq(tk_hlog_mean(&cells), mean, mean * 1e-9);
		tk_hlog_cells_free(&cells);
		tk_hlog_sum_free(&sum);
	}
}

static void same_cells(const struct tk_hlog_sum *sum, const struct tk_hlog_shape *shape,
		       const uint64_t *dense, size_t n)
{
	struct tk_hlog_cells cells;
	size_t k = 0;

	cr_assert_eq(tk_hlog_sum_cells(sum, &cells), 0);
	for (uint32_t b = 0; b < n; b++) {
		if (!dense[b])
			continue;
		cr_assert_eq(cells.cell[k].ns, tk_hlog_middle_ns(shape, b));
		cr_assert_eq(cells.cell[k++].count, dense[b]);
	}
	cr_assert_eq(cells.n, k);
	tk_hlog_cells_free(&cells);
}

/* Few buckets and thousands, small counts and large ones; also read before all of it is added. */
Test(sum, is_what_a_dense_array_has)
{
	enum { BUCKETS = 20000 };
	static struct tk_hlog_counted counted[BUCKETS];
	static uint64_t dense[BUCKETS];
	struct tk_hlog_sum sum = { 0 };
	struct tk_hlog_shape shape;
	uint64_t state = 11, count = 0;

	tk_hlog_shape_of(&shape, 3, 1, 1);
	for (unsigned h = 0; h < 400; h++) {
		struct tk_hlog_item i = { .shape = &shape, .counted = counted };
		uint64_t step = 1 + random_log(&state, 12);
		unsigned bits = 1 + (unsigned)random_below(&state, 24);

		for (uint64_t b = random_below(&state, step); b < BUCKETS;
		     b += 1 + random_below(&state, step)) {
			counted[i.n] = (struct tk_hlog_counted){ (uint32_t)b,
								 1 + random_log(&state, bits) };
			dense[b] += counted[i.n].count;
			i.count += counted[i.n++].count;
		}
		count += i.count;
		cr_assert_eq(tk_hlog_sum_add(&sum, &i), 0);
		if (h % 50 == 0)
			same_cells(&sum, &shape, dense, BUCKETS);
	}
	same_cells(&sum, &shape, dense, BUCKETS);
	cr_assert_eq(sum.count, count);
	tk_hlog_sum_free(&sum);
}

Test(sum, of_the_largest_stays)
{
	struct tk_hlog_shape s;
	struct tk_hlog_counted counted = { 5, INT64_MAX };
	struct tk_hlog_item i = { .shape = &s, .counted = &counted, .n = 1, .count = INT64_MAX };
	struct tk_hlog_sum sum = { 0 };
	struct tk_hlog_cells cells;
	uint32_t median = 500000000;
	double ns;

	tk_hlog_shape_of(&s, 3, 1, 1);
	for (unsigned k = 0; k < 3; k++)
		cr_assert_eq(tk_hlog_sum_add(&sum, &i), 0);
	cr_assert_eq(tk_hlog_sum_cells(&sum, &cells), 0);
	tk_hlog_quantiles(&cells, &median, 1, &ns);
	cr_assert(cells.count == UINT64_MAX && ns == 5);
	tk_hlog_cells_free(&cells);
	tk_hlog_sum_free(&sum);
}

/* ---- texts ---- */

Test(text, there_and_back)
{
	char encoded[TK_HLOG_ENCODED_MAX(255)], text[256];

	for (unsigned i = 0; i < 255; i++)
		text[i] = (char)(i + 1);
	text[255] = '\0';
	tk_hlog_encode_text(encoded, text);
	cr_assert_eq(strpbrk(encoded, ", \r\n/=]#\""), NULL);
	tk_hlog_decode_text(encoded);
	cr_assert_str_eq(encoded, text);
}

Test(text, seconds)
{
	int64_t ns = 0;
	const char *end;

	cr_assert(!tk_hlog_parse_seconds("-1764460000.1234567899", NULL, &ns));
	cr_assert_eq(ns, INT64_C(-1764460000123456789));
	cr_assert(!tk_hlog_parse_seconds("1. x", &end, &ns) && ns == 1000000000 && *end == ' ');
	cr_assert_eq(tk_hlog_parse_seconds("1. x", NULL, &ns), -EINVAL);
	cr_assert_eq(tk_hlog_parse_seconds("", NULL, &ns), -EINVAL);
	cr_assert_eq(tk_hlog_parse_seconds("inf", NULL, &ns), -EINVAL);
	cr_assert_eq(tk_hlog_parse_seconds("9223372036", NULL, &ns), -ERANGE);
	cr_assert_eq(tk_hlog_parse_seconds("9223372035.999999999", NULL, &ns), 0);
}
