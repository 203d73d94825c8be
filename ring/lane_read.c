/* SPDX-License-Identifier: MIT */
#include "ring/lane_read.h"

#include <string.h>

#include "ring/lane_push.h"
#include "ring/queue_read.h"

typedef uint32_t tags __attribute__((vector_size(16), may_alias));

/* No lane gets so far in a thousand years. A greater head is not believed: sums with it would
 * wrap. */
#define HEAD_MAX (UINT64_C(1) << 60)

/* Where the tag is in each half, in 32-bit words. */
enum { TAG_A = 3, TAG_B = 2 };

static inline bool is_queue(const struct tk_lane_reader *r)
{
	return r->queue.prod_tail != NULL;
}

static inline uint64_t index_of(const struct tk_lane_reader *r, uint64_t n)
{
	return n & (r->size - 1);
}

/* Two aligned 16-byte loads, neither narrowed nor torn. The order of the two does not matter. */
static inline __attribute__((always_inline)) void load(const struct tk_slot *s, tags *a, tags *b)
{
	__asm__ volatile("movaps %2, %0\n\t"
			 "movaps %3, %1"
			 : "=x"(*a), "=x"(*b)
			 : "m"(*(const tags *)&s->w[0]), "m"(*(const tags *)&s->w[2]));
}

enum slot_state { SLOT_OLDER, SLOT_READY, SLOT_NEWER };

/* Look at the slot of number n; *ahead is how far its tag is. Copies it to out if ready. */
static enum slot_state look(const struct tk_lane_reader *r, uint64_t n, struct tk_slot *out,
			    uint32_t *ahead)
{
	uint32_t tag = tk_tag(n);
	tags a, b;
	int32_t da, db;

	load(&r->slots[index_of(r, n)], &a, &b);
	da = (int32_t)(a[TAG_A] - tag);
	db = (int32_t)(b[TAG_B] - tag);
	if (da == 0 && db == 0) {
		memcpy(&out->w[0], &a, sizeof(a));
		memcpy(&out->w[2], &b, sizeof(b));
		return SLOT_READY;
	}
	if (da > 0 || db > 0) {
		*ahead = (uint32_t)(da > db ? da : db);
		return SLOT_NEWER;
	}
	return SLOT_OLDER;
}

static bool filled(const struct tk_lane_reader *r, uint64_t n)
{
	struct tk_slot s;
	uint32_t ahead;

	return look(r, n, &s, &ahead) != SLOT_OLDER;
}

void tk_lane_reader_sync(struct tk_lane_reader *r)
{
	uint64_t head;

	if (is_queue(r)) {
		tk_queue_sync(r);
		return;
	}
	/* Pairs with the release store of tk_lane_head.published in the writer's turn. */
	head = __atomic_load_n(&r->head->published, __ATOMIC_ACQUIRE);
	if (head > r->published && head < HEAD_MAX)
		r->published = head;
}

/* The first number from `n` on of which neither half is there. */
static uint64_t forward(const struct tk_lane_reader *r, uint64_t n)
{
	for (uint64_t i = 0; i < r->size; i++, n++) {
		uint32_t tag = tk_tag(n);
		tags a, b;

		load(&r->slots[index_of(r, n)], &a, &b);
		if (a[TAG_A] != tag && b[TAG_B] != tag)
			break;
	}
	return n;
}

void tk_lane_reader_init(struct tk_lane_reader *r, const struct tk_slot *slots,
			 const struct tk_lane_head *head, uint64_t size, enum tk_lane_from from)
{
	uint64_t newest;

	memset(r, 0, sizeof(*r));
	r->slots = slots;
	r->head = head;
	r->size = size;
	r->published = size; /* where sequences begin */
	tk_lane_reader_sync(r);
	newest = forward(r, r->published);
	r->first = newest;
	if (from == TK_LANE_OLDEST)
		r->first = newest - size > size ? newest - size : size;
	else if (from == TK_LANE_FIRST)
		r->first = size;
	r->next = r->first;
	r->moved = true;
}

