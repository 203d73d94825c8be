/* SPDX-License-Identifier: MIT */
/* Attaching: what is right is taken, whatever is wrong is one error and a sentence. The maker of
 * each segment is a child process, for nobody attaches to his own. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/guard.h"
#include "ring/segment_read.h"
#include "ring/segment_write.h"
#include "tests/place.h"
#include "tests/ring/lane_in_memory.h"

static char name[TK_SEGMENT_NAME_MAX + 1], why[TK_WHY_MAX];
static int dirfd_;
static pid_t maker;
static int go[2];

#define LATE 1000u /* records of a lane that appears late: more than it holds */

static void push_late(const struct tk_lane_memory *memory)
{
	struct lane_in_memory l = { .head = memory->head, .slots = memory->slots, .size = 256 };

	lane_writer(&l, &l.writer, l.size);
	for (unsigned i = 0; i < LATE; i++)
		tk_lane_push(&l.writer, 0, i, 1, TK_TICKS_NONE);
	lane_publish(&l.writer, l.writer.head);
}

/* A child makes a segment with 3 timers and 2 lanes, says its name, and waits. */
static void make_segment(int answer)
{
	struct tk_segment_options o = { .app = "test/app", .max_timers = 10, .max_lanes = 4 };
	struct tk_segment_writer s;
	struct tk_lane_memory lane;
	char byte;

	if (tk_segment_create(&s, &o, why))
		_exit(1);
	for (unsigned i = 0; i < 3; i++) {
		char timer[] = "timer-0";

		timer[6] = (char)('0' + i);
		tk_segment_put_timer(&s, timer, i);
	}
	for (unsigned i = 0; i < 2; i++)
		if (tk_segment_put_lane(&s, 65536, &tk_broadcast, -1, &lane, why))
			_exit(2);
	if (write(answer, s.name, sizeof(s.name)) != sizeof(s.name))
		_exit(3);
	while (read(go[0], &byte, 1) == 1) {
		if (byte == 'l')
			tk_segment_put_lane(&s, 256, &tk_broadcast, -1, &lane, why);
		if (byte == 'p')
			push_late(&lane);
		if (byte == 't')
			tk_segment_put_timer(&s, "timer-late", 0);
		if (byte == 'c')
			tk_segment_retire(&s, 0);
		if (write(answer, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static int answer[2];

static void set_up(void)
{
	cr_assert(place_make());
	cr_assert_eq(pipe2(answer, O_CLOEXEC) | pipe2(go, O_CLOEXEC), 0);
	maker = fork();
	if (maker == 0) {
		close(go[1]);
		make_segment(answer[1]);
	}
	close(go[0]);
	cr_assert_eq(read(answer[0], name, sizeof(name)), (ssize_t)sizeof(name));
	dirfd_ = tk_segments_open(place, why);
	cr_assert_geq(dirfd_, 0, "%s", why);
}

static void tear_down(void)
{
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	cr_assert(place_remove());
}

TestSuite(segment, .init = set_up, .fini = tear_down, .timeout = 30);

static void tell(char byte)
{
	char back;

	cr_assert_eq(write(go[1], &byte, 1), 1);
	cr_assert_eq(read(answer[0], &back, 1), 1);
}

static struct tk_segment *attach(void)
{
	return tk_segment_attach(dirfd_, name, TK_LANE_NEWEST, why);
}

Test(segment, what_was_made_is_what_is_read)
{
	struct tk_segment *s = attach();

	cr_assert_not_null(s, "%s", why);
	cr_assert_str_eq(s->info.app, "test/app");
	cr_assert_eq(s->info.pid, (uint32_t)maker);
	cr_assert_eq(s->info.n_timers, 3);
	cr_assert_str_eq(s->timers[2].name, "timer-2");
	cr_assert_eq(s->timers[2].stamp, TK_STAMP_FENCED);
	cr_assert_eq(s->n_lanes, 2);
	cr_assert_eq(s->lanes[1].info.slots, 65536);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_ALIVE);
	tk_segment_detach(s);
}

Test(segment, grows_while_attached)
{
	struct tk_segment *s = attach();

	tell('l');
	tell('t');
	cr_assert_eq(tk_segment_refresh(s, why), 0, "%s", why);
	cr_assert_eq(s->n_lanes, 3);
	cr_assert_eq(s->lanes[2].info.slots, 256);
	cr_assert_eq(s->info.n_timers, 4);
	cr_assert_str_eq(s->timers[3].name, "timer-late");
	tk_segment_detach(s);
}

Test(segment, what_a_new_lane_lost_before_it_was_seen_is_counted)
{
	struct tk_segment *s = attach();
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_lane_reader *r;
	size_t n;

	tell('l');
	tell('p');
	cr_assert_eq(tk_segment_refresh(s, why), 0);
	cr_assert_eq(s->n_lanes, 3);
	r = &s->lanes[2].reader;
	while (tk_lane_read(r, out, &n) || n)
		;
	cr_assert_eq(r->next, 256 + LATE);
	cr_assert_eq(r->delivered + r->lost, LATE);
	cr_assert_geq(r->delivered, 256 - 256 / 8);
	tk_segment_detach(s);
}

/* All of a whole segment: what its lanes were ever given is delivered or lost. */
Test(segment, from_the_first_record_on)
{
	struct tk_segment *s;
	struct tk_slot out[TK_LANE_CHUNK];
	uint64_t given[3] = { 0, 0, LATE };

	tell('l');
	tell('p');
	s = tk_segment_attach(dirfd_, name, TK_LANE_FIRST, why);
	cr_assert_not_null(s, "%s", why);
	cr_assert_eq(s->n_lanes, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct tk_lane_reader *r = &s->lanes[i].reader;
		size_t n;

		while (tk_lane_read(r, out, &n) || n)
			;
		cr_assert_eq(r->first, r->size);
		cr_assert_eq(r->delivered + r->lost, given[i]);
	}
	cr_assert_geq(s->lanes[2].reader.delivered, 256 - 256 / 8);
	tk_segment_detach(s);
}

Test(segment, knows_when_its_owner_dies)
{
	struct tk_segment *s = attach();

	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_DEAD);
	tk_segment_detach(s);
	s = attach();
	cr_assert_not_null(s, "a dead process's segment cannot be read: %s", why);
	cr_assert_eq(tk_segment_remove(s, dirfd_), 0);
	tk_segment_detach(s);
	cr_assert_null(attach());
	cr_assert_eq(errno, ENOENT);
}

Test(segment, closing_removes_it_and_leaves_what_is_mapped)
{
	struct tk_segment *s = attach();

	tell('c');
	cr_assert_eq(tk_segment_refresh(s, why), 0, "%s", why);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_CLOSED);
	cr_assert_eq(s->lanes[0].reader.slots[0].w[0], 0);
	tk_segment_detach(s);
	cr_assert_null(attach());
}

/* A recycled pid, the same number and another start time, is not the owner; nor is a process of
 * both, but where the lock could get lost. */
Test(segment, a_recycled_pid_is_not_the_owner)
{
	struct tk_segment *s = attach();

	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	s->info.pid = 1;
	s->info.start_time = tk_process_start(1);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_DEAD);
	s->info.version = TK_SEGMENT_POSIX;
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_UNKNOWN);
	s->info.boot_id[0] ^= 1;
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_DEAD);
	s->info.state = TK_SEGMENT_CLOSED;
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_CLOSED);
	tk_segment_detach(s);
}

