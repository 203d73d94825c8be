/* SPDX-License-Identifier: MIT */
#include "collector/hlog/sum.h"

#include <errno.h>
#include <stdlib.h>

#include "collector/stats/rated.h"

#define PAGES_AN_OCTAVE_BITS 3u
#define PAGE_BITS_MIN        7u
#define PAGES_MAX            (64u << PAGES_AN_OCTAVE_BITS)
#define WAITING              1024u
#define COUNT_BITS           9u /* of one that waits; buckets have 23: tk_hlog_buckets() */

struct page {
	void *counters; /* NULL: there are none */
	uint8_t size;   /* bytes a counter: 2, 4 or 8 */
};

/*
 * Counters of one shape: pages of them, where there are samples. With thousands of sums none of
 * their counters is in a cache, and each costs a miss. So what is to be added waits, one behind the
 * other, until there is so much of it that most counters serve several times.
 */
struct tk_hlog_pages {
	struct tk_hlog_pages *next;
	struct tk_hlog_shape shape;
	unsigned page_bits;                   /* counters a page */
	uint32_t n_waiting, waiting[WAITING]; /* a bucket, and its count in the low bits */
	struct page page[PAGES_MAX];
};

static unsigned page_bits_of(const struct tk_hlog_shape *s)
{
	return s->half_bits > PAGE_BITS_MIN + PAGES_AN_OCTAVE_BITS
		       ? s->half_bits - PAGES_AN_OCTAVE_BITS
		       : PAGE_BITS_MIN;
}

static bool is_same(const struct tk_hlog_shape *a, const struct tk_hlog_shape *b)
{
	return a->half_bits == b->half_bits && a->unit_bits == b->unit_bits && a->ns == b->ns;
}

static struct tk_hlog_pages *pages_of(struct tk_hlog_sum *s, const struct tk_hlog_shape *shape)
{
	struct tk_hlog_pages *p = s->first;

	while (p && !is_same(&p->shape, shape))
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->shape = *shape;
	p->page_bits = page_bits_of(shape);
	p->next = s->first;
	s->first = p;
	s->bytes += sizeof(*p);
	return p;
}

static uint64_t counter(const struct page *p, uint32_t i)
{
	if (p->size == 2)
		return ((const uint16_t *)p->counters)[i];
	if (p->size == 4)
		return ((const uint32_t *)p->counters)[i];
	return ((const uint64_t *)p->counters)[i];
}

static void set(struct page *p, uint32_t i, uint64_t count)
{
	if (p->size == 2)
		((uint16_t *)p->counters)[i] = (uint16_t)count;
	else if (p->size == 4)
		((uint32_t *)p->counters)[i] = (uint32_t)count;
	else
		((uint64_t *)p->counters)[i] = count;
}

static uint8_t size_for(uint64_t count)
{
	return count <= UINT16_MAX ? 2 : count <= UINT32_MAX ? 4 : 8;
}

