/* SPDX-License-Identifier: MIT */
/*
 * What a reader gets of the calling process's own segment. A process does not attach to its own,
 * so a child does, and hands everything over in shared memory.
 */
#ifndef TK_TESTS_READ_BACK_H
#define TK_TESTS_READ_BACK_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/segment_read.h"

#define READ_BACK_MAX 100000u

struct read_back {
	int segments; /* of that pid; -1: the reader failed */
	enum tk_owner owner;
	struct tk_segment_head head;
	struct tk_segment_timer timers[4096];
	struct tk_lane_head lanes[16];
	uint32_t n_lanes;
	uint64_t delivered, lost;
	uint32_t n;
	struct tk_record records[READ_BACK_MAX];
	uint64_t counted; /* sum of the lanes' counts */
};

static inline void read_back_segment(struct tk_segment *s, struct read_back *b)
{
	static uint64_t counts[TK_TIMERS_MAX];

	b->owner = tk_segment_owner(s);
	b->head = s->info;
	memcpy(b->timers, s->timers,
	       sizeof(b->timers[0]) * (s->info.n_timers < 4096 ? s->info.n_timers : 4096));
	b->n_lanes = s->n_lanes;
	for (uint32_t i = 0; i < s->n_lanes && i < 16; i++) {
		struct tk_lane_reader *r = &s->lanes[i].reader;
		struct tk_slot out[TK_LANE_CHUNK];
		size_t n;

		b->lanes[i] = *s->lanes[i].head;
		while (tk_lane_read(r, out, &n) || n) {
			for (size_t j = 0; j < n && b->n < READ_BACK_MAX; j++)
				b->records[b->n++] = tk_slot_record(&out[j]);
		}
		b->delivered += r->delivered;
		b->lost += r->lost;
		(void)tk_lane_counts(r, counts, s->info.max_timers);
		for (uint32_t j = 0; j < s->info.max_timers; j++)
			b->counted += counts[j];
	}
}

/* The next name of a segment of that process. */
static inline const char *next_of(DIR *dir, pid_t pid)
{
	const struct dirent *entry;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), ".%d.", pid);
	while (dir && (entry = readdir(dir)))
		if (strstr(entry->d_name, wanted))
			return entry->d_name;
	return NULL;
}

/* A reader of the segment of another process. */
static inline struct tk_segment *attach_to(int dirfd, pid_t pid, enum tk_lane_from from,
					   char why[TK_WHY_MAX])
{
	DIR *dir = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const char *name = next_of(dir, pid);
	struct tk_segment *s = name ? tk_segment_attach(dirfd, name, from, why) : NULL;

	if (dir)
		closedir(dir);
	return s;
}

static inline void read_back_child(pid_t pid, const char *where, struct read_back *b)
{
	char why[TK_WHY_MAX];
	int fd = tk_segments_open(where, why);
	DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));
	const char *name;

	while ((name = next_of(dir, pid))) {
		struct tk_segment *s = tk_segment_attach(fd, name, TK_LANE_OLDEST, why);

		if (!s)
			_exit(1);
		b->segments++;
		read_back_segment(s, b);
	}
	_exit(dir ? 0 : 1);
}

/* The newest state of the segment of process `pid`. */
static inline struct read_back *read_back(pid_t pid, const char *where)
{
	struct read_back *b =
		mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	if (b == MAP_FAILED)
		abort();
	child = fork();
	if (child == 0)
		read_back_child(pid, where, b);
	if (waitpid(child, &status, 0) != child || status)
		b->segments = -1;
	return b;
}

#endif
