/* SPDX-License-Identifier: MIT */
#include "collector/tune/model/gaps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tk_gaps_add(struct tk_gaps *g, uint64_t ns, uint64_t polls)
{
	struct tk_gap *gap = realloc(g->gap, (g->n + 1) * sizeof(*gap));

	if (!gap)
		return -ENOMEM;
	gap[g->n] = (struct tk_gap){ ns, polls };
	g->gap = gap;
	g->n++;
	g->polls += polls;
	return 0;
}

int tk_gaps_from_hist(struct tk_gaps *g, const struct tk_hist *h)
{
	int err = 0;

	for (uint32_t i = 0; i < TK_HIST_BUCKETS && !err; i++) {
		uint64_t longest = tk_hist_lowest(i + 1) - 1;

		if (h->buckets[i])
			err = tk_gaps_add(g, longest < h->max ? longest : h->max, h->buckets[i]);
	}
	return err;
}

uint64_t tk_gaps_worst(const struct tk_gaps *g)
{
	return g->n ? g->gap[g->n - 1].ns : 0;
}

uint64_t tk_gaps_draw(const struct tk_gaps *g, uint64_t *state)
{
	uint64_t rank;
	size_t i = 0;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	rank = *state % g->polls;
	while (rank >= g->gap[i].polls)
		rank -= g->gap[i++].polls;
	return g->gap[i].ns;
}

json_t *tk_gaps_json(const struct tk_gaps *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n; i++)
		json_array_append_new(list,
				      json_pack("{s:I,s:I}", "gap_ns", (json_int_t)g->gap[i].ns,
						"polls", (json_int_t)g->gap[i].polls));
	return list;
}

static int by_length(const void *a, const void *b)
{
	const struct tk_gap *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

static int read_one(struct tk_gaps *g, const json_t *one)
{
	json_int_t ns, polls;

	if (json_unpack((json_t *)(uintptr_t)one, "{s:I,s:I}", "gap_ns", &ns, "polls", &polls) ||
	    ns < 1 || (uint64_t)ns > TK_GAP_MAX_NS || polls < 1 || polls > INT64_MAX / 65536)
		return -EBADMSG;
	return tk_gaps_add(g, (uint64_t)ns < TK_GAP_MIN_NS ? TK_GAP_MIN_NS : (uint64_t)ns,
			   (uint64_t)polls);
}

/* No more than a histogram has buckets: the sum of polls cannot overflow. */
static int read_list(struct tk_gaps *g, const json_t *list)
{
	size_t n = json_array_size(list);
	int err = n == 0 || n > TK_HIST_BUCKETS ? -EBADMSG : 0;

	for (size_t i = 0; i < n && !err; i++)
		err = read_one(g, json_array_get(list, i));
	if (!err)
		qsort(g->gap, g->n, sizeof(*g->gap), by_length);
	return err;
}

int tk_gaps_read(struct tk_gaps *g, const char *path, char why[256])
{
	json_error_t error;
	FILE *in = fopen(path, "r");
	json_t *all;
	int err;

	if (!in) {
		err = -errno;
		snprintf(why, 256, "%.80s cannot be read: %s", path, strerror(-err));
		return err;
	}
	all = json_loadf(in, 0, &error);
	fclose(in);
	if (!all) {
		snprintf(why, 256, "%.80s is no JSON: line %d: %.80s", path, error.line,
			 error.text);
		return -EBADMSG;
	}
	err = read_list(g, json_object_get(all, "gaps"));
	json_decref(all);
	if (err)
		snprintf(why, 256,
			 "%.80s has no stalls: \"gaps\":[{\"gap_ns\":N,\"polls\":N},...] is what "
			 "`timekeeper tune --json` writes, each N a whole number from 1 on, a gap "
			 "an hour at most",
			 path);
	return err;
}

void tk_gaps_free(struct tk_gaps *g)
{
	free(g->gap);
	memset(g, 0, sizeof(*g));
}