static void add_up(uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

/* Make the counters of a page `size` bytes wide, which is more than they are. */
static bool widen(size_t *bytes, struct page *p, unsigned page_bits, uint8_t size)
{
	struct page wide = { .size = size };

	wide.counters = calloc((size_t)1 << page_bits, size);
	if (!wide.counters)
		return false;
	for (uint32_t i = 0; p->counters && i < 1u << page_bits; i++)
		set(&wide, i, counter(p, i));
	*bytes += (size_t)(size - p->size) << page_bits;
	free(p->counters);
	*p = wide;
	return true;
}

static int add(size_t *bytes, struct tk_hlog_pages *of, uint32_t bucket, uint64_t count)
{
	struct page *p = &of->page[bucket >> of->page_bits];
	uint32_t at = bucket & ((1u << of->page_bits) - 1);

	if (p->counters)
		add_up(&count, counter(p, at));
	if ((!p->counters || size_for(count) > p->size) &&
	    !widen(bytes, p, of->page_bits, size_for(count)))
		return -ENOMEM;
	set(p, at, count);
	return 0;
}

/* Most counters have two bytes, and room. @return whether this one did */
static inline bool add_quickly(const struct tk_hlog_pages *of, uint32_t bucket, uint32_t count)
{
	const struct page *p = &of->page[bucket >> of->page_bits];
	uint16_t *at;

	if (p->size != 2)
		return false;
	at = (uint16_t *)p->counters + (bucket & ((1u << of->page_bits) - 1));
	if (*at + count > UINT16_MAX)
		return false;
	*at = (uint16_t)(*at + count);
	return true;
}

/* Add what waits. */
static int settle(size_t *bytes, struct tk_hlog_pages *p)
{
	uint32_t n = p->n_waiting;
	int err = 0;

	p->n_waiting = 0;
	for (uint32_t i = 0; i < n && !err; i++) {
		uint32_t bucket = p->waiting[i] >> COUNT_BITS;
		uint32_t count = p->waiting[i] & ((1u << COUNT_BITS) - 1);

		if (!add_quickly(p, bucket, count))
			err = add(bytes, p, bucket, count);
	}
	return err;
}

/* Have the first of them wait whose counts are small. @return how many */
static size_t put_off(struct tk_hlog_pages *p, const struct tk_hlog_counted *c, size_t n)
{
	uint32_t *to = p->waiting + p->n_waiting;
	size_t i = 0;

	n = n < WAITING - p->n_waiting ? n : WAITING - p->n_waiting;
	for (; i < n && c[i].count >> COUNT_BITS == 0; i++)
		to[i] = c[i].bucket << COUNT_BITS | (uint32_t)c[i].count;
	p->n_waiting += (uint32_t)i;
	return i;
}

int tk_hlog_sum_add(struct tk_hlog_sum *s, const struct tk_hlog_item *h)
{
	struct tk_hlog_pages *p = pages_of(s, h->shape);
	int err = p ? 0 : -ENOMEM;

	size_t i = 0;

	if (p && p->n_waiting + h->n > WAITING)
		err = settle(&s->bytes, p);
	while (i < h->n && !err) {
		i += put_off(p, h->counted + i, h->n - i);
		if (i < h->n)
			err = add(&s->bytes, p, h->counted[i].bucket, h->counted[i].count);
		i += i < h->n;
	}
	if (!err)
		add_up(&s->count, h->count);
	return err;
}

/* ---- cells ---- */

/* Call for every counter that is not zero: count them, or fill them in. */
static size_t read_pages(const struct tk_hlog_pages *p, struct tk_hlog_cell *into)
{
	size_t n = 0;

	for (uint32_t i = 0; i < PAGES_MAX; i++) {
		for (uint32_t k = 0; p->page[i].counters && k < 1u << p->page_bits; k++) {
			uint32_t bucket = (i << p->page_bits) + k;
			uint64_t count = counter(&p->page[i], k);

			if (!count)
				continue;
			if (into)
				into[n] = (struct tk_hlog_cell){
					tk_hlog_middle_ns(&p->shape, bucket),
					tk_hlog_half_ns(&p->shape, bucket),
					count,
				};
			n++;
		}
	}
	return n;
}

static int by_value(const void *a, const void *b)
{
	const struct tk_hlog_cell *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

int tk_hlog_sum_cells(const struct tk_hlog_sum *s, struct tk_hlog_cells *cells)
{
	size_t n = 0, bytes = 0;
	int err = 0;

	*cells = (struct tk_hlog_cells){ .count = s->count };
	for (struct tk_hlog_pages *p = s->first; p && !err; p = p->next)
		err = settle(&bytes, p);
	if (err)
		return err;
	for (const struct tk_hlog_pages *p = s->first; p; p = p->next)
		n += read_pages(p, NULL);
	cells->cell = malloc((n + 1) * sizeof(*cells->cell));
	if (!cells->cell)
		return -ENOMEM;
	for (const struct tk_hlog_pages *p = s->first; p; p = p->next)
		cells->n += read_pages(p, cells->cell + cells->n);
	if (s->first && s->first->next)
		qsort(cells->cell, cells->n, sizeof(*cells->cell), by_value);
	return 0;
}

void tk_hlog_cells_free(struct tk_hlog_cells *cells)
{
	free(cells->cell);
	*cells = (struct tk_hlog_cells){ 0 };
}

void tk_hlog_sum_free(struct tk_hlog_sum *s)
{
	while (s->first) {
		struct tk_hlog_pages *p = s->first;

		s->first = p->next;
		for (size_t i = 0; i < PAGES_MAX; i++)
			free(p->page[i].counters);
		free(p);
	}
	*s = (struct tk_hlog_sum){ 0 };
}

/* ---- what is asked of cells ---- */

static uint64_t rank_of(uint32_t quantile, uint64_t count)
{
	unsigned __int128 scaled = (unsigned __int128)quantile * count;
	uint64_t rank = (uint64_t)((scaled + TK_QUANTILE_ONE - 1) / TK_QUANTILE_ONE);

	return rank ? rank : 1;
}

void tk_hlog_quantiles(const struct tk_hlog_cells *cells, const uint32_t *quantiles,
		       size_t n_quantiles, double *ns)
{
	unsigned __int128 below = 0;
	size_t at = 0;

	for (size_t q = 0; q < n_quantiles; q++) {
		uint64_t rank = rank_of(quantiles[q], cells->count);

		while (at + 1 < cells->n && below + cells->cell[at].count < rank)
			below += cells->cell[at++].count;
		ns[q] = cells->n ? cells->cell[at].ns : 0;
	}
}

double tk_hlog_mean(const struct tk_hlog_cells *cells)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < cells->n; i++) {
		sum += cells->cell[i].ns * (double)cells->cell[i].count;
		count += (double)cells->cell[i].count;
	}
	return count > 0 ? sum / count : 0;
}
