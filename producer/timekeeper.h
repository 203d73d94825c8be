/* SPDX-License-Identifier: MIT */
/*
 * timekeeper.h - time what your program does, and let another program watch. The only header to
 * include; link with `pkg-config --libs timekeeper`.
 *
 *	tk_open("hello", NULL);
 *	tk_timer_t work = tk_timer("work");
 *	for (;;) {
 *		uint64_t start = tk_start(work);
 *		do_work();
 *		tk_stop(work, start);
 *	}
 *
 * and in another terminal: `timekeeper`.
 *
 * What happens. tk_stop() writes one 32-byte record into a ring in shared memory that belongs to
 * the calling thread (its lane). It is a handful of stores: no system call, no lock, no locked
 * instruction, no allocation, and no load of anything that another core writes. Nobody needs to
 * read; recording is the same whether anybody does. A reader that is too slow loses the oldest
 * records, and knows exactly how many.
 *
 * What it costs (2.6 GHz Xeon VM; `./run bench` measures your machine). A span costs its two clock
 * readings, and 5 cycles (2 ns) on top. A disabled timer costs under 1 cycle.
 *
 * Who may call. Everything here may be called from any thread at any time, before tk_open() and
 * after tk_close() too. Functions marked [hot] are also safe in signal handlers, wait-free, and
 * make no system call, except that the first record of a thread gives the thread its lane (0.2 ms,
 * and 1 ms without hugepages; page faults). Threads that cannot afford that call tk_join() first.
 *
 * What can go wrong. The library never prints, exits, aborts, blocks a recording thread or changes
 * a signal's disposition. If it gets no segment or lane (no memory, no permission, no invariant
 * counter), records are dropped, and counted if there is a segment; tk_why() says the reason.
 *
 * What it cannot prevent. A stamp is the instruction rdtsc. If the program calls prctl(PR_SET_TSC,
 * PR_TSC_SIGSEGV) after tk_open(), or inherited that and records before tk_open(), the kernel
 * raises SIGSEGV.
 *
 * Units. Stamps and durations are ticks of the time stamp counter (ns under TK_TIMEBASE_SYSTEM);
 * tk_ns() converts. Stamp 0 means none. Values (tk_value()) are numbers, and have the unit that
 * their timer was defined with.
 *
 * With -DTK_COMPILE_OUT everything here compiles to nothing.
 *
 * Other languages call the inline functions in libtimekeeper-ffi: docs/languages.md. musl's
 * dlopen() refuses both libraries, since they have initial-exec thread-local storage: there, link
 * the program with them, or start it with LD_PRELOAD=libtimekeeper.so.0.
 *
 * fork(): the child gets a segment of its own at its first record (0.5 ms, and 1.3 ms without
 * hugepages: bench/fork); timers keep their handles. A child made by _Fork() or raw clone() calls
 * tk_after_fork() before anything else here. A vfork() child records into its parent's lane.
 * Threads may be cancelled anywhere, asynchronously too.
 */
#ifndef TIMEKEEPER_H
#define TIMEKEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" /* C has no other casts */
#endif

#include "../ring/discipline.h"
#include "../ring/lane_push.h"
#include "../tsc/read.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TK_API __attribute__((visibility("default")))
#ifndef TK_HOT /* ffi.c makes ordinary functions of them */
#define TK_HOT static inline __attribute__((always_inline, unused))
#endif

#ifdef TK_COMPILE_OUT
#undef TK_API
#define TK_API static inline __attribute__((unused))
#endif

/* ---- version ------------------------------------------------------------------------------- */

/* This header's version, for the preprocessor. */
#define TIMEKEEPER_VERSION_MAJOR 0
#define TIMEKEEPER_VERSION_MINOR 1
#define TIMEKEEPER_VERSION_PATCH 0
#define TIMEKEEPER_VERSION       "0.1.0"

/**
 * [hot] The version of the library that runs, as "MAJOR.MINOR.PATCH". It may be newer than the
 * header where the shared library was replaced. Never NULL.
 */
TK_API const char *tk_version(void);

/* ---- segment ------------------------------------------------------------------------------- */

enum tk_timebase {
	TK_TIMEBASE_COUNTER, /* the time stamp counter; refused where it is not invariant */
	TK_TIMEBASE_SYSTEM,  /* CLOCK_MONOTONIC: always a clock, costs some 25 ns a stamp */
};

