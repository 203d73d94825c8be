/* SPDX-License-Identifier: MIT */
#include "collector/serve/buckets.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/serve/buffer.h"

#define USUAL_FIRST_NS UINT64_C(128)
#define LIMIT_MAX_NS   UINT64_C(86400000000000) /* a day: beyond what a record holds */
#define LIMIT_MAX      (UINT64_C(1) << 47)
#define TIME_MAX       32u

/* ---- limits ---- */

static void name_limits(struct tk_buckets *set)
{
	struct tk_buffer text = { 0 };

	for (size_t i = 0; i < set->n; i++) {
		text.n = 0;
		if (set->values)
			tk_buffer_whole(&text, set->limit[i]);
		else
			tk_buffer_seconds(&text, set->limit[i]);
		snprintf(set->le[i], sizeof(set->le[i]), "%.*s", (int)text.n,
			 text.at ? text.at : "");
	}
	tk_buffer_free(&text);
}

static void make_usual(struct tk_buckets *set, bool values)
{
	set->values = values;
	set->n = values ? TK_BUCKETS_VALUES : TK_BUCKETS_USUAL;
	for (size_t i = 0; i < set->n; i++)
		set->limit[i] = (values ? 1 : USUAL_FIRST_NS) << i;
	name_limits(set);
}

/* A time, or a whole number, up to what a record holds. */
static bool read_limit(const char *text, bool *values, uint64_t *limit)
{
	*values = text[strspn(text, "0123456789")] == 0;
	if (!*values)
		return tk_parse_time(text, limit) == 0 && *limit <= LIMIT_MAX_NS;
	*limit = strtoull(text, NULL, 10);
	return *limit <= LIMIT_MAX;
}

/* One limit of a list, which ends at `end`. @return what is wrong, or NULL */
static const char *add_limit(struct tk_buckets *set, const char *from, const char *end)
{
	char text[TIME_MAX];
	uint64_t limit;
	bool values;

	if (set->n == TK_BUCKETS_MAX)
		return "has more than 64 limits";
	if (end == from || (size_t)(end - from) >= sizeof(text))
		return "has a limit that is no time";
	snprintf(text, sizeof(text), "%.*s", (int)(end - from), from);
	if (!read_limit(text, &values, &limit) || limit == 0)
		return "has a limit that is neither a time up to 86400s nor a number up to 2^47";
	if (set->n && values != set->values)
		return "has times and numbers";
	if (set->n && limit <= set->limit[set->n - 1])
		return "has a limit that is not above the one before it";
	set->values = values;
	set->limit[set->n++] = limit;
	return NULL;
}

/* Names may have colons, and times have none: the last one divides. @return as above */
static const char *read_rule(struct tk_buckets *set, const char *rule)
{
	const char *colon = strrchr(rule, ':'), *wrong = NULL, *at, *end;

	if (!colon || colon == rule)
		return "is not PATTERN:LIMIT,LIMIT,...";
	for (at = colon + 1; !wrong; at = end + 1) {
		end = strchrnul(at, ',');
		wrong = add_limit(set, at, end);
		if (!*end)
			break;
	}
	if (wrong)
		return wrong;
	set->pattern = strndup(rule, (size_t)(colon - rule));
	if (set->pattern)
		name_limits(set);
	return NULL;
}

int tk_bucket_sets_open(struct tk_bucket_sets *sets, const struct tk_texts *rules, char why[256])
{
	sets->n = rules->n + 2;
	sets->set = calloc(sets->n, sizeof(*sets->set));
	if (!sets->set) {
		snprintf(why, 256, "out of memory");
		return -ENOMEM;
	}
	make_usual(&sets->set[rules->n], false);
	make_usual(&sets->set[rules->n + 1], true);
	for (size_t i = 0; i < rules->n; i++) {
		const char *wrong = read_rule(&sets->set[i], rules->text[i]);

		if (!wrong && sets->set[i].pattern)
			continue;
		snprintf(why, 256, "--buckets %.80s %s", rules->text[i],
			 wrong ? wrong : "does not fit into memory");
		tk_bucket_sets_free(sets);
		return wrong ? -EINVAL : -ENOMEM;
	}
	return 0;
}

struct tk_buckets *tk_bucket_sets_find(struct tk_bucket_sets *sets, const char *timer, bool values)
{
	struct tk_buckets *set = sets->set;

	while (set->values != values || (set->pattern && fnmatch(set->pattern, timer, 0) != 0))
		set++;
	return set;
}

void tk_bucket_sets_free(struct tk_bucket_sets *sets)
{
	for (size_t i = 0; i < sets->n; i++)
		free(sets->set[i].pattern);
	free(sets->set);
	memset(sets, 0, sizeof(*sets));
}

/* ---- ticks ---- */

/* The first bucket whose least value is above the limit. */
static uint32_t first_beyond(uint64_t limit, double ns_per_tick)
{
	uint32_t low = 0, high = TK_HIST_BUCKETS;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if ((double)tk_hist_lowest(middle) * ns_per_tick <= (double)limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct tk_buckets_cut *cut_for(struct tk_buckets *set, uint32_t clock,
					    double ns_per_tick)
{
	struct tk_buckets_cut *c = set->cut;

	for (; c < set->cut + TK_BUCKETS_CLOCKS; c++)
		if (c->known && c->clock == clock)
			return c;
	c = &set->cut[set->next_cut++ % TK_BUCKETS_CLOCKS];
	c->known = true;
	c->clock = clock;
	for (size_t i = 0; i < set->n; i++)
		c->beyond[i] = first_beyond(set->limit[i], ns_per_tick);
	return c;
}

void tk_buckets_add(struct tk_buckets *set, const struct tk_bins *b, uint32_t clock,
		    double ns_per_tick, uint64_t *cell)
{
	const struct tk_buckets_cut *c = cut_for(set, clock, ns_per_tick);
	size_t at = 0;

	for (uint32_t i = tk_bins_next(b, 0); i < TK_HIST_BUCKETS; i = tk_bins_next(b, i + 1)) {
		while (at < set->n && i >= c->beyond[at])
			at++;
		cell[at] += tk_bins_at(b, i);
	}
	cell[set->n] += b->bare;
}
