/* SPDX-License-Identifier: MIT */
#include "collector/stats/past/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

#define CHUNKS    64u /* a share is so many chunks or more, so that little goes at a time */
#define CHUNK_MIN ((size_t)32 << 10)
#define CHUNK_MAX ((size_t)1 << 20)
#define ROOM_MIN  ((size_t)4 << 10) /* below, a log keeps nothing */
#define MALLOC    32u               /* what an allocation costs besides its size */

#define HEADER_MAX  (2 * 10u + 1)                 /* back, interval, flags */
#define FACTS_MAX   (2 * 10u + TK_MEASURES * 70u) /* counts, sums, extremes, lengths */
#define SCRATCH_MAX (FACTS_MAX + TK_MEASURES * TK_PACK_MAX)

/* The flags of an entry: which measures are kept, which are bare, and the rate in the chunk. */
#define KEPT(m) (1u << (m))
#define BARE(m) (4u << (m))
#define RATE    4 /* shift */

static const int64_t span_ns[TK_TIERS] = { 600 * SECOND, 3600 * SECOND, 86400 * SECOND };
static const size_t shares[TK_TIERS] = { 2, 4, 4 }; /* one half, a quarter, a quarter */

/* ---- numbers of few bytes ---- */

static uint8_t *put(uint8_t *at, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*at++ = (uint8_t)(v | 0x80);
	*at++ = (uint8_t)v;
	return at;
}

static uint8_t *put_wide(uint8_t *at, unsigned __int128 v)
{
	for (; v >> 64; v >>= 7)
		*at++ = (uint8_t)(v | 0x80);
	return put(at, (uint64_t)v);
}

static const uint8_t *get(const uint8_t *at, uint64_t *v)
{
	*v = *at & 0x7f;
	for (unsigned shift = 7; *at++ & 0x80; shift += 7)
		*v |= (uint64_t)(*at & 0x7f) << shift;
	return at;
}

static const uint8_t *get_wide(const uint8_t *at, unsigned __int128 *v)
{
	*v = *at & 0x7f;
	for (unsigned shift = 7; *at++ & 0x80; shift += 7)
		*v |= (unsigned __int128)(*at & 0x7f) << shift;
	return at;
}

/* ---- chunks ---- */

static size_t chunk_bytes(const struct tk_log *l)
{
	return l->room + sizeof(struct tk_chunk) + MALLOC;
}

void tk_history_init(struct tk_history *h, size_t budget)
{
	memset(h, 0, sizeof(*h));
	for (unsigned i = 0; i < TK_TIERS; i++) {
		struct tk_log *l = &h->tier[i];
		size_t bytes;

		l->share = budget / shares[i];
		l->next = 1;
		bytes = l->share / CHUNKS;
		bytes = bytes < CHUNK_MIN ? CHUNK_MIN : bytes > CHUNK_MAX ? CHUNK_MAX : bytes;
		bytes = bytes < l->share ? bytes : l->share;
		if (bytes >= ROOM_MIN)
			l->room = bytes - sizeof(struct tk_chunk) - MALLOC;
	}
}

static void unref(struct tk_chunk *c)
{
	/* Release: what was read of it is read. Acquire: by all others, too, before it is freed. */
	if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(c);
}

static struct tk_chunk *take_oldest(struct tk_log *l)
{
	struct tk_chunk *c = l->oldest;

	l->oldest = c->newer;
	if (!l->oldest)
		l->newest = NULL;
	l->n--;
	return c;
}

void tk_history_free(struct tk_history *h)
{
	for (unsigned i = 0; i < TK_TIERS; i++)
		while (h->tier[i].oldest)
			unref(take_oldest(&h->tier[i]));
	free(h->scratch);
	h->scratch = NULL;
}

size_t tk_history_used(const struct tk_history *h)
{
	size_t used = 0;

	for (unsigned i = 0; i < TK_TIERS; i++)
		used += h->tier[i].n * chunk_bytes(&h->tier[i]);
	return used;
}

/* Drop what is too old, and one more chunk if the share is used up. @return a chunk that nobody
 * reads, for the next one; NULL: none was dropped */
static struct tk_chunk *drop_old(struct tk_log *l, int64_t oldest_ns)
{
	struct tk_chunk *dropped = NULL;

