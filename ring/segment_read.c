/* SPDX-License-Identifier: MIT */
#include "ring/segment_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ring/guard.h"
#include "ring/memory.h"
#include "ring/queue_read.h"
#include "ring/test_point.h"

#define FLOOR_MAX 1000000u /* ticks: no empty span takes longer */

/* The <uid> of TK_SHARED_PLACE/TK_PLACE_PREFIX<uid>; -1: another path. */
static int64_t uid_of_place(const char *path)
{
	static const char prefix[] = TK_SHARED_PLACE "/" TK_PLACE_PREFIX;
	const char *uid = path + sizeof(prefix) - 1;

	if (strncmp(path, prefix, sizeof(prefix) - 1) || !uid[0] || strlen(uid) > 10 ||
	    uid[strspn(uid, "0123456789")])
		return -1;
	return strtoll(uid, NULL, 10);
}

/* Any user can make directories where those of all users are: the name says whose it should be. It
 * is no mount point either; others may be, for they were asked for by name. */
static int open_place(const char *path, bool *others)
{
	int64_t uid = uid_of_place(path);
	struct stat st;
	int shared, fd;

	*others = false;
	if (uid < 0)
		return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	shared = open(TK_SHARED_PLACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (shared < 0)
		return -1;
	fd = tk_place_open(shared, strrchr(path, '/') + 1, O_RDONLY | O_DIRECTORY);
	close(shared);
	*others = fd >= 0 && (fstat(fd, &st) || st.st_uid != uid);
	return fd;
}

int tk_segments_open(const char *path, char why[TK_WHY_MAX])
{
	bool others;
	int fd = open_place(path, &others);
	struct stat st;

	if (fd < 0)
		return tk_fail(why, errno, "%.150s: %s", path, strerror(errno));
	if (others) {
		close(fd);
		return tk_fail(
			why, EPERM,
			"%.150s: it belongs to another user than its name says, so it is not "
			"trusted",
			path);
	}
	if (fstat(fd, &st) || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return tk_fail(why, EPERM, "%.150s: others may write into it, so it is not trusted",
			       path);
	}
	return fd;
}

static const char *reason(int error)
{
	if (error == EXDEV)
		return "something else is mounted on it";
	return error == ENOTDIR || error == ELOOP ? "it is not a directory" : strerror(error);
}

/* A regular file of the segment's owner. access: O_RDONLY, O_WRONLY or O_RDWR. It is found first
 * (O_PATH) and opened only once it is known to be that: opening a device acts on it. */
static int open_file(int dirfd, const char *name, int access, uid_t uid, struct stat *st,
		     char why[TK_WHY_MAX])
{
	int found = tk_place_open(dirfd, name, O_PATH), fd;
	char path[32];

	*st = (struct stat){ 0 };
	if (found < 0)
		return tk_fail(why, errno, "%s: %s", name, reason(errno));
	if (fstat(found, st) || !S_ISREG(st->st_mode) || st->st_uid != uid) {
		close(found);
		return tk_fail(why, EBADMSG, "%s is not a regular file of the segment's owner",
			       name);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, access | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = tk_fail(why, errno, "%s: %s", name, strerror(errno));
	close(found);
	return fd;
}

static int read_exactly(int fd, void *to, size_t size, off_t at)
{
	ssize_t n = pread(fd, to, size, at);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

static int check_head(const struct tk_segment_head *h, uid_t uid, char why[TK_WHY_MAX])
{
	if (h->magic == 0 || h->state == TK_SEGMENT_MAKING)
		return tk_fail(why, EAGAIN, "it is still being made");
	if (h->magic != TK_SEGMENT_MAGIC)
		return tk_fail(why, EBADMSG, "it is not a segment (no magic number in `head`)");
	if (h->version != TK_SEGMENT_VERSION)
		return tk_fail(
			why, EPROTO,
			"its format is version %u and this program reads version %u: use the "
			"timekeeper that came with the watched program's library",
			h->version, TK_SEGMENT_VERSION);
	if (h->max_timers == 0 || h->max_timers > TK_TIMERS_MAX || h->max_lanes == 0 ||
	    h->max_lanes > TK_LANES_MAX || h->n_timers > h->max_timers ||
	    h->n_lanes > h->max_lanes || h->clock > TK_CLOCK_MONOTONIC ||
	    h->state > TK_SEGMENT_CLOSED || h->uid != uid ||
	    memchr(h->boot_id, 0, sizeof(h->boot_id)) == NULL ||
	    memchr(h->app, 0, sizeof(h->app)) == NULL || !tk_name_valid(h->app))
		return tk_fail(why, EBADMSG, "its head is corrupt (a field is out of range)");
	for (unsigned i = 0; i < TK_STAMPS; i++) {
		if (h->floor[i] > FLOOR_MAX)
			return tk_fail(why, EBADMSG, "its head is corrupt (an empty span's cost)");
	}
	return 0;
}

/* Names and stamp modes of timers [from, to), checked; what may not be shown is renamed. */
static int read_timers(struct tk_segment *s, uint32_t from, uint32_t to, char why[TK_WHY_MAX])
{
	int ret = read_exactly(s->headfd, &s->timers[from], (to - from) * sizeof(s->timers[0]),
			       (off_t)(TK_SEGMENT_TIMERS + from * sizeof(s->timers[0])));

	if (ret)
		return tk_fail(why, EBADMSG, "its table of timers is truncated");
	for (uint32_t i = from; i < to; i++) {
		struct tk_segment_timer *t = &s->timers[i];

		if (!memchr(t->name, 0, sizeof(t->name)) || !tk_name_valid(t->name))
			snprintf(t->name, sizeof(t->name), "(unprintable #%u)", i);
		if (t->stamp >= TK_STAMPS)
			t->stamp = TK_STAMP_HAND;
	}
	return 0;
}

static int check_lane(const struct tk_segment *s, const struct tk_lane_head *h, uint32_t index,
		      char why[TK_WHY_MAX])
{
	if (h->magic != TK_LANE_MAGIC || h->version != TK_SEGMENT_VERSION || h->index != index ||
	    h->slots < TK_LANE_SLOTS_MIN || h->slots > TK_LANE_SLOTS_MAX ||
	    (h->slots & (h->slots - 1)) || h->max_timers != s->info.max_timers ||
	    h->pages > TK_PAGES_HUGETLB || h->discipline > TK_DISCIPLINE_RTE)
		return tk_fail(why, EBADMSG, "lane %u is corrupt (a field is out of range)", index);
	return 0;
}

static int open_slots(const struct tk_segment *s, const struct tk_lane_head *h, int access,
		      struct stat *st, char why[TK_WHY_MAX])
{
	char name[TK_PLACE_NAME_MAX];
	int fd;

	if (h->pages != TK_PAGES_HUGETLB) {
		tk_place_slots(name, h->index);
		return open_file(s->dirfd, name, access, s->info.uid, st, why);
	}
	tk_place_huge(name, s->name, h->index);
	fd = tk_memory_huge_open(name, s->info.uid, access);
	if (fd < 0)
		return tk_fail(why, -fd, "lane %u: its hugepages: %s", h->index, strerror(-fd));
	if (fstat(fd, st) || !S_ISREG(st->st_mode) || st->st_uid != s->info.uid) {
		close(fd);
		return tk_fail(why, EBADMSG, "lane %u: its hugepages are not a file", h->index);
	}
	return fd;
}

static void *map_guarded(struct tk_segment *s, int fd, size_t size, int prot)
{
	void *addr = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return NULL;
	if (tk_guard_add(addr, size, &s->bad)) {
		munmap(addr, size);
		errno = ENOSPC;
		return NULL;
	}
	return addr;
}

static void unmap_guarded(const void *addr, size_t size)
{
	if (!addr)
		return;
	tk_guard_remove(addr);
	munmap((void *)(uintptr_t)addr, size);
}

/* Whether the slots' file is as long as it says, and not sparse: reading would fill it in at our
 * expense. */
static bool whole(const struct tk_lane_head *h, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, bare = h->slots * sizeof(struct tk_slot);

	if (h->pages != TK_PAGES_HUGETLB && (uint64_t)st->st_blocks * 512 < size)
		return false;
	if (h->discipline == TK_DISCIPLINE_BROADCAST)
		return size == bare;
	return size > bare && size - bare <= TK_HUGEPAGE;
}

/* A queue has one reader at a time. The lock belongs to the descriptor, so it ends with its holder,
 * however that ends, and holds against another reader in the same process. */
static bool lock_queue(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool is_free(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static int open_queue(const struct tk_segment *s, struct tk_segment_lane *lane, struct stat *st,
		      char why[TK_WHY_MAX])
{
	int fd = open_slots(s, &lane->info, O_RDWR, st, why);

	if (fd >= 0 && !lock_queue(fd)) {
		lane->queue_fd = fd;
		return tk_fail(why, EBUSY,
			       "lane %u is a queue (rte), and another collector reads it: left out "
			       "until that one ends",
			       lane->info.index);
	}
	TK_TEST_POINT("attach.locked");
	return fd;
}

static int check_slots(const struct tk_lane_head *h, const struct stat *st, char why[TK_WHY_MAX])
{
	if (!whole(h, st))
		return tk_fail(why, EBADMSG, "lane %u: its slots are truncated or sparse",
			       h->index);
	if (h->discipline != TK_DISCIPLINE_BROADCAST && !tk_queue_valid(h, (uint64_t)st->st_size))
		return tk_fail(why, EBADMSG,
			       "lane %u is corrupt (its queue is not where it says, or not of "
			       "records of %zu bytes)",
			       h->index, sizeof(struct tk_slot));
	return 0;
}

static int map_slots(struct tk_segment *s, struct tk_segment_lane *lane, char why[TK_WHY_MAX])
{
	const struct tk_lane_head *h = &lane->info;
	bool queue = h->discipline != TK_DISCIPLINE_BROADCAST;
	bool takes = queue && !s->looks;
	struct stat st = { 0 };
	int fd, ret;

	fd = takes ? open_queue(s, lane, &st, why) : open_slots(s, h, O_RDONLY, &st, why);
	if (fd == -EACCES && queue)
		return tk_fail(why, EACCES,
			       "lane %u is a queue (rte), which only its owner may read", h->index);
	if (fd < 0)
		return fd;
	lane->slots_size = (size_t)st.st_size;
	ret = check_slots(h, &st, why);
	if (!ret) {
		lane->slots = map_guarded(s, fd, lane->slots_size,
					  takes ? PROT_READ | PROT_WRITE : PROT_READ);
		if (!lane->slots)
			ret = tk_fail(why, errno, "lane %u cannot be mapped: %s", h->index,
				      strerror(errno));
	}
	TK_TEST_POINT("attach.slots");
	if (takes && !ret)
		lane->queue_fd = fd;
	else
		close(fd);
	if (!ret && queue)
		tk_queue_reader_init(&lane->reader, lane->slots, lane->head, h,
				     takes ? s->from : TK_LANE_LOOK);
	else if (!ret)
		tk_lane_reader_init(&lane->reader, lane->slots, lane->head, h->slots, s->from);
	return ret;
}

static int attach_lane(struct tk_segment *s, uint32_t index, char why[TK_WHY_MAX])
{
	struct tk_segment_lane *lane = &s->lanes[index];
	char name[TK_PLACE_NAME_MAX];
	struct stat st = { 0 };
	int fd, ret;

	memset(lane, 0, sizeof(*lane));
	lane->queue_fd = -1;
	tk_place_lane(name, index);
	fd = open_file(s->dirfd, name, O_RDONLY, s->info.uid, &st, why);
	if (fd < 0)
		return fd;
	lane->head_size = tk_place_lane_size(s->info.max_timers);
	ret = read_exactly(fd, &lane->info, sizeof(lane->info), 0);
	if (ret || (uint64_t)st.st_size != lane->head_size)
		ret = tk_fail(why, EBADMSG, "lane %u is truncated", index);
	if (!ret)
		ret = check_lane(s, &lane->info, index, why);
	if (!ret) {
		lane->head = map_guarded(s, fd, lane->head_size, PROT_READ);
		if (!lane->head)
			ret = tk_fail(why, errno, "lane %u cannot be mapped: %s", index,
				      strerror(errno));
	}
	close(fd);
	TK_TEST_POINT("attach.lane");
	if (!ret)
		ret = map_slots(s, lane, why);
	if (ret) {
		unmap_guarded(lane->head, lane->head_size);
		lane->head = NULL;
	}
	return ret;
}

/* Those that another reader let go of, and those found corrupt. */
static void look_after_queues(struct tk_segment *s, char why[TK_WHY_MAX])
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_segment_lane *lane = &s->lanes[i];

		if (!lane->head && lane->queue_fd >= 0 && is_free(lane->queue_fd)) {
			int ret;

			close(lane->queue_fd);
			ret = attach_lane(s, i, why);
			if (ret == -EBUSY || ret == -ENOENT)
				why[0] = '\0'; /* was said; or closed, and removed, meanwhile */
		}
		if (lane->reader.queue.corrupt && !lane->told) {
			lane->told = true;
			(void)tk_fail(
				why, EBADMSG,
				"lane %u is corrupt (its queue says it holds more than it can): "
				"left alone from now on",
				i);
		}
	}
}

int tk_segment_refresh(struct tk_segment *s, char why[TK_WHY_MAX])
{
	struct tk_segment_head h;
	uint32_t timers = s->info.n_timers;

	why[0] = '\0';
	if (s->bad)
		return tk_fail(why, EBADMSG, "it was truncated while it was being read");
	if (read_exactly(s->headfd, &h, sizeof(h), 0))
		return tk_fail(why, EBADMSG, "its head was truncated");
	if (check_head(&h, s->info.uid, why))
		return -EBADMSG;
	if (h.max_timers != s->info.max_timers || h.max_lanes != s->info.max_lanes ||
	    h.n_timers < timers || h.n_lanes < s->n_lanes)
		return tk_fail(why, EBADMSG, "its tables shrank");
	s->info = h;
	s->info.n_timers = timers;
	if (h.n_timers > timers) {
		if (read_timers(s, timers, h.n_timers, why))
			return -EBADMSG;
		s->info.n_timers = h.n_timers;
	}
	if (s->n_queues)
		look_after_queues(s, why);
	while (s->n_lanes < h.n_lanes) {
		/* One that cannot be had stays empty, its head NULL. */
		(void)attach_lane(s, s->n_lanes, why);
		s->n_queues += s->lanes[s->n_lanes].queue_fd >= 0;
		s->n_lanes++;
	}
	return 0;
}

/* Descriptors and the head; tables and lanes come by the first refresh. */
static int open_segment(struct tk_segment *s, int dirfd, char why[TK_WHY_MAX])
{
	struct stat place, dir, st = { 0 };
	int ret;

	s->dirfd = tk_place_open(dirfd, s->name, O_RDONLY | O_DIRECTORY);
	if (s->dirfd < 0)
		return tk_fail(why, errno, "%s", reason(errno));
	TK_TEST_POINT("attach.dir");
	if (fstat(dirfd, &place) || fstat(s->dirfd, &dir) || place.st_uid != dir.st_uid)
		return tk_fail(why, EPERM, "it belongs to another user than its directory");
	s->headfd = open_file(s->dirfd, "head", O_RDONLY, dir.st_uid, &st, why);
	if (s->headfd < 0)
		return s->headfd;
	TK_TEST_POINT("attach.head");
	if (st.st_size == 0)
		return tk_fail(why, EAGAIN, "it is still being made");
	if (read_exactly(s->headfd, &s->info, sizeof(s->info), 0))
		return tk_fail(why, EBADMSG, "it is not a segment (`head` is too short)");
	TK_TEST_POINT("attach.read");
	ret = check_head(&s->info, dir.st_uid, why);
	if (ret)
		return ret;
	if ((uint64_t)st.st_size != tk_place_head_size(s->info.max_timers))
		return tk_fail(why, EBADMSG, "its head is truncated");
	s->timers = calloc(s->info.max_timers, sizeof(s->timers[0]));
	s->lanes = calloc(s->info.max_lanes, sizeof(s->lanes[0]));
	if (!s->timers || !s->lanes)
		return tk_fail(why, ENOMEM, "out of memory");
	s->info.n_timers = 0;
	return 0;
}

/* As an app's name, only longer. */
static bool may_be_shown(const char *name)
{
	char part[TK_NAME_MAX + 1];

	while (*name) {
		size_t n = strnlen(name, TK_NAME_MAX);

		/* Cut between characters. */
		while (n && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
		memcpy(part, name, n);
		part[n] = '\0';
		if (!tk_name_valid(part))
			return false;
		name += n;
	}
	return true;
}

/*
 * Whether a segment is this process's own, to open whose head and close it again would drop its lock.
 * The pid in its name may be that of a process in another pid namespace (containers' first processes
 * are all 1), so what is mapped here decides; where that cannot be read, the name.
 */
static bool is_own(int dirfd, const char *name)
{
	FILE *maps = tk_place_pid(name) == getpid() ? fopen("/proc/self/maps", "re") : NULL;
	char path[TK_PLACE_NAME_MAX], line[4400];
	unsigned major, minor;
	unsigned long ino;
	struct stat st;
	bool own = false;

	if (!maps)
		return tk_place_pid(name) == getpid();
	snprintf(path, sizeof(path), "%s/head", name);
	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		while (!own && fgets(line, sizeof(line), maps))
			own = sscanf(line, "%*s %*s %*s %x:%x %lu", &major, &minor, &ino) == 3 &&
			      makedev(major, minor) == st.st_dev && ino == st.st_ino;
	fclose(maps);
	return own;
}

/* Its process died while it made it, or removed it: who only looks sees it dead and empty. */
static void look_at_abandoned(struct tk_segment *s, char why[TK_WHY_MAX])
{
	memset(&s->info, 0, sizeof(s->info));
	s->info.pid = (uint32_t)tk_place_pid(s->name);
	why[0] = '\0';
}

struct tk_segment *tk_segment_attach(int dirfd, const char *name, enum tk_lane_from from,
				     char why[TK_WHY_MAX])
{
	struct tk_segment *s;
	int ret;

	if (name[0] == '.' || strchr(name, '/') || strlen(name) > TK_SEGMENT_NAME_MAX ||
	    !may_be_shown(name)) {
		(void)tk_fail(why, EBADMSG, "its name is not a segment's");
		errno = EBADMSG;
		return NULL;
	}
	if (is_own(dirfd, name)) {
		(void)tk_fail(why, EBUSY, "it is this process's own");
		errno = EBUSY;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		(void)tk_fail(why, ENOMEM, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	memcpy(s->name, name, strlen(name) + 1);
	s->dirfd = s->headfd = -1;
	s->from = from;
	s->looks = from == TK_LANE_LOOK;
	ret = open_segment(s, dirfd, why);
	if (!ret) {
		ret = tk_segment_refresh(s, why);
	} else if (s->looks && (ret == -EAGAIN || ret == -ENOENT) && s->dirfd >= 0 &&
		   tk_owner_abandoned(s->dirfd, s->headfd, s->name)) {
		look_at_abandoned(s, why);
		ret = 0;
	}
	if (ret) {
		tk_segment_detach(s);
		errno = -ret;
		return NULL;
	}
	s->from = TK_LANE_FIRST; /* lanes that appear from now on are new */
	return s;
}

void tk_segment_detach(struct tk_segment *s)
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_segment_lane *lane = &s->lanes[i];

		unmap_guarded(lane->slots, lane->slots_size);
		unmap_guarded(lane->head, lane->head_size);
		if (lane->queue_fd >= 0)
			close(lane->queue_fd);
	}
	if (s->headfd >= 0)
		close(s->headfd);
	if (s->dirfd >= 0)
		close(s->dirfd);
	free(s->lanes);
	free(s->timers);
	free(s);
}

int tk_segment_open_control(const struct tk_segment *s, int access)
{
	char why[TK_WHY_MAX];
	struct stat st;

	return open_file(s->dirfd, "control", access, s->info.uid, &st, why);
}

void tk_segment_disabled(const struct tk_segment *s, uint8_t *disabled)
{
	int fd = tk_segment_open_control(s, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : pread(fd, disabled, s->info.n_timers, 0);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		n = 0;
	memset(disabled + n, 0, s->info.n_timers - (size_t)n);
}

enum tk_owner tk_segment_owner(const struct tk_segment *s)
{
	return tk_owner_of(s->headfd, &s->info);
}

int tk_segment_remove(const struct tk_segment *s, int dirfd)
{
	return tk_place_remove_open(dirfd, s->dirfd, s->name);
}
