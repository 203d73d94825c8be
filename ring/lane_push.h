/* SPDX-License-Identifier: MIT */
/*
 * ring/lane_push.h - writing into a lane. Installed: the push is inlined into the watched program,
 * so struct tk_lane_writer is ABI.
 *
 * A lane is one thread's ring of 2^k slots of 32 bytes in shared memory: a store-only, tagged,
 * overwriting broadcast ring. One thread writes, any number of processes read, and the writer
 * never learns of them.
 *
 *	claim	n = head++		one unlocked xadd on thread-local memory
 *	build	both halves in registers, each with tag = n >> 8
 *	store	half A, half B		two aligned 16-byte stores to slot n mod 2^k
 *	count	counts[timer]++		one instruction
 *	turn	every 64 to 1,024 pushes: publish the head, on a line of its own
 *
 * A lane of another discipline (ring/discipline.h) is a writer whose every push takes its turn, and
 * the turn does there what is not in here.
 *
 * Who may call: the thread that owns the writer, and signal handlers on it. Wait-free: no loop, no
 * lock, no locked instruction, no system call (but in the turn that joins the thread), and no load
 * of any line that another core writes. Cost: 5 TSC cycles on top of a clock pair, 4.3 alone in a
 * loop (2.6 GHz Xeon VM, bench/overhead; papers/push-packing.md says where they go). Cannot fail:
 * a thread that has no lane writes into a slot of its own that nobody reads, and is counted.
 *
 * Why a reader can trust what it reads. A slot is written every 2^k pushes, k >= 8, so tags of
 * successive pushes to one slot differ, and slot and tag together tell pushes apart that are less
 * than 2^40 apart: six hours at the highest rate there is. (A shift by k would make that 2^(32+k),
 * but a shift by a variable is 3 instructions more, 0.9 cycles a push, measured; the 64-bit
 * published head tells what the tags alone no longer can to a reader that slept so long.) Two
 * halves that both carry the tag of r both belong to push r, in whatever order they were written
 * or arrived, so all that is needed is that no aligned 16-byte access is torn. Intel documents that
 * for processors with AVX (SDM vol. 3A, 8.1.1), AMD for its own (APM vol. 2, 7.3.2). So
 * there is no release here for an acquire to pair with, in the slot; the accesses are spelled in
 * assembly because compilers narrow half-used vector accesses to 8 bytes. Software emulation with
 * several host threads does tear them: tk_tsc_atomic() refuses it.
 *
 * Why xadd. A handler may interrupt a push anywhere and push itself. A claim of one instruction
 * gives it the next number; load, add, store lost 4 % of records there (measured). For the same
 * reason the count is one instruction, and so is the publication: it never steps back.
 *
 * Sequence numbers begin at 2^k, so that zeroed slots read as older.
 */
#ifndef TK_RING_LANE_PUSH_H
#define TK_RING_LANE_PUSH_H

#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include "test_point.h"

/** The tag of push n. */
#define TK_TAG_SHIFT 8
static inline __attribute__((always_inline)) uint32_t tk_tag(uint64_t n)
{
	return (uint32_t)(n >> TK_TAG_SHIFT);
}

/**
 * A thread's end of its lane. Thread-local, in two lines that no other thread touches. The fields
 * a push reads come first and share one line. Not aligned further than that: glibc refuses to
 * dlopen() an object whose initial-exec TLS asks for more than 64.
 */
struct tk_lane_writer {
	uint64_t head;    /* the next sequence number, times 32: its place in bytes */
	uint64_t mask;    /* bytes of slots - 1 */
	char *slots;      /* shared memory, or `sink` */
	uint64_t *counts; /* records pushed, by timer: shared memory, written by this thread */
	const uint8_t *disabled; /* by timer: not to be recorded; written by `timekeeper disable` */
	uint64_t turn_at;        /* from this head on: take a turn */
	/* Finishes the push that claimed `head`, by tk_lane_store() or as the lane's discipline
	 * has it, or by another push if it had to change lanes. */
	void (*turn)(struct tk_lane_writer *w, uint64_t head, int64_t placed, uint32_t meta,
		     uint64_t start, uint64_t low);

	/* The owner's: not for the push. */
	uint32_t state;
	uint32_t generation; /* of the owner's state when the lane was had */
	void *lane;          /* its account of the lane; NULL: none */
	uint64_t *published; /* where the head is published, as a sequence number */
	/* Without a lane: pushes already counted as refused. In one: the first that is not known to
	 * be finished. */
	uint64_t counted;
	struct tk_slot sink; /* where records go that have nowhere to go */
} __attribute__((aligned(64)));

#define TK_HEAD_STEP  UINT64_C(32) /* bytes a record */
#define TK_HEAD_SHIFT 5

/** A 48-bit difference, saturated. Off the hot path. */
static inline int64_t tk_ticks_saturate(int64_t ticks)
{
	if (ticks > TK_TICKS_MAX)
		return TK_TICKS_MAX;
	return ticks < TK_TICKS_NONE ? -TK_TICKS_MAX : ticks;
}

