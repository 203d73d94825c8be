/* SPDX-License-Identifier: MIT */
/* What the interface allows but nobody should do, and numbers at their limits. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/host/host.h"

static const struct tk_options small = { .slots = 256, .timers = 64, .lanes = 4 };

static void record_everything(tk_timer_t timer)
{
	struct tk_origin origins[] = { { 0, 0 },
				       { 1, INT64_MIN },
				       { UINT64_MAX, INT64_MAX },
				       tk_origin_now(),
				       tk_origin_from_real(INT64_MIN),
				       tk_origin_from_real(INT64_MAX),
				       tk_origin_from_ticks(UINT64_MAX) };
	const uint64_t stamps[] = { 0, 1, tk_now(), UINT64_MAX / 2, UINT64_MAX };
	struct tk_sum sum = { .start = UINT64_MAX, .ticks = INT64_MIN };

	for (unsigned i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		for (unsigned j = 0; j < sizeof(stamps) / sizeof(stamps[0]); j++) {
			uint64_t lap = stamps[j];

			tk_stop(timer, stamps[j]);
			tk_stop_latency(timer, stamps[j], origins[i]);
			tk_stop_latency_now(timer, stamps[j], origins[i]);
			tk_latency_now(timer, origins[i]);
			tk_record_span(timer, stamps[j], stamps[i % 5], origins[i]);
			tk_lap(timer, &lap);
			(void)tk_elapsed(stamps[j]);
			(void)tk_ns((int64_t)stamps[j]);
			tk_value(timer, (int64_t)stamps[j]);
		}
		(void)tk_since_ns(origins[i]);
	}
	tk_sum_finish(timer, &sum);
	tk_mark(timer);
}

static void never_opened(unsigned step)
{
	(void)step;
	tk_close();
	tk_leave();
	tk_flush();
	tk_after_fork();
	must(!tk_why()[0], "a reason where nothing failed");
	must(tk_join(NULL) == -ENOTCONN && strstr(tk_why(), "tk_open"), "joined nothing");
	record_everything(0);
	record_everything(tk_timer("t"));
	host_record(tk_timer("t"), 5000);
}

static void opened_twice(unsigned step)
{
	tk_timer_t timer;

	(void)step;
	must(!tk_open("host", &small), "not open");
	timer = tk_timer("t");
	host_record(timer, 10);
	must(!tk_open("other", NULL) && strstr(tk_why(), "other"), "not counted");
	must(tk_open(NULL, NULL) == -EINVAL, "no name is no reason");
	host_record(timer, 10);
	tk_flush();
	tk_close();
	must(host_account(getpid()).counted == 20, "not all are counted");
	tk_close();
	tk_close();
}

static void used_after_close(unsigned step)
{
	tk_timer_t timer;

	(void)step;
	must(!tk_open("host", &small), "not open");
	timer = tk_timer("t");
	host_record(timer, 1000);
	tk_close();
	host_record(timer, 5000);
	record_everything(timer);
	must(tk_timer("t") == timer, "another handle");
	must(tk_timer("late"), "no timer after close");
	must(tk_join(NULL) == -ENOTCONN, "joined nothing");
	tk_leave();
	tk_flush();
	tk_close();
}

static void extremes(unsigned step)
{
	struct account a;

	(void)step;
	must(!tk_open("host", &small), "not open");
	record_everything(tk_timer("t"));
	tk_flush();
	a = host_account(getpid());
	must(a.segments == 1 && a.counted > 100 && a.readable == a.counted, "%lu counted, %lu read",
	     a.counted, a.readable);
	tk_close();
}

/* A reader must get all of these too, so they are shorter than what would lap 256 slots. */
static void nulls_and_nonsense(unsigned step)
{
	struct tk_thread nonsense[] = { { .pin = true, .cpu = UINT32_MAX },
					{ .on_node = true, .node = UINT32_MAX },
					{ .slots = 255 },
					{ .slots = UINT32_MAX },
					{ .slots = 1u << 31 } };
	struct tk_options bad[] = { { .timers = UINT32_MAX },
				    { .lanes = UINT32_MAX },
				    { .slots = UINT32_MAX },
				    { .slots = 1u << 31 },
				    { .timebase = (enum tk_timebase)77 } };

	(void)step;
	must(tk_open(NULL, NULL) == -EINVAL && tk_why()[0], "no name");
	must(tk_open("", NULL) == -EINVAL && tk_why()[0], "an empty name");
	for (unsigned i = 0; i < 5; i++)
		must(tk_open("host", &bad[i]) == -EINVAL && tk_why()[0], "options %u", i);
	must(!tk_open("host", &small), "not open");
	must(!tk_timer(NULL) && !tk_timer("") && !tk_timer_stamped("t", (enum tk_stamp)99),
	     "named");
	for (unsigned i = 0; i < 5; i++) {
		tk_leave();
		must(tk_join(&nonsense[i]) == -EINVAL && tk_why()[0], "thread %u", i);
	}
	must(!tk_join(NULL), "not joined");
	tk_close();
}

