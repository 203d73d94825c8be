/* SPDX-License-Identifier: MIT */
/*
 * A user who means harm to those who read his segments: mutator SECONDS SEED
 *
 * Process after process opens a segment of two lanes, a ring and a queue, records, and then does
 * one kind of harm for some milliseconds: to the memory, to the files, or to the directory. In the
 * middle of it the directory is flooded. The same seed does the same harm; when, is the scheduler's
 * affair. $BAIT names a file outside, for links to lead to.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collector/machine/now.h"
#include "producer/timekeeper.h"
#include "ring/lane.h"
#include "ring/segment.h"
#include "ring/timekeeper-rte.h"
#include "tests/random.h"

#define SLOTS     4096u
#define RECORDS   2000u
#define JUNK      10000u
#define FAKES     5000u
#define FAKES_OWN 500u /* whose lock is held: they look alive */
#define HARM_MS   60

static uint64_t seed;
static const char *place, *bait;
static char segment[NAME_MAX + 1];
static int dir; /* of the segment */

static const char *const files[] = { "head", "control", "lane.0", "slots.0", "lane.1", "slots.1" };
#define FILES (sizeof(files) / sizeof(files[0]))

static uint64_t below(uint64_t limit)
{
	return random_below(&seed, limit);
}

static int64_t now_ms(void)
{
	return (int64_t)(tk_now_ns(CLOCK_MONOTONIC) / 1000000);
}

/* What breaks arithmetic: both ends, and about every power of two. */
static uint64_t adversarial(void)
{
	uint64_t power = UINT64_C(1) << below(64);

	switch (below(6)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return power - 1;
	case 3:
		return power + 1;
	case 4:
		return power;
	default:
		return random64(&seed);
	}
}

/* ---- memory -------------------------------------------------------------------------------- */

static struct {
	uint8_t *at;
	size_t size;
} mapped[FILES];

/* Left open: closing `head` would drop the lock by which we count as alive. */
static void map_all(void)
{
	for (size_t i = 0; i < FILES; i++) {
		int fd = openat(dir, files[i], O_RDWR);
		struct stat st;

		if (fd < 0 || fstat(fd, &st))
			_exit(1);
		mapped[i].size = (size_t)st.st_size;
		mapped[i].at =
			mmap(NULL, mapped[i].size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (mapped[i].at == MAP_FAILED)
			_exit(1);
	}
}

/* A terminal must never see these: they are looked for in all that is printed. */
static const char escapes[] = "\x1b]0;PWNED\a\x9b"
			      "31mPWNED\x1b[2JPWNED";

static void scribble_once(size_t file)
{
	size_t words = mapped[file].size / 8,
	       page = 4096 * below((mapped[file].size + 4095) / 4096);
	uint64_t *word = (uint64_t *)mapped[file].at;

	switch (below(6)) {
	case 0: /* a bit, mostly in the first page, where what is read is */
		word[below(below(2) ? words : 512)] ^= UINT64_C(1) << below(64);
		break;
	case 1:
		word[below(below(2) ? words : 512)] = adversarial();
		break;
	case 2:
		((uint32_t *)word)[below(1024)] = (uint32_t)adversarial();
		break;
	case 3:
		memset(mapped[file].at + page, (int)below(256), 4096);
		break;
	case 4:
		memcpy(mapped[file].at + below(mapped[file].size - sizeof(escapes)), escapes,
		       sizeof(escapes));
		break;
	default:
		for (unsigned i = 0; i < 512; i++)
			word[page / 8 + i] = random64(&seed);
	}
}

static void scribble(void)
{
	size_t file = below(FILES);

	for (int64_t end = now_ms() + HARM_MS; now_ms() < end;)
		scribble_once(file);
}

/* Fields that mean something, to values that might. */
static void fields(void)
{
	struct tk_segment_head *head = (void *)mapped[0].at;
	struct tk_lane_head *ring = (void *)mapped[2].at, *queue = (void *)mapped[4].at;
	uint32_t *queue_words = (void *)mapped[5].at;

	for (int64_t end = now_ms() + HARM_MS; now_ms() < end;) {
		switch (below(7)) {
		case 0:
			head->n_timers = (uint32_t)below(2 * head->max_timers + 2);
			break;
		case 1:
			head->n_lanes = (uint32_t)below(2 * head->max_lanes + 2);
			break;
		case 2:
			head->state = (uint32_t)below(4);
			break;
		case 3:
			ring->published =
				below(2) ? ring->published + adversarial() % 100000 : adversarial();
			break;
		case 4:
			queue->published = adversarial();
			queue->n_owners = (uint32_t)adversarial();
			break;
		case 5: /* the queue's own head and tail are among these */
			queue_words[below(128)] = (uint32_t)adversarial();
			break;
		default:
			memcpy(mapped[0].at + TK_SEGMENT_TIMERS + 128 * below(8), escapes,
			       sizeof(escapes));
		}
	}
}

/* ---- files --------------------------------------------------------------------------------- */

static void truncate_and_regrow(void)
{
	for (int64_t end = now_ms() + HARM_MS; now_ms() < end;) {
		int fd = openat(dir, files[below(FILES)], O_RDWR);
		struct stat st;

		if (fd < 0 || fstat(fd, &st))
			_exit(0);
		(void)!ftruncate(fd, (off_t)(below(3) ? below((uint64_t)st.st_size + 1) : 0));
		if (below(2))
			(void)!ftruncate(fd, st.st_size);
	}
}

static void make_socket(int dirfd, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	(void)bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a));
}

