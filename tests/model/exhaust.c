/* SPDX-License-Identifier: MIT */
/*
 * What the model abstracts from, on the real C: arithmetic of indices, tags and packing, for all
 * values where there are few, and for all around every edge where there are many. The other tests
 * of ring/ take examples of these.
 */
#include <stdio.h>

#include "tests/ring/lane_in_memory.h"

/* Numbers around which something wraps: 32-bit numbers, signed and unsigned 32-bit tags, and both
 * again a turn later. */
static const uint64_t wraps[] = { UINT64_C(1) << 32, UINT64_C(1) << 39, UINT64_C(1) << 40,
				  UINT64_C(3) << 39, UINT64_C(1) << 41, UINT64_C(1) << 48 };
#define WRAPS (sizeof(wraps) / sizeof(wraps[0]))

static unsigned count, bad;

static void report(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
	bad += !good;
}

/* Everything a lane holds once `next` numbers were pushed, published but for the last
 * `unpublished`. */
static void fill(struct lane_in_memory *l, uint64_t next, uint64_t unpublished)
{
	lane_writer(l, &l->writer, next - l->size);
	for (uint64_t i = 0; i < l->size; i++)
		lane_push_numbered(l);
	l->head->published = next - unpublished;
}

/* Read what there is. @return whether it is `expected` records in order, the last before `last`,
 * the reader is then at `end`, and the sums hold. */
static bool read_to(struct tk_lane_reader *r, uint64_t last, uint64_t end, uint64_t expected)
{
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t number = last - expected;
	size_t n;

	while (tk_lane_read(r, out, &n) || n)
		for (size_t i = 0; i < n; i++)
			if (lane_number(&out[i]) != number++)
				return false;
	return number == last && r->next == end && r->n_pending == 0 && r->delivered == expected &&
	       r->delivered + r->lost == end - r->first;
}

/* ---- tags ---- */

/* A slot whose halves say `a` and `b` further than the tag of n, all others a lap older than n. */
static void say(struct lane_in_memory *l, uint64_t n, uint32_t a, uint32_t b)
{
	struct tk_slot *s = &l->slots[n & (l->size - 1)];

	s->w[1] = (uint64_t)(tk_tag(n) + a) << 32 | (uint32_t)s->w[1];
	s->w[3] = (s->w[3] & ~UINT64_C(0xffffffff)) | (uint32_t)(tk_tag(n) + b);
}

static bool is_newer(uint32_t ahead)
{
	return ahead != 0 && ahead < UINT32_C(1) << 31;
}

static bool compares(struct lane_in_memory *l, uint64_t n, uint32_t a, uint32_t b)
{
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader r;
	size_t taken;

	lane_reader(l, &r, TK_LANE_NEWEST);
	r.first = r.next = n;
	say(l, n, a, b);
	tk_lane_read(&r, out, &taken);
	if (a == 0 && b == 0)
		return taken == 1 && r.next == n + 1 && r.lost == 0;
	if (is_newer(a) || is_newer(b))
		return taken == 0 && r.next > n && r.lost == r.next - n;
	return taken == 0 && r.next == n;
}

/* Every distance of either half, near and on the far side of the circle of 32 bits. */
static bool tags_compare(void)
{
	struct lane_in_memory l;
	bool good = true;

	lane_make(&l, 256);
	for (unsigned k = 0; k < WRAPS; k++) {
		for (uint64_t n = wraps[k] - 3 * 256; n <= wraps[k] + 3 * 256; n += 128) {
			fill(&l, n, 0);
			for (uint32_t a = 0; a < 32; a++)
				for (uint32_t b = 0; b < 32; b++)
					good &= compares(&l, n, (a >> 4 << 31) + (a & 15) - 8,
							 (b >> 4 << 31) + (b & 15) - 8);
		}
	}
	lane_free(&l);
	return good;
}

/* ---- indices ---- */