/** All zero is all default. */
struct tk_options {
	uint32_t timers; /* how many can be defined; 0: 1,024; at most 65,536 */
	uint32_t lanes;  /* how many threads can record at a time; 0: 256; at most 4,096 */
	uint32_t slots;  /* records in a lane, a power of two, 256..2^30; 0: 65,536 (2 MiB) */
	enum tk_timebase timebase; /* also TIMEKEEPER_CLOCK=monotonic in the environment */
	bool group; /* let the process's group read: directory 0750, files 0640. A directory that
		       exists is given to that group; but if it has the setgid bit, its own
		       group may read */
	bool keep;  /* leave the segment's files after tk_close(), to be read later; also
		       TIMEKEEPER_KEEP=1 in the environment */
	const struct tk_discipline *discipline; /* of its lanes; NULL: &tk_broadcast. Or &tk_rte,
						   from timekeeper/timekeeper-rte.h */
};

/**
 * Open this process's segment in $TIMEKEEPER_DIR, else in /dev/shm/timekeeper-<uid>. `app` is the
 * name that collectors show: 1..63 bytes of printable UTF-8. A process has one segment.
 *
 * Opens are counted, so that several libraries of one process may each open and close. The first
 * call that returns 0 opens the segment; a further one counts and returns 0, too. The name and the
 * options of the first stand, and where a further one asked for others, tk_why() names what
 * differs. A forked child inherits the count, and its parent's name and options; to have its own,
 * it calls tk_close() as often as its parent opened, and then tk_open().
 *
 * @return 0, or a negative errno, and tk_why(): -EINVAL (a name or number out of range), -ENOTSUP
 * (no usable counter, or stores that may be torn), -EBUSY (timers were defined before the system's
 * clock was asked for), -EACCES, -ENOSPC, -EFBIG (RLIMIT_FSIZE), -EMFILE, -ENOMEM, ... In every
 * case the program may go on as if it were 0, but a call that failed is not counted: do not
 * tk_close() for it.
 *
 * Costs a millisecond. The first call measures for 0.4 ms what a pair of stamps adds to a span, for
 * the reader to subtract (tsc/floor.h).
 *
 * Refused under QEMU TCG (software emulation) with either clock: stores may tear, and so may
 * records. TIMEKEEPER_FORCE=tcg in the environment records there, for trying things out.
 *
 * Segments of killed processes stay, so that their last records can be read. Of this app's, this
 * call removes all but the newest four, and those that a running collector has not read yet (within
 * bounds: SECURITY.md). So a program that crashes again and again does not fill the memory. A
 * segment whose process lives is never removed.
 */
TK_API int tk_open(const char *app, const struct tk_options *options);

/**
 * Undo one tk_open() that returned 0. Undoing the last closes the segment; exit() closes it
 * whatever the count is. Without a tk_open() to undo it does nothing. If no collector runs, the
 * files are removed, unless `keep`. A collector that runs reads what is left and removes them then.
 * Records made afterwards are dropped. The lane of a thread that has not ended stays mapped for
 * good: a program that opens and closes many times has its threads call tk_leave() first.
 *
 * The files stay, as after a kill, if the process ends without exit() (_exit, quick_exit, abort,
 * exec), or if they cannot be removed: that takes three descriptors, and the directory must be at
 * its path (no chroot in between) and still be the process's to write into (no setuid in between).
 */
TK_API void tk_close(void);

/**
 * Why the last call in this process that failed did so, or what a further tk_open() asked for that
 * the first did not; "" if there was neither. Never NULL.
 */
TK_API const char *tk_why(void);

/** Forget the parent's lanes, in a child that was not made by fork(). Async-signal-safe. */
TK_API void tk_after_fork(void);

/* ---- timers -------------------------------------------------------------------------------- */

/**
 * The handle of a timer. It is a value: copy it, keep it in statics, pass it to other threads. 0 is
 * the handle of the timer "(undefined)".
 */
typedef uint32_t tk_timer_t;

/* A handle is a record's meta word without a cpu: id << 16 | stamp mode << 12. */
#define TK_HANDLE_STAMP_  (3u << 12)
#define TK_HANDLE_FENCED_ (2u << 12) /* fenced, or by hand */

/**
 * Define a timer, or find it: same name, same handle (and the stamp mode of the first definition).
 * Names are 1..63 bytes of printable UTF-8. For any other name, or when all timers are defined, it
 * returns the handle of "(undefined)", and tk_why() says why. Takes a lock: define timers once, not
 * in the loop.
 *
 * A name may end with labels, `sent{queue=rx,core=3}`: metrics have them as labels of `sent`, and
 * tables fold all timers of that base. What does not parse (a key twice, a key that metrics set:
 * app, timer, pid, le, user, __*) is part of the name: collector/labels/labels.h has the grammar.
 */
