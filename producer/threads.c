/* SPDX-License-Identifier: MIT */
/* Threads and their lanes: joining, giving back, and what is left of them at close and fork. */
#include "producer/library.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring/memory.h"
#include "ring/test_point.h"

static pthread_key_t key;

static void give_back(struct tk_lane_writer *w)
{
	struct tk_lane_entry *lane = w->lane;

	tk_writer_publish(w, w->head);
	TK_TEST_POINT("leave.published");
	lane->next = w->head >> TK_HEAD_SHIFT;
	lane->writer = NULL;
	__atomic_store_n(&lane->memory.head->state, TK_LANE_FREE, __ATOMIC_RELEASE);
	TK_TEST_POINT("leave.free");
}

/* Leave the lane, if there is one, and go into `state`. Locked. */
static void leave(struct tk_lane_writer *w, enum tk_writer_state state)
{
	if (w->lane && w->generation == tk_library.generation)
		give_back(w);
	if (!w->lane)
		tk_writer_count_refused(w);
	tk_writer_put_out(w, state);
}

static void on_thread_end(void *writer)
{
	tk_library_lock();
	leave(writer, TK_WRITER_ENDED);
	tk_library_unlock();
}

/* ---- joining: locked from here on ---- */

static struct tk_lane_entry *free_lane(uint64_t slots, const struct tk_discipline *discipline,
				       int node)
{
	struct tk_lane_entry *other = NULL;

	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];

		if (lane->writer || lane->memory.head->slots != slots ||
		    lane->discipline != discipline)
			continue;
		if (lane->memory.head->node_asked == node)
			return lane;
		other = lane;
	}
	/* Take a lane on another node only if no more can be made. */
	return tk_library.segment.head->n_lanes == tk_library.segment.head->max_lanes ? other
										      : NULL;
}

static int get_lane(uint64_t slots, const struct tk_discipline *discipline, int node,
		    struct tk_lane_entry **lane)
{
	char why[TK_WHY_MAX] = "";
	int ret;

	*lane = free_lane(slots, discipline, node);
	if (*lane)
		return 0;
	*lane = &tk_library.lanes[tk_library.segment.head->n_lanes];
	ret = tk_segment_put_lane(&tk_library.segment, slots, discipline, node, &(*lane)->memory,
				  why);
	if (ret)
		return tk_library_fail(-ret, "%s", why);
	(*lane)->discipline = discipline;
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
	TK_TEST_POINT("join.owner");
	__atomic_store_n(&h->state, TK_LANE_OPEN, __ATOMIC_RELAXED);
	TK_TEST_POINT("join.open");
	/* Pairs with the acquire load of whoever lists owners. */
	__atomic_store_n(&h->n_owners, h->n_owners + 1, __ATOMIC_RELEASE);
	TK_TEST_POINT("join.counted");
}

#define NODES "/sys/devices/system/node"

/* The kernel lists the nodes. If it does not, any number is accepted and has no effect. */
static bool no_such_node(unsigned node)
{
	char path[64];

	snprintf(path, sizeof(path), NODES "/node%u", node);
	return access(path, F_OK) && access(NODES, F_OK) == 0;
}

static int join(struct tk_lane_writer *w, const struct tk_thread *thread)
{
	uint64_t slots = thread->slots ? thread->slots : tk_library.slots;
	const struct tk_discipline *discipline =
		thread->discipline ? thread->discipline : tk_library.discipline;
	struct tk_lane_entry *lane;
	unsigned cpu, node;
	int ret;

	if (tk_library.state == TK_LIBRARY_FORKED) {
		ret = tk_library_open_locked();
		if (ret) {
			tk_library_shut(tk_why());
			return ret;
		}
	}
	if (tk_library.state == TK_LIBRARY_NEVER)
		return tk_library_fail(ENOTCONN, "no segment is open: call tk_open() first");
	if (tk_library.state == TK_LIBRARY_SHUT)
		return tk_library_fail(ENOTCONN, "%s", tk_library.why_shut);
	/* Without this the library would not notice the thread's end, and the lane would point to
	 * freed memory. */
	if (pthread_setspecific(key, w))
		return tk_library_fail(ENOMEM, "no memory to notice the thread's end with");
	if (thread->on_node && no_such_node(thread->node))
		return tk_library_fail(EINVAL, "there is no NUMA node %u", thread->node);
	tk_memory_here(&cpu, &node);
	ret = get_lane(slots, discipline, (int)(thread->on_node ? thread->node : node), &lane);
	if (!ret) {
		note_owner(lane, cpu);
		tk_writer_put_in(w, lane);
	} else if (w->state != TK_WRITER_REFUSED) { /* count a thread once, not each of its tries */
		__atomic_fetch_add(&tk_library.segment.head->refused_lanes, 1, __ATOMIC_RELAXED);
	}
	return ret;
}