/* A reader that was left behind by any distance, as the head tells it. */
static bool behind(struct lane_in_memory *l, uint64_t next, uint64_t distance)
{
	uint64_t size = l->size;
	struct tk_lane_reader r;

	lane_reader(l, &r, TK_LANE_NEWEST);
	r.first = r.next = r.published = next - distance;
	tk_lane_reader_sync(&r);
	return read_to(&r, next, next, distance <= size ? distance : size - size / 8);
}

/* All up to four laps; then all within a lap of what tags cannot tell from it. */
static bool readers_wake(uint64_t size)
{
	struct lane_in_memory l;
	bool good = true;

	lane_make(&l, size);
	for (unsigned k = 0; k < WRAPS; k++) {
		uint64_t next = wraps[k] + size / 2;

		fill(&l, next, 0);
		for (uint64_t d = 0; d <= 4 * size; d++)
			good &= behind(&l, next, d);
		for (unsigned j = 0; wraps[j] < wraps[k]; j++)
			for (uint64_t d = wraps[j] - size; d <= wraps[j] + size; d++)
				good &= behind(&l, next, d);
	}
	lane_free(&l);
	return good;
}

/* As if the last push had stored half B or half A only. */
static void take_half(struct lane_in_memory *l, bool first)
{
	uint64_t n = lane_next(l) - 1;
	uint32_t older = 0 - tk_tag(l->size);

	say(l, n, first ? older : 0, first ? 0 : older);
}

/* A dead writer, wherever in the lane it was, however long ago it had published, in the middle of
 * its last push or after it. */
static bool ends_are_found(uint64_t size)
{
	struct tk_lane_reader r;
	struct lane_in_memory l;
	bool good = true;

	lane_make(&l, size);
	for (unsigned k = 0; k < WRAPS; k++) {
		for (uint64_t next = wraps[k] - size / 2; next < wraps[k] + size / 2; next++) {
			uint64_t lag = 1 + next % (size / 4); /* each, at several places */
			uint64_t half = next % 3;

			fill(&l, next, lag);
			if (half)
				take_half(&l, half == 1);
			lane_reader(&l, &r, TK_LANE_OLDEST);
			tk_lane_reader_end(&r);
			good &= r.end == next &&
				read_to(&r, next - (half > 0), next, size - (half > 0));
		}
	}
	lane_free(&l);
	return good;
}

/* ---- packing ---- */

static int64_t clamp(int64_t t)
{
	return t > TK_TICKS_MAX ? TK_TICKS_MAX : t < TK_TICKS_NONE ? -TK_TICKS_MAX : t;
}

/* Within two of every power of two, of either sign: each way a carry or a sign can go. */
#define EDGES (64u * 5u * 2u)

static int64_t edge(unsigned i)
{
	uint64_t t = (UINT64_C(1) << (i / 10)) + i / 2 % 5 - 2;

	return (int64_t)(i & 1 ? -t : t);
}

static bool ticks_are_kept(void)
{
	struct lane_in_memory l;
	bool good = true;

	lane_make(&l, 256);
	for (unsigned i = 0; i < EDGES; i++) {
		for (unsigned j = 0; j < EDGES; j++) {
			const struct tk_slot *s = &l.slots[lane_next(&l) & 255];
			uint32_t tag = tk_tag(lane_next(&l));

			tk_lane_push(&l.writer, 0, 1, edge(i), edge(j));
			good &= tk_slot_duration(s) == clamp(edge(i)) &&
				tk_slot_since_origin(s) == clamp(edge(j)) && s->w[1] >> 32 == tag &&
				(uint32_t)s->w[3] == tag;
		}
	}
	lane_free(&l);
	return good;
}

