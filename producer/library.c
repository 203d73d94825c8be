/* SPDX-License-Identifier: MIT */
/* Opening and closing; what happens at fork and exit. */
#include "producer/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tsc/check.h"

struct tk_library tk_library;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* What to restore when unlocking. Only the holder of the lock uses it. */
static uint64_t masked;
static int cancellable;

/* A raw system call, because pthread_sigmask() does not block the C library's own signal for
 * asynchronous cancellation. glibc 2.36 obeys that signal even while cancellation is disabled, if
 * it was sent just before. */
static uint64_t set_mask(uint64_t mask)
{
	uint64_t old = 0;

	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, sizeof(mask));
	return old;
}

void tk_library_lock(void)
{
	uint64_t old;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	old = set_mask(~UINT64_C(0));
	pthread_mutex_lock(&mutex);
	masked = old;
	cancellable = state;
}

void tk_library_unlock(void)
{
	uint64_t old = masked;
	int state = cancellable;

	pthread_mutex_unlock(&mutex);
	set_mask(old);
	pthread_setcancelstate(state, NULL);
}

void tk_library_become(enum tk_library_state state)
{
	__atomic_store_n(&tk_library.state, state, __ATOMIC_RELAXED);
	__atomic_store_n(&tk_library.generation, tk_library.generation + 1, __ATOMIC_RELAXED);
}

void tk_library_shut(const char *why)
{
	snprintf(tk_library.why_shut, sizeof(tk_library.why_shut), "%s", why);
	tk_library_become(TK_LIBRARY_SHUT);
}

/*
 * Reasons are written to eight buffers in turn, so that one that tk_why() returned stays readable
 * while other calls fail. Written under the lock; the release store pairs with the acquire load in
 * tk_why().
 */
static char reasons[8][TK_WHY_MAX];
static const char *reason = "";

int tk_library_fail(int error, const char *format, ...)
{
	static unsigned next;
	char *text = reasons[next++ % 8];
	va_list args;

	va_start(args, format);
	vsnprintf(text, TK_WHY_MAX, format, args);
	va_end(args);
	__atomic_store_n(&reason, text, __ATOMIC_RELEASE);
	return -error;
}

const char *tk_why(void)
{
	return __atomic_load_n(&reason, __ATOMIC_ACQUIRE);
}

