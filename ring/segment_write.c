/* SPDX-License-Identifier: MIT */
#include "ring/segment_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ring/lock.h"
#include "ring/memory.h"
#include "ring/place_write.h"
#include "ring/presence.h"
#include "ring/prune.h"
#include "ring/test_point.h"

static mode_t dir_mode(const struct tk_segment_writer *s)
{
	return s->group ? TK_PLACE_MODE_GROUP : TK_PLACE_MODE;
}

static mode_t file_mode(const struct tk_segment_writer *s)
{
	return s->group ? 0640 : 0600;
}

/* The name `<app>.<pid>.<random>`. */
static int choose_name(struct tk_segment_writer *s, const char *app, char why[TK_WHY_MAX])
{
	char end[TK_PLACE_NAME_MAX], name[TK_PLACE_NAME_MAX];
	uint32_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return tk_fail(why, errno, "the kernel gives no random numbers: %s",
			       strerrordesc_np(errno));
	snprintf(end, sizeof(end), ".%d.%08x", getpid(), random);
	tk_place_safe(name, app, end);
	snprintf(s->name, sizeof(s->name), "%.*s", (int)TK_SEGMENT_NAME_MAX, name);
	return 0;
}

static int make_head(struct tk_segment_writer *s, int dirfd, const struct tk_segment_options *o,
		     char why[TK_WHY_MAX])
{
	struct tk_memory head, control;
	int ret;

	ret = tk_memory_file(dirfd, "control", o->max_timers, -1, file_mode(s), &control);
	if (ret)
		return tk_fail(why, -ret, "no memory for the segment in %.100s: %s%s", s->dir,
			       strerrordesc_np(-ret), tk_place_remedy(-ret));
	TK_TEST_POINT("segment.control");
	/* Readers find a segment by its head, so the head comes last. The group may read it only
	 * once it is locked: whoever may read a file may hold a read lock on it, which would keep
	 * us from taking ours. */
	ret = tk_memory_file(dirfd, "head", tk_place_head_size(o->max_timers), -1, 0600, &head);
	if (ret) {
		munmap(control.addr, control.size);
		return tk_fail(why, -ret, "no memory for the segment in %.100s: %s%s", s->dir,
			       strerrordesc_np(-ret), tk_place_remedy(-ret));
	}
	TK_TEST_POINT("segment.head");
	(void)mprotect(control.addr, control.size, PROT_READ);
	s->disabled = control.addr;
	s->head = head.addr;
	s->head->max_timers = o->max_timers;
	s->head->left_bytes = head.size + control.size;
	s->timers = (struct tk_segment_timer *)((char *)head.addr + TK_SEGMENT_TIMERS);
	return 0;
}

/*
 * Take the owner's lock, and map one page of the head through the same open file description, which
 * lives as long as the mapping. Nothing accesses the page, so nothing can fault there. If another
 * thread makes a child by a raw clone() before the descriptor is closed, the child holds the lock,
 * too, until it ends or calls exec.
 */
static int hold_lock(struct tk_segment_writer *s, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int ret = tk_lock_take(fd, F_WRLCK, TK_SEGMENT_OWNER, 1);
	void *lock;

	if (ret)
		return ret;
	lock = mmap(NULL, page, PROT_NONE, MAP_SHARED, fd, 0);
	if (lock == MAP_FAILED)
		return -errno;
	if (madvise(lock, page, MADV_DONTFORK)) {
		ret = -errno;
		munmap(lock, page);
		return ret;
	}
	s->lock = lock;
	return 0;
}