TK_API tk_timer_t tk_timer(const char *name);

/** The same, with another stamp mode: TK_STAMP_FAST or TK_STAMP_FENCED; see tsc/read.h. */
TK_API tk_timer_t tk_timer_stamped(const char *name, enum tk_stamp stamp);

/**
 * Define a timer of values, or find it: its records are numbers and not times, see tk_value(). The
 * unit is what one of them counts, in the plural: "bytes", "messages"; at most 15 of the letters a
 * to z and "_"; NULL or "": it has no name.
 *
 * A name is of spans, or of values of one unit, for as long as the process lives: for any other
 * definition of it, this function and the two above return the handle of "(undefined)", and
 * tk_why() says why.
 */
TK_API tk_timer_t tk_value_timer(const char *name, const char *unit);

/* ---- threads ------------------------------------------------------------------------------- */

/** All zero is all default. */
struct tk_thread {
	const char *name; /* sets the thread's name too; NULL: the name it has */
	bool pin;         /* pin it to `cpu` */
	uint32_t cpu;
	uint32_t slots; /* of its lane; 0: as the segment's */
	bool on_node;   /* put the lane on NUMA node `node` rather than the thread's own */
	uint32_t node;
	const struct tk_discipline *discipline; /* of its lane; NULL: as the segment's */
};

/**
 * Give the calling thread its lane now rather than at its first record: on its own NUMA node,
 * faulted in, on hugepages if there are any. A thread that has a lane keeps it.
 *
 * @return 0, or a negative errno and tk_why(): -EINVAL (no such cpu or node, slots), -ENOTCONN (no
 * segment is open), -ENOSPC (all lanes are taken; records are counted as refused), -EACCES,
 * -EMFILE, -ENOMEM, ... If pinning fails, the thread gets its lane all the same.
 *
 * The lane is given back when the thread ends; a later thread continues it.
 */
TK_API int tk_join(const struct tk_thread *thread);

/**
 * Give the lane back before the thread ends. The next record gets a lane again, with the defaults.
 * Do not call it in a signal handler that may have interrupted a record of the same thread: that
 * record would have no lane to go to.
 */
TK_API void tk_leave(void);

/** Publish all that this thread has recorded so far. Readers find it without this, too. */
TK_API void tk_flush(void);

/** The calling thread's lane: passing it saves a cycle. Only that thread may use it. */
typedef struct tk_lane_writer tk_lane_t;

#ifdef TK_COMPILE_OUT
#define TK_COMPILED_IN 0
#define TK_SELF        ((tk_lane_t *)0)
#else
#define TK_COMPILED_IN 1
#define TK_SELF        (&tk_self)
extern TK_API __thread struct tk_lane_writer tk_self __attribute__((tls_model("initial-exec")));
#endif

TK_HOT tk_lane_t *tk_lane(void)
{
	return TK_SELF;
}

/* Stamps other than rdtsc and rdtscp. */
TK_API uint64_t tk_stamp_start(tk_timer_t timer);
TK_API uint64_t tk_stamp_stop(tk_timer_t timer, uint32_t *cpu);

/** [hot] The clock of the segment, now. For durations and by-hand stamps. */
TK_API uint64_t tk_now(void);

/* ---- origins ------------------------------------------------------------------------------- */

/**
 * When a message came into the system: taken once, where it enters, and carried by every message
 * derived from it. All zero: none, and latencies up to it are not recorded.
 */
struct tk_origin {
	uint64_t ticks;  /* of the segment's clock */
	int64_t real_ns; /* CLOCK_REALTIME */
};

/** [hot] An origin of now. About 25 ns, most of it for the wall clock. */
TK_API struct tk_origin tk_origin_now(void);

/** An origin that another clock took: a NIC's, or another machine's, in CLOCK_REALTIME ns. */
TK_API struct tk_origin tk_origin_from_real(int64_t real_ns);

/** An origin whose counter stamp was taken elsewhere on this machine (by another process). */
TK_API struct tk_origin tk_origin_from_ticks(uint64_t ticks);

