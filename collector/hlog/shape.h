/* SPDX-License-Identifier: MIT */
/*
 * collector/hlog/shape.h - the buckets of an HdrHistogram, and what they are worth in ns.
 *
 * An HdrHistogram counts integers. `digits` decimal digits of a value are kept: values below
 * 2 << half_bits units have a bucket each, and from there on each power of two has 1 << half_bits
 * buckets. 3 digits make half_bits 10, so that the middle of a bucket is off by at most 1/2048
 * (0.049 %). A unit is 1 << unit_bits of the log's integers; an integer of the log is `ns` ns.
 *
 * Plain data and pure functions.
 */
#ifndef TK_COLLECTOR_HLOG_SHAPE_H
#define TK_COLLECTOR_HLOG_SHAPE_H

#include <errno.h>
#include <stdint.h>

struct tk_hlog_shape {
	uint8_t half_bits; /* 3 digits: 10 */
	uint8_t unit_bits; /* of the smallest value that is told apart from 0; mostly 0 */
	double ns;         /* what 1 in the log is worth */
};

/** A bucket that is not empty. tk_hlog_middle_ns(shape, bucket) is its value. */
struct tk_hlog_counted {
	uint32_t bucket;
	uint64_t count;
};

/**
 * @digits: 0 to 5, @lowest: the smallest value that is told apart from 0, @ns: what 1 is worth
 * @return 0 or -EINVAL
 */
static inline int tk_hlog_shape_of(struct tk_hlog_shape *s, uint32_t digits, int64_t lowest,
				   double ns)
{
	static const uint8_t half_bits[] = { 0, 4, 7, 10, 14, 17 };

	if (digits > 5 || lowest < 1)
		return -EINVAL;
	s->half_bits = half_bits[digits];
	s->unit_bits = (uint8_t)(63 - __builtin_clzll((uint64_t)lowest));
	s->ns = ns;
	return s->half_bits + s->unit_bits > 60 ? -EINVAL : 0;
}

/** @return how many buckets there are for all values below 2^63 */
static inline uint32_t tk_hlog_buckets(const struct tk_hlog_shape *s)
{
	return (uint32_t)(64 - s->unit_bits - s->half_bits) << s->half_bits;
}

/** @return the bucket of a value, in integers of the log */
static inline uint32_t tk_hlog_bucket(const struct tk_hlog_shape *s, uint64_t value)
{
	uint64_t units = value >> s->unit_bits;
	unsigned top = 63u ^ (unsigned)__builtin_clzll(units | UINT64_C(1) << s->half_bits);
	unsigned shift = top - s->half_bits;

	return (uint32_t)(((uint64_t)shift << s->half_bits) + (units >> shift));
}

/** @return the smallest value of a bucket, in integers of the log */
static inline uint64_t tk_hlog_lowest(const struct tk_hlog_shape *s, uint32_t bucket)
{
	uint32_t octave = bucket >> s->half_bits;
	unsigned shift = octave > 1 ? octave - 1 : 0;

	return (uint64_t)(bucket - (shift << s->half_bits)) << shift << s->unit_bits;
}

/** @return how many integers of the log a bucket holds, less one */
static inline uint64_t tk_hlog_span(const struct tk_hlog_shape *s, uint32_t bucket)
{
	uint32_t octave = bucket >> s->half_bits;

	return (UINT64_C(1) << (s->unit_bits + (octave > 1 ? octave - 1 : 0))) - 1;
}

/** @return the middle of a bucket in ns: what a sample of it counts as */
static inline double tk_hlog_middle_ns(const struct tk_hlog_shape *s, uint32_t bucket)
{
	return ((double)tk_hlog_lowest(s, bucket) + (double)tk_hlog_span(s, bucket) / 2) * s->ns;
}

/** @return the farthest that a sample of a bucket can be from its middle, in ns */
static inline double tk_hlog_half_ns(const struct tk_hlog_shape *s, uint32_t bucket)
{
	return (double)tk_hlog_span(s, bucket) / 2 * s->ns;
}

#endif
