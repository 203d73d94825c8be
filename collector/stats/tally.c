/* SPDX-License-Identifier: MIT */
#include "collector/stats/tally.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define HUGEPAGE (UINT64_C(2) << 20)
#define OCTAVE   (1u << TK_HIST_SUB_BITS) /* counters */
#define OCTAVES  (TK_HIST_BUCKETS / OCTAVE)
#define LINE     64u
#define TALLIES  TK_TALLY_CLASSES /* the list of free tallies */
#define SLAB     32u              /* tallies that are cut at once */

/* ---- what is in a tally ---- */

/* The counters of a measure that may be other than zero. @return how many, from *from on. */
static uint32_t filled(const struct tk_tally *t, enum tk_measure m, uint32_t *from)
{
	*from = 0;
	if (tk_tally_empty(t, m))
		return 0;
	*from = tk_hist_index(t->min[m]) - t->first[m];
	return tk_hist_index(t->max[m]) + 1 - t->first[m] - *from;
}

static uint64_t count(const struct tk_tally *t, enum tk_measure m)
{
	uint32_t from, n = filled(t, m, &from);
	const uint32_t *counters = tk_tally_window(t, m) + from;
	uint64_t sum = t->bare[m];

	for (uint32_t i = 0; i < n; i++)
		sum += counters[i];
	return sum;
}

void tk_tally_facts(const struct tk_tally *t, struct tk_tally_facts f[TK_MEASURES])
{
	uint64_t records = t->without;

	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		f[m].count = count(t, m);
		f[m].bare = t->bare[m];
		f[m].negative = t->negative[m];
		f[m].across = t->across[m];
		if (m == TK_PROCESSING)
			records += f[m].count + f[m].negative + f[m].across;
		f[m].records = records;
		f[m].without = records - f[m].count - f[m].negative - f[m].across;
	}
}

static void empty(struct tk_tally *t, enum tk_measure m)
{
	uint32_t from, n = filled(t, m, &from);

	if (n)
		memset(tk_tally_window(t, m) + from, 0, n * sizeof(t->counters[0]));
	t->sum[m] = 0;
	t->min[m] = t->max[m] = UINT64_MAX;
	t->carries[m] = t->bare[m] = t->negative[m] = t->across[m] = 0;
	if (m == TK_PROCESSING)
		t->without = 0;
}

bool tk_tally_counted(const struct tk_tally *t, enum tk_measure m, struct tk_hist_counted *out)
{
	uint32_t from, n = filled(t, m, &from);

	if (tk_tally_empty(t, m) && !t->bare[m])
		return false;
	*out = (struct tk_hist_counted){ .counters = tk_tally_window(t, m) + from,
					 .first = t->first[m] + from,
					 .n = n,
					 .bare = t->bare[m],
					 .min = t->min[m],
					 .max = t->max[m],
					 .sum = (unsigned __int128)t->carries[m] << 64 |
						t->sum[m] };
	if (t->bare[m] && t->bare_min[m] < out->min)
		out->min = t->bare_min[m];
	if (t->bare[m] && (t->bare_max[m] > out->max || tk_tally_empty(t, m)))
		out->max = t->bare_max[m];
	return true;
}

void tk_tally_move(struct tk_tally *t, struct tk_hist *into[TK_MEASURES])
{
	struct tk_hist_counted counted;

	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		if (into[m] && tk_tally_counted(t, m, &counted))
			tk_hist_add_counted(into[m], &counted);
		empty(t, m);
	}
}

void tk_tally_remember(const struct tk_tally *t, struct tk_tally_hint *hint)
{
	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		if (tk_tally_empty(t, m))
			continue;
		hint->of[m].low_before = hint->of[m].low;
		hint->of[m].high_before = hint->of[m].high;
		hint->of[m].low = (uint8_t)(tk_hist_index(t->min[m]) / OCTAVE);
		hint->of[m].high = (uint8_t)(tk_hist_index(t->max[m]) / OCTAVE + 1);
	}
}

/* ---- memory ---- */