/*
 * The slot of r->next holds a newer record, whose tag is `ahead` further. Go to where the writer
 * will not overwrite for an eighth of a lap, and count the numbers passed over as lost. A writer is
 * never a lap ahead of what it published, and the tags in one slot differ by multiples of size /
 * 256: a tag that says otherwise was spoilt, and costs its number. Move forward always, so that
 * spoilt memory cannot hold the reader back; but never beyond where a writer can be, so that it
 * cannot lead it on for ever.
 */
static void lapped(struct tk_lane_reader *r, uint32_t ahead)
{
	uint64_t newest = r->next + ((uint64_t)ahead << TK_TAG_SHIFT) + 1;
	uint64_t next;

	tk_lane_reader_sync(r);
	if (r->next >= r->published + r->size)
		return;
	if (newest < r->published || newest > r->published + r->size)
		newest = r->published;
	next = newest - r->size + r->size / 8;
	if (next <= r->next)
		next = r->next + 1;
	r->lost += next - r->next;
	r->next = next;
}

/* Remove a hole from the list. Only here, so that a number is settled once. */
static void forget_pending(struct tk_lane_reader *r, uint32_t i)
{
	r->n_pending--;
	memmove(&r->pending[i], &r->pending[i + 1], (r->n_pending - i) * sizeof(r->pending[0]));
}

/* Probe the holes again: deliver those that were filled, and count as lost those that can no longer
 * be. */
static size_t settle_pending(struct tk_lane_reader *r, struct tk_slot *out)
{
	size_t n = 0;
	uint32_t ahead;

	for (uint32_t i = 0; i < r->n_pending;) {
		enum slot_state state = look(r, r->pending[i], &out[n], &ahead);

		if (state == SLOT_OLDER && !r->ended) {
			i++;
			continue;
		}
		if (state == SLOT_READY) {
			r->delivered++;
			n++;
		} else {
			r->lost++;
		}
		forget_pending(r, i);
	}
	return n;
}

/* r->next is empty. Whether it is a hole: a later number is there. */
static bool is_hole(struct tk_lane_reader *r)
{
	bool past = r->published > r->next;

	for (uint64_t i = 1; i <= 3 && !past; i++)
		past = filled(r, r->next + i);
	return past && !filled(r, r->next);
}

static void pass_hole(struct tk_lane_reader *r)
{
	if (r->n_pending == TK_LANE_PENDING) {
		forget_pending(r, 0);
		r->lost++;
	}
	r->pending[r->n_pending++] = r->next++;
}

/* Read number by number, up to a chunk: partial chunks, holes, laps, and the end of a dead writer's
 * lane. */
static size_t read_carefully(struct tk_lane_reader *r, struct tk_slot *out)
{
	uint64_t from = r->next;
	uint32_t ahead = 0;
	size_t n = 0;

	while (r->next - from < TK_LANE_CHUNK && !(r->ended && r->next == r->end)) {
		enum slot_state state = look(r, r->next, &out[n], &ahead);

		if (state == SLOT_READY) {
			r->next++;
			r->delivered++;
			n++;
		} else if (r->ended) {
			r->next++;
			r->lost++;
		} else if (state == SLOT_NEWER) {
			lapped(r, ahead);
			break;
		} else if (is_hole(r)) {
			pass_hole(r);
		} else if (!filled(r, r->next)) {
			break;
		}
	}
	r->moved = r->next != from;
	return n;
}

/* Copy `n` slots of one tag. Bits that differ from it are gathered in *bad_a and *bad_b. */
static inline void copy(const struct tk_slot *s, size_t n, uint32_t tag, struct tk_slot *out,
			tags *bad_a, tags *bad_b)
{
	const tags want = { tag, tag, tag, tag };

	for (size_t i = 0; i < n; i++) {
		tags a, b;

		load(&s[i], &a, &b);
		*(tags *)&out[i].w[0] = a;
		*(tags *)&out[i].w[2] = b;
		*bad_a |= a ^ want;
		*bad_b |= b ^ want;
	}
}

