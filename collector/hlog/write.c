/* SPDX-License-Identifier: MIT */
#include "collector/hlog/write.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <math.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/hlog/decode.h"
#include "collector/hlog/shape.h"
#include "collector/hlog/text.h"

/* A header, and for each of our buckets a count, and the empty buckets before it. */
#define RAW_MAX (TK_HLOG_HEADER + TK_HIST_BUCKETS * 2 * TK_HLOG_COUNT_MAX)
#define PS_MAX  UINT64_C(3600000000000000) /* an hour: what readers make room for */
#define V2_WORD 0x10u                      /* in a cookie of V2 */

/* Of 200 samples the lowest level makes 221 bytes in 8 us, level 6 makes 218 in 10. */
int tk_hlog_writer_open(struct tk_hlog_writer *w)
{
	*w = (struct tk_hlog_writer){ .z = libdeflate_alloc_compressor(1) };
	if (w->z) {
		w->deflated_room = 8 + libdeflate_zlib_compress_bound(w->z, RAW_MAX);
		w->raw = malloc(RAW_MAX);
		w->deflated = malloc(w->deflated_room);
		if (w->raw && w->deflated)
			return 0;
	}
	tk_hlog_writer_close(w);
	return -ENOMEM;
}

void tk_hlog_writer_close(struct tk_hlog_writer *w)
{
	libdeflate_free_compressor(w->z); /* may be NULL */
	free(w->raw);
	free(w->deflated);
	free(w->text);
	*w = (struct tk_hlog_writer){ 0 };
}

void tk_hlog_clear(struct tk_hlog_writer *w)
{
	w->size = 0;
	w->err = 0;
}

/* ---- text ---- */

/* @return where to write `size` bytes, which count already; NULL: no memory */
static char *grow(struct tk_hlog_writer *w, size_t size)
{
	if (w->size + size > w->room) {
		size_t room = 2 * (w->size + size) + 1024;
		char *grown = realloc(w->text, room);

		if (!grown) {
			w->err = -ENOMEM;
			return NULL;
		}
		w->text = grown;
		w->room = room;
	}
	w->size += size;
	return w->text + w->size - size;
}

static void put(struct tk_hlog_writer *w, const char *text)
{
	size_t size = strlen(text);
	char *to = grow(w, size);

	if (to)
		memcpy(to, text, size); /* NOLINT(bugprone-not-null-terminated-result) */
}

static void put_encoded(struct tk_hlog_writer *w, const char *text)
{
	size_t most = TK_HLOG_ENCODED_MAX(strlen(text));
	char *to = grow(w, most);

	if (to)
		w->size -= most - (size_t)(tk_hlog_encode_text(to, text) - to);
}

/* Seconds with `decimals` decimals, rounded towards zero. */
static void put_seconds(struct tk_hlog_writer *w, int64_t ns, int decimals)
{
	uint64_t abs_ns = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	char text[48];
	int size = snprintf(text, sizeof(text), "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
			    abs_ns / 1000000000, abs_ns % 1000000000);

	text[size - 9 + decimals] = '\0';
	put(w, text);
}

void tk_hlog_put_header(struct tk_hlog_writer *w, int64_t start_ns)
{
	time_t seconds = (time_t)(start_ns / 1000000000);
	char date[64] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	put(w,
	    "#[Logged by timekeeper record. A tag is app/timer/measure, percent-encoded; "
	    "values are picoseconds, of the measure `value` numbers; Interval_Max is in ms, or in "
	    "millions.]\n"
	    "#[A value is off by at most 0.049 % + 0.5 ps below 256 ticks of the clock, and by "
	    "0.44 % + 0.5 ps from there on.]\n"
	    "#[Histogram log format version 1.3]\n#[StartTime: ");
	put_seconds(w, start_ns, 3);
	put(w, " (seconds since epoch), ");
	put(w, date);
	put(w, "]\n#[BaseTime: ");
	put_seconds(w, start_ns, 9);
	put(w, " (seconds since epoch)]\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
	       "\"Interval_Compressed_Histogram\"\n");
}

/* ---- comments ---- */

void tk_hlog_put_comment(struct tk_hlog_writer *w, const char *kind)
{
	put(w, "#[Timekeeper ");
	put(w, kind);
	put(w, ":");
}

static void put_name(struct tk_hlog_writer *w, const char *name)
{
	put(w, " ");
	put_encoded(w, name);
	put(w, "=");
}

void tk_hlog_put_fact(struct tk_hlog_writer *w, const char *name, const char *value)
{
	put_name(w, name);
	put_encoded(w, value);
}

void tk_hlog_put_number(struct tk_hlog_writer *w, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	tk_hlog_put_fact(w, name, text);
}

void tk_hlog_put_time(struct tk_hlog_writer *w, const char *name, int64_t ns)
{
	put_name(w, name);
	put_seconds(w, ns, 9);
}

void tk_hlog_put_end(struct tk_hlog_writer *w)
{
	put(w, "]\n");
}

/* ---- histograms ---- */