static int lock_head(struct tk_segment_writer *s, int dirfd, char why[TK_WHY_MAX])
{
	int fd = openat(dirfd, "head", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	int ret = fd < 0 ? -errno : hold_lock(s, fd);

	if (ret)
		ret = tk_fail(why, -ret, "cannot lock the segment in %.150s: %s%s", s->dir,
			      strerrordesc_np(-ret), tk_place_remedy(-ret));
	TK_TEST_POINT("segment.locked");
	if (!ret && s->group)
		(void)fchmod(fd, file_mode(s));
	if (fd >= 0)
		close(fd);
	TK_TEST_POINT("segment.held");
	return ret;
}

static void drop_lock(struct tk_segment_writer *s)
{
	if (s->lock)
		munmap(s->lock, (size_t)sysconf(_SC_PAGESIZE));
	s->lock = NULL;
}

static void fill_head(struct tk_segment_writer *s, const struct tk_segment_options *o)
{
	struct tk_segment_head *h = s->head;
	struct timespec now = { 0, 0 };

	/* The system call, because clock_gettime() in the vDSO reads the counter, and a process
	 * that called prctl(PR_SET_TSC) is killed for that. */
	(void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	h->magic = TK_SEGMENT_MAGIC;
	TK_TEST_POINT("segment.magic");
	h->version = TK_SEGMENT_VERSION;
	h->clock = o->clock;
	h->max_lanes = o->max_lanes;
	h->keep = o->keep;
	h->pid = (uint32_t)getpid();
	h->uid = geteuid();
	h->start_time = tk_process_start(getpid());
	h->created_ns = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	h->created_tsc = o->now_tsc;
	tk_boot_id(h->boot_id);
	snprintf(h->app, sizeof(h->app), "%s", o->app);
	memcpy(h->floor, o->floor, sizeof(h->floor));
	TK_TEST_POINT("segment.filled");
	/* OPEN comes after all of the above. Pairs with the reader's pread of the head. */
	__atomic_store_n(&h->state, TK_SEGMENT_OPEN, __ATOMIC_RELEASE);
	TK_TEST_POINT("segment.open");
}

static int create_in(struct tk_segment_writer *s, int place, const struct tk_segment_options *o,
		     char why[TK_WHY_MAX])
{
	struct stat st;
	int fd, ret = 0;

	if (mkdirat(place, s->name, dir_mode(s)))
		return tk_fail(why, errno, "cannot make a directory in %.150s: %s", s->dir,
			       strerrordesc_np(errno));
	TK_TEST_POINT("segment.dir");
	fd = openat(place, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		ret = tk_fail(why, errno, "cannot open a directory in %.150s: %s", s->dir,
			      strerrordesc_np(errno));
	} else {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
		if (s->group)
			/* whatever the umask */
			(void)fchmod(fd, dir_mode(s) | (st.st_mode & S_ISGID));
		ret = make_head(s, fd, o, why);
		if (!ret)
			ret = lock_head(s, fd, why);
	}
	if (fd >= 0)
		close(fd);
	if (ret) {
		drop_lock(s);
		tk_place_remove(place, s->name);
	}
	return ret;
}

int tk_segment_create(struct tk_segment_writer *s, const struct tk_segment_options *o,
		      char why[TK_WHY_MAX])
{
	int place, ret;

	memset(s, 0, sizeof(*s));
	s->group = o->group;
	s->keep = o->keep;
	ret = tk_place_choose(s->dir);
	if (ret)
		return tk_fail(why, -ret, "cannot use TIMEKEEPER_DIR: %s", strerrordesc_np(-ret));
	place = tk_place_make(s->dir, s->group, why);
	if (place < 0)
		return place;
	ret = choose_name(s, o->app, why);
	if (!ret) {
		tk_presence_make(place);
		tk_prune(place, o->app, s->name, o->group);
		ret = create_in(s, place, o, why);
	}
	close(place);
	if (ret) {
		tk_segment_forget(s);
		return ret;
	}
	fill_head(s, o);
	return 0;
}

static int put_timer(struct tk_segment_writer *s, const char *name, uint32_t stamp, uint32_t sort,
		     const char *unit)
{
	uint32_t id = s->head->n_timers;
	struct tk_segment_timer *t = &s->timers[id];

	if (id == s->head->max_timers)
		return -ENOSPC;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->stamp = stamp;
	t->sort = sort;
	snprintf(t->unit, sizeof(t->unit), "%s", unit);
	TK_TEST_POINT("timer.named");
	/* Pairs with the reader's pread of the head, which comes before that of the timers. */
	__atomic_store_n(&s->head->n_timers, id + 1, __ATOMIC_RELEASE);
	TK_TEST_POINT("timer.counted");
	return 0;
}

int tk_segment_put_timer(struct tk_segment_writer *s, const char *name, uint32_t stamp)
{
	return put_timer(s, name, stamp, TK_TIMER_SPANS, "");
}

int tk_segment_put_values(struct tk_segment_writer *s, const char *name, uint32_t stamp,
			  const char *unit)
{
	return put_timer(s, name, stamp, TK_TIMER_VALUES, unit);
}

/* The segment's directory, found by its path, if it is still the same. @return a descriptor, or
 * -ESTALE: it is gone, or another -errno. */
static int reopen(const struct tk_segment_writer *s, int *place)
{
	struct stat st;
	int fd, error;

	*place = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*place < 0)
		return errno == ENOENT || errno == ENOTDIR ? -ESTALE : -errno;
	fd = openat(*place, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	error = fd >= 0 || errno == ENOENT || errno == ENOTDIR ? ESTALE : errno;
	if (fd >= 0 && !fstat(fd, &st) && st.st_dev == s->dev && st.st_ino == s->ino)
		return fd;
	if (fd >= 0)
		close(fd);
	close(*place);
	return -error;
}

static int say_unreachable(const struct tk_segment_writer *s, int error, char why[TK_WHY_MAX])
{
	if (error == ESTALE)
		return tk_fail(why, error, "the segment's directory is gone: %.150s", s->dir);
	return tk_fail(why, error, "cannot open the segment's directory in %.130s: %s%s", s->dir,
		       strerrordesc_np(error), tk_place_remedy(error));
}

static int make_slots(struct tk_segment_writer *s, int dirfd, unsigned index, size_t size, int node,
		      mode_t mode, struct tk_memory *m)
{
	char name[TK_PLACE_NAME_MAX];

	tk_place_huge(name, s->name, index);
	if (!tk_memory_huge(name, size, node, mode, m))
		return 0;
	tk_place_slots(name, index);
	return tk_memory_file(dirfd, name, size, node, mode, m);
}

const struct tk_discipline tk_broadcast = { .id = TK_DISCIPLINE_BROADCAST };

/* 0, for which no memory can be made, if the discipline cannot have that many. */
static size_t slots_size(uint64_t slots, const struct tk_discipline *d)
{
	size_t bare = slots * sizeof(struct tk_slot);
	size_t unit = bare % TK_HUGEPAGE ? (size_t)sysconf(_SC_PAGESIZE) : TK_HUGEPAGE;
	size_t size = d->push ? d->size((uint32_t)slots) : bare;

	return (size + unit - 1) / unit * unit;
}

static int make_lane(struct tk_segment_writer *s, int dirfd, uint64_t slots,
		     const struct tk_discipline *d, int node, struct tk_lane_memory *lane)
{
	char name[TK_PLACE_NAME_MAX];
	unsigned index = s->head->n_lanes;
	struct tk_memory head, data;
	int ret;

	tk_place_lane(name, index);
	ret = tk_memory_file(dirfd, name, tk_place_lane_size(s->head->max_timers), node,
			     file_mode(s), &head);
	if (ret)
		return ret;
	lane->head = head.addr;
	TK_TEST_POINT("lane.file");
	ret = make_slots(s, dirfd, index, slots_size(slots, d), node, d->push ? 0600 : file_mode(s),
			 &data);
	if (ret) {
		munmap(head.addr, head.size);
		unlinkat(dirfd, name, 0);
		return ret;
	}
	TK_TEST_POINT("lane.slots");
	if (d->push)
		d->init(data.addr, (uint32_t)slots, &lane->head->queue);
	TK_TEST_POINT("lane.queue");
	lane->counts = (uint64_t *)((char *)head.addr + TK_LANE_COUNTS);
	lane->slots = data.addr;
	lane->slots_size = data.size;
	lane->head->magic = TK_LANE_MAGIC;
	TK_TEST_POINT("lane.magic");
	lane->head->version = TK_SEGMENT_VERSION;
	lane->head->index = index;
	lane->head->slots = slots;
	lane->head->max_timers = s->head->max_timers;
	lane->head->discipline = d->id;
	lane->head->pages = data.pages;
	lane->head->node_asked = data.node_asked;
	lane->head->node_had = data.node_had;
	lane->head->published = slots;
	lane->head->state = TK_LANE_FREE;
	TK_TEST_POINT("lane.filled");
	return 0;
}

int tk_segment_put_lane(struct tk_segment_writer *s, uint64_t slots,
			const struct tk_discipline *discipline, int node,
			struct tk_lane_memory *lane, char why[TK_WHY_MAX])
{
	int place, fd, ret;

	if (slots < TK_LANE_SLOTS_MIN || slots > TK_LANE_SLOTS_MAX || (slots & (slots - 1)))
		return tk_fail(why, EINVAL, "a lane's slots are a power of two from %u to %u",
			       (unsigned)TK_LANE_SLOTS_MIN, (unsigned)TK_LANE_SLOTS_MAX);
	if (s->head->n_lanes == s->head->max_lanes)
		return tk_fail(
			why, ENOSPC,
			"all %u lanes are taken: raise tk_options.lanes; this thread's records "
			"are counted as refused",
			s->head->max_lanes);
	fd = reopen(s, &place);
	if (fd < 0)
		return say_unreachable(s, -fd, why);
	ret = make_lane(s, fd, slots, discipline, node, lane);
	close(fd);
	close(place);
	if (ret)
		return tk_fail(why, -ret, "no memory for a lane of %llu KiB in %.100s: %s%s",
			       (unsigned long long)slots * sizeof(struct tk_slot) / 1024, s->dir,
			       strerrordesc_np(-ret), tk_place_remedy(-ret));
	s->head->left_bytes += tk_place_lane_size(s->head->max_timers) + lane->slots_size;
	/* Pairs with the reader's pread of the head, which comes before it opens the lane. */
	__atomic_store_n(&s->head->n_lanes, s->head->n_lanes + 1, __ATOMIC_RELEASE);
	TK_TEST_POINT("lane.counted");
	return 0;
}

void tk_segment_retire(struct tk_segment_writer *s, uint64_t records)
{
	int place, fd;

	s->head->left_records = records;
	TK_TEST_POINT("retire.records");
	/* Pairs with the readers' pread of the head: what the lanes hold by now is all there is. */
	__atomic_store_n(&s->head->state, TK_SEGMENT_CLOSED, __ATOMIC_RELEASE);
	TK_TEST_POINT("retire.closed");
	drop_lock(s);
	TK_TEST_POINT("retire.unlocked");
	fd = s->keep ? -1 : reopen(s, &place);
	if (fd >= 0) {
		if (!tk_prune_leaves(place, fd, s->group))
			tk_place_remove_open(place, fd, s->name);
		close(fd);
		close(place);
	}
}

void tk_segment_forget(struct tk_segment_writer *s)
{
	if (s->head)
		munmap(s->head, tk_place_head_size(s->head->max_timers));
	memset(s, 0, sizeof(*s));
}
