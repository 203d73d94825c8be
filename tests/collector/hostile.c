/* SPDX-License-Identifier: MIT */
/*
 * A program that is watched and means harm: hostile HOW
 *
 * It opens a segment, records a little, says so on standard output, waits for a byte or the end of
 * its standard input, and then spoils its own shared memory until it is killed:
 *
 *	slots	random records, their tags mostly those that a reader waits for
 *	lanes	random heads, counts and owners of lanes
 *	head	random fields and timers' names (with control characters) in `head`
 *	all	all of that
 *	shrink-slots, shrink-lane, shrink-head	truncates that file under its readers, then waits
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "producer/timekeeper.h"
#include "ring/lane.h"
#include "ring/record.h"
#include "ring/segment.h"
#include "tests/random.h"

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	return random64(&seed);
}

#define RECORDS 100000
#define TIMERS  16

struct file {
	uint8_t *at;
	size_t size;
};

/* Our segment's directory: the only one of our pid. */
static int open_segment(void)
{
	const char *place = getenv("TIMEKEEPER_DIR");
	DIR *d = place ? opendir(place) : NULL;
	char mine[32];
	struct dirent *e;
	int fd = -1;

	snprintf(mine, sizeof(mine), "hostile.%d.", getpid());
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, mine, strlen(mine)))
			fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY);
	return fd;
}

/* Left open: closing `head` would drop the lock by which we count as alive. */
static struct file map(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR);
	struct stat st;
	struct file f = { NULL, 0 };

	if (fd < 0 || fstat(fd, &st))
		return f;
	f.size = (size_t)st.st_size;
	f.at = mmap(NULL, f.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f.at == MAP_FAILED)
		f.at = NULL;
	return f;
}

/* The tag of a lap that the reader may be in, and now and then any. */
static uint32_t tag(void)
{
	uint64_t r = next_random();

	if (r % 16 == 0)
		return (uint32_t)(r >> 32);
	return (uint32_t)((TK_SLOTS_DEFAULT >> 8) + (r >> 8) % 2048);
}

static void spoil_slots(const struct file *f)
{
	struct tk_slot *slots = (struct tk_slot *)f->at;
	uint64_t from = next_random() % (f->size / sizeof(*slots));
	uint32_t t = tag();

	for (uint64_t i = from; i < from + 512 && i < f->size / sizeof(*slots); i++) {
		if (next_random() % 8 == 0)
			t = tag();
		slots[i].w[0] = next_random();
		slots[i].w[1] = (uint64_t)t << 32 | (next_random() & 0xffffffff);
		slots[i].w[2] = next_random();
		slots[i].w[3] = next_random() << 32 | (next_random() % 64 ? t : tag());
	}
}

static void spoil(const struct file *f, size_t from)
{
	static const char control[] = "\x1b[2J\x9b"
				      "31m\xc2\x9b\n\r\a";
	size_t at = from + next_random() % (f->size - from);

	if (next_random() % 2)
		f->at[at] = (uint8_t)next_random();
	else if (at + sizeof(control) < f->size)
		memcpy(f->at + at, control, sizeof(control));
}

/* Within the heads, so that they are read as what they are, if not as what they should be. */
static void spoil_head(const struct file *f)
{
	struct tk_segment_head *h = (struct tk_segment_head *)f->at;

	spoil(f, TK_SEGMENT_TIMERS);
	h->refused_records = next_random();
	h->refused_lanes = (uint32_t)next_random();
	if (next_random() % 1024 == 0)
		h->n_timers = (uint32_t)(next_random() % 1024);
	if (next_random() % 1000000 == 0)
		h->n_lanes = (uint32_t)next_random();
}

static void spoil_lane(const struct file *f)
{
	struct tk_lane_head *h = (struct tk_lane_head *)f->at;

	spoil(f, offsetof(struct tk_lane_head, state));
	h->published = next_random() >> next_random() % 64;
	h->n_owners = (uint32_t)next_random();
}

static void shrink(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR);

	if (fd < 0 || ftruncate(fd, 0))
		_exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";
	bool all = !strcmp(how, "all");
	struct file head, lane, slots;
	tk_timer_t timer[TIMERS];
	char name[32];
	int dir;

	if (argc != 2 || tk_open("hostile", NULL) < 0)
		return 1;
	for (int i = 0; i < TIMERS; i++) {
		snprintf(name, sizeof(name), "harm-%02d", i);
		timer[i] = tk_timer(name);
	}
	for (int i = 0; i < RECORDS; i++)
		tk_stop(timer[i % TIMERS], tk_start(timer[i % TIMERS]));
	tk_flush();
	dir = open_segment();
	head = map(dir, "head");
	lane = map(dir, "lane.0");
	slots = map(dir, "slots.0");
	if (!head.at || !lane.at || !slots.at)
		return 1;
	puts("ready");
	fflush(stdout);
	(void)getchar();
	if (!strcmp(how, "shrink-slots"))
		shrink(dir, "slots.0");
	if (!strcmp(how, "shrink-lane"))
		shrink(dir, "lane.0");
	if (!strcmp(how, "shrink-head"))
		shrink(dir, "head");
	for (;;) {
		if (all || !strcmp(how, "slots"))
			spoil_slots(&slots);
		if (all || !strcmp(how, "lanes"))
			spoil_lane(&lane);
		if (all || !strcmp(how, "head"))
			spoil_head(&head);
	}
}
