/* SPDX-License-Identifier: MIT */
/* Threads and their lanes: joining, turns, giving back. */
#include "producer/library.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring/memory.h"

enum {
	WRITER_OUT,     /* has no lane: each push takes a turn, which tries to join */
	WRITER_IN,      /* has a lane */
	WRITER_REFUSED, /* could get none: counts, and tries again now and then */
	WRITER_ENDED,   /* its thread is ending: counts */
};

#define REFUSED_TURN UINT64_C(1024)

/* Where heads begin that have no lane: beyond any lane's, so that a push which claimed one and was
 * interrupted by a handler that joined still takes its turn. Its tag is 0, older than any. */
#define HEAD_NOWHERE (UINT64_C(1) << 63)

static uint64_t turn_out(struct tk_lane_writer *w, uint64_t head);

/* Where a thread without a lane finds the flags that disable timers, and counts. */
static uint8_t no_flags[TK_TIMERS_MAX];
static uint64_t nowhere[TK_TIMERS_MAX];

__thread struct tk_lane_writer tk_self __attribute__((tls_model("initial-exec"))) = {
	.head = HEAD_NOWHERE,
	.counts = nowhere,
	.counted = HEAD_NOWHERE >> TK_HEAD_SHIFT,
	.disabled = no_flags,
	.turn = turn_out,
};

static pthread_key_t key;

/* All of a writer's fields, by its own thread, with signals blocked. */
static void put_out(struct tk_lane_writer *w, uint32_t state)
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
	w->turn_at = state == WRITER_OUT ? 0 : w->head + REFUSED_TURN * TK_HEAD_STEP;
	w->counted = w->head >> TK_HEAD_SHIFT;
}

/* A thread that has no lane counts what it could not record, as soon as there is a segment. */
static void count_refused(struct tk_lane_writer *w)
{
	uint64_t head = w->head >> TK_HEAD_SHIFT;

	if (tk_library.state != TK_LIBRARY_OPEN)
		return;
	__atomic_fetch_add(&tk_library.segment.head->refused_records, head - w->counted,
			   __ATOMIC_RELAXED);
	w->counted = head;
}

/*
 * Whether every push below `head` has stored its record. One that has not was interrupted by the
 * handler that asks: it may hold half of the writer's fields in registers, so they must not change
 * under it. In a lane, w->counted is the first number not known to be finished; one that never
 * will be (siglongjmp) holds for a lap.
 */
static bool all_finished(struct tk_lane_writer *w, uint64_t head)
{
	const struct tk_slot *slots = (const struct tk_slot *)w->slots;
	uint64_t mask = w->mask >> TK_HEAD_SHIFT;
	uint64_t end = head >> TK_HEAD_SHIFT;
	uint64_t n = w->counted;

	if (!w->lane)
		return true;
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

static void publish(struct tk_lane_writer *w, uint64_t head)
{
	/* Pairs with the acquire load in tk_lane_reader_sync(). */
	__atomic_store_n(w->published, head >> TK_HEAD_SHIFT, __ATOMIC_RELEASE);
}

static void give_back(struct tk_lane_writer *w)
{
	struct tk_lane_entry *lane = w->lane;

	publish(w, w->head);
	lane->next = w->head >> TK_HEAD_SHIFT;
	lane->writer = NULL;
	__atomic_store_n(&lane->memory.head->state, TK_LANE_FREE, __ATOMIC_RELEASE);
}

/* Out of whatever it is in, into `state`. Locked. */
static void leave(struct tk_lane_writer *w, uint32_t state)
{
	if (w->lane && w->generation == tk_library.generation)
		give_back(w);
	if (!w->lane)
		count_refused(w);
	put_out(w, state);
}

static void on_thread_end(void *writer)
{
	tk_library_lock();
	leave(writer, WRITER_ENDED);
	tk_library_unlock();
}

/* ---- joining: locked from here on ---- */

static struct tk_lane_entry *free_lane(uint64_t slots, int node)
{
	struct tk_lane_entry *other = NULL;

	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];

		if (lane->writer || lane->memory.head->slots != slots)
			continue;
		if (lane->memory.head->node_asked == node)
			return lane;
		other = lane;
	}
	/* On another node is better than none, but only when no more can be made. */
	return tk_library.segment.head->n_lanes == tk_library.segment.head->max_lanes ? other
										      : NULL;
}