static void make_sparse(int dirfd, const char *name, off_t size)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT, 0600);

	(void)!ftruncate(fd, size);
}

/* Anything but what it should be. */
static void make_other(int dirfd, const char *name)
{
	static const char *const targets[] = { "/etc/passwd", "/dev/zero", "..", "/",
					       "/proc/self/mem" };

	switch (below(10)) {
	case 0:
		mkdirat(dirfd, name, 0700);
		break;
	case 1:
		mkfifoat(dirfd, name, 0600);
		break;
	case 2:
		(void)!symlinkat(targets[below(5)], dirfd, name);
		break;
	case 3:
		(void)!symlinkat(name, dirfd, name);
		break;
	case 4:
		(void)!symlinkat(bait, dirfd, name);
		break;
	case 5:
		if (mknodat(dirfd, name, S_IFCHR | 0600, makedev(1, 5))) /* root's alone */
			mkfifoat(dirfd, name, 0600);
		break;
	case 6:
		make_socket(dirfd, name);
		break;
	case 7:
		make_sparse(dirfd, name, INT64_C(1) << 40);
		break;
	case 8:
		close(openat(dirfd, name, O_WRONLY | O_CREAT, 0000));
		break;
	default:
		close(openat(dirfd, name, O_WRONLY | O_CREAT, 0600));
	}
}

static void replace_files(void)
{
	for (unsigned i = 0; i < 3; i++) {
		const char *name = files[below(FILES)];

		if (unlinkat(dir, name, 0))
			unlinkat(dir, name, AT_REMOVEDIR);
		make_other(dir, name);
		usleep(HARM_MS * 1000 / 3);
	}
}

/* ---- directories --------------------------------------------------------------------------- */

static int open_place(void)
{
	return open(place, O_RDONLY | O_DIRECTORY);
}

/* The segment's own directory: away, or for something else, and back, over and over. */
static void replace_directory(void)
{
	int fd = open_place();
	char other[NAME_MAX + 1];

	snprintf(other, sizeof(other), "other.%d.x", getpid());
	make_other(fd, other);
	for (int64_t end = now_ms() + HARM_MS; now_ms() < end; usleep(200))
		(void)renameat2(fd, segment, fd, other, RENAME_EXCHANGE);
}

static const char *junk_name(unsigned i, char name[NAME_MAX + 1])
{
	static const char *const odd[] = {
		"\x1b]0;PWNED\a.1.x",
		"\x9b"
		"31mPWNED.1.x",
		"\xe2\x80\xae"
		"gpj.exe.1.x",
		"...",
		"..1.x",
		"a\nPWNED\r.1.x",
		"\xff\xfe\xc0\xaf.1.x",
		"%s%n%s.1.x",
	};

	if (i < sizeof(odd) / sizeof(odd[0])) {
		snprintf(name, NAME_MAX + 1, "%s", odd[i]);
	} else if (i < 16) {
		memset(name, 'a' + (int)i, NAME_MAX);
		name[NAME_MAX] = '\0';
	} else {
		snprintf(name, NAME_MAX + 1, "junk.%u.x", i);
	}
	return name;
}

