/* SPDX-License-Identifier: MIT */
/* Each timer of each process has a series of its own; and the two limits. */
#include "collector/stats/registry.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/random.h"

#define TIMERS 48

/* Processes that come and go, of few names: a key is never given twice, and says what it was given
 * for. */
Test(registry, a_series_belongs_to_one_process)
{
	struct tk_series *living[TIMERS] = { NULL };
	uint64_t state = 5, keys = 0, dead = 0;
	struct tk_registry r;
	int64_t now = 1000;

	tk_registry_init(&r, 1u << 20);
	for (unsigned i = 0; i < 8000; i++) {
		unsigned k = (unsigned)random_below(&state, TIMERS);
		char app[8], name[8], segment[16];

		snprintf(app, sizeof(app), "a%u", k % 2);
		snprintf(name, sizeof(name), "t%u", k % 5);
		snprintf(segment, sizeof(segment), "a%u.%u", k % 2, i);
		if (living[k]) {
			tk_registry_leave(&r, living[k]);
			living[k] = NULL;
			dead++;
		} else {
			living[k] = tk_registry_add(&r, app, name, segment, now);
			cr_assert_eq(living[k]->key, ++keys);
			cr_assert(living[k]->alive);
			cr_assert(!strcmp(living[k]->app, app) && !strcmp(living[k]->name, name));
			cr_assert(!strcmp(living[k]->segment, segment));
			cr_assert_eq(tk_registry_find(&r, living[k]->key), living[k]);
		}
		cr_assert_eq(r.n_dead, dead);
		if (random_below(&state, 10) == 0)
			tk_registry_close(&r, now += 1000, 1000);
	}
	cr_assert_gt(dead, 1000);
	cr_assert_null(tk_registry_find(&r, keys + 1));
	tk_registry_free(&r);
}

/* The oldest go, but not before they have ended with an interval. */
Test(registry, the_oldest_dead_beyond_the_limit_are_forgotten)
{
	const unsigned more = 100;
	struct tk_registry r;

	tk_registry_init(&r, 1u << 20);
	for (unsigned i = 0; i < TK_REGISTRY_DEAD_MAX + more; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%u", i);
		tk_registry_leave(&r, tk_registry_add(&r, "app", name, "app.1", 1));
	}
	tk_registry_forget_dead(&r);
	cr_assert_eq(r.n, TK_REGISTRY_DEAD_MAX + more, "none has ended yet");
	tk_registry_close(&r, 2, 1);
	tk_registry_forget_dead(&r);
	cr_assert_eq(r.n, TK_REGISTRY_DEAD_MAX);
	cr_assert_eq(r.forgotten, more, "and that is counted");
	cr_assert_eq(r.n_dead, TK_REGISTRY_DEAD_MAX);
	cr_assert_null(tk_registry_find(&r, more));
	cr_assert_not_null(tk_registry_find(&r, more + 1));
	tk_registry_free(&r);
}

/* The dead do not count; and one that dies makes room. */
Test(registry, the_living_are_limited)
{
	struct tk_series *last = NULL;
	struct tk_registry r;

	tk_registry_init(&r, 1u << 20);
	for (unsigned i = 0; i < TK_REGISTRY_LIVING_MAX; i++)
		last = tk_registry_add(&r, "app", "timer", "app.1", 1);
	cr_assert_not_null(last);
	errno = 0;
	cr_assert_null(tk_registry_add(&r, "app", "timer", "app.1", 1));
	cr_assert_eq(errno, ENOBUFS);
	tk_registry_leave(&r, last);
	cr_assert_not_null(tk_registry_add(&r, "app", "other", "app.1", 1));
	cr_assert_null(tk_registry_add(&r, "app", "timer", "app.1", 1), "that room is taken");
	tk_registry_free(&r);
}

/* Timers without a record leave room to those that have one, and push none of the dead out. */
Test(registry, the_silent_leave_room)
{
	struct tk_series *last = NULL;
	struct tk_registry r;

	tk_registry_init(&r, 1u << 20);
	for (unsigned i = 0; i < TK_REGISTRY_DEAD_MAX; i++) {
		cr_assert(tk_registry_takes_silent(&r, true));
		tk_registry_leave(&r, tk_registry_add(&r, "app", "timer", "app.1", 1));
	}
	cr_assert_not(tk_registry_takes_silent(&r, true), "others would be forgotten for it");
	for (unsigned i = 0; i < TK_REGISTRY_SILENT_MAX; i++) {
		cr_assert(tk_registry_takes_silent(&r, false), "the dead do not count");
		last = tk_registry_add(&r, "app", "timer", "app.2", 1);
	}
	cr_assert_not(tk_registry_takes_silent(&r, false));
	cr_assert_not_null(tk_registry_add(&r, "app", "records", "app.2", 1));
	tk_registry_leave(&r, last);
	cr_assert_not(tk_registry_takes_silent(&r, false), "the one that records has its place");
	tk_registry_free(&r);
}

/* Coarser tiers of many series do not close in the same interval; and each is as wide as it should
 * be, but for its first. */
Test(registry, series_have_phases)
{
	enum { SERIES = 1000, INTERVALS = 400 };
	const int64_t interval = 100000000;
	struct tk_registry r;
	int64_t last[TK_TIERS] = { 0 };

	tk_registry_init(&r, 0);
	for (unsigned i = 0; i < SERIES; i++)
		tk_registry_add(&r, "app", "timer", "app.1", 0);
	for (int64_t now = interval; now <= INTERVALS * interval; now += interval) {
		size_t closed[TK_TIERS] = { 0 };

		tk_registry_close(&r, now, (uint64_t)interval);
		for (unsigned i = 0; i < SERIES; i++)
			for (int tier = 1; tier < TK_TIERS; tier++)
				closed[tier] += r.series[i]->began[tier] == now;
		cr_assert_leq(closed[1], SERIES / 10);
		cr_assert_leq(closed[2], SERIES / 100);
		for (int tier = 1; tier < TK_TIERS; tier++) {
			int64_t began = r.series[7]->began[tier];

			if (began != now)
				continue;
			cr_assert(last[tier] == 0 ||
				  began - last[tier] == (tier == 1 ? 10 : 100) * interval);
			last[tier] = began;
		}
	}
	cr_assert(last[1] && last[2]);
	tk_registry_free(&r);
}
