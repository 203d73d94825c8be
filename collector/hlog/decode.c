/* SPDX-License-Identifier: MIT */
#include "collector/hlog/decode.h"

#include <endian.h>
#include <libdeflate.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS     0xf0u /* of a cookie: the bytes of a count in V0 and V1 */
#define DOUBLE_HEADER 16u
#define INFLATED_MIN  ((size_t)64 << 10)

static const char no_memory[] = "there is no memory for it";
static const char ends_early[] = "the histogram ends early";

/* An encoded histogram without compression, and what its header says. */
struct plain {
	const uint8_t *bytes;
	size_t size;
	uint32_t cookie, word; /* without and with its word's bits */
	uint32_t digits;
	int64_t lowest;
	double ratio;
	const uint8_t *payload;
	size_t payload_size;
};

static uint32_t number4(const uint8_t *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof(v));
	return be32toh(v);
}

static uint64_t number8(const uint8_t *bytes)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	return be64toh(v);
}

/* ---- inflating ---- */

static bool is_compressed(uint32_t cookie)
{
	return cookie == TK_HLOG_V0_COMPRESSED || cookie == TK_HLOG_V1_COMPRESSED ||
	       cookie == TK_HLOG_V2_COMPRESSED;
}

static bool make_room(struct tk_hlog_decoder *d)
{
	size_t room = d->room ? 2 * d->room : INFLATED_MIN;
	uint8_t *grown = realloc(d->inflated, room);

	if (!grown)
		return false;
	d->inflated = grown;
	d->room = room;
	return true;
}

/* Inflate to the end of the stream, within TK_HLOG_INFLATED_MAX: whatever is in it. Where there is
 * no room for all of it, it begins again with twice as much. */
static const char *inflate_all(struct tk_hlog_decoder *d, const uint8_t *bytes, size_t size,
			       size_t *inflated)
{
	enum libdeflate_result result = LIBDEFLATE_INSUFFICIENT_SPACE;

	if (!d->z)
		d->z = libdeflate_alloc_decompressor();
	if (!d->z || (!d->room && !make_room(d)))
		return no_memory;
	for (;;) {
		result = libdeflate_zlib_decompress(d->z, bytes, size, d->inflated, d->room,
						    inflated);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
			break;
		if (d->room >= TK_HLOG_INFLATED_MAX)
			return "it inflates to more than 64 MiB";
		if (!make_room(d))
			return no_memory;
	}
	return result == LIBDEFLATE_SUCCESS ? NULL
					    : "its compressed data are damaged, or end early";
}

/* ---- headers ---- */

static const char *read_header(struct plain *p)
{
	bool v0;

	if (p->size < TK_HLOG_HEADER_V0)
		return ends_early;
	p->word = number4(p->bytes);
	p->cookie = p->word & ~WORD_BITS;
	v0 = p->cookie == TK_HLOG_V0;
	if (!v0 && p->cookie != TK_HLOG_V1 && p->cookie != TK_HLOG_V2)
		return "it is no histogram of encoding V0, V1 or V2";
	if (!v0 && p->size < TK_HLOG_HEADER)
		return ends_early;
	p->digits = number4(p->bytes + (v0 ? 4 : 12));
	p->lowest = (int64_t)number8(p->bytes + (v0 ? 8 : 16));
	p->ratio = 1;
	p->payload = p->bytes + (v0 ? TK_HLOG_HEADER_V0 : TK_HLOG_HEADER);
	p->payload_size = p->size - (size_t)(p->payload - p->bytes);
	if (v0)
		return NULL;
	if (number4(p->bytes + 4) > p->payload_size)
		return ends_early;
	p->payload_size = number4(p->bytes + 4);
	uint64_t ratio = number8(p->bytes + 32);
	memcpy(&p->ratio, &ratio, sizeof(ratio));
	return NULL;
}

/* ---- counts ---- */

static bool make_counted(struct tk_hlog_decoder *d)
{
	size_t room = d->counted_room ? 2 * d->counted_room : 1024;
	struct tk_hlog_counted *grown = realloc(d->counted, room * sizeof(*grown));

	if (!grown)
		return false;
	d->counted = grown;
	d->counted_room = room;
	return true;
}

static inline const char *add(struct tk_hlog_decoder *d, uint64_t bucket, int64_t count)
{
	if (count < 0)
		return "a count in it is negative";
	if (bucket >= tk_hlog_buckets(&d->shape))
		return "it counts values beyond 2^63";
	if ((uint64_t)count > INT64_MAX - d->count)
		return "its counts exceed 2^63";
	if (d->n == d->counted_room && !make_counted(d))
		return no_memory;
	d->counted[d->n++] = (struct tk_hlog_counted){ (uint32_t)bucket, (uint64_t)count };
	d->count += (uint64_t)count;
	return NULL;
}