/* ---- hostile ---- */

static void write_at(const char *file, off_t at, const void *bytes, size_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", place, name, file);
	fd = open(path, O_WRONLY);
	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
	close(fd);
}

static void refuse(int error)
{
	struct tk_segment *s = attach();

	cr_assert_null(s);
	cr_assert_eq(errno, error, "%s: %s", strerror(errno), why);
	cr_assert_gt(strlen(why), 10, "no reason given");
	for (const char *p = why; *p; p++)
		cr_assert_geq((unsigned char)*p, 0x20);
}

Test(segment, another_version_is_named)
{
	for (uint32_t version = 0; version <= TK_SEGMENT_VERSION + 1; version++) {
		char said[32];

		if (version == TK_SEGMENT_VERSION)
			continue;
		snprintf(said, sizeof(said), "version %u", version);
		write_at("head", offsetof(struct tk_segment_head, version), &version, 4);
		refuse(EPROTO);
		cr_assert_not_null(strstr(why, said));
	}
}

/* What an older library wrote there is zeroes: a timer of spans. */
Test(segment, a_timer_is_of_spans_or_of_values_of_a_unit_that_may_be_shown)
{
	static const struct {
		uint32_t sort;
		char unit[16];
		uint32_t is;
		const char *shows;
	} cases[] = {
		{ 0, "", TK_TIMER_SPANS, "" },
		{ 0, "bytes", TK_TIMER_SPANS, "" },
		{ 1, "", TK_TIMER_VALUES, "" },
		{ 1, "bytes_a_second", TK_TIMER_VALUES, "bytes_a_second" },
		{ 1, "fifteen_letters", TK_TIMER_VALUES, "fifteen_letters" },
		{ 1, "abcdefghijklmnop", TK_TIMER_VALUES, "" }, /* without its NUL */
		{ 1, "Bytes", TK_TIMER_VALUES, "" },
		{ 1, "a\033[2J", TK_TIMER_VALUES, "" },
		{ 2, "bytes", TK_TIMER_SPANS, "" },
		{ UINT32_MAX, "bytes", TK_TIMER_SPANS, "" },
	};
	const size_t at = TK_SEGMENT_TIMERS + sizeof(struct tk_segment_timer);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tk_segment *s;

		write_at("head", at + offsetof(struct tk_segment_timer, sort), &cases[i].sort, 4);
		write_at("head", at + offsetof(struct tk_segment_timer, unit), cases[i].unit, 16);
		s = attach();
		cr_assert_not_null(s, "%s", why);
		cr_assert_eq(s->timers[1].sort, cases[i].is, "case %zu", i);
		cr_assert_str_eq(s->timers[1].unit, cases[i].shows, "case %zu", i);
		cr_assert_eq(tk_segment_has_values(s, 1), cases[i].is == TK_TIMER_VALUES);
		cr_assert(!tk_segment_has_values(s, 0));
		tk_segment_detach(s);
	}
}