static int get_lane(uint64_t slots, int node, struct tk_lane_entry **lane)
{
	char why[TK_WHY_MAX] = "";
	int ret;

	*lane = free_lane(slots, node);
	if (*lane)
		return 0;
	*lane = &tk_library.lanes[tk_library.segment.head->n_lanes];
	ret = tk_segment_put_lane(&tk_library.segment, slots, node, &(*lane)->memory, why);
	if (ret)
		return tk_library_fail(-ret, "%s", why);
	(*lane)->next = slots;
	return 0;
}

static void note_owner(const struct tk_lane_entry *lane, unsigned cpu)
{
	struct tk_lane_head *h = lane->memory.head;
	struct tk_lane_owner *owner = &h->owners[h->n_owners % TK_LANE_OWNERS];

	owner->first = lane->next;
	owner->tid = (uint32_t)syscall(SYS_gettid);
	owner->cpu = cpu;
	prctl(PR_GET_NAME, owner->name);
	__atomic_store_n(&h->state, TK_LANE_OPEN, __ATOMIC_RELAXED);
	/* Pairs with the acquire load of whoever lists owners. */
	__atomic_store_n(&h->n_owners, h->n_owners + 1, __ATOMIC_RELEASE);
}

static uint64_t turn_in(struct tk_lane_writer *w, uint64_t head);

static uint64_t next_turn(const struct tk_lane_writer *w, uint64_t head)
{
	uint64_t slots = (w->mask + 1) >> TK_HEAD_SHIFT;

	return head + tk_lane_turn_every(slots) * TK_HEAD_STEP;
}

static void put_in(struct tk_lane_writer *w, struct tk_lane_entry *lane)
{
	uint64_t slots = lane->memory.head->slots;

	lane->writer = w;
	w->lane = lane;
	w->head = lane->next << TK_HEAD_SHIFT;
	w->counted = lane->next;
	w->mask = slots * TK_HEAD_STEP - 1;
	w->slots = (char *)lane->memory.slots;
	w->counts = lane->memory.counts;
	w->disabled = tk_library.segment.disabled;
	w->published = &lane->memory.head->published;
	w->generation = tk_library.generation;
	w->state = WRITER_IN;
	w->turn = turn_in;
	w->turn_at = next_turn(w, w->head);
}

#define NODES "/sys/devices/system/node"

/* Asked of the kernel where it lists them; elsewhere any number is taken, and means nothing. */
static bool no_such_node(unsigned node)
{
	char path[64];

	snprintf(path, sizeof(path), NODES "/node%u", node);
	return access(path, F_OK) && access(NODES, F_OK) == 0;
}

static int join(struct tk_lane_writer *w, const struct tk_thread *thread)
{
	uint64_t slots = thread->slots ? thread->slots : tk_library.slots;
	struct tk_lane_entry *lane;
	unsigned cpu, node;
	int ret;

	if (tk_library.state == TK_LIBRARY_FORKED) {
		ret = tk_library_open_locked();
		if (ret) {
			tk_library_become(TK_LIBRARY_SHUT);
			return ret;
		}
	}
	if (tk_library.state != TK_LIBRARY_OPEN)
		return tk_library_fail(ENOTCONN, "no segment is open: call tk_open() first");
	/* Without it the thread's end goes unnoticed, and its lane would point to freed memory. */
	if (pthread_setspecific(key, w))
		return tk_library_fail(ENOMEM, "no memory to notice the thread's end with");
	if (thread->on_node && no_such_node(thread->node))
		return tk_library_fail(EINVAL, "there is no NUMA node %u", thread->node);
	tk_memory_here(&cpu, &node);
	ret = get_lane(slots, (int)(thread->on_node ? thread->node : node), &lane);
	if (!ret) {
		note_owner(lane, cpu);
		put_in(w, lane);
	} else if (w->state != WRITER_REFUSED) { /* once a thread, not once a try */
		__atomic_fetch_add(&tk_library.segment.head->refused_lanes, 1, __ATOMIC_RELAXED);
	}
	return ret;
}

