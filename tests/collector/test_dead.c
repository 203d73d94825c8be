/* SPDX-License-Identifier: MIT */
/* The dead by name, against a list that is walked. */
#include "collector/stats/dead.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random.h"

#define SERIES 64

static struct tk_series *line[SERIES]; /* the oracle: in the order of dying */
static unsigned n_line;

static struct tk_series *named(unsigned app, unsigned name)
{
	struct tk_series *s = tk_series_new(1, 0);

	snprintf(s->app, sizeof(s->app), "app%u", app);
	snprintf(s->name, sizeof(s->name), "timer%u", name);
	return s;
}

static void leave_line(unsigned place)
{
	memmove(&line[place], &line[place + 1], (--n_line - place) * sizeof(struct tk_series *));
}

static struct tk_series *take_from_line(const char *app, const char *name)
{
	for (unsigned i = n_line; i-- > 0;) {
		struct tk_series *s = line[i];

		if (!strcmp(s->app, app) && !strcmp(s->name, name)) {
			leave_line(i);
			return s;
		}
	}
	return NULL;
}

Test(dead, the_newest_of_a_name_is_found_first)
{
	struct tk_dead dead = { 0 };
	uint64_t state = 11;
	unsigned found = 0;

	for (unsigned i = 0; i < 20000; i++) {
		char app[8], name[16];
		struct tk_series *s = NULL, *due;
		unsigned place;

		snprintf(app, sizeof(app), "app%u", (unsigned)random_below(&state, 2));
		snprintf(name, sizeof(name), "timer%u", (unsigned)random_below(&state, 5));
		switch (random_below(&state, 3)) {
		case 0:
			if (n_line == SERIES)
				break;
			line[n_line] = named((unsigned)random_below(&state, 2),
					     (unsigned)random_below(&state, 5));
			tk_dead_add(&dead, line[n_line++]);
			break;
		case 1:
			due = take_from_line(app, name);
			s = tk_dead_take(&dead, app, name);
			cr_assert_eq(s, due);
			found += s != NULL;
			break;
		default:
			if (!n_line)
				break;
			place = (unsigned)random_below(&state, n_line);
			s = line[place];
			tk_dead_remove(&dead, s);
			leave_line(place);
		}
		free(s);
		cr_assert_eq(dead.n, n_line);
	}
	cr_assert_gt(found, 1000);
	tk_dead_clear(&dead);
	cr_assert_null(tk_dead_take(&dead, "app0", "timer0"));
	while (n_line)
		free(line[--n_line]);
}
