/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/decode.h - one encoded HdrHistogram: bytes → buckets that are filled.
 *
 * All integers are big-endian. What begins with a compressed cookie is a zlib stream of what
 * follows:
 *
 *	V2, V1	cookie, payload's length, normalizing offset, digits (4 bytes each),
 *		lowest and highest value, conversion ratio (8 each); payload
 *	V0	cookie, digits (4), lowest, highest value, total count (8); payload
 *
 * A payload is the counts of all buckets from 0 on. V2: ZigZag LEB128 of at most 9 bytes, where -n
 * stands for n empty buckets. V1, V0: integers of 2, 4 or 8 bytes, as the cookie says. What Java
 * calls a DoubleHistogram is a V2 one behind 16 bytes of its own; its values are what it counts
 * times the conversion ratio.
 *
 * A decoder keeps its memory from one histogram to the next. One thread per decoder.
 */
#ifndef TK_COLLECTOR_HLOG_DECODE_H
#define TK_COLLECTOR_HLOG_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/hlog/shape.h"

enum tk_hlog_cookie {
	TK_HLOG_V0 = 0x1c849308,
	TK_HLOG_V0_COMPRESSED = 0x1c849309,
	TK_HLOG_V1 = 0x1c849301,
	TK_HLOG_V1_COMPRESSED = 0x1c849302,
	TK_HLOG_V2 = 0x1c849303,
	TK_HLOG_V2_COMPRESSED = 0x1c849304,
	TK_HLOG_DOUBLE = 0x0c72124e,
	TK_HLOG_DOUBLE_COMPRESSED = 0x0c72124f,
};

#define TK_HLOG_HEADER    40u /* bytes; of V0: 32 */
#define TK_HLOG_HEADER_V0 32u
#define TK_HLOG_COUNT_MAX 9u /* bytes of a count in V2 */

/** A histogram that inflates to more is refused: a full one with 5 digits takes 59 MB at most. */
#define TK_HLOG_INFLATED_MAX ((size_t)64 << 20)

/** All zero to begin. */
struct tk_hlog_decoder {
	struct libdeflate_decompressor *z; /* from the first use on */
	uint8_t *inflated;
	size_t room;
	/* What was decoded last. */
	struct tk_hlog_shape shape;
	struct tk_hlog_counted *counted;
	size_t n, counted_room;
	uint64_t count;
};

/**
 * @unit_ns: what 1 is worth
 * @return NULL, and the histogram is in the decoder; else what is wrong with it, for people
 */
const char *tk_hlog_decode(struct tk_hlog_decoder *d, const uint8_t *bytes, size_t size,
			   double unit_ns);

void tk_hlog_decoder_free(struct tk_hlog_decoder *d);

#endif