/* Halfway between powers of two, too: 1,000 timers at sigma 0.5 take 10 octaves, most of them. */
static size_t class_octaves(unsigned class)
{
	static const uint8_t octaves[] = { 1,  2,  4,  6,  8,  12,
					   16, 24, 32, 48, 64, TK_MEASURES * OCTAVES };

	_Static_assert(sizeof(octaves) == TK_TALLY_CLASSES, "a list of free pieces each");
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): a class is one of these */
	return octaves[class];
}

/*
 * A window is a line longer than its counters: timers of like durations would otherwise have their
 * busiest counters a power of two apart, all in the same few sets of the cache. With the line,
 * 1,000 timers aggregate 1.6 times as fast (bench/collector).
 */
static size_t class_size(unsigned class)
{
	return class == TALLIES ? sizeof(struct tk_tally)
				: class_octaves(class) * OCTAVE * sizeof(uint32_t) + LINE;
}

static unsigned class_of(size_t octaves)
{
	unsigned class = 0;

	while (class_octaves(class) < octaves)
		class ++;
	return class;
}

/* The class of a free piece for so many octaves, of at most twice as many; or of what is to be cut.
 */
static unsigned pick(const struct tk_tally_pool *p, size_t octaves)
{
	unsigned least = class_of(octaves);

	for (unsigned class = least; class < TK_TALLY_CLASSES && class <= least + 2; class ++)
		if (p->free[class])
			return class;
	return least;
}

/* Free pieces are zero but for the link at their beginning. */
static void push_free(struct tk_tally_pool *p, unsigned class, void *piece)
{
	*(void **)piece = p->free[class];
	p->free[class] = piece;
}

