/* SPDX-License-Identifier: MIT */
/* A thread's end of its lane, and the turns that its pushes take. */
#include "producer/library.h"

#include <errno.h>
#include <string.h>

#include "ring/test_point.h"

#define REFUSED_TURN UINT64_C(1024)

/* Where the head of a writer without a lane begins: beyond any lane's. So a push that claimed such
 * a number still takes its turn if a handler interrupts it and joins. The tag of such a number is
 * 0, which is older than any. */
#define HEAD_NOWHERE (UINT64_C(1) << 63)

/* The arguments of a turn after the writer describe the push that it finishes. See
 * ring/lane_push.h. */
#define PUSH_ARGS uint64_t head, int64_t placed, uint32_t meta, uint64_t start, uint64_t low

static void turn_out(struct tk_lane_writer *w, PUSH_ARGS);

/* The flags that disable timers, and the counts, of a thread without a lane. */
static uint8_t no_flags[TK_TIMERS_MAX];
static uint64_t nowhere[TK_TIMERS_MAX];

__thread struct tk_lane_writer tk_self __attribute__((tls_model("initial-exec"))) = {
	.head = HEAD_NOWHERE,
	.counts = nowhere,
	.counted = HEAD_NOWHERE >> TK_HEAD_SHIFT,
	.disabled = no_flags,
	.turn = turn_out,
};

/*
 * Whether this thread is enqueuing a record: an enqueue cannot be re-entered. 0: it is not; else 1
 * plus the number of pushes that handlers made meanwhile, which are dropped. The writer keeps its
 * lane until the enqueue ends. After ABANDONED of them it is taken to have been left by
 * siglongjmp().
 */
#define ABANDONED 65536u
static __thread volatile uint32_t enqueuing __attribute__((tls_model("initial-exec")));

/* Whether this thread is in tk_flush(): it needs its lane even if a handler closes the segment. */
static __thread volatile bool flushing __attribute__((tls_model("initial-exec")));

static struct tk_lane_entry *lane_of(const struct tk_lane_writer *w)
{
	return w->lane;
}

/* ---- in and out of a lane: locked, by the writer's own thread ---- */

void tk_writer_put_out(struct tk_lane_writer *w, enum tk_writer_state state)
{
	w->slots = (char *)&w->sink;
	w->counts = nowhere;
	w->disabled = no_flags;
	w->mask = 0;
	w->turn = turn_out;
	w->lane = NULL;
	w->published = NULL;
	w->state = state;
	w->head = HEAD_NOWHERE;
	w->turn_at = state == TK_WRITER_OUT ? 0 : w->head + REFUSED_TURN * TK_HEAD_STEP;
	w->counted = w->head >> TK_HEAD_SHIFT;
	enqueuing = 0;
}

static void turn_in(struct tk_lane_writer *w, PUSH_ARGS);
static void turn_queue(struct tk_lane_writer *w, PUSH_ARGS);

static uint64_t next_turn(const struct tk_lane_writer *w, uint64_t head)
{
	uint64_t slots = (w->mask + 1) >> TK_HEAD_SHIFT;

	return head + tk_lane_turn_every(slots) * TK_HEAD_STEP;
}

/* In a queue every push takes a turn. A push that had claimed a number before stores into the
 * sink. */
static void put_in_queue(struct tk_lane_writer *w, struct tk_lane_entry *lane)
{
	lane->discipline->repair(lane->memory.slots);
	TK_TEST_POINT("join.repaired");
	w->slots = (char *)&w->sink;
	w->mask = 0;
	w->turn = turn_queue;
	w->turn_at = 0;
}

static void put_in_ring(struct tk_lane_writer *w, struct tk_lane_entry *lane)
{
	w->mask = lane->memory.head->slots * TK_HEAD_STEP - 1;
	w->slots = lane->memory.slots;
	w->turn = turn_in;
	w->turn_at = next_turn(w, w->head);
}

void tk_writer_put_in(struct tk_lane_writer *w, struct tk_lane_entry *lane)
{
	lane->writer = w;
	w->lane = lane;
	w->head = lane->next << TK_HEAD_SHIFT;
	w->counted = lane->next;
	w->counts = lane->memory.counts;
	w->disabled = tk_library.segment.disabled;
	w->published = &lane->memory.head->published;
	w->generation = tk_library.generation;
	w->state = TK_WRITER_IN;
	if (lane->discipline->push)
		put_in_queue(w, lane);
	else
		put_in_ring(w, lane);
}