/* Join if it is time to, with what a thread that never asked gets. */
static void join_by_default(struct tk_lane_writer *w)
{
	static const struct tk_thread defaults;

	if (w->state == WRITER_ENDED || tk_library.state == TK_LIBRARY_NEVER ||
	    (tk_library.state == TK_LIBRARY_SHUT && w->state == WRITER_REFUSED))
		return;
	if (join(w, &defaults))
		put_out(w, WRITER_REFUSED);
}

/* ---- turns: what a push calls now and then ---- */

/*
 * A handler may interrupt a turn anywhere and take one itself. errno is the host's, and the host
 * may be between a failed call and its look at errno.
 */
static uint64_t turn_in(struct tk_lane_writer *w, uint64_t head)
{
	int error = errno;

	if (head >= HEAD_NOWHERE) /* claimed before a handler joined */
		return turn_out(w, head);
	/* In this order, so that a segment closed in between is noticed at the next push. */
	__atomic_store_n(&w->turn_at, next_turn(w, head), __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&tk_library.generation, __ATOMIC_RELAXED) == w->generation) {
		publish(w, head);
		return head;
	}
	/* Closed, or closed and opened again: this lane belongs to the past. */
	if (!all_finished(w, head)) {
		w->turn_at = 0;
		return head;
	}
	tk_library_lock();
	put_out(w, WRITER_OUT);
	join_by_default(w);
	tk_library_unlock();
	errno = error;
	return tk_lane_claim(w);
}

/* A handler joined, and counted, while the push that it interrupted was on its way to join. */
static void uncount_refused(void)
{
	if (tk_library.state == TK_LIBRARY_OPEN)
		__atomic_fetch_sub(&tk_library.segment.head->refused_records, 1, __ATOMIC_RELAXED);
}

static uint64_t turn_out(struct tk_lane_writer *w, uint64_t head)
{
	int error = errno;

	if (w->slots && __atomic_load_n(&tk_library.state, __ATOMIC_RELAXED) == TK_LIBRARY_NEVER)
		return head;
	tk_library_lock();
	if (w->state == WRITER_IN) {
		uncount_refused();
	} else {
		w->slots = (char *)&w->sink; /* what a thread-local cannot be initialised with */
		if (w->state != WRITER_OUT)
			w->turn_at = head + REFUSED_TURN * TK_HEAD_STEP;
		w->counted++; /* the record at hand is not refused yet */
		count_refused(w);
		join_by_default(w);
		if (w->state != WRITER_IN)
			w->counted--;
	}
	tk_library_unlock();
	errno = error;
	return w->state == WRITER_IN ? tk_lane_claim(w) : head;
}

/* ---- for the rest of the library ---- */

/* Without a clock that may be read (prctl(PR_SET_TSC) makes rdtsc kill), nothing is stamped. */
void tk_threads_disable(bool disable)
{
	if (no_flags[0] != disable)
		memset(no_flags, disable, sizeof(no_flags));
}

/* Before main(), to be among the first 32 keys: setting one of those allocates nothing, so that a
 * first record in a handler that interrupted malloc() is safe. */
static bool have_key;

__attribute__((constructor)) static void make_key(void)
{
	have_key = pthread_key_create(&key, on_thread_end) == 0;
}

int tk_threads_init(void)
{
	if (!have_key)
		make_key();
	if (!have_key)
		return tk_library_fail(EAGAIN, "this process has no thread-specific key left");
	return 0;
}