/**
 * Ticks to ns. The rate is measured between tk_open() and now, better the longer that is; a call
 * looks at it when the time since tk_open() has doubled, every minute at last (2 us, under a lock).
 * Time that the machine slept in between does not count: see tsc/rate.h. Ticks that passed in the
 * sleep are ticks, so a difference of stamps across it is not to be believed.
 */
TK_API int64_t tk_ns(int64_t ticks);

/** [hot] Ticks since an origin. */
TK_HOT int64_t tk_since(struct tk_origin origin)
{
	return (int64_t)(tk_now() - origin.ticks);
}

/** ns since an origin. */
TK_HOT int64_t tk_since_ns(struct tk_origin origin)
{
	return tk_ns(tk_since(origin));
}

/** The wall clock now, in ns, from the origin's and the counter: for outgoing messages. */
TK_HOT int64_t tk_real_ns(struct tk_origin origin)
{
	return origin.real_ns + tk_since_ns(origin);
}

/* ---- spans --------------------------------------------------------------------------------- */

/*
 * A span may start on one thread and stop on another: goroutines and coroutines may move in
 * between. The start stamp is a number that the program carries, and nothing of it is kept by the
 * thread. The record goes into the lane of the thread that stops. What two cores' counters differ
 * by (`timekeeper tsc --offsets`) is part of such a span, which may therefore read short or
 * negative; negative ones are set aside. A handle from tk_lane() stays with its thread: start with
 * it and stop with the other thread's, or use the functions that take none.
 */

/** [hot] Begin a span. @return its start stamp, to be handed to a stop; 0 if it is disabled. */
TK_HOT uint64_t tk_start_on(tk_lane_t *lane, tk_timer_t timer)
{
	uint64_t start;

	if (!TK_COMPILED_IN || __builtin_expect(lane->disabled[tk_meta_timer(timer)] != 0, 0))
		return 0;
	if (__builtin_expect((timer & TK_HANDLE_FENCED_) != 0, 0))
		return tk_stamp_start(timer);
	start = tk_tsc_fast();
	if (start == 0)
		__builtin_unreachable(); /* spares the stop its test for 0 */
	return start;
}

TK_HOT uint64_t tk_stop_stamp_(tk_timer_t timer, uint32_t *cpu)
{
	if (__builtin_expect((timer & TK_HANDLE_STAMP_) == 0, 1))
		return tk_tsc_ordered(cpu);
	if (__builtin_expect((timer & TK_HANDLE_FENCED_) != 0, 0)) {
		uint32_t own; /* so that *cpu stays in a register */
		uint64_t stop = tk_stamp_stop(timer, &own);

		*cpu = own;
		return stop;
	}
	*cpu = TK_CPU_UNKNOWN;
	return tk_tsc_fast();
}

TK_HOT void tk_stop_(tk_lane_t *lane, tk_timer_t timer, uint64_t start, uint64_t origin,
		     uint32_t to_stop)
{
	uint32_t cpu;
	uint64_t stop;

	if (!TK_COMPILED_IN || __builtin_expect(start == 0, 0))
		return;
	stop = tk_stop_stamp_(timer, &cpu);
	tk_lane_push(lane, timer | to_stop << 12 | cpu, start, (int64_t)(stop - start),
		     origin ? (int64_t)(start - origin) : TK_TICKS_NONE);
}

/** [hot] End a span: records its processing time. */
TK_HOT void tk_stop_on(tk_lane_t *lane, tk_timer_t timer, uint64_t start)
{
	tk_stop_(lane, timer, start, 0, 0);
}

/** [hot] End a span: its processing, and the latency from the origin up to its start. */
TK_HOT void tk_stop_latency_on(tk_lane_t *lane, tk_timer_t timer, uint64_t start,
			       struct tk_origin origin)
{
	tk_stop_(lane, timer, start, origin.ticks, 0);
}

/** [hot] End a span: its processing, and the latency from the origin up to now. */
TK_HOT void tk_stop_latency_now_on(tk_lane_t *lane, tk_timer_t timer, uint64_t start,
				   struct tk_origin origin)
{
	tk_stop_(lane, timer, start, origin.ticks, TK_KIND_TO_STOP);
}

TK_HOT uint64_t tk_start(tk_timer_t timer)
{
	return tk_start_on(TK_SELF, timer);
}

TK_HOT void tk_stop(tk_timer_t timer, uint64_t start)
{
	tk_stop_on(TK_SELF, timer, start);
}

TK_HOT void tk_stop_latency(tk_timer_t timer, uint64_t start, struct tk_origin origin)
{
	tk_stop_latency_on(TK_SELF, timer, start, origin);
}

