/* SPDX-License-Identifier: MIT */
#include "ring/lane_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring/guard.h"
#include "ring/lane_read.h"
#include "ring/lock.h"
#include "ring/memory.h"
#include "ring/place_read.h"
#include "ring/queue_read.h"
#include "ring/test_point.h"

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
		return tk_place_open_file(s->dirfd, name, access, s->uid, st, why);
	}
	tk_place_huge(name, s->name, h->index);
	fd = tk_memory_huge_open(name, s->uid, access);
	if (fd < 0)
		return tk_fail(why, -fd, "lane %u: its hugepages: %s", h->index, strerror(-fd));
	if (fstat(fd, st) || !S_ISREG(st->st_mode) || st->st_uid != s->uid) {
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

/* Whether the slots' file is as long as it says and not sparse: reading a sparse one would allocate
 * its memory at our expense. */
static bool whole(const struct tk_lane_head *h, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, bare = h->slots * sizeof(struct tk_slot);

	if (h->pages != TK_PAGES_HUGETLB && (uint64_t)st->st_blocks * 512 < size)
		return false;
	if (h->discipline == TK_DISCIPLINE_BROADCAST)
		return size == bare;
	return size > bare && size - bare <= TK_HUGEPAGE;
}

/* A queue has one reader at a time. The lock ends with its holder, however that ends, and holds
 * against another reader in the same process, too (ring/lock.h). */
static bool lock_queue(int fd)
{
	return tk_lock_take(fd, F_WRLCK, 0, 0) == 0;
}

static bool is_free(int fd)
{
	return !tk_lock_is_taken(fd, F_WRLCK, 0, 0);
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
	lane->slots_dev = st.st_dev;
	lane->slots_ino = st.st_ino;
	ret = check_slots(h, &st, why);
	if (!ret) {
		lane->slots = map_guarded(s, fd, lane->slots_size,
					  takes ? PROT_READ | PROT_WRITE : PROT_READ);
		if (!lane->slots)
			ret = tk_fail(why, errno, "lane %u cannot be mapped: %s", h->index,
				      strerror(errno));
	}
	TK_TEST_POINT("attach.slots");
	close(fd); /* the mapping keeps a queue's lock */
	if (!ret && queue)
		tk_queue_reader_init(&lane->reader, lane->slots, lane->head, h,
				     takes ? lane->from : TK_LANE_LOOK);
	else if (!ret)
		tk_lane_reader_init(&lane->reader, lane->slots, lane->head, h->slots, lane->from);
	return ret;
}

int tk_lane_attach(struct tk_segment *s, uint32_t index, enum tk_lane_from from,
		   char why[TK_WHY_MAX])
{
	struct tk_segment_lane *lane = &s->lanes[index];
	char name[TK_PLACE_NAME_MAX];
	struct stat st = { 0 };
	int fd, ret;

	memset(lane, 0, sizeof(*lane));
	lane->queue_fd = -1;
	lane->from = from;
	tk_place_lane(name, index);
	fd = tk_place_open_file(s->dirfd, name, O_RDONLY, s->uid, &st, why);
	if (fd < 0)
		return fd;
	lane->head_size = tk_place_lane_size(s->info.max_timers);
	ret = tk_place_read(fd, &lane->info, sizeof(lane->info), 0);
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

void tk_lane_detach(struct tk_segment_lane *lane)
{
	unmap_guarded(lane->slots, lane->slots_size);
	unmap_guarded(lane->head, lane->head_size);
	if (lane->queue_fd >= 0)
		close(lane->queue_fd);
}

void tk_lane_look_after_queues(struct tk_segment *s, char why[TK_WHY_MAX])
{
	for (uint32_t i = 0; i < s->n_lanes; i++) {
		struct tk_segment_lane *lane = &s->lanes[i];

		if (!lane->head && lane->queue_fd >= 0 && is_free(lane->queue_fd)) {
			int ret;

			close(lane->queue_fd);
			ret = tk_lane_attach(s, i, lane->from, why);
			if (ret == -EBUSY || ret == -ENOENT)
				why[0] = '\0'; /* said before; or it was closed and removed */
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