void tk_writer_detach(struct tk_lane_writer *w)
{
	__atomic_store_n(&w->disabled, no_flags, __ATOMIC_RELEASE);
	__atomic_store_n(&w->counts, nowhere, __ATOMIC_RELEASE);
	__atomic_store_n(&w->turn_at, 0, __ATOMIC_RELAXED);
}

void tk_writer_count_refused(struct tk_lane_writer *w)
{
	uint64_t head = w->head >> TK_HEAD_SHIFT;

	if (tk_library.state != TK_LIBRARY_OPEN)
		return;
	__atomic_fetch_add(&tk_library.segment.head->refused_records, head - w->counted,
			   __ATOMIC_RELAXED);
	w->counted = head;
}

void tk_writer_publish(struct tk_lane_writer *w, uint64_t head)
{
	uint64_t n = head >> TK_HEAD_SHIFT, was = *w->published;

	/*
	 * Never step back: handlers that interrupt a turn may push more than a lap, and a reader
	 * that attaches after a kill would take the newest records for those of another lap (found
	 * by tests/model). One instruction, so that it fails if a handler published in between. It
	 * is a release, as every store on x86; it pairs with the acquire load in
	 * tk_lane_reader_sync().
	 */
	if (n > was)
		__asm__ volatile("cmpxchgq %2, %1"
				 : "+a"(was), "+m"(*w->published)
				 : "r"(n)
				 : "cc", "memory");
	TK_TEST_POINT("turn.published");
}

/*
 * In a ring, w->counted is the first number that is not known to be finished. A push that was
 * abandoned (siglongjmp) holds it back for a lap.
 */
static bool all_stored(struct tk_lane_writer *w, uint64_t head)
{
	const struct tk_slot *slots = (const struct tk_slot *)w->slots;
	uint64_t mask = w->mask >> TK_HEAD_SHIFT;
	uint64_t end = head >> TK_HEAD_SHIFT;
	uint64_t n = w->counted;

	if (end - n > mask)
		n = end - mask - 1;
	for (; n < end; n++) {
		const struct tk_slot *s = &slots[n & mask];

		if ((int32_t)((uint32_t)(s->w[1] >> 32) - tk_tag(n)) < 0 ||
		    (int32_t)((uint32_t)s->w[3] - tk_tag(n)) < 0)
			break;
	}
	w->counted = n;
	return n == end;
}

bool tk_writer_all_finished(struct tk_lane_writer *w, uint64_t head)
{
	if (!w->lane)
		return true;
	if (flushing)
		return false;
	if (lane_of(w)->discipline->push)
		return !enqueuing || enqueuing >= ABANDONED;
	return all_stored(w, head);
}

/* ---- turns: what a push calls now and then ---- */

/*
 * A handler may interrupt a turn anywhere and take one itself. A turn leaves errno as it was: the
 * program may be between a failed call and its look at errno.
 */

static bool is_current(const struct tk_lane_writer *w)
{
	return __atomic_load_n(&tk_library.generation, __ATOMIC_RELAXED) == w->generation;
}

/* The segment was closed, and perhaps opened again: leave this lane and join anew. */
static void change_lanes(struct tk_lane_writer *w)
{
	int error = errno;

	tk_library_lock();
	if (w->state == TK_WRITER_IN && !is_current(w)) { /* or a handler was quicker */
		tk_writer_put_out(w, TK_WRITER_OUT);
		tk_threads_join_by_default(w);
	}
	tk_library_unlock();
	errno = error;
}

bool tk_writer_flush(struct tk_lane_writer *w)
{
	bool in;

	flushing = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	in = w->lane != NULL;
	if (in && is_current(w))
		tk_writer_publish(w, w->head);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	flushing = false;
	return in;
}

/*
 * Put a record into the lane that the thread has only just been given, unless its timer is
 * disabled: the flags that the push looked up were those of a thread without a lane.
 */
static void put_anew(struct tk_lane_writer *w, int64_t placed, uint32_t meta, uint64_t start,
		     uint64_t low)
{
	if (!__atomic_load_n(&w->disabled[tk_meta_timer(meta)], __ATOMIC_RELAXED))
		tk_lane_put(w, placed, meta, start, low);
}