TK_HOT void tk_stop_latency_now(tk_timer_t timer, uint64_t start, struct tk_origin origin)
{
	tk_stop_latency_now_on(TK_SELF, timer, start, origin);
}

/** [hot] Ticks since start, without ending the span. */
TK_HOT int64_t tk_elapsed(uint64_t start)
{
	return (int64_t)(tk_now() - start);
}

/* Records of other kinds than a span. `kind` replaces the stamp mode in the handle. */
TK_HOT void tk_push_(tk_timer_t timer, uint32_t kind, uint32_t cpu, uint64_t start,
		     int64_t duration, int64_t since_origin)
{
	if (!TK_COMPILED_IN || __builtin_expect(TK_SELF->disabled[tk_meta_timer(timer)] != 0, 0))
		return;
	tk_lane_push(TK_SELF, tk_record_meta(tk_meta_timer(timer), cpu, kind), start, duration,
		     since_origin);
}

/** [hot] Record how long ago the origin was, without a span. */
TK_HOT void tk_latency_now(tk_timer_t timer, struct tk_origin origin)
{
	uint32_t cpu;
	uint64_t now;

	if (!TK_COMPILED_IN || origin.ticks == 0 || TK_SELF->disabled[tk_meta_timer(timer)])
		return;
	now = tk_stop_stamp_(timer, &cpu);
	tk_push_(timer, TK_KIND_LATENCY, cpu, now, TK_TICKS_NONE, (int64_t)(now - origin.ticks));
}

/** [hot] Record a span whose stamps were taken by hand (tk_now()), with an origin or {0}. */
TK_HOT void tk_record_span(tk_timer_t timer, uint64_t start, uint64_t stop, struct tk_origin origin)
{
	tk_push_(timer, TK_STAMP_HAND, TK_CPU_UNKNOWN, start, (int64_t)(stop - start),
		 origin.ticks ? (int64_t)(start - origin.ticks) : TK_TICKS_NONE);
}

/** [hot] A named instant: a vertical line in the display. Fast stamp. */
TK_HOT void tk_mark(tk_timer_t timer)
{
	tk_push_(timer, TK_KIND_MARK, TK_CPU_UNKNOWN, tk_now(), TK_TICKS_NONE, TK_TICKS_NONE);
}

/* ---- values: numbers that are no time -------------------------------------------------------- */

/**
 * [hot] Record a number: the bytes of a request, the length of a queue, the size of a batch.
 *
 *	tk_timer_t sent = tk_value_timer("sent", "bytes");
 *	tk_value(sent, n);
 *
 * Collectors show its percentiles, extremes and sums as they show those of spans, in its unit. 0 to
 * 2^47 - 2 are exact. What is larger or below zero is counted, and set aside. So is a value of a
 * timer that is none of values, and a span, a sum or a lap of one that is: nothing mixes the two.
 *
 * It costs a push, and a fast stamp that says when: half of a fast span.
 */
TK_HOT void tk_value(tk_timer_t timer, int64_t value)
{
	uint64_t now;

	if (!TK_COMPILED_IN || __builtin_expect(TK_SELF->disabled[tk_meta_timer(timer)] != 0, 0))
		return;
	if (__builtin_expect((timer & TK_HANDLE_FENCED_) != 0, 0))
		now = tk_stamp_start(timer);
	else
		now = tk_tsc_fast();
	tk_lane_push(TK_SELF, tk_record_meta(tk_meta_timer(timer), TK_CPU_UNKNOWN, TK_KIND_VALUE),
		     now, value, TK_TICKS_NONE);
}

/* ---- sums: one record for work done in pieces ------------------------------------------------ */

struct tk_sum {
	uint64_t start;
	int64_t ticks;
};

/** [hot] */
TK_HOT void tk_sum_begin(struct tk_sum *sum)
{
	sum->start = tk_now();
	sum->ticks = 0;
}

/**
 * [hot] Add a duration in ticks, e.g. tk_elapsed(). Nothing is subtracted from a sum: each piece
 * between two fast stamps reads some 30 ticks short to 26 long (AMD EPYC; `timekeeper tsc` tells).
 */
TK_HOT void tk_sum_add(struct tk_sum *sum, int64_t ticks)
{
	sum->ticks += ticks;
}

