/* SPDX-License-Identifier: MIT */
/*
 * DPDK's rte_ring (lib/ring), in memory of our own, without rte_eal_init(). Its own inline
 * functions, in the forms of its own benchmark (app/test/test_ring_perf.c): elements of 16 or 32
 * bytes, one at a time and in bursts; C11 memory model.
 *
 *	rte-sp	single producer, single consumer
 *	rte-zc	the same, zero-copy: the slots are written and read in place (rte_ring_peek_zc.h)
 *	rte-mp	several producers and consumers may use it: a compare-and-swap on the head, and
 *		waiting for one's turn to move the tail
 *	rte-rts	relaxed tail: the last of those under way moves the tail
 *	rte-hts	head and tail moved together, one producer at a time
 *
 * Every push loads the consumer's tail; every pop loads the producer's. A writer killed between
 * head and tail leaves the ring such that mp and hts wait for it for ever.
 */
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>

#include "bench/rings/ring.h"

/* All variants have the same private state: each side knows the ring, and nothing else. */
#define RTE_SIDES(x, flags)                                                             \
	struct x##_writer {                                                             \
		struct rte_ring *ring;                                                  \
	};                                                                              \
                                                                                        \
	struct x##_reader {                                                             \
		struct rte_ring *ring;                                                  \
	};                                                                              \
                                                                                        \
	static size_t x##_memory(uint64_t slots, unsigned bytes)                        \
	{                                                                               \
		return (size_t)rte_ring_get_memsize_elem(bytes, (unsigned)slots);       \
	}                                                                               \
                                                                                        \
	static void x##_init(void *memory, uint64_t slots, unsigned bytes)              \
	{                                                                               \
		(void)bytes;                                                            \
		(void)rte_ring_init(memory, #x, (unsigned)slots, flags);                \
	}                                                                               \
                                                                                        \
	static void x##_writer_init(struct x##_writer *w, void *memory, uint64_t slots, \
				    unsigned bytes)                                     \
	{                                                                               \
		(void)slots;                                                            \
		(void)bytes;                                                            \
		w->ring = memory;                                                       \
	}                                                                               \
                                                                                        \
	static void x##_reader_init(struct x##_reader *r, void *memory, uint64_t slots, \
				    unsigned bytes)                                     \
	{                                                                               \
		(void)slots;                                                            \
		(void)bytes;                                                            \
		r->ring = memory;                                                       \
	}

/*
 * Elements are copied in and out. A record is built where programs build records: in registers
 * and on the stack. Popped records of 32 bytes go straight to the output; records of 16 bytes come
 * side by side, and are spread over slots of 32.
 */
#define RTE_COPYING(x, enq, deq)                                                                 \
	RING_INLINE bool x##_push(struct x##_writer *w, struct ring_item item, unsigned bytes)   \
	{                                                                                        \
		struct tk_slot slot;                                                             \
                                                                                                 \
		ring_put(&slot, item, 0, bytes);                                                 \
		return rte_ring_##enq##_enqueue_bulk_elem(w->ring, &slot, bytes, 1, NULL);       \
	}                                                                                        \
                                                                                                 \
	RING_INLINE unsigned x##_push_n(struct x##_writer *w, uint64_t from, unsigned n,         \
					uint32_t meta, unsigned bytes)                           \
	{                                                                                        \
		char slots[32 * 32] __attribute__((aligned(32)));                                \
                                                                                                 \
		for (unsigned i = 0; i < n; i++)                                                 \
			ring_put(&slots[i * bytes], ring_item(from + i, meta), 0, bytes);        \
		return rte_ring_##enq##_enqueue_burst_elem(w->ring, slots, bytes, n, NULL);      \
	}                                                                                        \
                                                                                                 \
	RING_INLINE unsigned x##_pop(struct x##_reader *r, struct tk_slot *out, unsigned max,    \
				     unsigned bytes)                                             \
	{                                                                                        \
		char slots[RING_BATCH * 16] __attribute__((aligned(32)));                        \
		unsigned n;                                                                      \
                                                                                                 \
		if (max == 1)                                                                    \
			return rte_ring_##deq##_dequeue_bulk_elem(r->ring, out, bytes, 1, NULL); \
		if (bytes == 32)                                                                 \
			return rte_ring_##deq##_dequeue_burst_elem(r->ring, out, bytes, max,     \
								   NULL);                        \
		n = rte_ring_##deq##_dequeue_burst_elem(r->ring, slots, bytes, max, NULL);       \
		for (unsigned i = 0; i < n; i++)                                                 \
			ring_get(&out[i], &slots[i * 16], 16);                                   \
		return n;                                                                        \
	}

