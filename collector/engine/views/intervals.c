/* SPDX-License-Identifier: MIT */
#include "collector/engine/views/intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/stats/series.h"

struct tk_interval *tk_interval_new(const struct tk_intervals *l)
{
	return l->budget ? calloc(1, sizeof(struct tk_interval)) : NULL;
}

/* Room for one more of `size` bytes, zeroed. @return NULL: there is none */
static void *add(void **list, size_t *n, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *grown = *n < *room ? *list : realloc(*list, wanted * size);

	if (!grown)
		return NULL;
	if (*n == *room)
		*room = wanted;
	*list = grown;
	return memset((char *)grown + (*n)++ * size, 0, size);
}

struct tk_interval_timer *tk_interval_add_timer(struct tk_intervals *l, struct tk_interval *i,
						uint64_t records)
{
	void *list = i->timers, *row;

	row = add(&list, &i->n_timers, &i->room_timers, sizeof(*i->timers));
	i->timers = list;
	if (row)
		return row;
	i->cut = true;
	l->dropped.rows++;
	l->dropped.records += records;
	return NULL;
}

struct tk_interval_process *tk_interval_add_process(struct tk_intervals *l, struct tk_interval *i)
{
	void *list = i->processes, *row;

	row = add(&list, &i->n_processes, &i->room_processes, sizeof(*i->processes));
	i->processes = list;
	if (row)
		return row;
	i->cut = true;
	l->dropped.rows++;
	return NULL;
}

void tk_interval_name(struct tk_interval_timer *row, const struct tk_series *s)
{
	row->key = s->key;
	memcpy(row->name, s->name, sizeof(row->name));
	memcpy(row->segment, s->segment, sizeof(row->segment));
	memcpy(row->app, s->app, sizeof(row->app));
	row->pid = s->pid;
	row->unit = s->unit;
	row->labels = s->labels;
	row->alive = s->alive;
	row->found_dead = s->found_dead;
	row->unsettled = s->unsettled;
	row->uid = s->uid;
	row->place = s->place;
	row->dir = s->dir;
}

struct tk_interval_thread *tk_interval_add_thread(struct tk_intervals *l, struct tk_interval *i)
{
	void *list = i->threads, *row;

	row = add(&list, &i->n_threads, &i->room_threads, sizeof(*i->threads));
	i->threads = list;
	if (row)
		return row;
	i->cut = true;
	l->dropped.rows++;
	return NULL;
}

void tk_interval_pack(struct tk_intervals *l, struct tk_interval *i, struct tk_interval_timer *row,
		      const struct tk_bins *const of[TK_MEASURES])
{
	size_t size = 0;

	if (!l->scratch)
		l->scratch = malloc((size_t)TK_MEASURES * TK_PACK_MAX);
	for (int m = 0; m < TK_MEASURES && l->scratch; m++) {
		const struct tk_bins *b = of[m];

		if (!b || !b->count || b->bare)
			continue;
		row->packed[m] =
			(struct tk_packed){ b->sum, b->count, b->min,
					    b->max, NULL,     tk_pack(b, l->scratch + size) };
		size += row->packed[m].size;
	}
	row->bytes = malloc(size + 1);
	if (!row->bytes || !l->scratch) {
		memset(row->packed, 0, sizeof(row->packed));
		return;
	}
	memcpy(row->bytes, l->scratch, size);
	row->packed[0].bytes = row->bytes;
	row->packed[1].bytes = row->bytes + row->packed[0].size;
	i->packed_bytes += size + 1;
}

static size_t bytes_of(const struct tk_interval *i)
{
	return sizeof(*i) + i->packed_bytes + i->room_timers * sizeof(*i->timers) +
	       i->room_processes * sizeof(*i->processes) + i->room_threads * sizeof(*i->threads);
}

static void drop_oldest(struct tk_intervals *l)
{
	struct tk_interval *i = tk_intervals_take(l);

	l->dropped.intervals++;
	l->dropped.rows += i->n_timers + i->n_processes + i->n_threads;
	for (size_t k = 0; k < i->n_timers; k++)
		l->dropped.records += i->timers[k].of[0].records;
	tk_interval_free(i);
}

static int by_name(const void *a, const void *b)
{
	const struct tk_interval_timer *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->key < y->key ? -1 : 1;
}

void tk_intervals_append(struct tk_intervals *l, struct tk_interval *i)
{
	if (i->n_timers)
		qsort(i->timers, i->n_timers, sizeof(*i->timers), by_name);
	l->used += bytes_of(i);
	if (l->newest)
		l->newest->newer = i;
	else
		l->oldest = i;
	l->newest = i;
	while (l->used > l->budget && l->oldest != i)
		drop_oldest(l);
}

struct tk_interval *tk_intervals_take(struct tk_intervals *l)
{
	struct tk_interval *i = l->oldest;

	if (!i)
		return NULL;
	l->oldest = i->newer;
	if (!l->oldest)
		l->newest = NULL;
	l->used -= bytes_of(i);
	i->newer = NULL;
	return i;
}

/* @return 0 or -ENOMEM: the copy has no bytes */
static int copy_timer(struct tk_interval_timer *to, const struct tk_interval_timer *from)
{
	size_t size = (size_t)from->packed[0].size + from->packed[1].size;
	uint8_t *at = from->bytes ? malloc(size + 1) : NULL;

	*to = *from;
	to->bytes = at;
	if (from->bytes && !at)
		return -ENOMEM;
	for (int m = 0; m < TK_MEASURES && at; m++) {
		to->packed[m].bytes = at;
		if (from->packed[m].size)
			memcpy(at, from->packed[m].bytes, from->packed[m].size);
		at += from->packed[m].size;
	}
	return 0;
}

struct tk_interval *tk_interval_copy(const struct tk_interval *i,
				     bool (*wanted)(void *arg, const struct tk_interval_timer *t),
				     void *arg)
{
	struct tk_interval *copy = malloc(sizeof(*copy));
	int err = 0;

	if (!copy)
		return NULL;
	*copy = (struct tk_interval){
		.number = i->number, .t_ns = i->t_ns, .interval_ns = i->interval_ns, .cut = i->cut
	};
	copy->timers = malloc((i->n_timers + 1) * sizeof(*copy->timers));
	copy->processes = malloc((i->n_processes + 1) * sizeof(*copy->processes));
	if (!copy->timers || !copy->processes)
		err = -ENOMEM;
	for (size_t k = 0; k < i->n_timers && !err; k++)
		if (wanted(arg, &i->timers[k]))
			err = copy_timer(&copy->timers[copy->n_timers++], &i->timers[k]);
	if (err) {
		tk_interval_free(copy);
		return NULL;
	}
	copy->n_processes = i->n_processes;
	if (i->n_processes)
		memcpy(copy->processes, i->processes, i->n_processes * sizeof(*i->processes));
	return copy;
}

void tk_interval_free(struct tk_interval *i)
{
	if (!i)
		return;
	for (size_t k = 0; k < i->n_timers; k++)
		free(i->timers[k].bytes);
	free(i->timers);
	free(i->processes);
	free(i->threads);
	free(i);
}

void tk_intervals_free(struct tk_intervals *l)
{
	while (l->oldest)
		tk_interval_free(tk_intervals_take(l));
	free(l->scratch);
	l->scratch = NULL;
}
