/* SPDX-License-Identifier: MIT */
#include "collector/stats/history.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static const int64_t span_ns[TK_TIERS] = { 600 * SECOND, 3600 * SECOND, 86400 * SECOND };

void tk_history_init(struct tk_history *h, size_t budget)
{
	memset(h, 0, sizeof(*h));
	h->budget = budget;
}

/* Chunks are dropped from the old end only, of a trail as of a tier; so neither list is searched: a
 * tier's oldest chunk is the oldest of its trail. */
static void drop_oldest(struct tk_history *h, unsigned tier, struct tk_trail *t)
{
	struct tk_chunk *c = t->oldest;

	t->oldest = c->newer;
	if (!t->oldest) {
		t->newest = NULL;
		h->tier[tier].n_trails--;
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		h->tier[tier].oldest = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		h->tier[tier].newest = c->prev;
	h->tier[tier].n_chunks--;
	h->used -= sizeof(*c);
	free(c);
}

void tk_history_drop(struct tk_history *h, unsigned tier, struct tk_trail *t)
{
	while (t->oldest)
		drop_oldest(h, tier, t);
}

/* Drop the oldest chunk of the finest tier that has more than two chunks a trail, else of the
 * finest that has any. @return false: there is no chunk */
static bool make_room(struct tk_history *h)
{
	static const size_t shares[] = { 2, 0 };

	for (size_t s = 0; s < 2; s++) {
		for (unsigned i = 0; i < TK_TIERS; i++) {
			if (h->tier[i].n_chunks > shares[s] * h->tier[i].n_trails) {
				drop_oldest(h, i, h->tier[i].oldest->trail);
				return true;
			}
		}
	}
	return false;
}

static struct tk_chunk *new_chunk(struct tk_history *h, unsigned tier, struct tk_trail *t)
{
	struct tk_chunk *c;

	while (h->used + sizeof(*c) > h->budget && make_room(h))
		;
	c = malloc(sizeof(*c));
	if (!c)
		return NULL;
	c->newer = NULL;
	c->trail = t;
	c->n = 0;
	c->next = NULL;
	c->prev = h->tier[tier].newest;
	if (c->prev)
		c->prev->next = c;
	else
		h->tier[tier].oldest = c;
	h->tier[tier].newest = c;
	h->tier[tier].n_chunks++;
	h->used += sizeof(*c);
	if (t->newest) {
		t->newest->newer = c;
	} else {
		t->oldest = c;
		h->tier[tier].n_trails++;
	}
	t->newest = c;
	return c;
}

int tk_history_add(struct tk_history *h, unsigned tier, struct tk_trail *t,
		   const struct tk_datapoint *d)
{
	struct tk_chunk *c = t->newest;

	if (!c || c->n == TK_CHUNK_POINTS)
		c = new_chunk(h, tier, t);
	if (!c)
		return -ENOMEM;
	c->points[c->n++] = *d;
	while (t->oldest != c && t->oldest->points[t->oldest->n - 1].t_ns < d->t_ns - span_ns[tier])
		drop_oldest(h, tier, t);
	return 0;
}

static int64_t began(const struct tk_datapoint *d)
{
	return d->t_ns - (int64_t)d->interval_ns;
}

int64_t tk_trail_reach(const struct tk_trail *t)
{
	return t->oldest ? began(&t->oldest->points[0]) : INT64_MAX;
}

size_t tk_trail_copy(const struct tk_trail *t, int64_t from, int64_t to, struct tk_datapoint *out,
		     size_t max)
{
	size_t n = 0;

	for (const struct tk_chunk *c = t->oldest; c; c = c->newer) {
		if (c->points[c->n - 1].t_ns <= from)
			continue;
		for (uint32_t i = 0; i < c->n && n < max; i++) {
			const struct tk_datapoint *d = &c->points[i];

			if (d->t_ns <= from || began(d) >= to)
				continue;
			if (out)
				out[n] = *d;
			n++;
		}
	}
	return n;
}

size_t tk_trail_count(const struct tk_trail *t, int64_t from, int64_t to)
{
	return tk_trail_copy(t, from, to, NULL, SIZE_MAX);
}