/* Times 2^16, with the overflow flag: whether it does not fit 48 bits. */
static inline __attribute__((always_inline)) bool tk_ticks_place(int64_t ticks, int64_t *placed)
{
	bool over;

	__asm__("imul{q $65536, %2, %0| %0, %2, 65536}"
		: "=r"(*placed), "=@cco"(over)
		: "r"(ticks)
		: "cc");
	return over;
}

/** Claim a place. One instruction, so that a handler that interrupts a push gets another. */
static inline __attribute__((always_inline)) uint64_t tk_lane_claim(struct tk_lane_writer *w)
{
	uint64_t head = TK_HEAD_STEP;

	__asm__ volatile("xadd{q %0, %1| %1, %0}" : "+r"(head), "+m"(w->head) : : "cc");
	return head;
}

/** Add one. One instruction, so that none is lost to a handler in between. */
static inline __attribute__((always_inline)) void tk_lane_add_one(uint64_t *count)
{
	__asm__ volatile("add{q $1, %0| qword ptr %0, 1}" : "+m"(*count) : : "cc");
}

/**
 * The two halves of the record of the push that claimed `head`. placed is the duration times 2^16
 * and the upper 16 bits of the biased since_origin, low its lower 32.
 */
static inline __attribute__((always_inline)) void tk_lane_build(uint64_t head, int64_t placed,
								uint32_t meta, uint64_t start,
								uint64_t low, __m128i *a,
								__m128i *b)
{
	__m128i tag = _mm_cvtsi32_si128((int)tk_tag(head >> TK_HEAD_SHIFT));

	*a = _mm_unpacklo_epi64(_mm_cvtsi64_si128((long long)start),
				_mm_unpacklo_epi32(_mm_cvtsi32_si128((int)meta), tag));
	if (!(__builtin_constant_p(low) && low == 0))
		tag = _mm_unpacklo_epi32(tag, _mm_cvtsi32_si128((int)(uint32_t)low));
	*b = _mm_unpacklo_epi64(_mm_cvtsi64_si128(placed), tag);
}

/** Store the record at the place it claimed, and count it: the end of a push. */
static inline __attribute__((always_inline)) void tk_lane_store(struct tk_lane_writer *w,
								uint64_t head, int64_t placed,
								uint32_t meta, uint64_t start,
								uint64_t low)
{
	__m128i a, b;
	char *slot;

	tk_lane_build(head, placed, meta, start, low, &a, &b);
	slot = w->slots + (head & w->mask);
	__asm__ volatile("movaps {%2, %0|%0, %2}\n\t"
			 "movaps {%3, %1|%1, %3}"
			 : "=m"(*(__m128i *)slot), "=m"(*(__m128i *)(slot + 16))
			 : "x"(a), "x"(b));
	TK_TEST_POINT("push.stored");
	tk_lane_add_one(&w->counts[tk_meta_timer(meta)]);
	TK_TEST_POINT("push.counted");
}

/** A push, from the claim on. */
static inline __attribute__((always_inline)) void
tk_lane_put(struct tk_lane_writer *w, int64_t placed, uint32_t meta, uint64_t start, uint64_t low)
{
	uint64_t head = tk_lane_claim(w);

	TK_TEST_POINT("push.claimed");
	if (__builtin_expect(head >= w->turn_at, 0))
		w->turn(w, head, placed, meta, start, low);
	else
		tk_lane_store(w, head, placed, meta, start, low);
}

/**
 * Push one record. duration and since_origin are in ticks, TK_TICKS_NONE for none; meta is
 * tk_record_meta(), whose timer must be within the counts the lane was made with.
 */
static inline __attribute__((always_inline)) void tk_lane_push(struct tk_lane_writer *w,
							       uint32_t meta, uint64_t start,
							       int64_t duration,
							       int64_t since_origin)
{
	uint64_t low = 0;
	int64_t placed;

	if (__builtin_expect(tk_ticks_place(duration, &placed), 0))
		placed = tk_ticks_saturate(duration) * 65536;
	if (!(__builtin_constant_p(since_origin) && since_origin == TK_TICKS_NONE)) {
		low = (uint64_t)since_origin - (uint64_t)TK_TICKS_NONE;
		if (__builtin_expect(low >> 32 > 0xffff, 0))
			low = (uint64_t)(tk_ticks_saturate(since_origin) - TK_TICKS_NONE);
		placed |= (int64_t)(low >> 32);
	}
	tk_lane_put(w, placed, meta, start, low);
}

#ifdef __cplusplus
static_assert(sizeof(tk_lane_writer) == 128, "struct tk_lane_writer is ABI");
#else
_Static_assert(sizeof(struct tk_lane_writer) == 128, "struct tk_lane_writer is ABI");
_Static_assert(sizeof(struct tk_slot) == 32, "a record is 32 bytes");
#endif

#endif