RTE_SIDES(rte_sp, RING_F_SP_ENQ | RING_F_SC_DEQ)
RTE_COPYING(rte_sp, sp, sc)
#define RING_HAS_PUSH_N
#define RING(x) rte_sp_##x
#include "bench/rings/loops.h"

RTE_SIDES(rte_mp, 0)
RTE_COPYING(rte_mp, mp, mc)
#define RING_HAS_PUSH_N
#define RING(x) rte_mp_##x
#include "bench/rings/loops.h"

RTE_SIDES(rte_rts, RING_F_MP_RTS_ENQ | RING_F_MC_RTS_DEQ)
RTE_COPYING(rte_rts, mp_rts, mc_rts)
#define RING_HAS_PUSH_N
#define RING(x) rte_rts_##x
#include "bench/rings/loops.h"

RTE_SIDES(rte_hts, RING_F_MP_HTS_ENQ | RING_F_MC_HTS_DEQ)
RTE_COPYING(rte_hts, mp_hts, mc_hts)
#define RING_HAS_PUSH_N
#define RING(x) rte_hts_##x
#include "bench/rings/loops.h"

/* ---- zero-copy ---- */

RTE_SIDES(rte_zc, RING_F_SP_ENQ | RING_F_SC_DEQ)

RING_INLINE unsigned rte_zc_push_n(struct rte_zc_writer *w, uint64_t from, unsigned n,
				   uint32_t meta, unsigned bytes)
{
	struct rte_ring_zc_data at;
	unsigned got = rte_ring_enqueue_zc_burst_elem_start(w->ring, bytes, n, &at, NULL);
	char *slot = at.ptr1;

	for (unsigned i = 0; i < got; i++, slot += bytes) {
		if (i == at.n1)
			slot = at.ptr2;
		ring_put(slot, ring_item(from + i, meta), 0, bytes);
	}
	rte_ring_enqueue_zc_elem_finish(w->ring, got);
	return got;
}

RING_INLINE bool rte_zc_push(struct rte_zc_writer *w, struct ring_item item, unsigned bytes)
{
	struct rte_ring_zc_data at;

	if (!rte_ring_enqueue_zc_bulk_elem_start(w->ring, bytes, 1, &at, NULL))
		return false;
	ring_put(at.ptr1, item, 0, bytes);
	rte_ring_enqueue_zc_elem_finish(w->ring, 1);
	return true;
}

RING_INLINE unsigned rte_zc_pop(struct rte_zc_reader *r, struct tk_slot *out, unsigned max,
				unsigned bytes)
{
	struct rte_ring_zc_data at;
	unsigned n = rte_ring_dequeue_zc_burst_elem_start(r->ring, bytes, max, &at, NULL);
	const char *slot = at.ptr1;

	for (unsigned i = 0; i < n; i++, slot += bytes) {
		if (i == at.n1)
			slot = at.ptr2;
		ring_get(&out[i], slot, bytes);
	}
	rte_ring_dequeue_zc_elem_finish(r->ring, n);
	return n;
}

#define RING_HAS_PUSH_N
#define RING(x) rte_zc_##x
#include "bench/rings/loops.h"

#define RTE                                                                     \
	.family = "rte_ring", .source = "DPDK, lib/ring", .full = RING_REFUSES, \
	.loads = RING_LOADS_ALWAYS, .unusable = 1

const struct ring rte_sp_ring = { .name = "rte-sp", RTE, RING_ENDS(rte_sp) };
const struct ring rte_zc_ring = { .name = "rte-zc", RTE, RING_ENDS(rte_zc) };
const struct ring rte_mp_ring = { .name = "rte-mp", RTE, RING_ENDS(rte_mp) };
const struct ring rte_rts_ring = { .name = "rte-rts", RTE, RING_ENDS(rte_rts) };
const struct ring rte_hts_ring = { .name = "rte-hts", RTE, RING_ENDS(rte_hts) };
