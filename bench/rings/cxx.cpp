/* SPDX-License-Identifier: MIT */
/*
 * The C++ queues that Debian packages:
 *
 *	boost-spsc	Boost.Lockfree spsc_queue, sized at run time; its buffer in the bench's memory.
 *			Every push loads the reader's index, every pop the writer's
 *	moodycamel-rwq	readerwriterqueue, of one block, so that it is as large as asked for;
 *			try_enqueue() refuses when that is full. Each side keeps a copy of the
 *			other's index
 *	moodycamel-cq	concurrentqueue, for any number of producers, with tokens; preallocated, and
 *			try_enqueue() refuses when that is used up. It gives slots back by blocks
 *			of 32, so it refuses a little early
 *
 * The two of moodycamel's keep pointers into one process's heap; a run's queue lives until the
 * next is made.
 */
#include <boost/lockfree/spsc_queue.hpp>
#include <concurrentqueue/concurrentqueue.h>
#include <memory>
#include <new>
#include <readerwriterqueue/readerwriterqueue.h>

#include "bench/rings/ring.h"

namespace
{

template <unsigned bytes> struct record {
	uint64_t w[bytes / 8];
};

template <unsigned bytes> RING_INLINE record<bytes> record_of(struct ring_item item)
{
	record<bytes> r;

	ring_put(&r, item, 0, bytes);
	return r;
}

template <unsigned bytes, unsigned n>
RING_INLINE void records_of(record<bytes> (&r)[n], uint64_t from, uint32_t meta)
{
	for (unsigned i = 0; i < n; i++)
		r[i] = record_of<bytes>(ring_item(from + i, meta));
}

/* Hands out the bench's memory, once. */
template <class T> struct placed {
	typedef T value_type;
	void *at;

	explicit placed(void *memory) : at(memory)
	{
	}
	template <class U> placed(const placed<U> &other) : at(other.at)
	{
	}
	T *allocate(size_t)
	{
		return static_cast<T *>(at);
	}
	void deallocate(T *, size_t)
	{
	}
};

/* A queue, in three operations that are alike for all. */

template <unsigned bytes> struct boost_queue {
	typedef record<bytes> item;
	boost::lockfree::spsc_queue<item, boost::lockfree::allocator<placed<item>>> q;

	/* The slot that stays empty is one of `slots` here, as in other rings. */
	boost_queue(uint64_t slots, void *buffer) : q(slots - 1, placed<item>(buffer))
	{
	}
	bool push(const item &r)
	{
		return q.push(r);
	}
	unsigned push_n(const item *r, unsigned n)
	{
		return static_cast<unsigned>(q.push(r, n));
	}
	unsigned pop_n(item *r, unsigned n)
	{
		return static_cast<unsigned>(q.pop(r, n));
	}
};

template <unsigned bytes> struct rwq_queue {
	typedef record<bytes> item;
	moodycamel::ReaderWriterQueue<item, 1 << 20> q;

	rwq_queue(uint64_t slots, void *) : q(slots - 1)
	{
	}
	bool push(const item &r)
	{
		return q.try_enqueue(r);
	}
	unsigned pop_n(item *r, unsigned n)
	{
		unsigned got = 0;

		while (got < n && q.try_dequeue(r[got]))
			got++;
		return got;
	}
};

struct cq_traits : moodycamel::ConcurrentQueueDefaultTraits {
	/* Room for the index of every block there can be, for try_enqueue() does not allocate. */
	static const size_t EXPLICIT_INITIAL_INDEX_SIZE = (1 << 20) / BLOCK_SIZE;
};

template <unsigned bytes> struct cq_queue {
	typedef record<bytes> item;
	moodycamel::ConcurrentQueue<item, cq_traits> q;
	moodycamel::ProducerToken producer;
	moodycamel::ConsumerToken consumer;

	cq_queue(uint64_t slots, void *) : q(slots), producer(q), consumer(q)
	{
	}
	bool push(const item &r)
	{
		return q.try_enqueue(producer, r);
	}
	unsigned push_n(const item *r, unsigned n)
	{
		return q.try_enqueue_bulk(producer, r, n) ? n : 0;
	}
	unsigned pop_n(item *r, unsigned n)
	{
		return static_cast<unsigned>(q.try_dequeue_bulk(consumer, r, n));
	}
};

/* The bench's memory begins with a pointer to the queue; what the queue allocates there follows. */
constexpr size_t QUEUE_AT = 4096;
constexpr size_t BUFFER_AT = 8192;

template <class queue> void make_in_place(void *memory, uint64_t slots)
{
	char *at = static_cast<char *>(memory);

	static_assert(sizeof(queue) <= BUFFER_AT - QUEUE_AT, "no room for the queue");
	*static_cast<void **>(memory) = new (at + QUEUE_AT) queue(slots, at + BUFFER_AT);
}

template <class queue> void make_on_heap(void *memory, uint64_t slots)
{
	static std::unique_ptr<queue> last;

	last.reset(new queue(slots, nullptr));
	*static_cast<void **>(memory) = last.get();
}

template <class queue> RING_INLINE unsigned pop_from(void *q, struct tk_slot *out, unsigned max)
{
	typename queue::item r[RING_BATCH];
	unsigned n = static_cast<queue *>(q)->pop_n(r, max);

	for (unsigned i = 0; i < n; i++)
		ring_get(&out[i], &r[i], sizeof(r[i]));
	return n;
}

template <class queue, unsigned bytes, unsigned n>
RING_INLINE unsigned push_burst(void *q, uint64_t from, uint32_t meta)
{
	typename queue::item r[n];

	records_of<bytes, n>(r, from, meta);
	return static_cast<queue *>(q)->push_n(r, n);
}

} // namespace