static void turn_in(struct tk_lane_writer *w, PUSH_ARGS)
{
	if (head >= HEAD_NOWHERE) { /* claimed before a handler gave the thread its lane */
		turn_out(w, head, placed, meta, start, low);
		return;
	}
	/* First turn_at, then the look at the generation: if the segment is closed in between, the
	 * next push notices it. */
	__atomic_store_n(&w->turn_at, next_turn(w, head), __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (is_current(w)) {
		tk_writer_publish(w, head);
		tk_lane_store(w, head, placed, meta, start, low);
	} else if (!tk_writer_all_finished(w, head)) {
		w->turn_at = 0;
		tk_lane_store(w, head, placed, meta, start, low);
	} else {
		change_lanes(w);
		put_anew(w, placed, meta, start, low);
	}
}

/* In a queue every push is counted, and those that are dropped are counted once more. */
static void count(struct tk_lane_entry *lane, uint64_t *counts, uint32_t meta, bool dropped)
{
	TK_TEST_POINT("enqueue.pushed");
	if (dropped)
		tk_lane_add_one(&lane->memory.head->dropped);
	TK_TEST_POINT("enqueue.dropped");
	tk_lane_add_one(&counts[tk_meta_timer(meta)]);
	TK_TEST_POINT("enqueue.counted");
}

/* Does not read the writer: a handler that interrupts the push may close the segment, and join anew
 * or fail to. The lane stays mapped until the enqueue ends. */
static void enqueue(struct tk_lane_entry *lane, uint64_t *counts, PUSH_ARGS)
{
	struct tk_slot record;
	__m128i *half = (__m128i *)&record;

	tk_lane_build(head, placed, meta, start, low, &half[0], &half[1]);
	count(lane, counts, meta, !lane->discipline->push(lane->memory.slots, &record));
	/* Serves only to tell the indices' laps apart, so it may step back. Pairs with the acquire
	 * load in enqueued(), ring/queue_read.c. */
	__atomic_store_n(&lane->memory.head->published, (head >> TK_HEAD_SHIFT) + 1,
			 __ATOMIC_RELEASE);
	TK_TEST_POINT("enqueue.published");
}

/* Reads the writer only once `enqueuing` keeps its lane: before that, a handler may have run
 * between the claim and this turn. */
static void turn_queue(struct tk_lane_writer *w, PUSH_ARGS)
{
	struct tk_lane_entry *lane;
	uint32_t pushes = enqueuing;
	uint64_t *counts;
	bool here;

	if (head >= HEAD_NOWHERE) {
		turn_out(w, head, placed, meta, start, low);
		return;
	}
	if (pushes && pushes < ABANDONED) {
		enqueuing = pushes + 1;
		count(lane_of(w), w->counts, meta, true);
		return;
	}
	enqueuing = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane = lane_of(w);
	counts = w->counts;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	here = lane && w->turn == turn_queue;
	if (here && is_current(w)) {
		if (pushes)
			lane->discipline->repair(lane->memory.slots);
		enqueue(lane, counts, head, placed, meta, start, low);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		enqueuing = 0;
		return;
	}
	enqueuing = 0;
	if (here)
		change_lanes(w);
	put_anew(w, placed, meta, start, low);
}

/* While a push was about to join, a handler interrupted it, joined, and counted that push as
 * refused. */
static void uncount_refused(void)
{
	if (tk_library.state == TK_LIBRARY_OPEN)
		__atomic_fetch_sub(&tk_library.segment.head->refused_records, 1, __ATOMIC_RELAXED);
}

static void turn_out(struct tk_lane_writer *w, PUSH_ARGS)
{
	int error = errno;

	if (w->slots && __atomic_load_n(&tk_library.state, __ATOMIC_RELAXED) == TK_LIBRARY_NEVER) {
		tk_lane_store(w, head, placed, meta, start, low);
		return;
	}
	tk_library_lock();
	if (w->state == TK_WRITER_IN) {
		uncount_refused();
	} else {
		w->slots = (char *)&w->sink; /* the initialiser of a thread-local cannot say this */
		if (w->state != TK_WRITER_OUT)
			w->turn_at = head + REFUSED_TURN * TK_HEAD_STEP;
		w->counted++; /* not the record at hand: it may not be refused */
		tk_writer_count_refused(w);
		tk_threads_join_by_default(w);
		if (w->state != TK_WRITER_IN)
			w->counted--;
	}
	tk_library_unlock();
	errno = error;
	if (w->state == TK_WRITER_IN)
		put_anew(w, placed, meta, start, low);
	else
		tk_lane_store(w, head, placed, meta, start, low);
}

/* If the clock may not be read (after prctl(PR_SET_TSC) rdtsc raises SIGSEGV), stamp nothing. */
void tk_writer_disable(bool disable)
{
	if (no_flags[0] != disable)
		memset(no_flags, disable, sizeof(no_flags));
}
