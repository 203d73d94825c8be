/* SPDX-License-Identifier: MIT */
#include "collector/stats/bins.h"

#include <stdlib.h>

#define STEP       TK_BINS_STEP
#define KEPT_BYTES 1024u /* a window up to here is kept when it is emptied */
#define NO_BUCKET  TK_HIST_BUCKETS

/* ---- counters ---- */

static void set(struct tk_bins *b, uint32_t i, uint64_t v)
{
	switch (b->size) {
	case 1:
		((uint8_t *)b->counters)[i] = (uint8_t)v;
		break;
	case 2:
		((uint16_t *)b->counters)[i] = (uint16_t)v;
		break;
	case 4:
		((uint32_t *)b->counters)[i] = (uint32_t)v;
		break;
	default:
		((uint64_t *)b->counters)[i] = v;
	}
}

static uint8_t size_for(uint64_t v)
{
	return v <= UINT8_MAX ? 1 : v <= UINT16_MAX ? 2 : v <= UINT32_MAX ? 4 : 8;
}

/* A window of n buckets from `first` on, with counters of `size` bytes, that includes the present
 * one. */
static bool rebuild(struct tk_bins *b, uint32_t first, uint32_t n, uint8_t size)
{
	struct tk_bins grown = *b;

	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): a window is not empty */
	grown.counters = calloc(n, size);
	if (!grown.counters)
		return false;
	grown.first = (uint16_t)first;
	grown.n = (uint16_t)n;
	grown.size = size;
	if (b->counters && size == b->size)
		memcpy((char *)grown.counters + (size_t)(b->first - first) * size, b->counters,
		       (size_t)b->n * size);
	else if (b->counters)
		for (uint32_t i = 0; i < b->n; i++)
			set(&grown, b->first - first + i, tk_bins_counter(b, i));
	free(b->counters);
	*b = grown;
	return true;
}

/* Make the window include first..last, with counters of `size` bytes at least. */
static bool widen(struct tk_bins *b, uint32_t first, uint32_t last, uint8_t size)
{
	uint32_t low = first / STEP * STEP, end = (last / STEP + 1) * STEP;

	if (b->counters) {
		uint32_t b_end = (uint32_t)b->first + b->n;

		if (b->size >= size && b->first <= first && last < b_end)
			return true;
		low = b->first < low ? b->first : low;
		end = b_end > end ? b_end : end;
		size = b->size > size ? b->size : size;
	}
	return rebuild(b, low, end - low, size);
}

/* The window has the bucket. */
static bool count_in(struct tk_bins *b, uint32_t bucket, uint64_t n)
{
	uint32_t i = bucket - b->first;
	uint64_t sum = tk_bins_counter(b, i) + n;

	if (size_for(sum) > b->size && !rebuild(b, b->first, b->n, size_for(sum)))
		return false;
	b->most = sum > b->most ? sum : b->most;
	set(b, i, sum);
	return true;
}

/* Add n counters of one width to those of another, which are wide enough. n is a multiple of STEP,
 * so that the compiler makes vectors of them. */
#define DEFINE_ADD(TO, FROM)                                                                       \
	static void add_##TO##_##FROM(uint##TO##_t *restrict to, const void *counters, uint32_t n) \
	{                                                                                          \
		const uint##FROM##_t *restrict from = counters;                                    \
                                                                                                   \
		for (; n; n -= STEP, to += STEP, from += STEP)                                     \
			for (uint32_t i = 0; i < STEP; i++)                                        \
				to[i] = (uint##TO##_t)(to[i] + from[i]);                           \
	}

/* NOLINTBEGIN(clang-analyzer-core.NullDereference): add_window() has a window */
DEFINE_ADD(8, 8)
DEFINE_ADD(16, 8)
DEFINE_ADD(16, 16)
DEFINE_ADD(32, 8)
DEFINE_ADD(32, 16)
DEFINE_ADD(32, 32)
DEFINE_ADD(64, 8)
DEFINE_ADD(64, 16)
DEFINE_ADD(64, 32)
DEFINE_ADD(64, 64)
/* NOLINTEND(clang-analyzer-core.NullDereference) */

/* The window of `b` includes that of `from`, and its counters can hold the sums. */
static void add_window(struct tk_bins *b, const struct tk_bins *from)
{
	void *to = (char *)b->counters + (size_t)(from->first - b->first) * b->size;
	const void *c = from->counters;

	switch (b->size * 16 + from->size) {
	case 0x11:
		return add_8_8(to, c, from->n);
	case 0x21:
		return add_16_8(to, c, from->n);
	case 0x22:
		return add_16_16(to, c, from->n);
	case 0x41:
		return add_32_8(to, c, from->n);
	case 0x42:
		return add_32_16(to, c, from->n);
	case 0x44:
		return add_32_32(to, c, from->n);
	case 0x81:
		return add_64_8(to, c, from->n);
	case 0x82:
		return add_64_16(to, c, from->n);
	case 0x84:
		return add_64_32(to, c, from->n);
	default:
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): `from` is another one */
		return add_64_64(to, c, from->n);
	}
}

