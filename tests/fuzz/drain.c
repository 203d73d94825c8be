/* SPDX-License-Identifier: MIT */
/*
 * A lane in memory, written and read in any order: pushes, claims that nobody finishes, reads,
 * ends, and a writer that scribbles over it. With -DTEST_RTE a queue.
 *
 * Until something is scribbled, every record that is delivered was pushed, and none comes twice; in
 * the end everything that was pushed is delivered or lost. From then on, what reader.h says.
 */
#include "tests/fuzz/reader.h"
#include "tests/ring/lane_in_memory.h"

#define SLOTS   256u
#define NUMBERS 65536u /* more than an input can push */

static struct lane_in_memory lane;
static struct tk_lane_head info; /* as it was when it was made: what attaching would have checked */
static struct tk_lane_reader reader;
static uint8_t seen[NUMBERS]; /* by number */
static bool honest;           /* nothing is scribbled */
/* Nothing is where a queue keeps its geometry, which its writer believes (SECURITY.md). */
static bool writable;

static void check_record(const struct tk_slot *record)
{
	uint64_t n = lane_number(record);

	if (!honest)
		return;
	/* What a queue dropped before this reader counts as before it, though records are older. */
	REQUIRE(n >= (IS_QUEUE ? SLOTS : reader.first) && n < lane_next(&lane) && n < NUMBERS);
	REQUIRE(seen[n]++ == 0);
}

static void begin_reading(unsigned from)
{
	enum tk_lane_from where = from % 2 ? TK_LANE_OLDEST : TK_LANE_NEWEST;

	if (IS_QUEUE)
		tk_queue_reader_init(&reader, lane.queue, lane.head, &info, where);
	else
		tk_lane_reader_init(&reader, lane.slots, lane.head, SLOTS, where);
	memset(seen, 0, sizeof(seen));
	REQUIRE(!honest || (reader.first >= SLOTS && reader.first <= lane_next(&lane)));
}

/* A push that was interrupted: of number n only one half is there, or both, but late. */
static void store_late(uint64_t n, unsigned what)
{
	struct lane_in_memory other = lane;
	struct tk_slot *s = &lane.slots[n % SLOTS], old = *s;
	uint64_t published = lane.head->published;

	other.writer.head = n << TK_HEAD_SHIFT;
	lane_push_numbered(&other);
	lane.head->published = published;
	if (what % 4 == 1)
		memcpy(&s->w[0], &old.w[0], 16);
	else if (what % 4 == 2)
		memcpy(&s->w[2], &old.w[2], 16);
}

static void interrupt(unsigned what)
{
	static uint64_t claimed;

	if (IS_QUEUE)
		return;
	if (what & 0x10 && claimed >= SLOTS && claimed < lane_next(&lane))
		store_late(claimed, what);
	else
		claimed = tk_lane_claim(&lane.writer) >> TK_HEAD_SHIFT;
}

/* Bytes anywhere, or what a reader believes. */
static void scribble(struct fuzz_input *in, unsigned what)
{
	size_t size = TK_LANE_COUNTS + 4096 + lane_slots_size(SLOTS), at, n;
	uint32_t *tag;

	honest = false;
	switch (what % 4) {
	case 0:
		lane.head->published += (uint64_t)(int64_t)(int16_t)fuzz_number(in, 2);
		break;
	case 1:
		lane.head->published = fuzz_number(in, 8);
		break;
	case 2:
		at = IS_QUEUE ? info.queue.prod_tail : (size_t)(fuzz_number(in, 1) * 32 + 12);
		tag = (uint32_t *)(void *)((char *)lane.queue + at);
		*tag += (uint32_t)fuzz_number(in, 2) - 0x8000u;
		break;
	default:
		writable = !IS_QUEUE;
		at = fuzz_number(in, 2) % size;
		n = fuzz_number(in, 1) % 64;
		n = n < in->left ? n : in->left;
		n = n < size - at ? n : size - at;
		memcpy((char *)lane.head + at, in->at, n);
		in->at += n;
		in->left -= n;
	}
}

static void step(struct fuzz_input *in)
{
	uint8_t what = (uint8_t)fuzz_number(in, 1);
	uint64_t counts[LANE_TIMERS];

	switch (what >> 5) {
	case 0:
	case 1: /* 1 to 64 */
		for (unsigned i = 0; writable && i <= what && lane_next(&lane) < NUMBERS - SLOTS;
		     i++)
			lane_push_numbered(&lane);
		break;
	case 2:
		interrupt(what);
		break;
	case 3:
		scribble(in, what);
		break;
	case 4:
		tk_lane_reader_end(&reader);
		break;
	case 5:
		tk_lane_reader_resume(&reader);
		break;
	case 6:
		tk_lane_counts(&reader, counts, LANE_TIMERS);
		if (what % 8 == 0)
			begin_reading(what >> 3);
		break;
	default:
		fuzz_reader_read(&reader, check_record);
	}
	fuzz_reader_sums(&reader);
}

/* Whoever reads on to the end of a writer that died has every number, but for claims at the very
 * end that stored nothing. */
static void settle(void)
{
	uint64_t pushed;

	tk_lane_reader_resume(&reader);
	tk_lane_reader_end(&reader);
	fuzz_reader_read(&reader, check_record);
	REQUIRE(reader.n_pending == 0 || reader.queue.corrupt);
	REQUIRE(reader.next == reader.end || reader.queue.corrupt);
	if (!honest)
		return;
	pushed = reader.delivered + reader.lost;
	REQUIRE(reader.first + pushed <= lane_next(&lane));
	for (uint64_t n = reader.first + pushed; n < lane_next(&lane); n++)
		REQUIRE(!IS_QUEUE && lane_number(&lane.slots[n % SLOTS]) != n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	honest = writable = true;
	lane_make(&lane, SLOTS);
	info = *lane.head;
	begin_reading(0);
	while (in.left)
		step(&in);
	settle();
	lane_free(&lane);
	return 0;
}
