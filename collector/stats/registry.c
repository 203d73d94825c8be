/* SPDX-License-Identifier: MIT */
#include "collector/stats/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/labels/labels.h"
#include "collector/machine/list.h"

void tk_registry_init(struct tk_registry *r, size_t history_bytes)
{
	memset(r, 0, sizeof(*r));
	r->dead_max = TK_REGISTRY_DEAD_MAX;
	tk_history_init(&r->history, history_bytes);
}

void tk_registry_free(struct tk_registry *r)
{
	while (r->n)
		tk_series_free(r->series[--r->n]);
	free(r->series);
	r->series = NULL;
	tk_history_free(&r->history);
}

static struct tk_series *new_series(struct tk_registry *r, int64_t now)
{
	struct tk_series **list;
	struct tk_series *s;

	if (r->n - r->n_dead >= TK_REGISTRY_LIVING_MAX) {
		errno = ENOBUFS;
		return NULL;
	}
	list = tk_list_grow(r->series, r->n, sizeof(struct tk_series *));
	if (!list) {
		errno = ENOMEM;
		return NULL;
	}
	r->series = list;
	s = tk_series_new(r->next_key + 1, now);
	if (!s)
		return NULL;
	r->next_key++;
	s->no_past = r->no_past;
	s->keeps_closed = r->keeps_closed;
	/* In an interval of 100 ms a tenth of all close a second, a hundredth ten seconds. */
	s->phase_ns[1] = (int64_t)(s->key % 10 * (TK_TIER1_NS / 10));
	s->phase_ns[2] = (int64_t)(s->key / 10 % 10 * (TK_TIER2_NS / 10));
	list[r->n++] = s;
	return s;
}

struct tk_series *tk_registry_add(struct tk_registry *r, const char *app, const char *name,
				  const char *segment, int64_t now)
{
	struct tk_series *s = new_series(r, now);

	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->labels = (uint8_t)tk_labels_bytes(s->name);
	snprintf(s->app, sizeof(s->app), "%s", app);
	snprintf(s->segment, sizeof(s->segment), "%s", segment);
	return s;
}

bool tk_registry_takes_silent(const struct tk_registry *r, bool ended)
{
	if (ended && r->n_dead >= r->dead_max)
		return false;
	return r->n - r->n_dead < TK_REGISTRY_SILENT_MAX;
}

void tk_registry_leave(struct tk_registry *r, struct tk_series *s)
{
	tk_series_leave(s);
	r->n_dead++;
}

void tk_registry_forget_dead(struct tk_registry *r)
{
	size_t kept = 0;

	if (r->n_dead <= r->dead_max)
		return;
	for (size_t i = 0; i < r->n; i++) {
		struct tk_series *s = r->series[i];

		if (!s->alive && !s->ending && r->n_dead > r->dead_max) {
			r->n_dead--;
			r->forgotten++;
			tk_series_free(s);
		} else {
			r->series[kept++] = s;
		}
	}
	r->n = kept;
}

void tk_registry_close(struct tk_registry *r, int64_t now, uint64_t interval_ns)
{
	for (size_t i = 0; i < r->n; i++) {
		struct tk_series *s = r->series[i];

		if (s->alive && !s->replaying)
			tk_series_close(s, &r->history, now, interval_ns);
		else if (s->ending)
			tk_series_end(s, &r->history, now);
		else if (r->keeps_closed)
			tk_series_drop_closed(s);
	}
}

const struct tk_series *tk_registry_find(const struct tk_registry *r, uint64_t key)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->series[i]->key == key)
			return r->series[i];
	return NULL;
}
