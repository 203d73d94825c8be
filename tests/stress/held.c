/* SPDX-License-Identifier: MIT */
/*
 * Viewers that read history while it is written and dropped: one thread closes intervals under a
 * lock, two take holds under it and read outside. What they read is what was written, to the last
 * bit. Plain, for ThreadSanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/past/window.h"
#include "collector/stats/series.h"

#define INTERVAL  INT64_C(100000000)
#define INTERVALS 20000
#define VIEWERS   2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tk_history history;
static struct tk_series *series;
static bool done;   /* under the lock */
static int bad;     /* atomic */
static size_t read; /* entries: atomic */

/* Interval i has so many samples, all of so many ticks. */
static uint64_t samples_of(int64_t i)
{
	return 1 + (uint64_t)(i * 7919 % 1000);
}

static uint64_t ticks_of(int64_t i)
{
	return 100 + (uint64_t)(i * 104729 % 100000);
}

static void feed(int64_t i)
{
	uint32_t n = (uint32_t)samples_of(i);
	const struct tk_counts c = { .records = n, .count = { n, 0 }, .without = { 0, n } };
	const struct tk_hist_counted of[TK_MEASURES] = {
		{ .counters = &n,
		  .first = tk_hist_index(ticks_of(i)),
		  .n = 1,
		  .min = ticks_of(i),
		  .max = ticks_of(i),
		  .sum = (unsigned __int128)ticks_of(i) * n },
	};

	tk_series_feed(series, &c, of);
	tk_series_close(series, &history, i * INTERVAL, (uint64_t)INTERVAL);
}

static bool is_right(const struct tk_window *w)
{
	uint64_t count = 0, least = UINT64_MAX, most = 0;

	for (int64_t i = w->from_ns / INTERVAL + 1; i <= w->to_ns / INTERVAL; i++) {
		count += samples_of(i);
		least = ticks_of(i) < least ? ticks_of(i) : least;
		most = ticks_of(i) > most ? ticks_of(i) : most;
	}
	return w->counts.count[0] == count && w->min_ns == (double)least &&
	       w->max_ns == (double)most && !w->bare;
}

static void *view(void *arg)
{
	struct tk_window w = { 0 };
	bool finished = false;
	struct tk_hold hold;
	struct tk_past p = { .hold = &hold };

	while (!finished) {
		pthread_mutex_lock(&lock);
		finished = done;
		if (tk_hold_take(&hold, &history))
			abort();
		memcpy(p.trail, series->trail, sizeof(p.trail));
		pthread_mutex_unlock(&lock);
		tk_window_gather(&w, &p, TK_PROCESSING, p.trail[0].t_ns - 300 * INTERVAL,
				 p.trail[0].t_ns);
		if (w.from_ns != INT64_MAX && !is_right(&w))
			__atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&read, 1, __ATOMIC_RELAXED);
		tk_hold_release(&hold);
	}
	tk_window_free(&w);
	return arg;
}

int main(void)
{
	pthread_t viewer[VIEWERS];

	series = tk_series_new(1, 0);
	tk_history_init(&history, 200000); /* a few chunks, so that they are dropped all the time */
	for (int i = 0; i < VIEWERS; i++)
		if (pthread_create(&viewer[i], NULL, view, NULL))
			return 1;
	for (int64_t i = 1; i <= INTERVALS; i++) {
		pthread_mutex_lock(&lock);
		feed(i);
		done = i == INTERVALS;
		pthread_mutex_unlock(&lock);
	}
	for (int i = 0; i < VIEWERS; i++)
		pthread_join(viewer[i], NULL);
	tk_series_free(series);
	tk_history_free(&history);
	printf("%zu windows read, %d wrong\n", read, bad);
	return bad != 0;
}