/* Read a whole chunk at once, if all of it is there and was not overwritten meanwhile. */
static bool read_chunk(struct tk_lane_reader *r, struct tk_slot *out)
{
	/* A tag serves 256 numbers; the ring ends with one of them. */
	uint64_t left = (UINT64_C(1) << TK_TAG_SHIFT) - (r->next & ((1u << TK_TAG_SHIFT) - 1));
	size_t n = left < TK_LANE_CHUNK ? (size_t)left : TK_LANE_CHUNK;
	uint32_t tag = tk_tag(r->next);
	tags bad_a = { 0 }, bad_b = { 0 };

	copy(&r->slots[index_of(r, r->next)], n, tag, out, &bad_a, &bad_b);
	copy(&r->slots[index_of(r, r->next + n)], TK_LANE_CHUNK - n, tag + 1, out + n, &bad_a,
	     &bad_b);
	if (bad_a[TAG_A] | bad_b[TAG_B])
		return false;
	r->next += TK_LANE_CHUNK;
	r->delivered += TK_LANE_CHUNK;
	r->moved = true;
	return true;
}

/*
 * Far behind the writer, have the chunk after the next come while this one is copied: 400 -> 450 to
 * 470 M records/s without loss, and 20 -> 1 to 2 % lost by a reader that is lapped (bench/rings,
 * 2^14 and 2^16 slots). Only what the published head says is written: lines near the writer are
 * left to it. And the head is looked at seldom, for each look costs the writer a cache miss at its
 * next turn.
 */
#define FAR_BEHIND (4 * TK_LANE_CHUNK)
#define LOOK_EVERY (8 * TK_LANE_TURN_MAX)

static void fetch_ahead(struct tk_lane_reader *r)
{
	if (r->published < r->next + FAR_BEHIND) {
		if (r->next < r->look_at)
			return;
		r->look_at = r->next + LOOK_EVERY;
		tk_lane_reader_sync(r);
		if (r->published < r->next + FAR_BEHIND)
			return;
	}
	for (uint64_t i = 0; i < TK_LANE_CHUNK; i += 2)
		__builtin_prefetch(&r->slots[index_of(r, r->next + 2 * TK_LANE_CHUNK + i)]);
}

/* If the head is more than a lap ahead, everything older than a lap was overwritten: count it as
 * lost. */
static void skip_overwritten(struct tk_lane_reader *r)
{
	uint64_t newest = r->ended ? r->end : r->published;
	uint64_t oldest = newest - r->size;

	if (newest <= r->next || newest - r->next <= r->size)
		return;
	if (!r->ended)
		oldest += r->size / 8;
	r->lost += oldest - r->next;
	r->next = oldest;
}

bool tk_lane_read(struct tk_lane_reader *r, struct tk_slot *out, size_t *n)
{
	struct tk_slot last;
	uint32_t ahead;
	bool whole;

	if (is_queue(r))
		return tk_queue_read(r, out, n);
	*n = 0;
	/* Load the head only if the lane stands still: a moving lane shows its holes by the records
	 * after them, and each load of the head costs the writer a cache miss. */
	if (!r->moved)
		tk_lane_reader_sync(r);
	if (r->n_pending) {
		*n = settle_pending(r, out);
		if (*n)
			return true;
	}
	skip_overwritten(r);
	whole = r->ended ? r->next != r->end : filled(r, r->next + TK_LANE_CHUNK - 1);
	if (whole && !r->ended) {
		fetch_ahead(r);
		if (read_chunk(r, out)) {
			*n = TK_LANE_CHUNK;
			return true;
		}
	}
	/* The record at the chunk's end was claimed after all those before it: empty ones are
	 * holes. */
	if (whole && !r->ended && r->published < r->next + TK_LANE_CHUNK &&
	    look(r, r->next + TK_LANE_CHUNK - 1, &last, &ahead) == SLOT_READY)
		r->published = r->next + TK_LANE_CHUNK;
	*n = read_carefully(r, out);
	return whole && r->moved;
}