Test(segment, half_made_is_to_be_tried_again)
{
	uint32_t state = TK_SEGMENT_MAKING;

	write_at("head", offsetof(struct tk_segment_head, state), &state, 4);
	refuse(EAGAIN);
}

/* Of version 2 it is not certain that a process is dead that does not hold its lock: such a segment
 * can be removed only if it is closed, or was made before the machine was started. */
Test(segment, what_ended_of_version_2_can_be_removed)
{
	uint32_t version = TK_SEGMENT_POSIX, state = TK_SEGMENT_CLOSED, open = TK_SEGMENT_OPEN;
	struct tk_segment *s;

	write_at("head", offsetof(struct tk_segment_head, version), &version, 4);
	cr_assert_null(tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why), "its process lives");
	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	cr_assert_null(tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why), "it may live");
	cr_assert_eq(errno, EPROTO);
	write_at("head", offsetof(struct tk_segment_head, state), &state, 4);
	cr_assert_null(attach(), "nothing in it can be read");
	s = tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why);
	cr_assert_not_null(s, "%s", why);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_CLOSED);
	tk_segment_detach(s);
	write_at("head", offsetof(struct tk_segment_head, state), &open, 4);
	write_at("head", offsetof(struct tk_segment_head, boot_id), "another", 8);
	s = tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why);
	cr_assert_not_null(s, "%s", why);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_DEAD);
	cr_assert_eq(tk_segment_remove(s, dirfd_), 0);
	tk_segment_detach(s);
}