#define CXX_RING(x, Q, make)                                                                   \
	struct x##_writer {                                                                    \
		void *queue;                                                                   \
	};                                                                                     \
                                                                                               \
	struct x##_reader {                                                                    \
		void *queue;                                                                   \
	};                                                                                     \
                                                                                               \
	static size_t x##_memory(uint64_t slots, unsigned bytes)                               \
	{                                                                                      \
		return BUFFER_AT + slots * bytes;                                              \
	}                                                                                      \
                                                                                               \
	static void x##_init(void *memory, uint64_t slots, unsigned bytes)                     \
	{                                                                                      \
		if (bytes == 32)                                                               \
			make<Q<32>>(memory, slots);                                            \
		else                                                                           \
			make<Q<16>>(memory, slots);                                            \
	}                                                                                      \
                                                                                               \
	static void x##_writer_init(struct x##_writer *w, void *memory, uint64_t, unsigned)    \
	{                                                                                      \
		w->queue = *static_cast<void **>(memory);                                      \
	}                                                                                      \
                                                                                               \
	static void x##_reader_init(struct x##_reader *r, void *memory, uint64_t, unsigned)    \
	{                                                                                      \
		r->queue = *static_cast<void **>(memory);                                      \
	}                                                                                      \
                                                                                               \
	RING_INLINE bool x##_push(struct x##_writer *w, struct ring_item item, unsigned bytes) \
	{                                                                                      \
		if (bytes == 32)                                                               \
			return static_cast<Q<32> *>(w->queue)->push(record_of<32>(item));      \
		return static_cast<Q<16> *>(w->queue)->push(record_of<16>(item));              \
	}                                                                                      \
                                                                                               \
	RING_INLINE unsigned x##_pop(struct x##_reader *r, struct tk_slot *out, unsigned max,  \
				     unsigned bytes)                                           \
	{                                                                                      \
		return bytes == 32 ? pop_from<Q<32>>(r->queue, out, max)                       \
				   : pop_from<Q<16>>(r->queue, out, max);                      \
	}

#define CXX_BURSTS(x, Q)                                                                 \
	RING_INLINE unsigned x##_push_n(struct x##_writer *w, uint64_t from, unsigned n, \
					uint32_t meta, unsigned bytes)                   \
	{                                                                                \
		if (bytes == 32)                                                         \
			return n == 8 ? push_burst<Q<32>, 32, 8>(w->queue, from, meta)   \
				      : push_burst<Q<32>, 32, 32>(w->queue, from, meta); \
		return n == 8 ? push_burst<Q<16>, 16, 8>(w->queue, from, meta)           \
			      : push_burst<Q<16>, 16, 32>(w->queue, from, meta);         \
	}

CXX_RING(boost_spsc, boost_queue, make_in_place)
CXX_BURSTS(boost_spsc, boost_queue)
#define RING_HAS_PUSH_N
#define RING(x) boost_spsc_##x
#include "bench/rings/loops.h"

CXX_RING(moodycamel_rwq, rwq_queue, make_on_heap)
#define RING(x) moodycamel_rwq_##x
#include "bench/rings/loops.h"

CXX_RING(moodycamel_cq, cq_queue, make_on_heap)
CXX_BURSTS(moodycamel_cq, cq_queue)
#define RING_HAS_PUSH_N
#define RING(x) moodycamel_cq_##x
#include "bench/rings/loops.h"

extern "C" const struct ring boost_spsc_ring = {
	.name = "boost-spsc",
	.family = "Lamport",
	.source = "Boost.Lockfree 1.74, spsc_queue",
	.full = RING_REFUSES,
	.loads = RING_LOADS_ALWAYS,
	.survives_writer = true,
	.survives_reader = true,
	.unusable = 1,
	RING_ENDS(boost_spsc),
};

extern "C" const struct ring moodycamel_rwq_ring = {
	.name = "moodycamel-rwq",
	.family = "Lamport, cached indices",
	.source = "moodycamel::ReaderWriterQueue 1.0.6",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	.heap = true,
	.unusable = 1,
	RING_ENDS(moodycamel_rwq),
};

extern "C" const struct ring moodycamel_cq_ring = {
	.name = "moodycamel-cq",
	.family = "blocks, many producers",
	.source = "moodycamel::ConcurrentQueue 1.0.3",
	.full = RING_REFUSES,
	.loads = RING_LOADS_AMORTISED,
	.heap = true,
	.early = 64,
	RING_ENDS(moodycamel_cq),
};
