/* SPDX-License-Identifier: MIT */
#include "collector/replay/reels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_MAX_NS (UINT64_C(366) * 24 * 3600 * 1000000000)

/* Spans of every clock come out right by the finest one. */
static void take_clock(struct tk_reel *reel, const char *name, const char *value)
{
	double hz = strcmp(name, "clock.ticks_per_s") == 0 ? strtod(value, NULL) : 0;

	if (hz >= 1e6 && hz <= 1e11 && (reel->ns_per_tick <= 0 || 1e9 / hz < reel->ns_per_tick))
		reel->ns_per_tick = 1e9 / hz;
}

static bool is_wanted(const struct tk_reels *r, const struct tk_hlog_item *i)
{
	return i->start_ns >= r->from_ns && (!r->app || strcmp(r->app, i->app) == 0);
}

void tk_reels_pass(struct tk_reels *r, struct tk_reel *reel)
{
	struct tk_hlog_item *i = &reel->item;
	int got;

	reel->has_item = false;
	while (!reel->has_item && (got = tk_hlog_next(reel->log, i)) != 0) {
		if (got < 0) {
			reel->err = got;
			return;
		}
		if (i->kind == TK_HLOG_NOTE) {
			take_clock(reel, i->name, i->value);
			r->note(r->arg, i->name, i->value);
			continue;
		}
		if (i->length_ns > LENGTH_MAX_NS)
			i->length_ns = LENGTH_MAX_NS;
		reel->has_item = is_wanted(r, i);
	}
}

int tk_reels_open(struct tk_reels *r, const char *const *paths, size_t n, double unit_ns,
		  char why[256])
{
	r->of = calloc(n, sizeof(*r->of));
	snprintf(why, 256, "out of memory for the recordings");
	if (!r->of)
		return -ENOMEM;
	for (; r->n < n; r->n++) {
		struct tk_reel *reel = &r->of[r->n];

		reel->path = paths[r->n];
		reel->log = tk_hlog_open(reel->path, unit_ns);
		if (!reel->log) {
			int err = errno;

			snprintf(why, 256, "%.160s: %s", reel->path, strerror(err));
			return -err;
		}
		tk_reels_pass(r, reel);
	}
	return 0;
}

void tk_reels_skip(struct tk_reels *r, int64_t from_ns)
{
	r->from_ns = from_ns;
	for (size_t i = 0; i < r->n; i++)
		if (r->of[i].has_item && !is_wanted(r, &r->of[i].item))
			tk_reels_pass(r, &r->of[i]);
}

int64_t tk_reel_end(const struct tk_reel *reel)
{
	return reel->item.start_ns + (int64_t)reel->item.length_ns;
}

struct tk_reel *tk_reels_next(struct tk_reels *r)
{
	struct tk_reel *first = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct tk_reel *reel = &r->of[i];

		if (reel->has_item && (!first || tk_reel_end(reel) < tk_reel_end(first)))
			first = reel;
	}
	return first;
}

bool tk_reels_damage(const struct tk_reels *r, char *text, size_t size)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct tk_reel *reel = &r->of[i];

		if (tk_hlog_damage(reel->log, text, size))
			return true;
		if (reel->err) {
			snprintf(text, size, "%s: %s", reel->path, strerror(-reel->err));
			return true;
		}
	}
	return false;
}

void tk_reels_close(struct tk_reels *r)
{
	for (size_t i = 0; i < r->n; i++)
		tk_hlog_close(r->of[i].log);
	free(r->of);
	r->of = NULL;
	r->n = 0;
}