/* Within a user namespace a user has another number; whose the files are is the kernel's to say. */
Test(segment, the_uid_in_the_head_is_not_looked_at)
{
	uint32_t uid = 12345;
	struct tk_segment *s;

	write_at("head", offsetof(struct tk_segment_head, uid), &uid, 4);
	s = attach();
	cr_assert_not_null(s, "%s", why);
	cr_assert_eq(s->uid, geteuid());
	cr_assert_not_null(s->lanes[0].head, "%s", why);
	tk_segment_detach(s);
}

/* Every field of the head, set to what it cannot be. */
Test(segment, lies_in_the_head)
{
	static const struct {
		size_t at, size;
	} field[] = {
		{ offsetof(struct tk_segment_head, magic), 8 },
		{ offsetof(struct tk_segment_head, clock), 4 },
		{ offsetof(struct tk_segment_head, max_timers), 4 },
		{ offsetof(struct tk_segment_head, max_lanes), 4 },
		{ offsetof(struct tk_segment_head, boot_id), 40 },
		{ offsetof(struct tk_segment_head, app), 64 },
		{ offsetof(struct tk_segment_head, floor), 4 },
		{ offsetof(struct tk_segment_head, n_timers), 4 },
		{ offsetof(struct tk_segment_head, n_lanes), 4 },
		{ offsetof(struct tk_segment_head, state), 4 },
	};
	char ones[64], old[64], path[256];
	int fd;

	memset(ones, 0xff, sizeof(ones));
	snprintf(path, sizeof(path), "%s/%s/head", place, name);
	fd = open(path, O_RDONLY);
	for (unsigned i = 0; i < sizeof(field) / sizeof(field[0]); i++) {
		cr_assert_gt(pread(fd, old, field[i].size, (off_t)field[i].at), 0);
		write_at("head", (off_t)field[i].at, ones, field[i].size);
		refuse(EBADMSG);
		write_at("head", (off_t)field[i].at, old, field[i].size);
	}
	close(fd);
	cr_assert_not_null(attach());
}

Test(segment, a_bad_timer_name_is_shown_as_something_else)
{
	struct tk_segment *s;

	write_at("head", TK_SEGMENT_TIMERS + sizeof(struct tk_segment_timer), "\033[2Jx", 6);
	s = attach();
	cr_assert_not_null(s);
	cr_assert_str_eq(s->timers[1].name, "(unprintable #1)");
	tk_segment_detach(s);
}

/* A lane that lies is left out and said; the rest is read. */
Test(segment, lies_in_a_lane)
{
	static const uint64_t sizes[] = { 0, 255, 1000, 131072, UINT64_MAX, UINT64_C(1) << 40 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tk_segment *s;

		write_at("lane.0", offsetof(struct tk_lane_head, slots), &sizes[i], 8);
		s = attach();
		cr_assert_not_null(s);
		cr_assert_null(s->lanes[0].head, "size %lu was believed", sizes[i]);
		cr_assert_not_null(s->lanes[1].head);
		cr_assert_gt(strlen(why), 10);
		tk_segment_detach(s);
	}
}

Test(segment, what_is_not_a_segment)
{
	char path[256];

	snprintf(name, sizeof(name), "file");
	snprintf(path, sizeof(path), "%s/file", place);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	refuse(ENOTDIR);
	unlink(path);
	cr_assert_eq(symlink("/tmp", path), 0);
	refuse(ENOTDIR);
	unlink(path);
	cr_assert_eq(mkdir(path, 0700), 0);
	refuse(ENOENT);
	snprintf(path, sizeof(path), "%s/file/head", place);
	cr_assert_eq(mkfifo(path, 0600), 0);
	refuse(EBADMSG);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	refuse(EAGAIN); /* its maker is about to give it a size */
	cr_assert_eq(truncate(path, 100), 0);
	refuse(EBADMSG);
	unlink(path);
}

