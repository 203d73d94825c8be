/* SPDX-License-Identifier: MIT */
/* What a round does. */
#include <string.h>

#include "tests/kill/kill.h"
#include "tests/random.h"

#define EITHER (-1)

/* Every TK_TEST_POINT() in ring/ and producer/; passings are as many as a short life has. */
const struct point points[] = {
	{ "push.claimed", PRODUCER, false, EITHER, 3000 },
	{ "push.stored", PRODUCER, false, 0, 3000 },
	{ "push.counted", PRODUCER, false, 0, 3000 },
	{ "turn.published", PRODUCER, false, 0, 20 },
	{ "enqueue.pushed", PRODUCER, false, 1, 3000 },
	{ "enqueue.dropped", PRODUCER, false, 1, 3000 },
	{ "enqueue.counted", PRODUCER, false, 1, 3000 },
	{ "enqueue.published", PRODUCER, false, 1, 3000 },
	{ "leave.published", PRODUCER, false, EITHER, 6 },
	{ "leave.free", PRODUCER, false, EITHER, 6 },
	{ "join.owner", PRODUCER, false, EITHER, 8 },
	{ "join.open", PRODUCER, false, EITHER, 8 },
	{ "join.counted", PRODUCER, false, EITHER, 8 },
	{ "join.repaired", PRODUCER, false, 1, 8 },
	{ "lane.file", PRODUCER, false, EITHER, 2 },
	{ "lane.slots", PRODUCER, false, EITHER, 2 },
	{ "lane.queue", PRODUCER, false, EITHER, 2 },
	{ "lane.magic", PRODUCER, false, EITHER, 2 },
	{ "lane.filled", PRODUCER, false, EITHER, 2 },
	{ "lane.counted", PRODUCER, false, EITHER, 2 },
	{ "presence.made", PRODUCER, false, EITHER, 1 },
	{ "segment.dir", PRODUCER, false, EITHER, 1 },
	{ "segment.control", PRODUCER, false, EITHER, 1 },
	{ "segment.head", PRODUCER, false, EITHER, 1 },
	{ "segment.locked", PRODUCER, false, EITHER, 1 },
	{ "segment.held", PRODUCER, false, EITHER, 1 },
	{ "segment.magic", PRODUCER, false, EITHER, 1 },
	{ "segment.filled", PRODUCER, false, EITHER, 1 },
	{ "segment.open", PRODUCER, false, EITHER, 1 },
	{ "memory.created", PRODUCER, false, EITHER, 6 },
	{ "memory.sized", PRODUCER, false, EITHER, 6 },
	{ "timer.named", PRODUCER, false, EITHER, TIMERS },
	{ "timer.counted", PRODUCER, false, EITHER, TIMERS },
	{ "close.lane", PRODUCER, true, EITHER, 2 },
	{ "retire.records", PRODUCER, true, EITHER, SEGMENTS - 1 },
	{ "retire.closed", PRODUCER, true, EITHER, SEGMENTS - 1 },
	{ "retire.unlocked", PRODUCER, true, EITHER, SEGMENTS - 1 },
	{ "unread.sized", PRODUCER, true, EITHER, 1 },
	{ "unread.made", PRODUCER, true, EITHER, 1 },
	{ "unread.records", PRODUCER, true, EITHER, 1 },
	{ "unread.added", PRODUCER, true, EITHER, 1 },
	{ "remove.file", PRODUCER | CLEANER, true, EITHER, 6 },
	{ "remove.emptied", PRODUCER | CLEANER, true, EITHER, 1 },
	{ "presence.entered", COLLECTOR, false, EITHER, 1 },
	{ "attach.dir", COLLECTOR, false, EITHER, 1 },
	{ "attach.head", COLLECTOR, false, EITHER, 1 },
	{ "attach.read", COLLECTOR, false, EITHER, 1 },
	{ "attach.lane", COLLECTOR, false, EITHER, 2 },
	{ "attach.slots", COLLECTOR, false, EITHER, 2 },
	{ "attach.locked", COLLECTOR, false, 1, 1 },
	{ "queue.begun", COLLECTOR, false, 1, 2 },
	{ "queue.taking", COLLECTOR, false, 1, 200 },
	{ "queue.copied", COLLECTOR, false, 1, 200 },
	{ "queue.taken", COLLECTOR, false, 1, 200 },
};
const int n_points = sizeof(points) / sizeof(points[0]);

uint32_t below(uint64_t *r, uint32_t n)
{
	return (uint32_t)random_below(r, n);
}

static int choose_point(uint64_t *r, unsigned who, bool queue)
{
	int i;

	do
		i = (int)below(r, (uint32_t)n_points);
	while (!(points[i].who & who) || points[i].queue == !queue);
	return i;
}

/* Mostly soon; at times after a while. */
static uint32_t some_time(uint64_t *r)
{
	return below(r, below(r, 8) ? 1500 : 6000);
}

static bool is_at(const struct plan *p, const char *kind)
{
	return p->point >= 0 && !strncmp(points[p->point].name, kind, strlen(kind));
}

struct plan plan_of(uint64_t seed, uint64_t round)
{
	uint64_t r = seed * 0x2545f4914f6cdd1d + round;
	struct plan p = { .round = round, .point = -1, .cleaner_point = -1 };

	p.salt = (uint32_t)random64(&r) & 0xff;
	p.queue = below(&r, 5) < 2;
	p.who = below(&r, 3) ? PRODUCER : COLLECTOR;
	p.deed = below(&r, 2) ? KILL : (enum deed)below(&r, DEEDS);
	if (below(&r, 3)) {
		p.point = choose_point(&r, p.who, p.queue);
		p.passing = 1 + below(&r, points[p.point].passings);
	}
	p.delay_us = some_time(&r);
	p.stopped_us = some_time(&r) / 4;
	p.after_us = some_time(&r) / 4;
	if (below(&r, 8) == 0)
		p.cleaner_point = choose_point(&r, CLEANER, p.queue);
	p.slots = 256u << below(&r, 5);
	p.threads = 1 + below(&r, THREADS - 1);
	p.handlers = below(&r, 4) == 0;
	p.joins = below(&r, 2);
	p.reopens = below(&r, 4) == 0 || (p.point >= 0 && points[p.point].reopens);
	p.keeps = below(&r, 2) && !(p.point >= 0 && points[p.point].reopens);
	p.newest = below(&r, 2);
	p.programs = below(&r, 32) == 0;
	p.random = random64(&r);
	p.present = below(&r, 2) || is_at(&p, "presence.") || is_at(&p, "unread.");
	p.too_much = below(&r, 4) == 0 || is_at(&p, "unread.");
	p.removes = below(&r, 2);
	return p;
}