static void unmap(const struct tk_lane_memory *m)
{
	munmap(m->slots, m->head->slots * sizeof(struct tk_slot));
	munmap(m->head, tk_place_lane_size(tk_library.segment.head->max_timers));
}

/* The segment closes: publish what every thread has, and have each take a turn at its next push.
 * A thread may be pushing right now, so what it writes to stays mapped; the rest need not. */
void tk_threads_close(void)
{
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];
		struct tk_lane_writer *w = lane->writer;

		if (w) {
			publish(w, __atomic_load_n(&w->head, __ATOMIC_RELAXED));
			/* Timers defined from now on may have no place in this segment's tables. */
			__atomic_store_n(&w->disabled, no_flags, __ATOMIC_RELEASE);
			__atomic_store_n(&w->counts, nowhere, __ATOMIC_RELEASE);
			__atomic_store_n(&w->turn_at, 0, __ATOMIC_RELAXED);
		}
		__atomic_store_n(&lane->memory.head->state, TK_LANE_CLOSED, __ATOMIC_RELEASE);
		if (w == &tk_self && all_finished(w, w->head)) {
			put_out(w, WRITER_OUT);
			w = NULL;
		}
		if (!w)
			unmap(&lane->memory);
	}
}

/* Put a private copy in the place of shared memory. */
static void make_private(void *addr, size_t size)
{
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return;
	memcpy(copy, addr, size);
	if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, addr) == MAP_FAILED)
		munmap(copy, size);
}

/*
 * In a forked child: the parent's lanes are not ours to write. Only where the fork was made by a
 * handler that interrupted a push does that push need its lane yet: it gets a copy.
 */
void tk_threads_forked(void)
{
	struct tk_lane_writer *w = &tk_self;
	const void *kept = NULL;

	if (all_finished(w, w->head)) {
		put_out(w, WRITER_OUT);
	} else {
		kept = w->lane;
		w->disabled = no_flags;
		w->counts = nowhere;
		w->turn_at = 0;
	}
	if (tk_library.state != TK_LIBRARY_OPEN)
		return;
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		const struct tk_lane_memory *m = &tk_library.lanes[i].memory;

		if (&tk_library.lanes[i] != kept) {
			unmap(m);
			continue;
		}
		make_private(m->slots, m->head->slots * sizeof(struct tk_slot));
		make_private(m->head, tk_place_lane_size(tk_library.segment.head->max_timers));
	}
}

/* ---- the interface ---- */

static int set_up_thread(const struct tk_thread *thread)
{
	char name[TK_THREAD_NAME];
	cpu_set_t cpus;

	if (thread->name) {
		snprintf(name, sizeof(name), "%s", thread->name);
		pthread_setname_np(pthread_self(), name);
	}
	if (!thread->pin)
		return 0;
	if (thread->cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&cpus);
	CPU_SET(thread->cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

int tk_join(const struct tk_thread *thread)
{
	static const struct tk_thread defaults;
	int pinned, ret = 0;

	if (!thread)
		thread = &defaults;
	pinned = set_up_thread(thread);
	tk_library_lock();
	if (tk_self.state != WRITER_IN || tk_self.generation != tk_library.generation) {
		leave(&tk_self, WRITER_OUT);
		ret = join(&tk_self, thread);
	}
	if (pinned)
		(void)tk_library_fail(-pinned, "cannot pin the thread to cpu %u: %s", thread->cpu,
				      strerrordesc_np(-pinned));
	tk_library_unlock();
	return ret ? ret : pinned;
}

void tk_leave(void)
{
	tk_library_lock();
	leave(&tk_self, WRITER_OUT);
	tk_library_unlock();
}

void tk_flush(void)
{
	if (tk_self.lane) {
		if (tk_self.generation == __atomic_load_n(&tk_library.generation, __ATOMIC_RELAXED))
			publish(&tk_self, tk_self.head);
		return;
	}
	tk_library_lock();
	count_refused(&tk_self);
	tk_library_unlock();
}
