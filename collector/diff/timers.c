/* SPDX-License-Identifier: MIT */
#include "collector/diff/timers.h"

#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "collector/machine/printable.h"

#define SHOWN_MAX 256 /* of an app, a timer, a measure, as they are shown */

static int by_name(const void *a, const void *b)
{
	const struct tk_diff_timer *x = a, *y = b;
	int order = strcmp(x->app, y->app);

	order = order ? order : strcmp(x->timer, y->timer);
	order = order ? order : strcmp(x->measure, y->measure);
	return order ? order : tk_unit_order(&x->unit, &y->unit);
}

static void free_timer(void *of)
{
	struct tk_diff_timer *t = of;

	tk_hlog_sum_free(&t->sum);
	for (int side = 0; side < TK_DIFF_SIDES; side++)
		free(t->values[side]);
	free((char *)t->app);
	free((char *)t->timer);
	free((char *)t->measure);
	free(t);
}

static int make_room(struct tk_diff_timer *t, const struct tk_diff_timers *in)
{
	for (int side = 0; side < TK_DIFF_SIDES; side++) {
		size_t n = in->quantiles * in->room[side];

		t->values[side] = malloc((n + 1) * sizeof(double));
		if (!t->values[side])
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			t->values[side][i] = NAN;
	}
	return 0;
}

static struct tk_diff_timer *find(const struct tk_diff_timers *t, const struct tk_diff_timer *named)
{
	struct tk_diff_timer **at = tfind(named, &t->tree, by_name);

	return at ? *at : NULL;
}

static struct tk_diff_timer *new_timer(const struct tk_diff_timers *in,
				       const struct tk_diff_timer *named)
{
	struct tk_diff_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->app = strdup(named->app);
	t->timer = strdup(named->timer);
	t->measure = strdup(named->measure);
	t->unit = named->unit;
	if (t->app && t->timer && t->measure && make_room(t, in) == 0)
		return t;
	free_timer(t);
	return NULL;
}

struct tk_diff_timer *tk_diff_timers_find(const struct tk_diff_timers *t, const char *app,
					  const char *timer, const char *measure)
{
	const struct tk_diff_timer named = { .app = app, .timer = timer, .measure = measure };

	return find(t, &named);
}

struct tk_diff_timer *tk_diff_timers_add(struct tk_diff_timers *in, const struct tk_hlog_item *i)
{
	char app[SHOWN_MAX], timer[SHOWN_MAX], measure[SHOWN_MAX];
	const struct tk_diff_timer named = {
		.app = app, .timer = timer, .measure = measure, .unit = i->unit
	};
	struct tk_diff_timer *t;

	tk_printable(app, sizeof(app), i->app);
	tk_printable(timer, sizeof(timer), i->timer);
	tk_printable(measure, sizeof(measure), i->measure);
	t = find(in, &named);
	if (t)
		return t;
	t = new_timer(in, &named);
	if (!t || tsearch(t, &in->tree, by_name))
		return t;
	free_timer(t);
	return NULL;
}

/* twalk_r() hands on a pointer to the node, once or three times. */
struct each {
	void (*function)(void *arg, struct tk_diff_timer *timer);
	void *arg;
};

static void visit(const void *node, VISIT which, void *arg)
{
	struct each *e = arg;

	if (which == postorder || which == leaf)
		e->function(e->arg, *(struct tk_diff_timer *const *)node);
}

void tk_diff_timers_each(const struct tk_diff_timers *t,
			 void (*function)(void *arg, struct tk_diff_timer *timer), void *arg)
{
	struct each e = { function, arg };

	twalk_r(t->tree, visit, &e);
}

void tk_diff_timers_free(struct tk_diff_timers *t)
{
	tdestroy(t->tree, free_timer);
	t->tree = NULL;
}
