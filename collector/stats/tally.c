/* SPDX-License-Identifier: MIT */
#include "collector/stats/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define CHUNK   (UINT64_C(2) << 20)
#define OCTAVE  (1u << TK_HIST_SUB_BITS) /* counters */
#define OCTAVES (TK_HIST_BUCKETS / OCTAVE)
#define TALLIES TK_TALLY_CLASSES /* the list of free tallies */

/* ---- what is in a tally ---- */

/* The counters that may be other than zero. @return how many, from *from on. */
static uint32_t filled(const struct tk_tally_measure *c, uint32_t *from)
{
	uint32_t first = tk_hist_index(c->min), end = tk_hist_index(c->max) + 1;

	if (c->min > c->max || !c->width)
		return 0;
	if (first < c->first)
		first = c->first;
	if (end > c->first + c->width)
		end = c->first + c->width;
	*from = first - c->first;
	return end > first ? end - first : 0;
}

void tk_tally_facts(const struct tk_tally *t, enum tk_measure m, struct tk_tally_facts *f)
{
	const struct tk_tally_measure *p = &t->of[TK_PROCESSING], *c = &t->of[m];
	uint32_t from, n = filled(p, &from);

	f->count = p->bare;
	for (uint32_t i = 0; i < n; i++)
		f->count += p->counters[from + i];
	f->records = f->count + p->negative + p->across + p->without;
	if (m != TK_PROCESSING) {
		n = filled(c, &from);
		f->count = c->bare;
		for (uint32_t i = 0; i < n; i++)
			f->count += c->counters[from + i];
	}
	f->bare = c->bare;
	f->negative = c->negative;
	f->across = c->across;
	f->without = f->records - f->count - f->negative - f->across;
}

static void empty(struct tk_tally_measure *c)
{
	uint32_t from, n = filled(c, &from);

	if (n)
		memset(&c->counters[from], 0, n * sizeof(c->counters[0]));
	c->sum = 0;
	c->min = UINT64_MAX;
	c->max = 0;
	c->carries = c->bare = c->negative = c->across = c->without = 0;
}

bool tk_tally_counted(const struct tk_tally *t, enum tk_measure m, struct tk_hist_counted *out)
{
	const struct tk_tally_measure *c = &t->of[m];
	uint32_t from = 0, n = filled(c, &from);

	if (c->min > c->max)
		return false;
	*out = (struct tk_hist_counted){ .counters = c->counters + from,
					 .first = c->first + from,
					 .n = n,
					 .bare = c->bare,
					 .min = c->min,
					 .max = c->max,
					 .sum = (unsigned __int128)c->carries << 64 | c->sum };
	return true;
}

void tk_tally_move(struct tk_tally *t, struct tk_hist *into[TK_MEASURES])
{
	struct tk_hist_counted counted;

	for (int m = 0; m < TK_MEASURES; m++) {
		if (into[m] && tk_tally_counted(t, (enum tk_measure)m, &counted))
			tk_hist_add_counted(into[m], &counted);
		empty(&t->of[m]);
	}
}

void tk_tally_remember(const struct tk_tally *t, struct tk_tally_hint *hint)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		const struct tk_tally_measure *c = &t->of[m];

		if (c->min > c->max)
			continue;
		hint->of[m].low_before = hint->of[m].low;
		hint->of[m].high_before = hint->of[m].high;
		hint->of[m].low = (uint8_t)(tk_hist_index(c->min) / OCTAVE);
		hint->of[m].high = (uint8_t)(tk_hist_index(c->max) / OCTAVE + 1);
	}
}

/* ---- memory ---- */

static size_t class_octaves(unsigned class)
{
	return class == TK_TALLY_CLASSES - 1 ? OCTAVES : (size_t)1 << class;
}

static size_t class_size(unsigned class)
{
	return class == TALLIES ? sizeof(struct tk_tally)
				: class_octaves(class) * OCTAVE * sizeof(uint32_t);
}

static unsigned class_of(uint32_t width)
{
	unsigned class = 0;

	while (class_octaves(class) * OCTAVE < width)
		class ++;
	return class;
}

/* Free pieces are zero but for the link at their beginning. */
static void push_free(struct tk_tally_pool *p, unsigned class, void *piece)
{
	*(void **)piece = p->free[class];
	p->free[class] = piece;
}

/* Fault a chunk in, as a hugepage if there is one. A process may have turned hugepages off for
 * itself: they are on for this moment. */
static void populate(void *chunk)
{
	bool off = prctl(PR_GET_THP_DISABLE, 0UL, 0UL, 0UL, 0UL) > 0;

	if (off)
		prctl(PR_SET_THP_DISABLE, 0UL, 0UL, 0UL, 0UL);
	madvise(chunk, CHUNK, MADV_HUGEPAGE);
	if (madvise(chunk, CHUNK, MADV_POPULATE_WRITE)) /* before Linux 5.14 */
		memset(chunk, 0, CHUNK);
	if (off)
		prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL);
}

/* What is left of a chunk becomes tallies: the smallest piece there is. */
static void use_up(struct tk_tally_pool *p)
{
	for (; p->chunk_left >= sizeof(struct tk_tally); p->chunk_left -= sizeof(struct tk_tally)) {
		push_free(p, TALLIES, p->chunk);
		p->chunk += sizeof(struct tk_tally);
	}
}

