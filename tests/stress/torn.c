/* SPDX-License-Identifier: MIT */
/*
 * Could a torn record be seen, and would it be noticed? Beside a writer that laps a small ring all
 * the time, a control that believes the first half's tag alone must find records whose halves do
 * not belong together; the real reader must find none.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ring/lane_in_memory.h"

#define ENOUGH 100u

/* Copies slots from wherever the writer is, checking half A only. */
static uint64_t control(const struct lane_in_memory *lane, uint64_t tries)
{
	uint64_t torn = 0;

	for (uint64_t i = 0; i < tries && torn < ENOUGH; i++) {
		const struct tk_slot *slot = &lane->slots[i & (lane->size - 1)];
		__m128i a = _mm_load_si128((const __m128i *)&slot->w[0]);
		__m128i b;
		struct tk_slot s;

		__asm__ volatile("" : : : "memory");
		b = _mm_load_si128((const __m128i *)&slot->w[2]);
		_mm_store_si128((__m128i *)&s.w[0], a);
		_mm_store_si128((__m128i *)&s.w[2], b);
		torn += s.w[0] && lane_number(&s) == 0;
	}
	return torn;
}

static uint64_t both_tags(const struct lane_in_memory *lane, uint64_t tries, uint64_t *delivered)
{
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader r;
	uint64_t torn = 0;
	size_t n;

	tk_lane_reader_init(&r, lane->slots, lane->head, lane->size, TK_LANE_NEWEST);
	while (tries--) {
		tk_lane_read(&r, out, &n);
		for (size_t i = 0; i < n; i++)
			torn += lane_number(&out[i]) == 0;
	}
	*delivered = r.delivered;
	return torn;
}

int main(void)
{
	struct lane_in_memory lane;
	uint64_t in_control, torn, delivered;
	pid_t writer;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skipped: tearing needs a second cpu\n");
		return 77;
	}
	lane_make(&lane, 256);
	writer = fork();
	if (writer == 0)
		for (;;)
			lane_push_numbered(&lane);
	in_control = control(&lane, UINT64_C(2000000000));
	torn = both_tags(&lane, 1000000, &delivered);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	printf("%s: the control tore %lu times\n", in_control ? "ok" : "not ok", in_control);
	printf("%s: with both tags, %lu of %lu tore\n", torn || !delivered ? "not ok" : "ok", torn,
	       delivered);
	return in_control && !torn && delivered ? 0 : 1;
}
