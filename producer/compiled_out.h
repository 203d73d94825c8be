/* SPDX-License-Identifier: MIT */
/*
 * producer/compiled_out.h - what timekeeper.h declares, doing nothing. Included by timekeeper.h
 * under TK_COMPILE_OUT; not for direct inclusion. Nothing needs to be linked then.
 */
#ifndef TK_PRODUCER_COMPILED_OUT_H
#define TK_PRODUCER_COMPILED_OUT_H

static inline const char *tk_version(void)
{
	return TIMEKEEPER_VERSION;
}

static inline int tk_open(const char *app, const struct tk_options *options)
{
	(void)app;
	(void)options;
	return 0;
}

static inline void tk_close(void)
{
}

static inline const char *tk_why(void)
{
	return "timekeeper was compiled out";
}

static inline void tk_after_fork(void)
{
}

static inline tk_timer_t tk_timer(const char *name)
{
	(void)name;
	return 0;
}

static inline tk_timer_t tk_timer_stamped(const char *name, enum tk_stamp stamp)
{
	(void)name;
	(void)stamp;
	return 0;
}

static inline tk_timer_t tk_value_timer(const char *name, const char *unit)
{
	(void)name;
	(void)unit;
	return 0;
}

static inline int tk_join(const struct tk_thread *thread)
{
	(void)thread;
	return 0;
}

static inline void tk_leave(void)
{
}

static inline void tk_flush(void)
{
}

static inline uint64_t tk_stamp_start(tk_timer_t timer)
{
	(void)timer;
	return 0;
}

static inline uint64_t tk_stamp_stop(tk_timer_t timer, uint32_t *cpu)
{
	(void)timer;
	*cpu = TK_CPU_UNKNOWN;
	return 0;
}

static inline uint64_t tk_now(void)
{
	return 0;
}

static inline struct tk_origin tk_origin_from_ticks(uint64_t ticks)
{
	struct tk_origin none = { 0, 0 };

	(void)ticks;
	return none;
}

static inline struct tk_origin tk_origin_from_real(int64_t real_ns)
{
	(void)real_ns;
	return tk_origin_from_ticks(0);
}

static inline struct tk_origin tk_origin_now(void)
{
	return tk_origin_from_ticks(0);
}

static inline int64_t tk_ns(int64_t ticks)
{
	(void)ticks;
	return 0;
}

#endif