	while (l->oldest &&
	       (l->oldest->t_ns < oldest_ns || (l->n + 1) * chunk_bytes(l) > l->share)) {
		if (dropped)
			unref(dropped);
		dropped = take_oldest(l);
	}
	/* Nobody takes a reference meanwhile: that is done under our lock. */
	if (dropped && __atomic_load_n(&dropped->refs, __ATOMIC_ACQUIRE) > 1) {
		unref(dropped);
		dropped = NULL;
	}
	return dropped;
}

static struct tk_chunk *add_chunk(struct tk_log *l, int64_t oldest_ns)
{
	struct tk_chunk *c = drop_old(l, oldest_ns);

	if (!c)
		c = malloc(sizeof(*c) + l->room);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->refs = 1;
	c->number = l->next++;
	if (l->newest)
		l->newest->newer = c;
	else
		l->oldest = c;
	l->newest = c;
	l->n++;
	return c;
}

/* The rate of a clock in a chunk. @return its place; TK_CHUNK_RATES: there is no room for it */
static uint32_t rate_in(struct tk_chunk *c, const struct tk_closed *e)
{
	uint32_t i = 0;

	while (i < c->n_rates && c->rate[i].clock != e->clock)
		i++;
	if (i < c->n_rates || i == TK_CHUNK_RATES)
		return i;
	c->rate[i].clock = e->clock;
	c->rate[i].ns_per_tick = e->ns_per_tick;
	c->n_rates++;
	return i;
}

/* ---- writing ---- */

static uint8_t *put_measure(uint8_t *at, const struct tk_bins *b, bool bare)
{
	uint8_t *bytes;
	uint32_t size;

	at = put(at, b->min);
	at = put(at, b->max - b->min);
	at = put_wide(at, b->sum - (unsigned __int128)b->count * b->min);
	if (bare)
		return at;
	bytes = at + 3; /* room for its length: all lengths fit into three bytes */
	size = tk_pack(b, bytes);
	at = put(at, size);
	memmove(at, bytes, size);
	return at + size;
}

/* All of an entry but its header. @return its length */
static size_t put_entry(uint8_t *out, const struct tk_closed *c, const bool bare[TK_MEASURES])
{
	const struct tk_counts *n = c->counts;
	uint8_t *at = put(put(out, n->records), n->lost);

	for (int m = 0; m < TK_MEASURES; m++) {
		at = put(put(at, n->count[m]), n->aside[m]);
		if (n->count[m])
			at = put_measure(at, c->bins[m], bare[m]);
	}
	return (size_t)(at - out);
}

static size_t put_header(uint8_t *out, uint64_t back, const struct tk_closed *c,
			 const bool bare[TK_MEASURES], uint32_t rate)
{
	uint8_t *at = put(put(out, back), c->interval_ns), flags = (uint8_t)(rate << RATE);

	for (int m = 0; m < TK_MEASURES; m++)
		flags |= (uint8_t)((c->kept[m] ? KEPT(m) : 0) | (bare[m] ? BARE(m) : 0));
	*at++ = flags;
	return (size_t)(at - out);
}

/* A chunk with room for `size` bytes and the clock's rate. */
static struct tk_chunk *chunk_for(struct tk_history *h, unsigned tier, const struct tk_closed *c,
				  size_t size, uint32_t *rate)
{
	struct tk_log *l = &h->tier[tier];
	struct tk_chunk *chunk = l->newest;

	*rate = chunk ? rate_in(chunk, c) : TK_CHUNK_RATES;
	if (*rate < TK_CHUNK_RATES && chunk->used + size <= l->room)
		return chunk;
	chunk = add_chunk(l, h->now_ns - span_ns[tier]);
	if (chunk)
		*rate = rate_in(chunk, c);
	return chunk;
}