static uint8_t *put4(uint8_t *to, uint32_t v)
{
	v = htobe32(v);
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

static uint8_t *put8(uint8_t *to, uint64_t v)
{
	v = htobe64(v);
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

/* ZigZag LEB128, the ninth byte whole. */
static uint8_t *put_count(uint8_t *to, int64_t count)
{
	uint64_t v = (uint64_t)count << 1 ^ (count < 0 ? UINT64_MAX : 0);

	for (unsigned i = 1; v >= 0x80 && i < TK_HLOG_COUNT_MAX; i++, v >>= 7)
		*to++ = (uint8_t)(v | 0x80);
	*to++ = (uint8_t)v;
	return to;
}

/* Empty buckets, and then a count. One empty bucket is a count of 0, as HdrHistogram writes it. */
static uint8_t *put_filled(uint8_t *to, uint32_t empty, uint64_t count)
{
	if (empty)
		to = put_count(to, empty == 1 ? 0 : -(int64_t)empty);
	return put_count(to, (int64_t)count);
}

static uint64_t ps_of(double ticks, double ns_per_tick)
{
	return (uint64_t)llround(ticks * ns_per_tick * 1000 / TK_HLOG_UNIT_PS);
}

/* Two of our buckets may fall into one of theirs, if a tick is less than a ps. */
static uint8_t *put_counts(uint8_t *to, const struct tk_bins *b, double ns_per_tick)
{
	struct tk_hlog_shape shape;
	uint32_t done = 0, bucket = 0;
	uint64_t count = 0;

	tk_hlog_shape_of(&shape, TK_HLOG_DIGITS, 1, 1);
	for (uint32_t i = tk_bins_next(b, 0); i < TK_HIST_BUCKETS; i = tk_bins_next(b, i + 1)) {
		uint32_t next = tk_hlog_bucket(&shape, ps_of(tk_bins_middle(b, i), ns_per_tick));

		if (count && next > bucket) {
			to = put_filled(to, bucket - done, count);
			done = bucket + 1;
			count = 0;
		}
		bucket = next;
		count += tk_bins_at(b, i);
	}
	return put_filled(to, bucket - done, count);
}

/* @return its size */
static size_t encode(struct tk_hlog_writer *w, const struct tk_bins *b, double ns_per_tick)
{
	uint64_t max = ps_of((double)b->max, ns_per_tick);
	uint8_t *at = put4(w->raw, TK_HLOG_V2 | V2_WORD), *length = at, *end;
	double ratio = 1;
	uint64_t bits;

	memcpy(&bits, &ratio, sizeof(bits));
	at = put4(at, 0);
	at = put4(at, 0);
	at = put4(at, TK_HLOG_DIGITS);
	at = put8(at, 1);
	at = put8(at, max > PS_MAX ? max : PS_MAX);
	at = put8(at, bits);
	end = put_counts(at, b, ns_per_tick);
	put4(length, (uint32_t)(end - at));
	return (size_t)(end - w->raw);
}

/* @return the size of what is in w->deflated: a cookie, its length, and the data */
static size_t compressed(struct tk_hlog_writer *w, size_t size)
{
	/* There is room for all of it. */
	size_t deflated =
		libdeflate_zlib_compress(w->z, w->raw, size, w->deflated + 8, w->deflated_room - 8);

	put4(put4(w->deflated, TK_HLOG_V2_COMPRESSED | V2_WORD), (uint32_t)deflated);
	return 8 + deflated;
}

static const struct tk_unit times;

static void put_line(struct tk_hlog_writer *w, const struct tk_hlog_where *at,
		     const struct tk_unit *unit, double max, size_t size)
{
	char text[48], *to;

	put(w, "Tag=");
	put_encoded(w, at->app);
	put(w, "/");
	put_encoded(w, at->timer);
	put(w, "/");
	put(w, tk_measure_word(at->measure, unit));
	put(w, ",");
	put_seconds(w, at->start_ns, 3);
	put(w, ",");
	put_seconds(w, (int64_t)at->length_ns, 3);
	snprintf(text, sizeof(text), ",%.6f,", max / 1e6);
	put(w, text);
	to = grow(w, BASE64_ENCODE_RAW_LENGTH(size));
	if (to)
		base64_encode_raw(to, size, w->deflated);
	put(w, "\n");
}

void tk_hlog_put_histogram(struct tk_hlog_writer *w, const struct tk_hlog_where *at,
			   const struct tk_bins *b, double ns_per_tick)
{
	size_t size = compressed(w, encode(w, b, ns_per_tick));

	/* In ms: a millionth of what the histogram counts would be, if that were ns. */
	put_line(w, at, &times, (double)b->max * ns_per_tick, size);
}

/* A tick of values is one, and what is written is that number. */
#define NUMBER (TK_HLOG_UNIT_PS / 1000.0)

void tk_hlog_put_values(struct tk_hlog_writer *w, const struct tk_hlog_where *at,
			const struct tk_unit *unit, const struct tk_bins *b)
{
	size_t size = compressed(w, encode(w, b, NUMBER));

	if (unit->name[0]) {
		tk_hlog_put_comment(w, "value");
		tk_hlog_put_fact(w, "unit", unit->name);
		tk_hlog_put_end(w);
	}
	put_line(w, at, unit, (double)b->max, size);
}
