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

static uint64_t turn_out(struct tk_lane_writer *w, uint64_t head);

/* Where a thread without a lane finds the flags that disable timers, and counts. */
static uint8_t no_flags[TK_TIMERS_MAX];
static uint64_t nowhere[TK_TIMERS_MAX];

__thread struct tk_lane_writer tk_self __attribute__((tls_model("initial-exec"))) = {
	.head = TK_HEAD_STEP,
	.counts = nowhere,
	.counted = 1,
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
	w->head = TK_HEAD_STEP;
	w->turn_at = state == WRITER_OUT ? 0 : w->head + REFUSED_TURN * TK_HEAD_STEP;
	w->counted = 1;
}

/* A thread that has no lane counts what it could not record. */
static void count_refused(struct tk_lane_writer *w)
{
	uint64_t head = w->head >> TK_HEAD_SHIFT;
	uint64_t n = head - w->counted;

	w->counted = head;
	if (tk_library.state == TK_LIBRARY_OPEN && n)
		__atomic_fetch_add(&tk_library.segment.head->refused_records, n, __ATOMIC_RELAXED);
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
	if (ret) {
		__atomic_fetch_add(&tk_library.segment.head->refused_lanes, 1, __ATOMIC_RELAXED);
		return tk_library_fail(-ret, "%s", why);
	}
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

static int join(struct tk_lane_writer *w, const struct tk_thread *thread)
{
	uint64_t slots = thread->slots ? thread->slots : tk_library.slots;
	struct tk_lane_entry *lane;
	unsigned cpu, node;
	int ret;

	if (tk_library.state == TK_LIBRARY_FORKED) {
		ret = tk_library_open_locked();
		if (ret) {
			tk_library.state = TK_LIBRARY_SHUT;
			return ret;
		}
	}
	if (tk_library.state != TK_LIBRARY_OPEN)
		return tk_library_fail(ENOTCONN, "no segment is open: call tk_open() first");
	tk_memory_here(&cpu, &node);
	ret = get_lane(slots, (int)(thread->on_node ? thread->node : node), &lane);
	if (ret)
		return ret;
	note_owner(lane, cpu);
	put_in(w, lane);
	(void)pthread_setspecific(key, w);
	return 0;
}

/* Join if it is time to, with what a thread that never asked gets. */
static void join_by_default(struct tk_lane_writer *w)
{
	static const struct tk_thread defaults;

	if (w->state == WRITER_ENDED || tk_library.state == TK_LIBRARY_NEVER ||
	    (tk_library.state == TK_LIBRARY_SHUT && w->state == WRITER_REFUSED))
		return;
	if (join(w, &defaults) == 0)
		return;
	put_out(w, WRITER_REFUSED);
	if (tk_library.state == TK_LIBRARY_OPEN)
		(void)pthread_setspecific(key,
					  w); /* what it could not record is counted at its end */
}

/* ---- turns: what a push calls now and then ---- */

static uint64_t turn_in(struct tk_lane_writer *w, uint64_t head)
{
	if (__atomic_load_n(&tk_library.generation, __ATOMIC_RELAXED) == w->generation) {
		publish(w, head);
		w->turn_at = next_turn(w, head);
		return head;
	}
	/* Closed, or closed and opened again: this lane belongs to the past. */
	tk_library_lock();
	put_out(w, WRITER_OUT);
	join_by_default(w);
	tk_library_unlock();
	return tk_lane_claim(w);
}

static uint64_t turn_out(struct tk_lane_writer *w, uint64_t head)
{
	w->slots = (char *)&w->sink; /* the one thing a thread-local cannot be initialised with */
	if (__atomic_load_n(&tk_library.state, __ATOMIC_RELAXED) == TK_LIBRARY_NEVER)
		return head;
	tk_library_lock();
	w->counted++; /* the record at hand is not refused yet */
	count_refused(w);
	join_by_default(w);
	if (w->state != WRITER_IN)
		w->counted--;
	tk_library_unlock();
	return w->state == WRITER_IN ? tk_lane_claim(w) : head;
}

/* ---- for the rest of the library ---- */

/* Without a clock that may be read (prctl(PR_SET_TSC) makes rdtsc kill), nothing is stamped. */
void tk_threads_disable(bool disable)
{
	if (no_flags[0] != disable)
		memset(no_flags, disable, sizeof(no_flags));
}

int tk_threads_init(void)
{
	static bool once;

	if (once)
		return 0;
	if (pthread_key_create(&key, on_thread_end))
		return tk_library_fail(EAGAIN, "this process has no thread-specific key left");
	once = true;
	return 0;
}

/* The segment closes: publish what every thread has, and have each take a turn at its next push.
 * A thread may be pushing right now; its store of a head is not disturbed by ours of a mask. */
void tk_threads_close(void)
{
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];
		struct tk_lane_writer *w = lane->writer;

		if (w) {
			publish(w, __atomic_load_n(&w->head, __ATOMIC_RELAXED));
			__atomic_store_n(&w->turn_at, 0, __ATOMIC_RELAXED);
		}
		__atomic_store_n(&lane->memory.head->state, TK_LANE_CLOSED, __ATOMIC_RELEASE);
	}
}

/* In a forked child: the parent's lanes are not ours to write. */
void tk_threads_forked(void)
{
	put_out(&tk_self, WRITER_OUT);
	if (tk_library.state != TK_LIBRARY_OPEN)
		return;
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_memory *m = &tk_library.lanes[i].memory;

		munmap(m->slots, m->head->slots * sizeof(struct tk_slot));
		munmap(m->head, tk_place_lane_size(tk_library.segment.head->max_timers));
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
	if (tk_self.published) {
		publish(&tk_self, tk_self.head);
		return;
	}
	tk_library_lock();
	count_refused(&tk_self);
	tk_library_unlock();
}
