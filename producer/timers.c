/* SPDX-License-Identifier: MIT */
/* Timers: names to handles. A definition lasts as long as the process, whatever segments come and
 * go. */
#include "producer/library.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PER_CHUNK 1024u
#define BUCKETS   4096u

struct timer {
	char name[TK_NAME_MAX + 1];
	uint32_t stamp;
	uint32_t sort;              /* enum tk_timer_sort */
	char unit[TK_UNIT_MAX + 1]; /* of values */
	uint32_t next;              /* in its bucket; 0: none */
};

/* Chunks never move. They are mapped at the first definition: no heap is used. */
static struct timer *chunks[TK_TIMERS_MAX / PER_CHUNK];
static uint32_t buckets[BUCKETS]; /* ids; 0: empty, because timer 0 is never looked up */
static uint32_t n_timers;
static enum tk_timebase clock_chosen;

static struct timer *timer_of(uint32_t id)
{
	return &chunks[id / PER_CHUNK][id % PER_CHUNK];
}

/* FNV-1a. */
static uint32_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKETS;
}

/* What a definition says, but for its place. */
struct definition {
	const char *name;
	enum tk_stamp stamp;
	enum tk_timer_sort sort;
	const char *unit;
};

static int add(const struct definition *d)
{
	struct timer **chunk = &chunks[n_timers / PER_CHUNK];
	struct timer *t;

	if (!*chunk) {
		void *memory = mmap(NULL, PER_CHUNK * sizeof(**chunk), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return -ENOMEM;
		*chunk = memory;
	}
	t = timer_of(n_timers);
	memcpy(t->name, d->name, strlen(d->name) + 1);
	t->stamp = d->stamp;
	t->sort = d->sort;
	memcpy(t->unit, d->unit, strlen(d->unit) + 1);
	return 0;
}

static void publish(struct tk_segment_writer *s, const struct timer *t)
{
	if (t->sort == TK_TIMER_VALUES)
		(void)tk_segment_put_values(s, t->name, t->stamp, t->unit);
	else
		(void)tk_segment_put_timer(s, t->name, t->stamp);
}

/* Timer 0 gets the records of timers that could not be defined, and of handles that were never
 * set. */
static int add_undefined(void)
{
	static const struct definition undefined = { "(undefined)", TK_STAMP_ORDERED,
						     TK_TIMER_SPANS, "" };
	const char *env = secure_getenv("TIMEKEEPER_CLOCK");
	int ret;

	if (n_timers)
		return 0;
	if (env && !strcmp(env, "monotonic"))
		clock_chosen = TK_TIMEBASE_SYSTEM;
	ret = add(&undefined);
	if (!ret)
		n_timers = 1;
	return ret;
}

static uint32_t find(const char *name)
{
	uint32_t id = buckets[bucket_of(name)];

	while (id && strcmp(timer_of(id)->name, name))
		id = timer_of(id)->next;
	return id;
}

static uint32_t limit(void)
{
	return tk_library.state == TK_LIBRARY_OPEN ? tk_library.segment.head->max_timers
						   : TK_TIMERS_MAX;
}

static tk_timer_t refuse(int error, const char *why)
{
	(void)tk_library_fail(error, "%s", why);
	if (tk_library.state == TK_LIBRARY_OPEN)
		__atomic_fetch_add(&tk_library.segment.head->refused_timers, 1, __ATOMIC_RELAXED);
	return 0;
}

static const char *fault(const struct definition *d)
{
	if (!d->name || !tk_name_valid(d->name))
		return "a timer's name is 1 to 63 bytes of printable UTF-8";
	if ((unsigned)d->stamp >= TK_STAMPS)
		return "there is no such stamp mode";
	if (!tk_unit_valid(d->unit))
		return "a unit is at most 15 of the letters a to z and _";
	return NULL;
}

static tk_timer_t found(uint32_t id, const struct definition *d)
{
	const struct timer *t = timer_of(id);

	if (t->sort != (uint32_t)d->sort)
		return refuse(EINVAL, t->sort == TK_TIMER_VALUES
					      ? "this name is a timer of values: tk_value_timer()"
					      : "this name is a timer of spans: tk_timer()");
	if (strcmp(t->unit, d->unit) != 0)
		return refuse(EINVAL, "this name is a timer of values of another unit");
	return tk_record_meta((uint16_t)id, 0, t->stamp);
}

static tk_timer_t define(struct definition *d)
{
	const char *why = fault(d);
	uint32_t id, bucket;

	if (why)
		return refuse(EINVAL, why);
	if (add_undefined())
		return refuse(ENOMEM, "no memory for timers");
	id = find(d->name);
	if (id)
		return found(id, d);
	if (n_timers >= limit())
		return refuse(ENOSPC, "all timers are defined: raise tk_options.timers");
	if (clock_chosen == TK_TIMEBASE_SYSTEM)
		d->stamp = TK_STAMP_HAND;
	if (add(d))
		return refuse(ENOMEM, "no memory for timers");
	id = n_timers++;
	bucket = bucket_of(d->name);
	timer_of(id)->next = buckets[bucket];
	buckets[bucket] = id;
	if (tk_library.state == TK_LIBRARY_OPEN)
		publish(&tk_library.segment, timer_of(id));
	return tk_record_meta((uint16_t)id, 0, d->stamp);
}

static tk_timer_t define_locked(struct definition d)
{
	tk_timer_t timer;

	tk_library_lock();
	timer = define(&d);
	tk_library_unlock();
	return timer;
}

tk_timer_t tk_timer_stamped(const char *name, enum tk_stamp stamp)
{
	return define_locked((struct definition){ name, stamp, TK_TIMER_SPANS, "" });
}

tk_timer_t tk_value_timer(const char *name, const char *unit)
{
	return define_locked(
		(struct definition){ name, TK_STAMP_FAST, TK_TIMER_VALUES, unit ? unit : "" });
}

tk_timer_t tk_timer(const char *name)
{
	return tk_timer_stamped(name, TK_STAMP_ORDERED);
}

int tk_timers_choose_clock(enum tk_timebase clock)
{
	if (n_timers > 1 && clock != clock_chosen)
		return -EBUSY;
	clock_chosen = clock;
	return add_undefined();
}

uint32_t tk_timers_defined(void)
{
	return n_timers;
}

void tk_timers_publish(struct tk_segment_writer *s)
{
	for (uint32_t id = 0; id < n_timers; id++)
		publish(s, timer_of(id));
}