int tk_tally_pool_init(struct tk_tally_pool *p, size_t size)
{
	size = (size + HUGEPAGE - 1) & ~(size_t)(HUGEPAGE - 1);
	for (; size >= HUGEPAGE; size = size / 2 & ~(size_t)(HUGEPAGE - 1)) {
		/* A hugepage must be aligned to its size: keep the aligned part, unmap the rest. */
		char *area = mmap(NULL, size + HUGEPAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		size_t before = -(uintptr_t)area & (HUGEPAGE - 1);

		if (area == MAP_FAILED)
			continue;
		if (before)
			munmap(area, before);
		munmap(area + before + size, HUGEPAGE - before);
		p->arena = area + before;
		p->size = size;
		return 0;
	}
	return -ENOMEM;
}

size_t tk_tally_stocked(const struct tk_tally_pool *p)
{
	size_t to = __atomic_load_n(&p->stocked, __ATOMIC_RELAXED);

	return to > p->used ? to - p->used : 0;
}

/* Whether a piece of a class is to be had without a page fault, or by all means. */
static bool is_there(const struct tk_tally_pool *p, unsigned class)
{
	return !p->low || p->forced || p->free[class] || tk_tally_stocked(p) >= class_size(class) ||
	       p->size - p->used < class_size(class);
}

/* Where the next piece begins: what its stock makes a hugepage of is passed over. */
static size_t next_piece(const struct tk_tally_pool *p, size_t size)
{
	size_t reserved = __atomic_load_n(&p->reserved, __ATOMIC_RELAXED);
	bool in_it = p->used < reserved && p->used + size + HUGEPAGE > reserved;

	return in_it ? reserved : p->used;
}

/* What nobody has given back yet. @return NULL: there is no more. */
static void *cut(struct tk_tally_pool *p, size_t size)
{
	size_t from;
	void *piece;

	if (!p->arena && tk_tally_pool_init(p, TK_TALLY_POOL_BYTES) < 0)
		return NULL;
	from = next_piece(p, size);
	if (size > p->size - from)
		return NULL;
	piece = p->arena + from;
	__atomic_store_n(&p->used, from + size, __ATOMIC_RELAXED);
	if (p->low && tk_tally_stocked(p) < TK_STOCK_BYTES / 2)
		p->low(p->stock);
	return piece;
}

/*
 * Cut many tallies at once: they lie side by side, three lines apart. Between windows they would
 * lie an even number of lines apart, and share a few sets of the cache: 1,000 timers would take 8 %
 * longer (bench/collector).
 */
static void cut_tallies(struct tk_tally_pool *p)
{
	const size_t size = class_size(TALLIES);
	char *slab = NULL;
	size_t n = SLAB;

	while (n && !(slab = cut(p, n * size)))
		n /= 2;
	while (n--)
		push_free(p, TALLIES, slab + n * size);
}

/* @return zeroed memory of a class, or NULL. */
static void *get(struct tk_tally_pool *p, unsigned class)
{
	size_t size = class_size(class);
	void *piece;

	if (class == TALLIES && !p->free[class])
		cut_tallies(p);
	piece = p->free[class];
	if (piece) {
		p->free[class] = *(void **)piece;
		*(void **)piece = NULL;
	} else if (class != TALLIES) {
		piece = cut(p, size);
	}
	if (piece)
		p->out += size;
	else
		p->full = true;
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
		t->min[m] = t->max[m] = UINT64_MAX;
	return t;
}

static void drop_windows(struct tk_tally_pool *p, struct tk_tally *t)
{
	if (t->counters)
		put(p, t->class, t->counters);
	t->counters = NULL;
}

void tk_tally_put(struct tk_tally_pool *p, struct tk_tally *t)
{
	for (enum tk_measure m = 0; m < TK_MEASURES; m++)
		empty(t, m);
	drop_windows(p, t);
	memset(t, 0, sizeof(*t));
	p->n_tallies--;
	p->full = false;
	put(p, TALLIES, t);
}

/* The octaves of both windows. */
struct octaves {
	uint32_t low[TK_MEASURES], high[TK_MEASURES]; /* high 0: none */
};

static void include(struct octaves *o, enum tk_measure m, uint32_t low, uint32_t high)
{
	if (!high)
		return;
	o->low[m] = o->high[m] && o->low[m] < low ? o->low[m] : low;
	o->high[m] = o->high[m] > high ? o->high[m] : high;
}

#define NEAR 4u /* octaves of a window that are kept, filled or not */

/* Of a window that there is: what is filled, and NEAR octaves. The rest was over. */
static void include_window(const struct tk_tally *t, enum tk_measure m, struct octaves *o)
{
	uint32_t first = t->first[m] / OCTAVE, end = first + t->width[m] / OCTAVE;
	uint32_t filled_end = tk_tally_empty(t, m) ? 0 : tk_hist_index(t->max[m]) / OCTAVE + 1;
	uint32_t kept = filled_end > first + NEAR ? filled_end : first + NEAR;

	if (t->width[m])
		include(o, m, first, kept < end ? kept : end);
}

/* What the windows are to have: what they have, the bucket, and what the hint says. */
static void want(const struct tk_tally *t, enum tk_measure m, uint32_t bucket,
		 const struct tk_tally_hint *hint, struct octaves *o)
{
	uint32_t octave = bucket / OCTAVE;

	*o = (struct octaves){ 0 };
	for (enum tk_measure k = 0; k < TK_MEASURES; k++) {
		include_window(t, k, o);
		if (!hint)
			continue;
		include(o, k, hint->of[k].low, hint->of[k].high);
		include(o, k, hint->of[k].low_before, hint->of[k].high_before);
	}
	if (!o->high[m]) /* one below and two above: the next samples are near */
		include(o, m, octave ? octave - 1 : 0, octave + 3 < OCTAVES ? octave + 3 : OCTAVES);
	include(o, m, octave, octave + 1);
}

/* Move the counters of a measure to where its new window begins. */
static void move(const struct tk_tally *t, enum tk_measure m, uint32_t *to, uint32_t first)
{
	uint32_t from, n = filled(t, m, &from);
	uint32_t *old = tk_tally_window(t, m) + from;

	if (!n)
		return;
	memcpy(&to[t->first[m] + from - first], old, n * sizeof(*old));
	memset(old, 0, n * sizeof(*old));
}

/* Room that is over lies above, half of it of each measure that has samples: that is where outliers
 * are. */
static void give_room(struct octaves *o, size_t over)
{
	for (enum tk_measure m = 0; m < TK_MEASURES; m++) {
		bool both = o->high[TK_PROCESSING] && o->high[TK_LATENCY];
		size_t room = OCTAVES - o->high[m];
		size_t share = m == TK_PROCESSING && both ? over / 2 : over;

		if (!o->high[m])
			continue;
		share = share < room ? share : room;
		o->high[m] += (uint32_t)share;
		over -= share;
	}
}

/* @return 0; -EAGAIN: the memory is not there yet; -ENOMEM: nor will it be */
static int widen(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m, uint32_t bucket,
		 const struct tk_tally_hint *hint)
{
	uint32_t *counters, *to;
	size_t octaves;
	struct octaves o;
	unsigned class;

	want(t, m, bucket, hint, &o);
	octaves = o.high[0] - o.low[0] + o.high[1] - o.low[1];
	class = pick(p, octaves);
	if (!is_there(p, class) && tk_spill_has_room(&p->spill))
		return -EAGAIN;
	counters = to = get(p, class);
	if (!counters)
		return -ENOMEM;
	give_room(&o, class_octaves(class) - octaves);
	for (enum tk_measure k = 0; k < TK_MEASURES; k++) {
		move(t, k, to, o.low[k] * OCTAVE);
		to += (o.high[k] - o.low[k]) * OCTAVE;
	}
	drop_windows(p, t);
	t->counters = counters;
	t->class = class;
	for (int k = 0; k < TK_MEASURES; k++) {
		t->first[k] = (uint16_t)(o.low[k] * OCTAVE);
		t->width[k] = (uint16_t)((o.high[k] - o.low[k]) * OCTAVE);
	}
	for (enum tk_measure k = 0; k < TK_MEASURES; k++)
		t->bucket0[k] = (uintptr_t)tk_tally_window(t, k) - t->first[k] * sizeof(uint32_t);
	return 0;
}

static void add_bare(struct tk_tally *t, enum tk_measure m, uint64_t ticks)
{
	if (!t->bare[m] || ticks < t->bare_min[m])
		t->bare_min[m] = ticks;
	if (!t->bare[m] || ticks > t->bare_max[m])
		t->bare_max[m] = ticks;
	t->bare[m]++;
	if (__builtin_add_overflow(t->sum[m], ticks, &t->sum[m]))
		t->carries[m]++;
}

void tk_tally_add_outside(struct tk_tally_pool *p, struct tk_tally *t, enum tk_measure m,
			  uint64_t ticks, const struct tk_tally_hint *hint)
{
	const struct tk_spilled waiting = { t, hint, ticks, (uint8_t)m };
	uint32_t bucket = tk_hist_index(ticks);
	bool has = bucket - t->first[m] < t->width[m];
	int err = has ? 0 : widen(p, t, m, bucket, hint);

	if (err == -EAGAIN)
		tk_spill_put(&p->spill, &waiting);
	else if (err)
		add_bare(t, m, ticks);
	if (err)
		return;
	if (tk_tally_empty(t, m))
		t->max[m] = ticks;
	if (ticks < t->min[m])
		t->min[m] = ticks;
	if (ticks > t->max[m])
		t->max[m] = ticks;
	(void)tk_tally_add(t, m, ticks, bucket);
}

#define WINDOWS_MAX (class_size(TK_TALLY_CLASSES - 1)) /* the largest piece */

bool tk_tally_settle(struct tk_tally_pool *p, uint64_t until, bool now)
{
	size_t most = p->used + ((size_t)64 << 10) - WINDOWS_MAX;
	struct tk_spill *s = &p->spill;
	unsigned n = 0;

	p->forced = now;
	for (; n < TK_TALLY_BITE && s->taken < s->put && s->taken < until; n++) {
		struct tk_spilled w;

		if (now ? p->used > most : tk_tally_stocked(p) < WINDOWS_MAX)
			break;
		w = *tk_spill_take(s);
		if (!tk_tally_add(w.tally, w.measure, w.ticks, tk_hist_index(w.ticks)))
			tk_tally_add_outside(p, w.tally, w.measure, w.ticks, w.hint);
	}
	p->forced = false;
	return n && s->taken < s->put && s->taken < until;
}

void tk_tally_pool_free(struct tk_tally_pool *p)
{
	tk_spill_free(&p->spill);
	if (p->arena)
		munmap(p->arena, p->size);
	memset(p, 0, sizeof(*p));
}
