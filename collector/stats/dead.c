/* SPDX-License-Identifier: MIT */
#include "collector/stats/dead.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct tk_series *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->app, y->app);
}

/* A node's first field is its key: the newest of its name, from which the older ones hang. */
static struct tk_series **newest_of(const struct tk_dead *d, const struct tk_series *s)
{
	void *node = tfind(s, &d->tree, by_name);

	return node;
}

void tk_dead_add(struct tk_dead *d, struct tk_series *s)
{
	struct tk_series **newest = newest_of(d, s);

	s->older_dead = newest ? *newest : NULL;
	s->newer_dead = NULL;
	if (newest) {
		(*newest)->newer_dead = s;
		*newest = s; /* equal, so the tree stays in order */
	} else {
		(void)tsearch(s, &d->tree, by_name);
	}
	d->n++;
}

/* A segment may hold 65,536 timers of one name: never walk a list of them. */
void tk_dead_remove(struct tk_dead *d, struct tk_series *s)
{
	struct tk_series **newest = s->newer_dead ? NULL : newest_of(d, s);

	if (s->newer_dead)
		s->newer_dead->older_dead = s->older_dead;
	if (s->older_dead)
		s->older_dead->newer_dead = s->newer_dead;
	if (newest && *newest == s) {
		if (s->older_dead)
			*newest = s->older_dead;
		else
			tdelete(s, &d->tree, by_name);
	}
	s->older_dead = s->newer_dead = NULL;
	d->n--;
}

struct tk_series *tk_dead_take(struct tk_dead *d, const char *app, const char *name)
{
	struct tk_series wanted;
	struct tk_series **newest, *s;

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	snprintf(wanted.app, sizeof(wanted.app), "%s", app);
	newest = newest_of(d, &wanted);
	s = newest ? *newest : NULL;
	if (s)
		tk_dead_remove(d, s);
	return s;
}

static void leave_alone(void *series)
{
	(void)series;
}

void tk_dead_clear(struct tk_dead *d)
{
	tdestroy(d->tree, leave_alone);
	memset(d, 0, sizeof(*d));
}
