/* SPDX-License-Identifier: MIT */
#include "collector/stats/past/pack.h"

#include <errno.h>
#include <string.h>

/*
 * A Rice code of z with parameter k: z >> k zeros, a one, then the low k bits of z. From ESCAPE
 * zeros on: no one, 6 bits for the length of z less 1, and z itself. Bits go from low to high.
 */
#define ESCAPE 16u
#define K_MAX  38u /* so that a code without escape has 55 bits: one load of 64 from any bit on */

#define MEAN_SHIFT 3  /* means are over about eight, in eighths */
#define SPARSE     10 /* a mean count below 10 eighths: empty buckets are counted in runs */
#define LARGE      (UINT64_C(1) << 40) /* what a mean takes at most, so that it cannot overflow */

/* What is done for each bucket: in line, so that what it knows stays in registers. */
#define PER_BUCKET static inline __attribute__((always_inline))

/* What both sides know when they come to a bucket. */
struct model {
	uint64_t mean;     /* of counts */
	uint64_t residual; /* of how far counts were from the mean, as they are coded */
	uint64_t run;      /* of runs of empty buckets */
};

static const struct model model_begin = { .run = 8u << MEAN_SHIFT };

PER_BUCKET void follow(uint64_t *mean, uint64_t v)
{
	*mean += (v < LARGE ? v : LARGE) - (*mean >> MEAN_SHIFT);
}

/* The k whose codes are shortest when z is about this mean. */
PER_BUCKET unsigned k_of(uint64_t mean)
{
	unsigned k = 60u - (unsigned)__builtin_clzll((mean - (mean != 0)) | 15);

	return k < K_MAX ? k : K_MAX;
}

/*
 * For each empty bucket an eighth of the mean goes, rounded up, until nothing is left. A run comes
 * where the mean is below SPARSE only: that is 1 each time, but 2 from 9.
 */
PER_BUCKET void follow_run(struct model *m, uint64_t run)
{
	uint64_t mean = m->mean - (m->mean > 8 && run);

	follow(&m->run, run);
	m->mean = mean > run ? mean - run : 0;
}

_Static_assert(SPARSE == 10 && MEAN_SHIFT == 3, "what follow_run() takes away");

PER_BUCKET uint64_t predict(const struct model *m, unsigned least)
{
	uint64_t mean = (m->mean + (1u << (MEAN_SHIFT - 1))) >> MEAN_SHIFT;

	return mean > least ? mean - least : 0;
}

/* Near to the prediction is a small number, above or below it; never negative. */
PER_BUCKET uint64_t fold(uint64_t v, uint64_t predicted)
{
	uint64_t above = 2 * (v - predicted) - 1, below = 2 * (predicted - v);
	uint64_t near = v > predicted ? above : below;

	return v > 2 * predicted ? v : near;
}

PER_BUCKET uint64_t unfold(uint64_t z, uint64_t predicted)
{
	if (z > 2 * predicted)
		return z;
	return z & 1 ? predicted + (z + 1) / 2 : predicted - z / 2;
}

/* ---- packing ---- */

struct writer {
	uint8_t *out;
	uint64_t bits; /* not yet written, */
	unsigned n;    /* so many, fewer than 8 between calls */
};

/* n at most 56 */
PER_BUCKET void put(struct writer *w, uint64_t v, unsigned n)
{
	w->bits |= v << w->n;
	w->n += n;
	memcpy(w->out, &w->bits, 8);
	w->out += w->n / 8;
	w->bits >>= w->n & ~7u; /* below 64: 7 and 56 at most */
	w->n %= 8;
}

/* A code without a unary part: z is far from what was expected. */
static __attribute__((noinline)) struct writer put_escape(struct writer w, uint64_t z)
{
	unsigned length = 64u - (unsigned)__builtin_clzll(z | 1);

	put(&w, (uint64_t)(length - 1) << ESCAPE, ESCAPE + 6);
	put(&w, z & UINT32_MAX, length < 32 ? length : 32);
	if (length > 32)
		put(&w, z >> 32, length - 32);
	return w;
}

PER_BUCKET void put_code(struct writer *w, uint64_t z, unsigned k)
{
	uint64_t zeros = z >> k, low = z & ((UINT64_C(1) << k) - 1);

	if (zeros < ESCAPE)
		put(w, (low << 1 | 1) << zeros, (unsigned)zeros + 1 + k);
	else
		*w = put_escape(*w, z);
}

/* `least`: the count is not below it, which both sides know. */
PER_BUCKET void put_count(struct writer *w, struct model *m, uint64_t count, unsigned least)
{
	uint64_t z = fold(count - least, predict(m, least));

	put_code(w, z, k_of(m->residual));
	follow(&m->residual, z);
	follow(&m->mean, count);
}

/* Of counters of `size` bytes, which the compiler knows. */
PER_BUCKET uint32_t pack(const struct tk_bins *from, unsigned size, uint8_t *out)
{
	struct tk_bins b = *from;
	struct writer w = { .out = out };
	struct model m = model_begin;
	uint32_t i = tk_hist_index(b.min), last = tk_hist_index(b.max);

	b.size = (uint8_t)size;
	put_count(&w, &m, tk_bins_at(&b, i), 1);
	while (i++ < last) {
		unsigned least = m.mean < SPARSE;

		if (least) {
			uint32_t next = tk_bins_next(&b, i);

			put_code(&w, next - i, k_of(m.run));
			follow_run(&m, next - i);
			i = next;
		}
		put_count(&w, &m, tk_bins_at(&b, i), least);
	}
	return (uint32_t)(w.out - out) + (w.n > 0);
}

