/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/ring.h - what a ring is to the bench: one small file each, behind this.
 *
 * A ring's file defines, all static, under a prefix of its own (here `xyz`):
 *
 *	struct xyz_writer, struct xyz_reader	each side's private state, <= RING_SIDE_MAX bytes
 *	size_t xyz_memory(uint64_t slots, unsigned bytes)
 *		how much shared memory it wants
 *	void xyz_init(void *memory, uint64_t slots, unsigned bytes)
 *		make an empty ring in zeroed memory, 2 MiB-aligned, faulted in
 *	void xyz_writer_init(struct xyz_writer *, void *memory, uint64_t slots, unsigned bytes)
 *	void xyz_reader_init(struct xyz_reader *, void *memory, uint64_t slots, unsigned bytes)
 *	RING_INLINE bool xyz_push(struct xyz_writer *, struct ring_item, unsigned bytes)
 *		false: full, nothing happened. A ring that overwrites returns true
 *	RING_INLINE unsigned xyz_pop(struct xyz_reader *, struct tk_slot *out, unsigned max,
 *				     unsigned bytes)
 *		up to max (1, or RING_BATCH) records copied out, in order; how many
 *
 * and, where it has them, after a #define that says so:
 *
 *	RING_HAS_PUSH_N	RING_INLINE unsigned xyz_push_n(struct xyz_writer *, uint64_t from,
 *				unsigned n, uint32_t meta, unsigned bytes)
 *			one operation for the items from..from+n-1 (ring_item(from + i, meta)); how
 *			many were accepted. n is a compile-time constant, 8 or 32
 *	RING_HAS_FLUSH	RING_INLINE void xyz_flush(struct xyz_writer *)
 *			make visible what a batching writer still holds back
 *	RING_HAS_ITEM	RING_INLINE struct ring_item xyz_item(const struct tk_slot *)
 *			take a popped record apart, if it is packed otherwise than ring_put() does
 *	RING_ONLY_32	it cannot carry records of 16 bytes
 *
 * then
 *
 *	#define RING(x) xyz_##x
 *	#include "bench/rings/loops.h"
 *	const struct ring xyz_ring = { .name = "xyz", ..., RING_ENDS(xyz) };
 *
 * and gets a line in entries.h. loops.h makes the measuring loops, so that push and pop are inlined
 * in loops of the ring's own: a call through a pointer is paid once a batch, never once an
 * operation. A file with several variants does this several times.
 *
 * What makes the comparison fair, for all rings alike:
 * - One item: a start stamp, a timer's word, a duration: what a timing record holds. In a slot of
 *   32 bytes it leaves one word, which is the ring's own (a sequence, a flag) or written as 0. In
 *   16 bytes: start and duration, and no word to spare. start is never 0.
 * - After each operation a compiler barrier, so that an index lives in memory between pushes in
 *   every ring, as it must in a program that does other things between. Without it compilers keep
 *   it in a register for a whole loop in the simple rings, and cannot in others.
 * - Memory comes from the driver: shared, faulted in, on hugepages if they can be had. Each side's
 *   private state has a page of its own, another one in each trial (bench.h says why). What the two
 *   share, the ring lays out itself.
 * - `bytes` is always a constant where it is inlined.
 * - A reader that got a whole batch goes on, one that got less rests (or, spinning, looks again).
 */
#ifndef TK_BENCH_RINGS_RING_H
#define TK_BENCH_RINGS_RING_H

#include <assert.h>
#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ring/record.h"
#include "tsc/read.h"

#define RING_INLINE static inline __attribute__((always_inline))

#define RING_BATCH    64u   /* records popped at a time, where not one by one */
#define RING_SIDE_MAX 2048u /* bytes of a side's private state */
#define RING_ALIGN    128   /* apart: a line, and the one that is prefetched with it */

/* ---- what is pushed ---- */

struct ring_item {
	uint64_t start; /* its number: 1, 2, ... */
	uint64_t span;  /* follows from the number, 47 bits */
	uint32_t meta;  /* the same in every item; bits 16..31 are a timer, < RING_TIMERS */
};

#define RING_TIMERS 16u
#define RING_META   tk_record_meta(3, TK_CPU_UNKNOWN, 0)

/** The item of number n: made the same way for every ring, in two instructions. */
RING_INLINE struct ring_item ring_item(uint64_t n, uint32_t meta)
{
	return (struct ring_item){ n, n ^ UINT64_C(0x2d358dccaa6c), meta };
}

/**
 * Store an item into a slot of 16 or 32 bytes, with the ring's own word in the latter. By 16-byte
 * stores: a record built by smaller ones, and then copied by a ring that takes a pointer, waits for
 * store forwarding (ck_ring: 13.7 cycles a push instead of 3.3, measured).
 */
RING_INLINE void ring_put(void *slot, struct ring_item item, uint64_t own, unsigned bytes)
{
	__m128i *half = (__m128i *)slot;

	_mm_storeu_si128(&half[0], _mm_set_epi64x((long long)item.span, (long long)item.start));
	if (bytes == 32)
		_mm_storeu_si128(&half[1], _mm_set_epi64x((long long)own, item.meta));
}

