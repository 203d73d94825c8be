/* SPDX-License-Identifier: MIT */
/*
 * Attaching to a spoilt segment, and reading one that is spoilt under the reader's feet.
 *
 *	u8	how many patches before it is attached, and from where it is read
 *	...	those (segment.h)
 *	then steps until the end of the input: u8 what, and what it takes
 */
#include <errno.h>
#include <string.h>

#include "ring/segment_read.h"
#include "tests/fuzz/reader.h"
#include "tests/fuzz/segment.h"

static void check_tables(const struct tk_segment *s)
{
	REQUIRE(s->info.n_timers <= s->info.max_timers && s->n_lanes <= s->info.max_lanes);
	REQUIRE(s->info.max_timers <= TK_TIMERS_MAX && s->info.max_lanes <= TK_LANES_MAX);
	REQUIRE(fuzz_is_reason(s->info.app, sizeof(s->info.app)));
	for (uint32_t i = 0; i < s->info.n_timers; i++) {
		REQUIRE(fuzz_is_reason(s->timers[i].name, sizeof(s->timers[i].name)));
		REQUIRE(s->timers[i].stamp < TK_STAMPS);
	}
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct tk_segment_lane *l = &s->lanes[i];

		if (!l->head)
			continue;
		REQUIRE(l->reader.size >= TK_LANE_SLOTS_MIN && l->reader.size <= TK_LANE_SLOTS_MAX);
		REQUIRE((l->reader.size & (l->reader.size - 1)) == 0);
		REQUIRE((const char *)l->reader.slots >= (const char *)l->slots);
		REQUIRE((const char *)(l->reader.slots + l->reader.size) <=
			(const char *)l->slots + l->slots_size);
	}
}

static void look(const struct tk_segment *s)
{
	uint8_t disabled[TK_TIMERS_MAX];

	REQUIRE(tk_segment_owner(s) <= TK_OWNER_UNKNOWN);
	tk_segment_disabled(s, disabled);
	for (uint32_t i = 0; i < s->info.n_timers; i++)
		REQUIRE(disabled[i] == disabled[i]); /* for a sanitizer that knows what is unset */
}

static void read_lane(struct tk_segment *s, uint32_t what)
{
	static uint64_t counts[TK_TIMERS_MAX];
	struct tk_lane_reader *r;

	if (!s->n_lanes || !s->lanes[what % s->n_lanes].head)
		return;
	r = &s->lanes[what % s->n_lanes].reader;
	if (what & 0x10)
		tk_lane_reader_end(r);
	if (what & 0x20)
		tk_lane_reader_resume(r);
	if (what & 0x40)
		tk_lane_counts(r, counts, s->info.n_timers);
	fuzz_reader_read(r, NULL);
}

/* @return false: the segment is to be let go of */
static bool step(struct tk_segment *s, struct fuzz_input *in)
{
	uint32_t what = (uint32_t)fuzz_number(in, 1);
	char why[TK_WHY_MAX];

	if (what & 0x80) {
		read_lane(s, what);
	} else if (what & 0x40) {
		fuzz_segment_spoil(in);
	} else if (what & 0x20) {
		look(s);
	} else if (tk_segment_refresh(s, why) < 0) {
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
		return false;
	} else {
		REQUIRE(!why[0] || fuzz_is_reason(why, sizeof(why)));
		check_tables(s);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned first = (unsigned)fuzz_number(&in, 1), patches = first % 8;
	int dir = fuzz_segment_mend(), descriptor = fuzz_free_descriptor();
	char why[TK_WHY_MAX] = "";
	struct tk_segment *s;

	for (unsigned i = 0; i < patches; i++)
		fuzz_segment_spoil(&in);
	errno = 0;
	s = tk_segment_attach(dir, FUZZ_SEGMENT, (enum tk_lane_from)(first / 8 % 3), why);
	if (s) {
		check_tables(s);
		while (in.left && step(s, &in))
			;
		tk_segment_detach(s);
	} else {
		REQUIRE(patches && errno > 0);
		REQUIRE(fuzz_is_reason(why, sizeof(why)));
	}
	REQUIRE(fuzz_free_descriptor() == descriptor);
	return 0;
}