int tk_history_add(struct tk_history *h, unsigned tier, struct tk_trail *t,
		   const struct tk_closed *c)
{
	bool bare[TK_MEASURES] = { c->bins[0]->bare, c->bins[1]->bare };
	struct tk_log *l = &h->tier[tier];
	uint8_t header[HEADER_MAX];
	struct tk_chunk *chunk;
	uint32_t rate;
	uint64_t at;
	size_t size, n;

	*t = (struct tk_trail){ l->room ? t->at : 0, c->t_ns };
	h->now_ns = h->now_ns > c->t_ns ? h->now_ns : c->t_ns;
	if (!l->room)
		return 0;
	if (!h->scratch && !(h->scratch = malloc(SCRATCH_MAX)))
		goto no_memory;
	size = put_entry(h->scratch, c, bare);
	if (size + HEADER_MAX > l->room) { /* a histogram that no chunk has room for */
		bare[0] = bare[1] = true;
		size = put_entry(h->scratch, c, bare);
	}
	chunk = chunk_for(h, tier, c, size + HEADER_MAX, &rate);
	if (!chunk)
		goto no_memory;
	at = chunk->number * l->room + chunk->used;
	n = put_header(header, t->at ? at - t->at : 0, c, bare, rate);
	memcpy(chunk->bytes + chunk->used, header, n);
	memcpy(chunk->bytes + chunk->used + n, h->scratch, size);
	chunk->used += (uint32_t)(n + size);
	chunk->t_ns = h->now_ns;
	t->at = at;
	return 0;
no_memory:
	t->at = 0;
	return -ENOMEM;
}

/* ---- reading ---- */

static int hold_tier(struct tk_hold_tier *out, const struct tk_log *l)
{
	out->chunk = malloc((l->n + 1) * sizeof(struct tk_chunk *));
	if (!out->chunk)
		return -ENOMEM;
	out->room = l->room;
	out->first = l->oldest ? l->oldest->number : 0;
	for (struct tk_chunk *c = l->oldest; c; c = c->newer) {
		__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
		out->chunk[out->n++] = c;
	}
	return 0;
}

int tk_hold_take(struct tk_hold *out, const struct tk_history *h)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < TK_TIERS; i++) {
		if (hold_tier(&out->tier[i], &h->tier[i]) < 0) {
			tk_hold_release(out);
			return -ENOMEM;
		}
	}
	return 0;
}

void tk_hold_release(struct tk_hold *hold)
{
	for (unsigned i = 0; i < TK_TIERS; i++) {
		struct tk_hold_tier *t = &hold->tier[i];

		while (t->n)
			unref(t->chunk[--t->n]);
		free(t->chunk);
		t->chunk = NULL;
	}
}

static const uint8_t *get_measure(const uint8_t *at, bool bare, struct tk_packed *p)
{
	uint64_t size = 0;

	at = get(at, &p->min);
	at = get(at, &p->max);
	at = get_wide(at, &p->sum);
	p->max += p->min;
	p->sum += (unsigned __int128)p->count * p->min;
	if (bare)
		return at;
	at = get(at, &size);
	p->bytes = at;
	p->size = (uint32_t)size;
	return at + size;
}

static void get_entry(const uint8_t *at, struct tk_entry *e)
{
	struct tk_counts *n = &e->counts;

	at = get(get(at, &n->records), &n->lost);
	for (int m = 0; m < TK_MEASURES; m++) {
		at = get(get(at, &n->count[m]), &n->aside[m]);
		n->without[m] = n->records - n->lost - n->count[m] - n->aside[m];
		e->of[m] = (struct tk_packed){ .count = n->count[m] };
		if (n->count[m])
			at = get_measure(at, e->bare[m], &e->of[m]);
	}
}

bool tk_hold_read(const struct tk_hold *hold, unsigned tier, struct tk_trail *t, bool whole,
		  struct tk_entry *out)
{
	const struct tk_hold_tier *h = &hold->tier[tier];
	const struct tk_chunk *c;
	uint64_t number, back;
	const uint8_t *at;

	if (!t->at || !h->n)
		return false;
	number = t->at / h->room;
	if (number < h->first)
		return false;
	c = h->chunk[number - h->first];
	at = get(get(c->bytes + t->at % h->room, &back), &out->interval_ns);
	out->t_ns = t->t_ns;
	for (int m = 0; m < TK_MEASURES; m++) {
		out->kept[m] = *at & KEPT(m);
		out->bare[m] = *at & BARE(m);
	}
	out->clock = c->rate[*at >> RATE].clock;
	out->ns_per_tick = c->rate[*at >> RATE].ns_per_tick;
	if (whole)
		get_entry(at + 1, out);
	*t = (struct tk_trail){ back ? t->at - back : 0, tk_entry_began(out) };
	return true;
}