void tk_threads_join_by_default(struct tk_lane_writer *w)
{
	static const struct tk_thread defaults;

	if (w->state == TK_WRITER_ENDED || tk_library.state == TK_LIBRARY_NEVER ||
	    (tk_library.state == TK_LIBRARY_SHUT && w->state == TK_WRITER_REFUSED))
		return;
	if (join(w, &defaults))
		tk_writer_put_out(w, TK_WRITER_REFUSED);
}

/* ---- for the rest of the library ---- */

/* Made before main(), to be among the first 32 keys: glibc sets those without allocating, so that a
 * first record is safe in a handler that interrupted malloc(). */
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
	munmap(m->slots, m->slots_size);
	munmap(m->head, tk_place_lane_size(tk_library.segment.head->max_timers));
}

/* The segment closes: publish what every thread has pushed, and make each take a turn at its next
 * push. A thread may be pushing right now, so the lanes of other threads stay mapped. */
bool tk_threads_close(uint64_t *records)
{
	bool left = false;

	*records = 0;
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		struct tk_lane_entry *lane = &tk_library.lanes[i];
		struct tk_lane_writer *w = lane->writer;

		if (w) {
			tk_writer_publish(w, __atomic_load_n(&w->head, __ATOMIC_RELAXED));
			tk_writer_detach(w);
		}
		*records += __atomic_load_n(&lane->memory.head->published, __ATOMIC_RELAXED) -
			    lane->memory.head->slots;
		__atomic_store_n(&lane->memory.head->state, TK_LANE_CLOSED, __ATOMIC_RELEASE);
		TK_TEST_POINT("close.lane");
		if (w == &tk_self && tk_writer_all_finished(w, w->head)) {
			tk_writer_put_out(w, TK_WRITER_OUT);
			w = NULL;
		}
		if (!w)
			unmap(&lane->memory);
		left = left || w;
	}
	return left;
}

/* Replace shared memory by a private copy at the same address. */
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
 * In a forked child: unmap the parent's lanes, which the child must not write. If a handler forked
 * during a push, that push still needs its lane: it gets a private copy.
 */
void tk_threads_forked(void)
{
	struct tk_lane_writer *w = &tk_self;
	const void *kept = NULL;

	if (tk_writer_all_finished(w, w->head)) {
		tk_writer_put_out(w, TK_WRITER_OUT);
	} else {
		kept = w->lane;
		tk_writer_detach(w);
	}
	if (tk_library.state != TK_LIBRARY_OPEN)
		return;
	for (uint32_t i = 0; i < tk_library.segment.head->n_lanes; i++) {
		const struct tk_lane_memory *m = &tk_library.lanes[i].memory;

		if (&tk_library.lanes[i] != kept) {
			unmap(m);
			continue;
		}
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it has that lane */
		make_private(m->slots, m->slots_size);
		make_private(m->head, tk_place_lane_size(tk_library.segment.head->max_timers));
	}
}

/* ---- the interface ---- */

/* The most that a kernel for x86 can be built for; a kernel with fewer accepts a longer mask.
 * cpu_set_t has only 1,024. */
#define CPUS_MAX 8192u

static int pin(uint32_t cpu)
{
	unsigned long mask[CPUS_MAX / (8 * sizeof(long))] = { 0 };
	const unsigned bits = 8 * sizeof(long);

	if (cpu >= CPUS_MAX)
		return -EINVAL;
	mask[cpu / bits] = 1UL << cpu % bits;
	return syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask) ? -errno : 0;
}

static int set_up_thread(const struct tk_thread *thread)
{
	char name[TK_THREAD_NAME];

	if (thread->name) {
		snprintf(name, sizeof(name), "%s", thread->name);
		pthread_setname_np(pthread_self(), name);
	}
	return thread->pin ? pin(thread->cpu) : 0;
}

int tk_join(const struct tk_thread *thread)
{
	static const struct tk_thread defaults;
	int pinned, ret = 0;

	if (!thread)
		thread = &defaults;
	pinned = set_up_thread(thread);
	tk_library_lock();
	if (tk_self.state != TK_WRITER_IN || tk_self.generation != tk_library.generation) {
		leave(&tk_self, TK_WRITER_OUT);
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
	leave(&tk_self, TK_WRITER_OUT);
	tk_library_unlock();
}

void tk_flush(void)
{
	if (tk_writer_flush(&tk_self))
		return;
	tk_library_lock();
	tk_writer_count_refused(&tk_self);
	tk_library_unlock();
}
