/* SPDX-License-Identifier: MIT */
/*
 * A reader that is there all the time: reader DIRECTORY
 *
 * Attaches to every segment at its oldest record, reads each to its owner's end, and holds every
 * lane to the promise of ring/lane_read.h at every turn. At SIGTERM it reads on until no owner
 * lives, and says of each app "read APP DELIVERED LOST", and of each lane that got past 2^32 or
 * 2^40 "crossed".
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ring/segment_read.h"

#define SEGMENTS 64
#define APPS     16
#define WATCH_MS 20 /* between two looks at what is there and who lives */
#define END_MS   60000

static struct tk_segment *segments[SEGMENTS];
static struct {
	char name[TK_NAME_MAX + 1];
	uint64_t delivered, lost;
} apps[APPS];
static volatile sig_atomic_t stop;
static int failures;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void complain(const struct tk_segment *s, const char *what)
{
	if (failures++ < 20)
		printf("wrong %s: %s\n", s->name, what);
}

static bool is_known(const char *name)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		if (segments[i] && !strcmp(segments[i]->name, name))
			return true;
	return false;
}

static void attach(int dirfd, const char *name)
{
	char why[TK_WHY_MAX] = "";

	for (unsigned i = 0; i < SEGMENTS; i++) {
		if (segments[i])
			continue;
		/* One that is being made, or was let go of and is not removed yet, is not for
		 * us. */
		segments[i] = tk_segment_attach(dirfd, name, TK_LANE_OLDEST, why);
		if (segments[i] && tk_segment_owner(segments[i]) != TK_OWNER_ALIVE) {
			tk_segment_detach(segments[i]);
			segments[i] = NULL;
		}
		return;
	}
}

static void look_for_more(DIR *dir)
{
	struct dirent *entry;

	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_known(entry->d_name))
			attach(dirfd(dir), entry->d_name);
}

static void read_lane(const struct tk_segment *s, struct tk_lane_reader *r)
{
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t left = r->size / TK_LANE_CHUNK;
	size_t n;

	while ((tk_lane_read(r, out, &n) || n) && left--)
		for (size_t i = 0; i < n; i++)
			if (tk_slot_timer(&out[i]) >= s->info.n_timers)
				complain(s, "a record of no timer");
	if (r->next - r->first != r->delivered + r->lost + r->n_pending)
		complain(s, "read is not delivered + lost");
}

static void say_crossed(const struct tk_segment *s, uint32_t lane)
{
	const struct tk_lane_reader *r = &s->lanes[lane].reader;

	for (unsigned bit = 32; bit <= 40; bit += 8)
		if (r->first < UINT64_C(1) << bit && r->next > UINT64_C(1) << bit)
			printf("crossed 2^%u %s lane %u\n", bit, s->info.app, lane);
}

static void settle(const struct tk_segment *s)
{
	unsigned a = 0;

	while (apps[a].name[0] && strcmp(apps[a].name, s->info.app) && a < APPS - 1)
		a++;
	strcpy(apps[a].name, s->info.app);
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		const struct tk_lane_reader *r = &s->lanes[i].reader;

		if (!s->lanes[i].head) /* removed before it was seen; nobody waited for us then */
			continue;
		if (r->next != r->end || r->n_pending)
			complain(s, "not read to the end");
		apps[a].delivered += r->delivered;
		apps[a].lost += r->lost;
		say_crossed(s, i);
	}
}

/* @return whether it is read to its owner's end. */
static bool look_after(struct tk_segment *s)
{
	enum tk_owner owner = tk_segment_owner(s);
	char why[TK_WHY_MAX];

	if (tk_segment_refresh(s, why))
		complain(s, why);
	if (owner != TK_OWNER_DEAD && owner != TK_OWNER_CLOSED &&
	    s->info.state != TK_SEGMENT_CLOSED)
		return false;
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_lane_reader *r = &s->lanes[i].reader;
		struct tk_slot out[TK_LANE_CHUNK];
		size_t n;

		if (!s->lanes[i].head)
			continue;
		tk_lane_reader_end(r);
		while (tk_lane_read(r, out, &n) || n)
			;
	}
	return true;
}

/* @return how many are there. */
static unsigned watch(DIR *dir)
{
	unsigned n = 0;

	look_for_more(dir);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		if (segments[i] && look_after(segments[i])) {
			settle(segments[i]);
			tk_segment_detach(segments[i]);
			segments[i] = NULL;
		}
		n += segments[i] != NULL;
	}
	return n;
}

static void read_all(void)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		for (uint32_t k = 0; segments[i] && k < segments[i]->n_lanes; k++)
			if (segments[i]->lanes[k].head)
				read_lane(segments[i], &segments[i]->lanes[k].reader);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	const struct timespec ms = { 0, 1000000 };
	char why[TK_WHY_MAX] = "";
	unsigned there = 1, after = 0;
	DIR *dir;

	sigaction(SIGTERM, &action, NULL);
	dir = argc == 2 ? fdopendir(tk_segments_open(argv[1], why)) : NULL;
	if (!dir) {
		fprintf(stderr, "reader: %s\n", why);
		return 2;
	}
	for (unsigned turn = 0; !stop || (there && after < END_MS); turn++) {
		if (turn % WATCH_MS == 0)
			there = watch(dir);
		read_all();
		after += stop != 0;
		nanosleep(&ms, NULL);
	}
	closedir(dir);
	for (unsigned i = 0; i < APPS && apps[i].name[0]; i++)
		printf("read %s %" PRIu64 " %" PRIu64 "\n", apps[i].name, apps[i].delivered,
		       apps[i].lost);
	if (there)
		printf("wrong: %u owners have not ended\n", there);
	return failures || there;
}