/* Every timer, kind and cpu there is, a timer at a time with all kinds and two cpus. */
static bool meta_is_kept(void)
{
	struct tk_slot s = { .w = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
	bool good = true;

	for (uint32_t i = 0; i < UINT32_C(1) << 20; i++) {
		uint16_t timer = (uint16_t)(i >> 4);
		uint32_t kind = i & 15, cpu = (i >> 4) % 4096;

		for (uint32_t c = 0; c < 2; c++, cpu = 4095 - cpu) {
			uint32_t meta = tk_record_meta(timer, cpu, kind);
			struct tk_record r;

			s.w[1] = UINT64_C(0xffffffff) << 32 | meta;
			r = tk_slot_record(&s);
			good &= r.timer == timer && r.kind == kind && r.cpu == cpu &&
				tk_slot_timer(&s) == timer && tk_slot_kind(&s) == kind &&
				tk_meta_timer(meta) == timer && tk_meta_kind(meta) == kind;
		}
	}
	return good;
}

/* Of a field of so many bits: within two of both ends, and each single bit. */
#define FIELD_EDGES(bits) (5u + (bits))

static uint64_t field_edge(unsigned i, unsigned bits)
{
	return (i < 5 ? i - 2 : UINT64_C(1) << (i - 5)) & (UINT64_MAX >> (64 - bits));
}

static bool is_kept(struct lane_in_memory *l, const struct tk_record *r)
{
	uint64_t n = lane_next(l);
	const struct tk_slot *s = &l->slots[n & (l->size - 1)];
	struct tk_record got;

	l->writer.counts = (uint64_t *)((char *)l->head + TK_LANE_COUNTS) - r->timer;
	tk_lane_push(&l->writer, tk_record_meta(r->timer, r->cpu, r->kind), r->start, r->duration,
		     r->since_origin);
	got = tk_slot_record(s);
	return got.start == r->start && got.duration == clamp(r->duration) &&
	       got.since_origin == clamp(r->since_origin) && got.timer == r->timer &&
	       got.cpu == r->cpu && got.kind == r->kind && s->w[1] >> 32 == tk_tag(n) &&
	       (uint32_t)s->w[3] == tk_tag(n);
}

/* No field runs into another: all of a record's at an edge or a single bit, two at a time beside
 * the differences, while tags go round. */
static bool fields_are_apart(void)
{
	struct lane_in_memory l;
	bool good = true;

	lane_make(&l, 256);
	lane_writer(&l, &l.writer, (UINT64_C(1) << 40) - 100000);
	for (unsigned d = 0; d < FIELD_EDGES(48); d++)
		for (unsigned o = 0; o < FIELD_EDGES(48); o++)
			for (unsigned t = 0; t < FIELD_EDGES(16); t++)
				for (unsigned c = 0; c < FIELD_EDGES(12); c++) {
					struct tk_record r = {
						.start = field_edge((t + c * 17) % FIELD_EDGES(64),
								    64),
						.duration =
							(int64_t)(field_edge(d, 48) << 16) >> 16,
						.since_origin =
							(int64_t)(field_edge(o, 48) << 16) >> 16,
						.timer = (uint16_t)field_edge(t, 16),
						.cpu = (uint16_t)field_edge(c, 12),
						.kind = (d + o + t + c) & 15,
					};

					good &= is_kept(&l, &r);
				}
	lane_free(&l);
	return good;
}

/* How often the head is published, whatever a lane's size: a power of two, within a quarter of a
 * lap, as number_of() in ring/lane_read.c relies on. */
static bool turns_are_within_a_quarter(void)
{
	bool good = true;

	for (uint64_t slots = TK_LANE_SLOTS_MIN; slots <= TK_LANE_SLOTS_MAX; slots *= 2) {
		uint64_t every = tk_lane_turn_every(slots);

		good &= every >= TK_LANE_CHUNK && every <= slots / 4 && !(every & (every - 1));
	}
	return good;
}

int main(void)
{
	report(tags_compare(), "tags, every distance around equal and opposite, in either half");
	report(readers_wake(256), "256 slots: a reader behind by any distance");
	report(readers_wake(1024), "1,024 slots: a reader behind by any distance");
	report(ends_are_found(256), "256 slots: the end, wherever the writer died");
	report(ends_are_found(1024), "1,024 slots: the end, wherever the writer died");
	report(ticks_are_kept(), "differences around every power of two");
	report(meta_is_kept(), "every timer and kind");
	report(fields_are_apart(),
	       "every field at its edges, and each of its bits, beside the others");
	report(turns_are_within_a_quarter(), "turns, in lanes of every size");
	printf("1..%u\n", count);
	return bad != 0;
}
