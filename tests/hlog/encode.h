/* SPDX-License-Identifier: MIT */
/*
 * tests/hlog/encode.h - encoders of their own for HdrHistogram V0, V1 and V2, written from the
 * format alone: byte by byte, from dense counts.
 */
#ifndef TK_TESTS_HLOG_ENCODE_H
#define TK_TESTS_HLOG_ENCODE_H

#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct encoded {
	uint8_t bytes[1 << 20];
	size_t size;
};

static inline void encode_number(struct encoded *e, uint64_t v, unsigned bytes)
{
	while (bytes--)
		e->bytes[e->size++] = (uint8_t)(v >> 8 * bytes);
}

/* A count of V2: the sign in the lowest bit, then seven bits a byte; the ninth has eight. */
static inline void encode_zigzag(struct encoded *e, int64_t v)
{
	uint64_t u = v < 0 ? ~((uint64_t)v << 1) : (uint64_t)v << 1;
	unsigned n = 1;

	while (n < 9 && u > 127) {
		e->bytes[e->size++] = (uint8_t)(u % 128 + 128);
		u /= 128;
		n++;
	}
	e->bytes[e->size++] = (uint8_t)u;
}

static inline void encode_counts(struct encoded *e, const uint64_t *counts, size_t n,
				 unsigned version, unsigned word)
{
	for (size_t i = 0; i < n; i++) {
		size_t zeros = 0;

		if (version < 2) {
			encode_number(e, counts[i], word);
			continue;
		}
		while (i + zeros < n && !counts[i + zeros])
			zeros++;
		encode_zigzag(e, zeros > 1 ? -(int64_t)zeros : (int64_t)counts[i]);
		i += zeros > 1 ? zeros - 1 : 0;
	}
}

/* @word: bytes a count in V0 and V1 */
static inline void encode_plain(struct encoded *e, const uint64_t *counts, size_t n,
				unsigned version, unsigned word, unsigned digits, uint64_t lowest)
{
	static const uint32_t cookies[] = { 0x1c849308, 0x1c849301, 0x1c849303 };
	size_t length;

	e->size = 0;
	encode_number(e, cookies[version] | (version == 2 ? 1u : word) << 4, 4);
	if (version == 0) {
		encode_number(e, digits, 4);
		encode_number(e, lowest, 8);
		encode_number(e, INT64_MAX, 8);
		encode_number(e, 0, 8); /* the total, which nobody reads */
		encode_counts(e, counts, n, version, word);
		return;
	}
	encode_number(e, 0, 4);
	encode_number(e, 0, 4);
	encode_number(e, digits, 4);
	encode_number(e, lowest, 8);
	encode_number(e, INT64_MAX, 8);
	encode_number(e, 0x3ff0000000000000, 8);
	encode_counts(e, counts, n, version, word);
	length = e->size - 40;
	e->size = 4;
	encode_number(e, length, 4);
	e->size = length + 40;
}

static inline void encode_compressed(struct encoded *e, unsigned version)
{
	static const uint32_t cookies[] = { 0x1c849309, 0x1c849302, 0x1c849304 };
	uLongf size = compressBound(e->size);
	uint8_t *out = malloc(size);

	compress(out, &size, e->bytes, e->size);
	e->size = 0;
	encode_number(e, cookies[version] | 0x10, 4);
	encode_number(e, size, 4);
	memcpy(e->bytes + 8, out, size);
	e->size += size;
	free(out);
}

/* @return base64, to be freed */
static inline char *encode_text(const struct encoded *e)
{
	char *text = malloc(BASE64_ENCODE_RAW_LENGTH(e->size) + 1);

	base64_encode_raw(text, e->size, e->bytes);
	text[BASE64_ENCODE_RAW_LENGTH(e->size)] = '\0';
	return text;
}

#endif