/* Read a ZigZag LEB128 number of at most nine bytes, the ninth whole. @return behind it; NULL: it
 * does not end. */
static inline const uint8_t *read_count(const uint8_t *at, const uint8_t *end, int64_t *count)
{
	uint64_t v = 0;

	for (unsigned shift = 0; at < end; shift += 7) {
		uint64_t byte = *at++;

		v |= (shift < 56 ? byte & 0x7f : byte) << shift;
		if (byte < 0x80 || shift == 56) {
			*count = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
			return at;
		}
	}
	return NULL;
}

static const char *read_v2(struct tk_hlog_decoder *d, const struct plain *p)
{
	const uint8_t *at = p->payload, *end = at + p->payload_size;
	uint64_t bucket = 0, buckets = tk_hlog_buckets(&d->shape);

	while (at < end) {
		int64_t count = *at >> 1 ^ -(*at & 1); /* of one byte, as most are */
		const char *wrong = NULL;

		at = *at < 0x80 ? at + 1 : read_count(at, end, &count);
		if (!at)
			return ends_early;
		if (count > 0)
			wrong = add(d, bucket, count);
		bucket += count < 0 ? -(uint64_t)count : 1;
		if (!wrong && bucket > buckets)
			wrong = "it counts values beyond 2^63";
		if (wrong)
			return wrong;
	}
	return NULL;
}

static int64_t read_word(const uint8_t *bytes, uint32_t size)
{
	if (size == 2)
		return (int16_t)(number4(bytes) >> 16);
	if (size == 4)
		return (int32_t)number4(bytes);
	return (int64_t)number8(bytes);
}

static const char *read_words(struct tk_hlog_decoder *d, const struct plain *p)
{
	uint32_t size = (p->word & WORD_BITS) >> 4 & 0xe;
	uint8_t word[8] = { 0 };

	if (size != 2 && size != 4 && size != 8)
		return "its counts have neither 2, 4 nor 8 bytes";
	for (size_t i = 0; i < p->payload_size / size; i++) {
		const uint8_t *at = p->payload + i * size;
		const char *wrong = NULL;
		int64_t count;

		memcpy(word, at, size);
		count = read_word(word, size);
		if (count)
			wrong = add(d, i, count);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *read_plain(struct tk_hlog_decoder *d, struct plain *p, bool is_double,
			      double unit_ns)
{
	const char *wrong = read_header(p);

	d->n = 0;
	d->count = 0;
	if (wrong)
		return wrong;
	if (is_double)
		unit_ns *= p->ratio;
	if (!isfinite(unit_ns) || unit_ns <= 0)
		return "its conversion ratio is no positive number";
	if (tk_hlog_shape_of(&d->shape, p->digits, p->lowest, unit_ns))
		return "its header is damaged";
	return p->cookie == TK_HLOG_V2 ? read_v2(d, p) : read_words(d, p);
}

const char *tk_hlog_decode(struct tk_hlog_decoder *d, const uint8_t *bytes, size_t size,
			   double unit_ns)
{
	struct plain p = { .bytes = bytes, .size = size };
	uint32_t cookie = size < 8 ? 0 : number4(bytes);
	bool is_double = cookie == TK_HLOG_DOUBLE || cookie == TK_HLOG_DOUBLE_COMPRESSED;
	const char *wrong;

	if (is_double && size < DOUBLE_HEADER + 8)
		return ends_early;
	if (is_double) {
		p.bytes += DOUBLE_HEADER;
		p.size -= DOUBLE_HEADER;
		cookie = number4(p.bytes);
	}
	if (is_compressed(cookie & ~WORD_BITS)) {
		if (number4(p.bytes + 4) > p.size - 8)
			return ends_early;
		wrong = inflate_all(d, p.bytes + 8, number4(p.bytes + 4), &p.size);
		if (wrong)
			return wrong;
		p.bytes = d->inflated;
	}
	return read_plain(d, &p, is_double, unit_ns);
}

void tk_hlog_decoder_free(struct tk_hlog_decoder *d)
{
	libdeflate_free_decompressor(d->z); /* may be NULL */
	free(d->inflated);
	free(d->counted);
	*d = (struct tk_hlog_decoder){ 0 };
}