static bool add_chunk(struct tk_tally_pool *p)
{
	void **list = realloc(p->chunks, (p->n_chunks + 1) * sizeof(*list));
	char *area, *chunk;

	if (!list)
		return false;
	p->chunks = list;
	if (p->max && (p->n_chunks + 1) * CHUNK > p->max)
		return false;
	area = mmap(NULL, 2 * CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return false;
	/* A hugepage must be aligned to its size: keep the aligned half, unmap the rest. */
	chunk = (char *)(((uintptr_t)area + CHUNK - 1) & ~(uintptr_t)(CHUNK - 1));
	if (chunk > area)
		munmap(area, (size_t)(chunk - area));
	munmap(chunk + CHUNK, (size_t)(area + CHUNK - chunk));
	use_up(p);
	p->chunks[p->n_chunks++] = chunk;
	p->chunk = chunk;
	p->chunk_left = CHUNK;
	return true;
}

/* @return zeroed memory of a class, or NULL. */
static void *get(struct tk_tally_pool *p, unsigned class)
{
	size_t size = class_size(class);
	void *piece = p->free[class];

	if (piece) {
		p->free[class] = *(void **)piece;
		*(void **)piece = NULL;
	} else if (p->chunk_left >= size || add_chunk(p)) {
		piece = p->chunk;
		p->chunk += size;
		p->chunk_left -= size;
	} else {
		p->full = true;
		return NULL;
	}
	p->out += size;
	return piece;
}

static void put(struct tk_tally_pool *p, unsigned class, void *piece)
{
	p->out -= class_size(class);
	push_free(p, class, piece);
}

struct tk_tally *tk_tally_get(struct tk_tally_pool *p)
{
	bool too_many = p->max_tallies && p->n_tallies >= p->max_tallies;
	struct tk_tally *t = too_many ? NULL : get(p, TALLIES);

	if (!t) {
		p->full = true;
		errno = ENOMEM;
		return NULL;
	}
	p->n_tallies++;
	for (int m = 0; m < TK_MEASURES; m++)
		t->of[m].min = UINT64_MAX;
	return t;
}

static void drop_window(struct tk_tally_pool *p, struct tk_tally_measure *c)
{
	if (c->width)
		put(p, class_of(c->width), c->counters);
	c->counters = NULL;
	c->first = c->width = 0;
}

void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t)
{
	for (int m = 0; m < TK_MEASURES; m++) {
		empty(&t->of[m]);
		drop_window(p, &t->of[m]);
	}
	memset(t, 0, sizeof(*t));
	p->n_tallies--;
	p->full = false;
	put(p, TALLIES, t);
}

/* The octaves that a window is to have: those it has, that of the bucket, and those of the hint. */
static void want(const struct tk_tally_measure *c, uint32_t bucket,
		 const struct tk_tally_hint *hint, enum tk_measure m, uint32_t *low, uint32_t *high)
{
	*low = bucket / OCTAVE;
	*high = *low + 1;
	if (c->width) {
		uint32_t first = c->first / OCTAVE, end = (c->first + c->width) / OCTAVE;

		*low = first < *low ? first : *low;
		*high = end > *high ? end : *high;
		return;
	}
	if (!hint || !hint->of[m].high)
		return;
	*low = hint->of[m].low < *low ? hint->of[m].low : *low;
	*high = hint->of[m].high > *high ? hint->of[m].high : *high;
	if (!hint->of[m].high_before)
		return;
	*low = hint->of[m].low_before < *low ? hint->of[m].low_before : *low;
	*high = hint->of[m].high_before > *high ? hint->of[m].high_before : *high;
}

bool tk_tally_widen(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m, uint32_t bucket,
		    const struct tk_tally_hint *hint)
{
	struct tk_tally_measure *c = &t->of[m];
	uint32_t low, high, first, n;
	unsigned class;
	uint32_t *counters;

	want(c, bucket, hint, m, &low, &high);
	class = class_of((high - low) * OCTAVE);
	counters = get(p, class);
	if (!counters)
		return false;
	/* Room that is over lies above: that is where outliers are. */
	if (low + class_octaves(class) > OCTAVES)
		low = OCTAVES - (uint32_t)class_octaves(class);
	n = filled(c, &first);
	if (n) {
		memcpy(&counters[c->first + first - low * OCTAVE], &c->counters[first],
		       n * sizeof(counters[0]));
		memset(&c->counters[first], 0, n * sizeof(counters[0]));
	}
	drop_window(p, c);
	c->counters = counters;
	c->first = low * OCTAVE;
	c->width = (uint32_t)class_octaves(class) * OCTAVE;
	return true;
}

bool tk_tally_prefault(struct tk_tally_pool *p, size_t spare)
{
	if (p->n_chunks * CHUNK - p->out < spare && add_chunk(p))
		return true;
	if (p->n_faulted == p->n_chunks)
		return false;
	populate(p->chunks[p->n_faulted++]);
	return true;
}

void tk_tally_pool_free(struct tk_tally_pool *p)
{
	for (size_t i = 0; i < p->n_chunks; i++)
		munmap(p->chunks[i], CHUNK);
	free(p->chunks);
	memset(p, 0, sizeof(*p));
}
