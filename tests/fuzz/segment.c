/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/guard.h"
#include "ring/segment_write.h"
#include "ring/timekeeper-rte.h"
#include "tests/ring/lane_in_memory.h"

#define SLOTS    256u
#define TIMERS   4u
#define WRITE    192u
#define TRUNCATE 240u
#define SPARSE   252u
#define LARGEST  16384u

static int dir = -1; /* of segments */
static struct {
	const char *name;
	int fd;
	size_t size;
	bool spoilt;
	char whole[LARGEST];
} file[] = { { .name = "head" },    { .name = "control" }, { .name = "lane.0" },
	     { .name = "slots.0" }, { .name = "lane.1" },  { .name = "slots.1" } };

#define FILES (sizeof(file) / sizeof(file[0]))

enum { HEAD, CONTROL, LANE_0, SLOTS_0, LANE_1, SLOTS_1 };

/* clang-format off */
#define OF(file, type, member) { file, offsetof(type, member), sizeof(((type *)0)->member) }
#define OF_HEAD(member)        OF(HEAD, struct tk_segment_head, member)
#define OF_LANES(member)       OF(LANE_0, struct tk_lane_head, member), \
			       OF(LANE_1, struct tk_lane_head, member)
#define TIMER_1                (TK_SEGMENT_TIMERS + sizeof(struct tk_segment_timer))

/* Most of what a reader believes, or must not. */
static const struct {
	size_t file, at, size;
} field[] = {
	OF_HEAD(magic), OF_HEAD(version), OF_HEAD(clock), OF_HEAD(max_timers), OF_HEAD(max_lanes),
	OF_HEAD(pid), OF_HEAD(uid), OF_HEAD(start_time), OF_HEAD(boot_id), OF_HEAD(app),
	OF_HEAD(floor), OF_HEAD(n_timers), OF_HEAD(n_lanes), OF_HEAD(state),
	{ HEAD, TIMER_1, TK_NAME_MAX + 1 }, { HEAD, TIMER_1 + TK_NAME_MAX + 1, sizeof(uint32_t) },
	OF_LANES(magic), OF_LANES(index), OF_LANES(slots), OF_LANES(max_timers), OF_LANES(pages),
	OF_LANES(discipline), OF_LANES(queue), OF_LANES(published), OF_LANES(n_owners),
	OF_LANES(dropped),
	{ LANE_0, TK_LANE_COUNTS, 4 * sizeof(uint64_t) },
	{ LANE_1, TK_LANE_COUNTS, 4 * sizeof(uint64_t) },
};
/* clang-format on */

#define FIELDS (sizeof(field) / sizeof(field[0]))

_Static_assert(WRITE + FIELDS <= TRUNCATE, "a byte says which");

/* More than fit, so that it has gone round. */
static void fill_ring(const struct tk_lane_memory *m)
{
	struct lane_in_memory lane = { .head = m->head, .slots = m->slots, .size = SLOTS };

	lane_writer(&lane, &lane.writer, SLOTS);
	for (unsigned i = 0; i < SLOTS + 100; i++)
		lane_push_numbered(&lane);
}

static void fill_queue(const struct tk_lane_memory *m)
{
	struct tk_slot record = { { 1, 0, 0, 0 } };

	for (uint16_t i = 0; i < 100; i++) {
		record.w[1] = tk_record_meta(i % TIMERS, 0, i % TK_KINDS);
		record.w[2] = (uint64_t)i << 16;
		tk_rte.push(m->slots, &record);
		m->head->published++;
	}
	m->head->dropped = 3;
}

/* The name and the owner are made the same in every run. */
static void make_anonymous(struct tk_segment_writer *s, const char *place)
{
	char from[PATH_MAX + 128], to[PATH_MAX];

	s->head->pid = 1;
	s->head->start_time = tk_process_start(1);
	snprintf(from, sizeof(from), "%s/%s", place, s->name);
	snprintf(to, sizeof(to), "%s/%s", place, FUZZ_SEGMENT);
	REQUIRE(rename(from, to) == 0);
}

static void keep(size_t i)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", FUZZ_SEGMENT, file[i].name);
	file[i].fd = openat(dir, path, O_RDWR | O_CLOEXEC);
	REQUIRE(file[i].fd >= 0 && fstat(file[i].fd, &st) == 0);
	file[i].size = (size_t)st.st_size;
	REQUIRE(file[i].size <= LARGEST);
	REQUIRE(pread(file[i].fd, file[i].whole, LARGEST, 0) == st.st_size);
}

static void make(void)
{
	struct tk_segment_options o = { .app = "app", .max_timers = LANE_TIMERS, .max_lanes = 4 };
	struct tk_lane_memory ring, queue;
	struct tk_segment_writer s;
	char why[TK_WHY_MAX], timer[16];

	REQUIRE(tk_guard_install() == 0);
	setenv("TIMEKEEPER_DIR", fuzz_place(), 1);
	REQUIRE(tk_segment_create(&s, &o, why) == 0);
	for (unsigned i = 0; i < TIMERS; i++) {
		snprintf(timer, sizeof(timer), "timer-%u", i);
		if (i % 3 == 2)
			tk_segment_put_values(&s, timer, i % TK_STAMPS, i % 2 ? "bytes" : "");
		else
			tk_segment_put_timer(&s, timer, i % TK_STAMPS);
	}
	REQUIRE(tk_segment_put_lane(&s, SLOTS, &tk_broadcast, -1, &ring, why) == 0);
	REQUIRE(tk_segment_put_lane(&s, SLOTS, &tk_rte, -1, &queue, why) == 0);
	fill_ring(&ring);
	fill_queue(&queue);
	make_anonymous(&s, fuzz_place());
	tk_segment_forget(&s);
	dir = open(fuzz_place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < FILES; i++)
		keep(i);
}

int fuzz_segment_mend(void)
{
	if (dir < 0)
		make();
	file[FILES - 1].spoilt = true; /* a queue's reader writes to it */
	for (size_t i = 0; i < FILES; i++) {
		if (!file[i].spoilt)
			continue;
		REQUIRE(pwrite(file[i].fd, file[i].whole, file[i].size, 0) ==
				(ssize_t)file[i].size &&
			ftruncate(file[i].fd, (off_t)file[i].size) == 0);
		file[i].spoilt = false;
	}
	return dir;
}

static void put(size_t i, size_t at, size_t most, struct fuzz_input *in)
{
	size_t n = most < in->left ? most : in->left;

	file[i].spoilt = true;
	REQUIRE(pwrite(file[i].fd, in->at, n, (off_t)at) == (ssize_t)n);
	in->at += n;
	in->left -= n;
}

void fuzz_segment_spoil(struct fuzz_input *in)
{
	unsigned what = (unsigned)fuzz_number(in, 1);
	size_t i = what % FILES, at;

	if (what < WRITE) {
		at = fuzz_number(in, 2) % (file[i].size + 1);
		put(i, at, fuzz_number(in, 1) % 64, in);
	} else if (what < TRUNCATE) {
		i = (what - WRITE) % FIELDS;
		put(field[i].file, field[i].at, field[i].size, in);
	} else {
		at = fuzz_number(in, 2);
		file[i].spoilt = true;
		REQUIRE(ftruncate(file[i].fd, (off_t)(what >= SPARSE ? at << 24 : at)) == 0);
	}
}