/* Nor does it lose its lock when it closes a descriptor of its own head. */
Test(segment, a_process_may_attach_to_its_own)
{
	struct tk_segment_options o = { .app = "x", .max_timers = 1, .max_lanes = 1 };
	struct tk_segment_writer s;
	struct tk_segment *own;

	cr_assert_eq(tk_segment_create(&s, &o, why), 0, "%s", why);
	for (unsigned i = 0; i < 2; i++) {
		own = tk_segment_attach(dirfd_, s.name, TK_LANE_LOOK, why);
		cr_assert_not_null(own, "%s", why);
		cr_assert_eq(tk_segment_owner(own), TK_OWNER_ALIVE);
		tk_segment_detach(own);
	}
	tk_segment_retire(&s, 0);
}

/* Its process died before it was done: known to be so after a while, and seen by those who only
 * look. */
Test(segment, what_was_abandoned_is_dead)
{
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct tk_segment *s;

	kill(maker, SIGKILL);
	waitpid(maker, NULL, 0);
	snprintf(name, sizeof(name), "x.%d.12345678", maker);
	cr_assert_eq(mkdirat(dirfd_, name, 0700), 0);
	cr_assert_null(tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why), "it may be being made");
	refuse(ENOENT);
	cr_assert_eq(utimensat(dirfd_, name, old, 0), 0);
	refuse(EBADMSG);
	s = tk_segment_attach(dirfd_, name, TK_LANE_LOOK, why);
	cr_assert_not_null(s, "%s", why);
	cr_assert_eq(tk_segment_owner(s), TK_OWNER_DEAD);
	cr_assert_eq(tk_segment_remove(s, dirfd_), 0);
	tk_segment_detach(s);
}

/* Truncation under a reader's feet: zeroes, a flag, and no SIGBUS. */
Test(segment, truncation_costs_that_segment_alone)
{
	struct tk_slot out[TK_LANE_CHUNK];
	struct tk_segment *s;
	char path[256];
	size_t n;

	cr_assert_eq(tk_guard_install(), 0);
	s = attach();
	snprintf(path, sizeof(path), "%s/%s/slots.0", place, name);
	if (access(path, F_OK)) /* it lies on hugetlbfs */
		snprintf(path, sizeof(path), "/dev/hugepages/timekeeper-%u/%s.slots.0", geteuid(),
			 name);
	cr_assert_eq(truncate(path, 0), 0);
	cr_assert_not(tk_lane_read(&s->lanes[0].reader, out, &n));
	cr_assert_eq(n, 0);
	cr_assert_eq(s->bad, 1);
	cr_assert_eq(tk_segment_refresh(s, why), -EBADMSG);
	tk_segment_detach(s);
}

Test(segment, others_may_not_write_into_the_directory)
{
	struct tk_segment_options o = { .app = "x", .max_timers = 1, .max_lanes = 1 };
	struct tk_segment_writer w;

	cr_assert_eq(chmod(place, 0777), 0);
	cr_assert_eq(tk_segment_create(&w, &o, why), -EPERM);
	cr_assert_not_null(strstr(why, "TIMEKEEPER_DIR"));
	cr_assert_eq(chmod(place, 0700), 0);
}

Test(segment, a_place_that_others_may_write_is_not_read)
{
	for (unsigned mode = 0702; mode <= 0720; mode += 016) {
		cr_assert_eq(chmod(place, mode), 0);
		cr_assert_eq(tk_segments_open(place, why), -EPERM, "mode %o", mode);
		cr_assert_not_null(strstr(why, "others may write"));
	}
	cr_assert_eq(chmod(place, 0750), 0);
	cr_assert_geq(tk_segments_open(place, why), 0, "%s", why);
}
