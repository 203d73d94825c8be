/* SPDX-License-Identifier: MIT */
/* Who gets which series, against a list that is walked; and the two limits. */
#include "collector/stats/registry.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/random.h"

#define TIMERS 48

/* The oracle: the living, and the dead in the order of dying. */
static struct tk_series *living[TIMERS], *dead[4 * TIMERS];
static unsigned n_dead;

static uint64_t take_newest_dead(const char *app, const char *name)
{
	for (unsigned i = n_dead; i-- > 0;) {
		uint64_t key = dead[i]->key;

		if (strcmp(dead[i]->app, app) || strcmp(dead[i]->name, name))
			continue;
		memmove(&dead[i], &dead[i + 1], (--n_dead - i) * sizeof(struct tk_series *));
		return key;
	}
	return 0;
}

Test(registry, the_newest_dead_series_of_a_timer_goes_on)
{
	uint64_t state = 5, keys = 0, continued = 0;
	struct tk_registry r;
	int64_t now = 1000;

	tk_registry_init(&r, 1u << 20);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)random_below(&state, TIMERS);
		char app[8], name[8], segment[16];

		snprintf(app, sizeof(app), "a%u", k % 2);
		snprintf(name, sizeof(name), "t%u", k % 5);
		snprintf(segment, sizeof(segment), "a%u.%u", k % 2, i);
		if (living[k]) {
			if (n_dead == sizeof(dead) / sizeof(dead[0]))
				continue;
			tk_registry_leave(&r, living[k]);
			dead[n_dead++] = living[k];
			living[k] = NULL;
		} else {
			uint64_t due = take_newest_dead(app, name);

			living[k] = tk_registry_adopt(&r, app, name, segment, now);
			cr_assert_eq(living[k]->key, due ? due : ++keys);
			cr_assert(living[k]->alive);
			cr_assert(!strcmp(living[k]->segment, segment));
			cr_assert_eq(tk_registry_find(&r, living[k]->key), living[k]);
			continued += due != 0;
		}
		cr_assert_eq(r.dead.n, n_dead);
		if (random_below(&state, 10) == 0)
			tk_registry_close(&r, now += 1000, 1000);
	}
	cr_assert_gt(continued, 1000);
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
		tk_registry_leave(&r, tk_registry_adopt(&r, "app", name, "app.1", 1));
	}
	tk_registry_forget_dead(&r);
	cr_assert_eq(r.n, TK_REGISTRY_DEAD_MAX + more, "none has ended yet");
	tk_registry_close(&r, 2, 1);
	tk_registry_forget_dead(&r);
	cr_assert_eq(r.n, TK_REGISTRY_DEAD_MAX);
	cr_assert_eq(r.dead.n, TK_REGISTRY_DEAD_MAX);
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
		last = tk_registry_adopt(&r, "app", "timer", "app.1", 1);
	cr_assert_not_null(last);
	errno = 0;
	cr_assert_null(tk_registry_adopt(&r, "app", "timer", "app.1", 1));
	cr_assert_eq(errno, ENOBUFS);
	tk_registry_leave(&r, last);
	cr_assert_not_null(tk_registry_adopt(&r, "app", "other", "app.1", 1));
	cr_assert_eq(tk_registry_adopt(&r, "app", "timer", "app.1", 1), last,
		     "a series that goes on needs no room");
	tk_registry_free(&r);
}