uint32_t tk_pack(const struct tk_bins *b, uint8_t *out)
{
	uint32_t first = tk_hist_index(b->min), last = tk_hist_index(b->max);

	if (b->count == 0 || first == last || !tk_bins_at(b, first) || !tk_bins_at(b, last))
		return 0;
	switch (b->size) {
	case 1:
		return pack(b, 1, out);
	case 2:
		return pack(b, 2, out);
	case 4:
		return pack(b, 4, out);
	default:
		return pack(b, 8, out);
	}
}

/* ---- unpacking ---- */

struct reader {
	const uint8_t *in;
	size_t size, at; /* bytes, and the next bit */
};

/* The next bits, at least 57 of them; zeros beyond the end. */
PER_BUCKET uint64_t peek(const struct reader *r)
{
	size_t byte = r->at / 8;
	uint64_t bits = 0;

	if (byte + 8 <= r->size)
		memcpy(&bits, r->in + byte, 8);
	else if (byte < r->size)
		memcpy(&bits, r->in + byte, r->size - byte);
	return bits >> r->at % 8;
}

PER_BUCKET uint64_t take(struct reader *r, unsigned n)
{
	uint64_t v = peek(r) & ((UINT64_C(1) << n) - 1);

	r->at += n;
	return v;
}

static __attribute__((noinline)) uint64_t take_long(struct reader *r)
{
	unsigned length = (unsigned)take(r, 6) + 1;
	uint64_t low = take(r, length < 32 ? length : 32);

	return length > 32 ? low | take(r, length - 32) << 32 : low;
}

PER_BUCKET uint64_t take_code(struct reader *r, unsigned k)
{
	uint64_t bits = peek(r);
	unsigned zeros = (unsigned)__builtin_ctzll(bits | 1u << ESCAPE);

	if (zeros == ESCAPE) {
		r->at += ESCAPE;
		return take_long(r);
	}
	r->at += zeros + 1 + k;
	return (uint64_t)zeros << k | (bits >> (zeros + 1) & ((UINT64_C(1) << k) - 1));
}

PER_BUCKET uint64_t take_count(struct reader *r, struct model *m, unsigned least)
{
	uint64_t z = take_code(r, k_of(m->residual));
	uint64_t count = unfold(z, predict(m, least)) + least;

	follow(&m->residual, z);
	follow(&m->mean, count);
	return count;
}

/*
 * Add the counts of n buckets, but only of the first `limit`, `sign` times. @return what they add
 * up to; 0: the bytes are not those of n buckets. *done: the buckets before this one were added
 */
static uint64_t walk(const struct tk_packed *p, uint64_t *counters, uint32_t n, uint32_t limit,
		     uint64_t sign, uint32_t *done)
{
	struct reader r = { p->bytes, p->size, 0 };
	struct model m = model_begin;
	uint64_t sum = 0, count = 0;

	*done = 0;
	for (uint32_t i = 0; i < n && i < limit; i++) {
		unsigned least = i == 0 || m.mean < SPARSE;

		if (least && i) {
			uint64_t run = take_code(&r, k_of(m.run));

			if (run >= n - i)
				return 0;
			follow_run(&m, run);
			i += (uint32_t)run;
		}
		count = take_count(&r, &m, least);
		if (r.at > 8 * r.size || __builtin_add_overflow(sum, count, &sum))
			return 0;
		counters[i] += sign * count;
		*done = i + 1;
	}
	return count && (r.at + 7) / 8 == r.size ? sum : 0;
}

/* Whether samples can have these facts. */
static bool plausible(const struct tk_packed *p)
{
	return p->count && p->min <= p->max && p->max < UINT64_C(1) << 48 &&
	       p->sum >= (unsigned __int128)p->count * p->min &&
	       p->sum <= (unsigned __int128)p->count * p->max;
}

/* All buckets of a packed histogram, `sign` times, or none. */
static int apply(const struct tk_packed *p, uint64_t *counters, uint32_t n, uint64_t sign)
{
	uint32_t done;

	if (n == 1) {
		counters[0] += p->size ? 0 : sign * p->count;
		return p->size ? -EBADMSG : 0;
	}
	if (walk(p, counters, n, n, sign, &done) == p->count)
		return 0;
	(void)walk(p, counters, n, done, -sign, &done);
	return -EBADMSG;
}

int tk_unpack(const struct tk_packed *p, struct tk_bins *into)
{
	uint64_t *counters, total;
	uint32_t first, last;
	int err;

	if (!plausible(p) || __builtin_add_overflow(into->count, p->count, &total))
		return -EBADMSG;
	first = tk_hist_index(p->min);
	last = tk_hist_index(p->max);
	counters = tk_bins_reserve(into, first, last);
	if (!counters)
		return -ENOMEM;
	err = apply(p, counters, last - first + 1, 1);
	if (err)
		return err;
	if (into->count == 0 || p->min < into->min)
		into->min = p->min;
	if (into->count == 0 || p->max > into->max)
		into->max = p->max;
	into->count = total;
	into->sum += p->sum;
	return 0;
}

int tk_unpack_remove(const struct tk_packed *p, struct tk_bins *from)
{
	uint64_t *counters;
	uint32_t first, last;
	int err;

	if (!plausible(p) || p->count > from->count || p->sum > from->sum)
		return -EBADMSG;
	first = tk_hist_index(p->min);
	last = tk_hist_index(p->max);
	counters = tk_bins_reserve(from, first, last);
	if (!counters)
		return -ENOMEM;
	err = apply(p, counters, last - first + 1, UINT64_MAX);
	if (err)
		return err;
	from->count -= p->count;
	from->sum -= p->sum;
	return 0;
}