/** Copy a slot out. */
RING_INLINE void ring_get(struct tk_slot *out, const void *slot, unsigned bytes)
{
	memcpy(out, slot, bytes);
}

/** Compiler only: nothing in memory is kept in a register across it. */
RING_INLINE void ring_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

/* ---- what the driver runs ---- */

/** What both sides of a run share besides the ring. It belongs to the bench. */
struct ring_run {
	/* Set by the driver: the side that retries or polls gives up. */
	__attribute__((aligned(RING_ALIGN))) uint32_t stop;
	/* Flow control for rings that overwrite, where nothing may be lost: items consumed.
	 * Release-stored by the reader every eighth of a ring, acquire-loaded by the writer every
	 * quarter, which waits until half a ring is free. Its cost is in the figure. */
	__attribute__((aligned(RING_ALIGN))) uint64_t consumed;
	__attribute__((aligned(RING_ALIGN))) uint64_t produced;
	uint64_t credit;  /* slots / 4 if the writer must ask for credit; 0: never */
	uint64_t retries; /* pushes refused, and tried again */
};

/** What a timed reader makes of records: every byte is read. */
struct ring_sum {
	uint64_t n;
	uint64_t start; /* sum of all first words */
	uint64_t rest;  /* xor of all others */
};

/** The loops of one ring at one record size, made by loops.h. w and r: private states. */
struct ring_loops {
	/* Plain operations, for tests, checking, and kills. */
	bool (*push)(void *w, struct ring_item item);
	unsigned (*pop)(void *r, struct tk_slot *out, unsigned max);
	struct ring_item (*item)(const struct tk_slot *s);
	void (*flush)(void *w);

	/* Items from..from+n-1; stops at the first refused; how many went in. */
	uint64_t (*push_1)(void *w, uint64_t from, uint64_t n);
	uint64_t (*push_8)(void *w, uint64_t from, uint64_t n);  /* NULL: has no such operation */
	uint64_t (*push_32)(void *w, uint64_t from, uint64_t n); /* NULL: has no such operation */
	/* Host work of `rounds` before each push; a refused one is dropped. */
	uint64_t (*work)(void *w, uint64_t from, uint64_t n, unsigned rounds);
	/* One push each `gap` ticks between fences; ticks[i]; a refused one is 0. */
	void (*fenced)(void *w, uint64_t from, uint64_t n, uint64_t gap, uint32_t *ticks);
	/* As fast as it goes, each until accepted or run->stop; flushed; may overshoot by a
	 * burst. */
	uint64_t (*deliver_1)(void *w, uint64_t from, uint64_t n, struct ring_run *run);
	uint64_t (*deliver_8)(void *w, uint64_t from, uint64_t n, struct ring_run *run);
	uint64_t (*deliver_32)(void *w, uint64_t from, uint64_t n, struct ring_run *run);
	/* Pop while whole batches of max (1 or RING_BATCH) come, about `most` records. */
	uint64_t (*drain)(void *r, unsigned max, uint64_t most, struct ring_sum *sum);
};

enum ring_full {
	RING_REFUSES,    /* the newest is refused; the writer may drop it or try again */
	RING_OVERWRITES, /* the oldest is overwritten; the reader notices */
};

/** Does a push load a line that the reader writes? */
enum ring_loads {
	RING_LOADS_NEVER,
	RING_LOADS_AMORTISED, /* seldom: a cached copy, a batch */
	RING_LOADS_ALWAYS,
};

struct ring {
	const char *name;
	const char *family;
	const char *source; /* citation */
	enum ring_full full;
	enum ring_loads loads;
	bool broadcast; /* any number of readers, each its own; a new one begins where it likes */
	bool heap;      /* keeps pointers into one process's heap: no kill tests */
	bool survives_writer; /* claims: its peer's death at any instant neither hangs nor tears */
	bool survives_reader;
	bool chunked;      /* its reader pops RING_BATCH at a time, whatever it is asked */
	unsigned unusable; /* slots that stay empty when full */
	unsigned early;    /* batching: it may refuse when this many more are free */
	unsigned rest_ns;  /* how long its reader rests when spinning: the lane's chunk rule */
	bool baseline;     /* not a ring: the loops with nothing in them */
	/* Records this reader knows to have lost; NULL: refuses, or cannot tell. */
	uint64_t (*lost)(const void *r);

	size_t (*memory)(uint64_t slots, unsigned bytes);
	void (*init)(void *memory, uint64_t slots, unsigned bytes);
	void (*writer_init)(void *w, void *memory, uint64_t slots, unsigned bytes);
	void (*reader_init)(void *r, void *memory, uint64_t slots, unsigned bytes);
	const struct ring_loops *loops_16; /* NULL: cannot */
	const struct ring_loops *loops_32;
};

static_assert(sizeof(struct tk_slot) == 32, "records are popped into slots of 32 bytes");

#endif
