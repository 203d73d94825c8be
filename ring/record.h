/* SPDX-License-Identifier: MIT */
/*
 * ring/record.h - the timing record: 32 bytes, in two halves of 16. Installed: part of the ABI.
 *
 *	half A  u64 start              raw ticks
 *	        u32 meta               u12 cpu | u4 kind | u16 timer, from the low bit up
 *	        u32 tag                which push wrote this half
 *	half B  s48 stop - start       ticks, two's complement
 *	        u48 start - origin     ticks, plus 2^47; 0: no origin
 *	        u32 tag                which push wrote this half
 *
 * As four little-endian 64-bit words, where origin is the biased u48:
 *
 *	w[0] = start
 *	w[1] = tag << 32 | meta
 *	w[2] = duration << 16 | origin >> 32
 *	w[3] = (origin & (2^32 - 1)) << 32 | tag
 *
 * Why so: a push is bound by how many instructions it takes, and this is the packing that takes the
 * fewest. Multiplying a duration by 2^16 both places it and, by its overflow flag, says whether it
 * fits; a missing origin is all zero bits; the tags lie where unpacking puts them without a copy.
 *
 * Differences are signed, for cores' counters may disagree and threads migrate. 48 bits hold 15
 * hours at 2.6 GHz; what does not fit is saturated, and TK_TICKS_NONE says that there is nothing.
 *
 * A record of a value (TK_KIND_VALUE) has a number in the place of the duration. Readers that are
 * older than that kind count it as unknown.
 *
 * Both halves carry the tag so that a reader can tell, whatever order they arrived in, that they
 * belong to the same push: see ring/lane_push.h.
 */
#ifndef TK_RING_RECORD_H
#define TK_RING_RECORD_H

#include <stdint.h>

#include "../tsc/read.h"

#define TK_TICKS_NONE (-(INT64_C(1) << 47))    /* no such difference in this record */
#define TK_TICKS_MAX  ((INT64_C(1) << 47) - 1) /* this long or longer; negated: or earlier */

/*
 * The sixteen kinds. Below 8, a span: bits 0-1 say how it was stamped (a pair of stamps adds at
 * least so many ticks to the span, by stamp mode, which the reader subtracts: tsc/floor.h), bit 2
 * how far its latency reaches.
 */
enum tk_stamp {
	TK_STAMP_ORDERED = 0, /* rdtsc ... rdtscp: the default */
	TK_STAMP_FAST = 1,    /* rdtsc ... rdtsc: nothing to subtract */
	TK_STAMP_FENCED = 2,  /* lfence rdtsc lfence ... rdtscp lfence */
	TK_STAMP_HAND = 3, /* the program's own stamps, or another clock's: nothing to subtract */
};

enum tk_kind {
	/* 0..3: a span of that stamp mode; its latency, if any, reaches to its start */
	TK_KIND_TO_STOP = 4, /* 4..7: the same; its latency reaches to its stop */
	TK_KIND_SUM = 8,     /* durations accumulated by the program; start is when it began */
	TK_KIND_LATENCY = 9, /* no span: only how long ago the origin was, at start */
	TK_KIND_LAP = 10,    /* 10..13: between two stage boundaries, a stamp of that mode each */
	TK_KIND_MARK = 14,   /* a named instant */
	TK_KIND_VALUE = 15,  /* a plain number where the duration lies, as of the start; no time */
	TK_KINDS = 16,
};

struct tk_slot {
	uint64_t w[4];
} __attribute__((aligned(32)));

/** A record taken apart. */
struct tk_record {
	uint64_t start;       /* ticks */
	int64_t duration;     /* ticks, or TK_TICKS_NONE; of a value: the value */
	int64_t since_origin; /* ticks from the origin to the start, or TK_TICKS_NONE */
	uint16_t timer;       /* id within its segment */
	uint16_t cpu;         /* where it stopped, or TK_CPU_UNKNOWN */
	uint8_t kind;         /* enum tk_stamp | TK_KIND_TO_STOP, or another enum tk_kind */
};

static inline __attribute__((always_inline)) uint32_t tk_record_meta(uint16_t timer, uint32_t cpu,
								     uint32_t kind)
{
	return (uint32_t)timer << 16 | kind << 12 | cpu;
}

/* The same fields of a meta word, or of a timer's handle, which is one without a cpu. */
static inline __attribute__((always_inline)) uint16_t tk_meta_timer(uint32_t meta)
{
	return (uint16_t)(meta >> 16);
}

static inline __attribute__((always_inline)) uint32_t tk_meta_kind(uint32_t meta)
{
	return meta >> 12 & 15;
}

static inline __attribute__((always_inline)) uint16_t tk_slot_timer(const struct tk_slot *s)
{
	return (uint16_t)(s->w[1] >> 16);
}

static inline __attribute__((always_inline)) uint8_t tk_slot_kind(const struct tk_slot *s)
{
	return (uint8_t)(s->w[1] >> 12 & 15);
}

static inline __attribute__((always_inline)) int64_t tk_slot_duration(const struct tk_slot *s)
{
	return (int64_t)s->w[2] >> 16;
}

static inline __attribute__((always_inline)) int64_t tk_slot_since_origin(const struct tk_slot *s)
{
	return (int64_t)((s->w[2] & 0xffff) << 32 | s->w[3] >> 32) + TK_TICKS_NONE;
}

static inline struct tk_record tk_slot_record(const struct tk_slot *s)
{
	struct tk_record r;

	r.start = s->w[0];
	r.duration = tk_slot_duration(s);
	r.since_origin = tk_slot_since_origin(s);
	r.timer = tk_slot_timer(s);
	r.cpu = (uint16_t)(s->w[1] & 0xfffu);
	r.kind = tk_slot_kind(s);
	return r;
}

#endif