static void every_length(unsigned step)
{
	char name[300], app[300];

	memset(name, 'n', sizeof(name));
	memset(app, 'a', sizeof(app));
	app[step] = '\0';
	must(tk_open(app, &small) == (step && step < 64 ? 0 : -EINVAL), "app of %u bytes", step);
	name[step] = '\0';
	must(!tk_timer(name) == (step == 0 || step > 63), "timer of %u bytes", step);
	tk_close();
}

/* ---- many ---- */

static tk_timer_t handles[16][1000];

static void *define(void *number)
{
	tk_timer_t *own = handles[(uintptr_t)number];
	char name[32];

	/* The same names in other orders, and some that nobody else has. */
	for (unsigned i = 0; i < 1000; i++) {
		unsigned n = (i * 7 + (unsigned)(uintptr_t)number * 131) % 1000;

		snprintf(name, sizeof(name), "same %u", n);
		own[n] = tk_timer(name);
		snprintf(name, sizeof(name), "own %u of %u", i % 100, (unsigned)(uintptr_t)number);
		must(tk_timer(name) == tk_timer(name), "two handles for '%s'", name);
	}
	return NULL;
}

static void timers_by_many(unsigned step)
{
	struct tk_options o = { .slots = 256, .timers = 16384, .lanes = 32 };
	static bool taken[65536];
	pthread_t thread[16];

	if (!step) /* before there is a segment, too */
		must(!tk_open("host", &o), "not open");
	for (uintptr_t i = 0; i < 16; i++)
		must(!pthread_create(&thread[i], NULL, define, (void *)i), "no thread");
	for (unsigned i = 0; i < 16; i++)
		pthread_join(thread[i], NULL);
	for (unsigned n = 0; n < 1000; n++) {
		must(handles[0][n] && !taken[tk_meta_timer(handles[0][n])], "a handle twice");
		taken[tk_meta_timer(handles[0][n])] = true;
		for (unsigned i = 1; i < 16; i++)
			must(handles[i][n] == handles[0][n], "two handles for one name");
	}
	tk_close();
}

static void all_timers(unsigned step)
{
	struct tk_options o = { .slots = 256, .timers = 65536, .lanes = 4 };
	char name[16];

	(void)step;
	must(!tk_open("host", &o), "not open");
	for (unsigned i = 1; i < 65536; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		must(tk_meta_timer(tk_timer(name)) == i, "timer %u", i);
	}
	must(!tk_timer("one more") && strstr(tk_why(), "tk_options.timers"), "one more");
	must(tk_timer("t65535") && tk_timer("t1"), "known ones are gone");
	host_record(tk_timer("t65535"), 100);
	tk_flush();
	must(host_account(getpid()).counted == 100, "not counted");
	tk_close();
}

static pthread_barrier_t barrier;
static unsigned had;

static void *take_lane(void *timer)
{
	if (!tk_join(NULL))
		__atomic_fetch_add(&had, 1, __ATOMIC_RELAXED);
	host_record((tk_timer_t)(uintptr_t)timer, 3);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* As many threads at once as there can be lanes, and two more. */
static void all_lanes(unsigned step)
{
	struct tk_options o = { .slots = 256, .timers = 16, .lanes = 4096 };
	static pthread_t thread[4098];
	pthread_attr_t attributes;
	unsigned n = 0;

	(void)step;
	must(!tk_open("host", &o), "not open");
	pthread_barrier_init(&barrier, NULL, 4099);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	while (n < 4098 && !pthread_create(&thread[n], &attributes, take_lane,
					   (void *)(uintptr_t)tk_timer("t")))
		n++;
	if (n < 4098)
		_exit((host_leaves_files(), 0)); /* no room for so many threads here */
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	must(had == 4096, "%u lanes", had);
	must(strstr(tk_why(), "tk_options.lanes"), "no reason");
	must(host_account(getpid()).refused == 6, "not refused: %lu",
	     host_account(getpid()).refused);
	tk_close();
}

const struct scenario scenarios[] = {
	{ "never opened", never_opened, 0, 0 },
	{ "opened twice, closed three times", opened_twice, 0, 0 },
	{ "used after close", used_after_close, 0, 0 },
	{ "stamps, origins and sums at their limits", extremes, 0, 0 },
	{ "NULL and nonsense", nulls_and_nonsense, 0, 0 },
	{ "names of 0 to 255 bytes", every_length, 256, 0 },
	{ "timers by 16 threads at once", timers_by_many, 2, 0 },
	{ "65,536 timers, and one more", all_timers, 0, 0 },
	{ "4,096 lanes, and two more threads", all_lanes, 0, 0 },
	{ 0 },
};
