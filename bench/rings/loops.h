/* SPDX-License-Identifier: MIT */
/*
 * bench/rings/loops.h - a ring's measuring loops, with its operations inlined. Included once a
 * ring, after `#define RING(x) prefix_##x`: see ring.h.
 */
#include "bench/rings/ring.h"

static_assert(sizeof(struct RING(writer)) <= RING_SIDE_MAX, "a writer's private state is too big");
static_assert(sizeof(struct RING(reader)) <= RING_SIDE_MAX, "a reader's private state is too big");

static void RING(writer_of)(void *w, void *memory, uint64_t slots, unsigned bytes)
{
	RING(writer_init)((struct RING(writer) *)w, memory, slots, bytes);
}

static void RING(reader_of)(void *r, void *memory, uint64_t slots, unsigned bytes)
{
	RING(reader_init)((struct RING(reader) *)r, memory, slots, bytes);
}

static void RING(flush_all)(void *w)
{
#ifdef RING_HAS_FLUSH
	RING(flush)((struct RING(writer) *)w);
#else
	(void)w;
#endif
}

#ifndef RING_ONLY_32
#define RING_BYTES 16
#define SIZED(x)   RING(x##_16)
#include "bench/rings/loops_sized.h"
#undef RING_BYTES
#undef SIZED
#endif

#define RING_BYTES 32
#define SIZED(x)   RING(x##_32)
#include "bench/rings/loops_sized.h"
#undef RING_BYTES
#undef SIZED

#undef RING
#undef RING_HAS_PUSH_N
#undef RING_HAS_FLUSH
#undef RING_HAS_ITEM
#undef RING_ONLY_32

/* The end of a struct ring: what loops.h and the file's own functions give. */
#ifndef RING_ENDS
#define RING_ENDS_OF(x, small)                                                \
	.memory = x##_memory, .init = x##_init, .writer_init = x##_writer_of, \
	.reader_init = x##_reader_of, .loops_16 = small, .loops_32 = &x##_loops_32
#define RING_ENDS_32(x) RING_ENDS_OF(x, NULL)
#define RING_ENDS(x)    RING_ENDS_OF(x, &x##_loops_16)
#endif