/* The largest counter, and not just a bound of it. */
static uint64_t largest(const struct tk_bins *b)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < b->n; i++)
		most = tk_bins_counter(b, i) > most ? tk_bins_counter(b, i) : most;
	return most;
}

uint64_t *tk_bins_reserve(struct tk_bins *b, uint32_t first, uint32_t last)
{
	if (!widen(b, first, last, 8))
		return NULL;
	b->most = UINT64_MAX; /* whatever is written */
	return (uint64_t *)b->counters + (first - b->first);
}

/* ---- samples ---- */

static void note(struct tk_bins *b, uint64_t count, uint64_t min, uint64_t max,
		 unsigned __int128 sum)
{
	if (b->count == 0 || min < b->min)
		b->min = min;
	if (b->count == 0 || max > b->max)
		b->max = max;
	b->count += count;
	b->sum += sum;
}

void tk_bins_add(struct tk_bins *b, uint64_t ticks, uint64_t n)
{
	uint64_t v = ticks >> 48 ? (UINT64_C(1) << 48) - 1 : ticks;
	uint32_t bucket = tk_hist_index(v);

	if (n == 0)
		return;
	note(b, n, v, v, (unsigned __int128)v * n);
	if (!widen(b, bucket, bucket, 1) || !count_in(b, bucket, n))
		b->bare += n;
}

void tk_bins_add_counted(struct tk_bins *b, const struct tk_hist_counted *c)
{
	uint32_t from = 0, end = c->n;
	uint64_t count = c->bare;

	while (from < end && !c->counters[from])
		from++;
	while (from < end && !c->counters[end - 1])
		end--;
	b->bare += c->bare;
	if (from < end && !widen(b, c->first + from, c->first + end - 1, 1)) {
		for (uint32_t i = from; i < end; i++)
			b->bare += c->counters[i];
		for (uint32_t i = from; i < end; i++)
			count += c->counters[i];
		from = end;
	}
	for (uint32_t i = from; i < end; i++) {
		if (!c->counters[i])
			continue;
		count += c->counters[i];
		if (!count_in(b, c->first + i, c->counters[i]))
			b->bare += c->counters[i];
	}
	if (count)
		note(b, count, c->min, c->max, c->sum);
}

void tk_bins_merge(struct tk_bins *b, const struct tk_bins *from)
{
	uint64_t most;
	uint8_t size;

	if (from->count == 0)
		return;
	note(b, from->count, from->min, from->max, from->sum);
	b->bare += from->bare;
	if (!from->counters)
		return;
	if (__builtin_add_overflow(b->most, from->most, &most) ||
	    (b->counters && size_for(most) > b->size)) { /* look closer before it is widened */
		b->most = largest(b);
		most = b->most + largest(from);
	}
	size = size_for(most) > from->size ? size_for(most) : from->size;
	if (!widen(b, from->first, from->first + from->n - 1u, size)) {
		b->bare += from->count - from->bare;
		return;
	}
	b->most = most;
	add_window(b, from);
}

void tk_bins_clear(struct tk_bins *b)
{
	size_t bytes = (size_t)b->n * b->size;

	if (b->count == 0 || bytes > KEPT_BYTES) {
		tk_bins_free(b);
		return;
	}
	if (b->counters)
		memset(b->counters, 0, bytes);
	b->count = b->bare = b->most = 0;
	b->sum = 0;
}

void tk_bins_wipe(struct tk_bins *b)
{
	uint32_t first, last;

	if (b->count && b->counters) {
		first = tk_hist_index(b->min);
		last = tk_hist_index(b->max);
		first = first < b->first ? b->first : first;
		last = last < b->first + b->n ? last : b->first + b->n - 1u;
		for (uint32_t i = first; i <= last; i++)
			set(b, i - b->first, 0);
	}
	b->count = b->bare = 0;
	b->sum = 0;
}

void tk_bins_free(struct tk_bins *b)
{
	free(b->counters);
	memset(b, 0, sizeof(*b));
}

/* ---- what is asked of them ---- */

double tk_bins_middle(const struct tk_bins *b, uint32_t bucket)
{
	return tk_hist_middle(bucket, b->min, b->max);
}

void tk_bins_transform(const struct tk_bins *from, struct tk_bins *out, tk_bins_transform_fn *f,
		       void *arg)
{
	for (uint32_t i = tk_bins_next(from, 0); i != NO_BUCKET; i = tk_bins_next(from, i + 1))
		f(arg, tk_bins_middle(from, i), tk_bins_at(from, i), out);
	if (from->bare) {
		note(out, from->bare, from->min, from->max, 0);
		out->bare += from->bare;
	}
}