/* A head that says all the right things, and nothing behind it; nearly no memory of ours. */
static void make_fake(int fd, unsigned i, const struct tk_segment_head *model)
{
	char name[NAME_MAX + 1];
	struct tk_segment_head head = *model;
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fake, file;

	snprintf(name, sizeof(name), i % 100 ? "fake.%u.x" : "fake\x1b]0;PWNED\a.%u.x", i);
	mkdirat(fd, name, 0700);
	fake = openat(fd, name, O_RDONLY | O_DIRECTORY);
	file = openat(fake, "head", O_RDWR | O_CREAT, 0600);
	close(fake);
	if (i % 10 == 0) { /* as large as can be, and sparse */
		head.max_timers = head.n_timers = TK_TIMERS_MAX;
		head.max_lanes = TK_LANES_MAX;
	} else {
		head.max_timers = head.n_timers = 32; /* a page of them */
	}
	head.n_lanes = 0;
	head.pid = i;
	head.start_time = 1;
	if (pwrite(file, &head, sizeof(head), 0) != sizeof(head) ||
	    ftruncate(file,
		      TK_SEGMENT_TIMERS + head.max_timers * (off_t)sizeof(struct tk_segment_timer)))
		_exit(1);
	if (i >= FAKES_OWN || fcntl(file, F_SETLK, &lock))
		close(file);
}

static int flooded[2]; /* a pipe: it is */

static void flood(void)
{
	struct tk_segment_head head = *(struct tk_segment_head *)mapped[0].at;
	char name[NAME_MAX + 1];
	int fd = open_place();

	for (unsigned i = 0; i < JUNK; i++) {
		int junk = openat(fd, junk_name(i, name), O_WRONLY | O_CREAT, 0600);

		if (junk >= 0)
			close(junk);
	}
	for (unsigned i = 0; i < FAKES; i++)
		make_fake(fd, i, &head);
	(void)!write(flooded[1], "", 1);
	pause();
}

/* ---- one after the other ------------------------------------------------------------------- */

static void find_segment(void)
{
	DIR *d = opendir(place);
	char mine[32];

	snprintf(mine, sizeof(mine), "mutant.%d.", getpid());
	for (const struct dirent *e; d && (e = readdir(d));)
		if (!strncmp(e->d_name, mine, strlen(mine)))
			snprintf(segment, sizeof(segment), "%s", e->d_name);
	dir = d ? openat(dirfd(d), segment, O_RDONLY | O_DIRECTORY) : -1;
}

static void record(void)
{
	tk_timer_t timer = tk_timer("harmless");

	for (unsigned i = 0; i < RECORDS; i++)
		tk_stop(timer, tk_start(timer));
	tk_flush();
}

static void be_mutant(void (*harm)(void))
{
	struct tk_options options = { .slots = SLOTS, .timers = 64, .lanes = 4 };
	struct tk_thread queue = { .discipline = &tk_rte };

	if (tk_open("mutant", &options))
		_exit(1);
	record();
	find_segment();
	tk_leave();
	/* The ring is free: keep it from being taken again, by asking for the other kind. */
	if (tk_join(&queue))
		_exit(1);
	record();
	map_all();
	harm();
	_exit(0);
}

static pid_t start(void (*harm)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		be_mutant(harm);
	(void)random64(&seed);
	return pid;
}

int main(int argc, char **argv)
{
	static void (*const harms[])(void) = { scribble, fields, truncate_and_regrow, replace_files,
					       replace_directory };
	unsigned long seconds = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, rounds = 0;
	int64_t end = now_ms() + (int64_t)seconds * 1000, middle = end - (int64_t)seconds * 500;
	unsigned kills = 0, failed = 0;
	pid_t flooder = 0;

	place = getenv("TIMEKEEPER_DIR");
	bait = getenv("BAIT");
	if (!seconds || !place || !bait)
		return 2;
	seed = strtoull(argv[2], NULL, 0) | 1;
	if (pipe(flooded))
		return 1;
	while (now_ms() < end) {
		pid_t pid = start(harms[rounds++ % (sizeof(harms) / sizeof(harms[0]))]);
		int status;

		if (!flooder && now_ms() > middle) {
			char byte;

			flooder = start(flood);
			failed += read(flooded[0], &byte, 1) != 1;
			end = now_ms() + (int64_t)seconds * 500;
		}
		waitpid(pid, &status, 0);
		kills += WIFSIGNALED(status); /* its own truncations are SIGBUS to itself */
		failed += WIFEXITED(status) && WEXITSTATUS(status);
	}
	printf("%lu mutants, %u died of themselves, %u could not begin\n", rounds, kills, failed);
	if (flooder) {
		kill(flooder, SIGKILL);
		waitpid(flooder, NULL, 0);
	}
	return failed > rounds / 2;
}