bool tk_lane_has(const struct tk_slot *slots, uint64_t size, uint64_t n)
{
	const struct tk_lane_reader r = { .slots = slots, .size = size };

	return filled(&r, n);
}

/* By what tk_lane_read() goes on: the head, a chunk's last slot, the next slot and the three after
 * it. */
bool tk_lane_stirs(const struct tk_lane_reader *r)
{
	if (is_queue(r) || r->ended || r->n_pending || r->published > r->next)
		return true;
	if (__atomic_load_n(&r->head->published, __ATOMIC_RELAXED) > r->published)
		return true;
	for (uint64_t i = 0; i <= 3; i++)
		if (filled(r, r->next + i))
			return true;
	return filled(r, r->next + TK_LANE_CHUNK - 1);
}

/*
 * The number of the push that left this tag in the slot at `at`; 0 if there is none within a lap of
 * the published head. A push is published at most a quarter of a lap later.
 */
static uint64_t number_of(const struct tk_lane_reader *r, uint64_t at, uint32_t tag)
{
	int64_t d = (int32_t)(tag - tk_tag(r->published));
	uint64_t n = (((r->published >> TK_TAG_SHIFT) + (uint64_t)d) << TK_TAG_SHIFT) +
		     (at & ((1u << TK_TAG_SHIFT) - 1));

	if (index_of(r, n) != at || n < r->size || n >= r->published + r->size)
		return 0;
	return n;
}

void tk_lane_reader_end(struct tk_lane_reader *r)
{
	uint64_t end;

	if (r->ended)
		return;
	if (is_queue(r)) {
		tk_queue_end(r);
		return;
	}
	tk_lane_reader_sync(r);
	end = r->published > r->next ? r->published : r->next;
	for (uint64_t i = 0; i < r->size; i++) {
		uint64_t na, nb;
		tags a, b;

		load(&r->slots[i], &a, &b);
		na = number_of(r, i, a[TAG_A]);
		nb = number_of(r, i, b[TAG_B]);
		if (na >= end)
			end = na + 1;
		if (nb >= end)
			end = nb + 1;
	}
	r->end = end;
	r->ended = true;
}

void tk_lane_reader_resume(struct tk_lane_reader *r)
{
	r->ended = false;
	r->moved = true;
}

/* Whether the writer was ahead of the reader at the last sync. */
static bool is_ahead(const struct tk_lane_reader *r)
{
	return r->published > r->next || (!is_queue(r) && filled(r, r->next));
}

bool tk_lane_counts(struct tk_lane_reader *r, uint64_t *counts, size_t n)
{
	const uint64_t *shared = (const uint64_t *)((const char *)r->head + TK_LANE_COUNTS);
	bool level = r->n_pending == 0 && !is_ahead(r);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		counts[i] = __atomic_load_n(&shared[i], __ATOMIC_RELAXED);
		sum += counts[i];
	}
	tk_lane_reader_sync(r);
	level = level && !is_ahead(r);
	if (!level || sum == r->next - r->size)
		return level;
	/*
	 * Nothing comes after r->next, and yet the counts do not add up. Either a count is about to
	 * follow its record, or a push was abandoned between its stores and its count (siglongjmp,
	 * a kill). If the same is seen twice in a row on a lane that stands still, it was
	 * abandoned.
	 */
	level = r->uneven_next == r->next && r->uneven_sum == sum;
	r->uneven_next = r->next;
	r->uneven_sum = sum;
	return level;
}