/* If the library is linked into a plug-in, the plug-in must not be unloaded: threads may record. */
static void pin(void)
{
	Dl_info self;

	if (dladdr((void *)&tk_library, &self) && self.dli_fname)
		(void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

static void before_fork(void)
{
	tk_library_lock();
}

static void after_fork_parent(void)
{
	tk_library_unlock();
}

static void after_fork_child(void)
{
	tk_threads_forked();
	if (tk_library.state == TK_LIBRARY_OPEN) {
		/* If a handler forked during a push, that push still uses its lane. */
		if (tk_library.lanes && !tk_self.lane)
			munmap(tk_library.lanes,
			       tk_library.segment.head->max_lanes * sizeof(struct tk_lane_entry));
		tk_segment_forget(&tk_library.segment);
		tk_library.lanes = NULL;
		tk_library_become(TK_LIBRARY_FORKED);
	}
	tk_library_unlock();
}

/* The lanes stay mapped. The lock may be held by a thread that this child does not have. */
void tk_after_fork(void)
{
	static const struct tk_segment_writer none;

	tk_self.turn_at = 0;
	pthread_mutex_init(&mutex, NULL);
	if (tk_library.state == TK_LIBRARY_OPEN) {
		tk_library.segment = none;
		tk_library.lanes = NULL;
		tk_library_become(TK_LIBRARY_FORKED);
	}
}

#ifdef __GLIBC__
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): glibc's name */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
#endif

/*
 * At exit, glibc drops the handlers that a library registered by pthread_atfork() once its
 * destructors have run. But other threads run on: one that forks then would give its child lanes
 * that are the parent's, and perhaps the lock, held by a thread that the child does not have. So
 * the handlers are registered as nobody's, which lasts; this library is never unloaded.
 */
static void handle_forks(void)
{
#ifdef __GLIBC__
	__register_atfork(before_fork, after_fork_parent, after_fork_child, NULL);
#else
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
#endif
}

/* Asks for this thread; those that it makes inherit the answer. */
static bool counter_forbidden(void)
{
	int mode = PR_TSC_ENABLE;

	return prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV;
}

/* With either clock: if stores may tear, a lane cannot be read. */
static int check_stores(void)
{
	const char *env = secure_getenv("TIMEKEEPER_FORCE");
	char why[TK_WHY_MAX];

	if (tk_tsc_atomic(env && !strcmp(env, "tcg"), why, sizeof(why)))
		return tk_library_fail(ENOTSUP, "%s", why);
	return 0;
}

static int choose_clock(enum tk_timebase wanted)
{
	const char *env = secure_getenv("TIMEKEEPER_CLOCK");
	char why[TK_WHY_MAX];

	if (env && !strcmp(env, "monotonic"))
		wanted = TK_TIMEBASE_SYSTEM;
	if (tk_timers_choose_clock(wanted))
		return tk_library_fail(EBUSY,
				       "timers were defined before the system's clock was asked "
				       "for: call tk_open() first");
	__atomic_store_n(&tk_library.counter_forbidden, counter_forbidden(), __ATOMIC_RELAXED);
	__atomic_store_n(&tk_library.no_clock,
			 wanted == TK_TIMEBASE_COUNTER && tk_tsc_quick(why, sizeof(why)),
			 __ATOMIC_RELAXED);
	tk_writer_disable(tk_library.no_clock);
	if (tk_library.no_clock)
		return tk_library_fail(ENOTSUP,
				       "%.120s; TIMEKEEPER_CLOCK=monotonic in the environment "
				       "works at some 25 ns a stamp",
				       why);
	__atomic_store_n(&tk_library.clock, wanted, __ATOMIC_RELAXED);
	return 0;
}

/* Whoever started this program may want to read its segment after its end: `stat -- COMMAND`. */
static bool is_to_be_kept(void)
{
	const char *env = secure_getenv("TIMEKEEPER_KEEP");

	return tk_library.options.keep || (env && !strcmp(env, "1"));
}

static int create_segment(void)
{
	const struct tk_options *o = &tk_library.options;
	struct tk_segment_options s = { 0 };
	char why[TK_WHY_MAX] = "";
	int ret;

	s.app = tk_library.app;
	s.max_timers = o->timers;
	if (s.max_timers < tk_timers_defined())
		s.max_timers = tk_timers_defined();
	s.max_lanes = o->lanes;
	s.clock = tk_library.clock == TK_TIMEBASE_SYSTEM ? TK_CLOCK_MONOTONIC : TK_CLOCK_TSC;
	s.group = o->group;
	s.keep = is_to_be_kept();
	s.now_tsc = tk_now();
	tk_stamps_measure_floor(s.floor);
	ret = tk_segment_create(&tk_library.segment, &s, why);
	if (ret)
		return tk_library_fail(-ret, "%s", why);
	return 0;
}

/* A program may open and close for years, so the flags that disable timers must be unmapped some
 * time. But a handler that closes may have interrupted a look at them. So they stay mapped until
 * the next segment's flags take their address, which works if those are not larger. */
static const uint8_t *kept_flags;
static uint32_t flags_room; /* bytes at their address */

static void let_go(void)
{
	const struct tk_segment_head *head = tk_library.segment.head;

	kept_flags = tk_library.segment.disabled;
	munmap(tk_library.lanes, head->max_lanes * sizeof(struct tk_lane_entry));
	tk_library.lanes = NULL;
	tk_segment_forget(&tk_library.segment);
}

static void reuse_kept_flags(void)
{
	uint32_t timers = tk_library.segment.head->max_timers;

	if (kept_flags && timers <= flags_room &&
	    mremap((void *)(uintptr_t)tk_library.segment.disabled, timers, timers,
		   MREMAP_MAYMOVE | MREMAP_FIXED, kept_flags) != MAP_FAILED)
		tk_library.segment.disabled = kept_flags;
	else
		flags_room = timers;
	kept_flags = NULL;
}

int tk_library_open_locked(void)
{
	size_t size;
	void *lanes;
	int clock, ret;

	clock = choose_clock(tk_library.options.timebase);
	ret = check_stores(); /* report its reason before the clock's: no other clock would help */
	if (!ret)
		ret = clock;
	if (ret)
		return ret;
	tk_stamps_begin();
	ret = tk_threads_init();
	if (!ret)
		ret = create_segment();
	if (ret)
		return ret;
	reuse_kept_flags();
	size = tk_library.segment.head->max_lanes * sizeof(struct tk_lane_entry);
	lanes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (lanes == MAP_FAILED) {
		tk_segment_retire(&tk_library.segment, 0);
		return tk_library_fail(ENOMEM, "no memory for the table of lanes");
	}
	tk_library.lanes = lanes;
	tk_library.slots = tk_library.options.slots;
	tk_library.discipline = tk_library.options.discipline;
	tk_timers_publish(&tk_library.segment);
	tk_library_become(TK_LIBRARY_OPEN);
	tk_stamps_end();
	return 0;
}

static int open_first(const char *app, const struct tk_options *options)
{
	static bool once;

	if (!once) {
		handle_forks();
		once = true;
	}
	snprintf(tk_library.app, sizeof(tk_library.app), "%s", app);
	tk_library.options = *options;
	return tk_library_open_locked();
}

/* Also in a forked child that has no segment yet: its parent's name and options stand. */
static int open_further(const char *app, const struct tk_options *options)
{
	int ret = 0;

	if (tk_library.state == TK_LIBRARY_FORKED)
		ret = tk_library_open_locked();
	if (!ret)
		tk_options_say_differences(app, options);
	return ret;
}

int tk_open(const char *app, const struct tk_options *options)
{
	struct tk_options whole = tk_options_whole(options);
	bool open;
	int ret;

	pin();
	tk_library_lock();
	open = tk_library.state == TK_LIBRARY_OPEN || tk_library.state == TK_LIBRARY_FORKED;
	ret = tk_options_check(app, &whole);
	if (ret && open) {
		tk_library_unlock();
		return ret;
	}
	if (!ret)
		ret = open ? open_further(app, &whole) : open_first(app, &whole);
	if (ret)
		tk_library_shut(tk_why());
	else
		tk_library.opens++;
	tk_library_unlock();
	return ret;
}

/* Locked. */
static void close_segment(void)
{
	uint64_t records;
	bool ours, left;

	/* In a child of a raw clone() that did not call tk_after_fork(), the segment is the
	 * parent's. */
	ours = tk_library.state == TK_LIBRARY_OPEN &&
	       tk_library.segment.head->pid == (uint32_t)getpid();
	if (tk_library.state == TK_LIBRARY_OPEN || tk_library.state == TK_LIBRARY_FORKED)
		tk_library_shut("no segment is open: tk_close() was called");
	if (!ours)
		return;
	left = tk_threads_close(&records);
	tk_segment_retire(&tk_library.segment, records);
	if (!left)
		let_go();
}

void tk_close(void)
{
	tk_library_lock();
	if (tk_library.opens && --tk_library.opens == 0)
		close_segment();
	tk_library_unlock();
}

/* Whoever has not closed yet will not: the program ends. */
__attribute__((destructor)) static void close_at_exit(void)
{
	tk_library_lock();
	tk_library.opens = 0;
	close_segment();
	tk_library_unlock();
}