/** [hot] Record the sum as one duration. */
TK_HOT void tk_sum_finish(tk_timer_t timer, const struct tk_sum *sum)
{
	tk_push_(timer, TK_KIND_SUM, TK_CPU_UNKNOWN, sum->start, sum->ticks, TK_TICKS_NONE);
}

/* ---- laps: one stamp a stage boundary -------------------------------------------------------- */

/**
 * [hot] Record the stage that ends now and began at *lap, and let the next begin. Each boundary is
 * one stamp of the timer's mode:
 *
 *	uint64_t lap = tk_now();
 *	parse();   tk_lap(t_parse, &lap);
 *	execute(); tk_lap(t_execute, &lap);
 */
TK_HOT void tk_lap(tk_timer_t timer, uint64_t *lap)
{
	uint32_t kind = TK_KIND_LAP + tk_meta_kind(timer);
	uint32_t cpu;
	uint64_t now;

	if (!TK_COMPILED_IN || *lap == 0)
		return;
	now = tk_stop_stamp_(timer, &cpu);
	tk_push_(timer, kind, cpu, *lap, (int64_t)(now - *lap), TK_TICKS_NONE);
	*lap = now;
}

#ifdef TK_COMPILE_OUT
#include "compiled_out.h"
#endif

/* ---- messages ------------------------------------------------------------------------------ */

/** A message together with its origin: `typedef TK_MESSAGE(struct order) order_msg;` */
#define TK_MESSAGE(type)                 \
	struct {                         \
		struct tk_origin origin; \
		type data;               \
	}

/** Give *to the origin of *from, from which it is derived. */
#define tk_derive(to, from) ((void)((to)->origin = (from)->origin))

/* ---- blocks -------------------------------------------------------------------------------- */

struct tk_scope {
	uint64_t start;
	tk_timer_t timer;
	bool once;
	struct tk_origin origin;
};

TK_HOT struct tk_scope tk_scope_begin_(tk_timer_t timer, struct tk_origin origin)
{
	struct tk_scope scope;

	scope.timer = timer;
	scope.once = true;
	scope.origin = origin;
	scope.start = tk_start(timer);
	return scope;
}

TK_HOT struct tk_scope tk_scope_begin_plain_(tk_timer_t timer)
{
	struct tk_origin none = { 0, 0 };

	return tk_scope_begin_(timer, none);
}

TK_HOT void tk_scope_end_(struct tk_scope *scope)
{
	tk_stop_latency(scope->timer, scope->start, scope->origin);
}

#define TK_PASTE__(a, b) a##b
#define TK_PASTE_(a, b)  TK_PASTE__(a, b)
#define TK_SCOPE_VAR_ \
	__attribute__((cleanup(tk_scope_end_), unused)) TK_PASTE_(tk_scope_, __COUNTER__)

/** [hot] Time from here to the end of the enclosing block, however it is left. */
#define TK_SCOPE(timer) struct tk_scope TK_SCOPE_VAR_ = tk_scope_begin_plain_(timer)

/** [hot] The same, with the latency from the origin up to here. */
#define TK_SCOPE_FROM(timer, origin) struct tk_scope TK_SCOPE_VAR_ = tk_scope_begin_(timer, origin)

#define TK_TIME_(timer, scope)                                       \
	for (struct tk_scope __attribute__((cleanup(tk_scope_end_))) \
	     scope = tk_scope_begin_plain_(timer);                   \
	     scope.once; scope.once = false)

/** [hot] Time a statement or block: TK_TIME(t) { ... }. break, return and goto out of it are fine.
 */
#define TK_TIME(timer) TK_TIME_(timer, TK_PASTE_(tk_time_, __COUNTER__))

/** [hot] Time a call and have its value: int n = TK_CALL(t, parse(buf)); */
#define TK_CALL(timer, expression) \
	__extension__({            \
		TK_SCOPE(timer);   \
		(expression);      \
	})

#ifdef __cplusplus
} /* extern "C" */

namespace timekeeper
{
/** TK_SCOPE for C++: `timekeeper::span s(timer);` or `timekeeper::span s(timer, origin);` */
class span
{
      public:
	explicit span(tk_timer_t timer, tk_origin origin = tk_origin()) noexcept
	    : scope_(tk_scope_begin_(timer, origin))
	{
	}
	~span()
	{
		tk_scope_end_(&scope_);
	}
	span(const span &) = delete;
	span &operator=(const span &) = delete;

      private:
	tk_scope scope_;
};
} // namespace timekeeper

#pragma GCC diagnostic pop
#endif

#endif
