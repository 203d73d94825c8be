/* SPDX-License-Identifier: MIT */
/* timekeeper.h, from outside: timers, threads, opening and closing, and what happens to the program
 * when nothing can be had. Criterion gives each test a process of its own. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "producer/timekeeper.h"
#include "tests/discipline.h"
#include "tests/producer/read_back.h"
#include "tests/producer/scratch.h"

TestSuite(library, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- timers ---- */

Test(library, same_name_same_handle)
{
	tk_timer_t a = tk_timer("early"), b;

	open_small();
	b = tk_timer("late");
	cr_assert_neq(a, b);
	cr_assert_eq(tk_timer("early"), a);
	cr_assert_eq(tk_timer("late"), b);
	cr_assert_eq(tk_timer_stamped("late", TK_STAMP_FENCED), b, "the first definition counts");
}

Test(library, bad_names_go_to_undefined)
{
	struct read_back *b;

	open_small();
	cr_assert_eq(tk_timer("a\033[2J"), 0);
	cr_assert_eq(tk_timer(""), 0);
	cr_assert_eq(tk_timer(NULL), 0);
	cr_assert_gt(strlen(tk_why()), 0);
	tk_stop(0, tk_start(0));
	b = read_back(getpid(), place);
	cr_assert_str_eq(b->timers[0].name, "(undefined)");
	cr_assert_eq(b->records[0].timer, 0);
	cr_assert_eq(b->head.refused_timers, 3);
}

/* A name is of spans, or of values of one unit. */
Test(library, a_name_keeps_its_sort_and_unit)
{
	tk_timer_t spans = tk_timer("spans"), bytes = tk_value_timer("bytes", "bytes"), plain;
	struct read_back *b;

	open_small();
	plain = tk_value_timer("plain", NULL);
	cr_assert(spans && bytes && plain);
	cr_assert_eq(tk_timer("spans"), spans);
	cr_assert_eq(tk_value_timer("bytes", "bytes"), bytes);
	cr_assert_eq(tk_value_timer("plain", ""), plain);
	cr_assert_str_empty(tk_why());
	cr_assert_eq(tk_value_timer("spans", NULL), 0);
	cr_assert_not_null(strstr(tk_why(), "of spans"));
	cr_assert_eq(tk_timer("bytes"), 0);
	cr_assert_not_null(strstr(tk_why(), "of values"));
	cr_assert_eq(tk_timer_stamped("plain", TK_STAMP_FAST), 0);
	cr_assert_eq(tk_value_timer("bytes", "messages"), 0);
	cr_assert_not_null(strstr(tk_why(), "another unit"));
	cr_assert_eq(tk_value_timer("bytes", NULL), 0);
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.refused_timers, 5);
	cr_assert_str_eq(b->timers[tk_meta_timer(bytes)].unit, "bytes");
	cr_assert_str_eq(b->timers[tk_meta_timer(plain)].unit, "");
}

Test(library, a_unit_is_15_small_letters)
{
	static const char *const wrong[] = { "Bytes", "k b",       "m/s",
					     "b2",    "\xc2\xb5s", "sixteen_letters_" };

	open_small();
	cr_assert_neq(tk_value_timer("longest", "fifteen_letters"), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(tk_value_timer("refused", wrong[i]), 0, "%s", wrong[i]);
		cr_assert_not_null(strstr(tk_why(), "a unit is"));
	}
	cr_assert_neq(tk_value_timer("refused", "bytes"), 0, "it is not defined by what failed");
}

Test(library, more_timers_than_there_is_room_for)
{
	char name[16];
	unsigned had = 0;
	struct read_back *b;

	open_small();
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		had += tk_timer(name) != 0;
	}
	cr_assert_eq(had, 63); /* and "(undefined)" */
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.n_timers, 64);
	cr_assert_eq(b->head.refused_timers, 37);
}

Test(library, sixty_five_thousand_timers)
{
	struct tk_options o = { .timers = TK_TIMERS_MAX, .slots = 256, .discipline = DISCIPLINE };
	char name[16];

	cr_assert_eq(tk_open("many", &o), 0, "%s", tk_why());
	for (unsigned i = 1; i < TK_TIMERS_MAX; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		cr_assert_eq(tk_meta_timer(tk_timer(name)), i);
	}
	cr_assert_eq(tk_timer("one more"), 0);
	for (unsigned i = 1; i < TK_TIMERS_MAX; i += 1000) {
		tk_timer_t t;

		snprintf(name, sizeof(name), "t%u", i);
		t = tk_timer(name);
		tk_stop(t, tk_start(t));
	}
	cr_assert_eq(read_back(getpid(), place)->n, 66);
}

static int open_control(void)
{
	char path[512];
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "echo %s/test.%d.*/control", place, getpid());
	f = popen(path, "r");
	cr_assert_not_null(fgets(path, sizeof(path), f));
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_WRONLY);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(library, a_disabled_timer_records_nothing)
{
	tk_timer_t on, off;
	struct read_back *b;
	int fd;

	open_small();
	on = tk_timer("on");
	off = tk_timer("off");
	cr_assert_eq(tk_join(NULL), 0);
	fd = open_control();
	cr_assert_eq(pwrite(fd, "\1", 1, tk_meta_timer(off)), 1);
	cr_assert_eq(tk_start(off), 0);
	tk_stop(off, tk_start(off));
	tk_mark(off);
	tk_stop(on, tk_start(on));
	cr_assert_eq(pwrite(fd, "\0", 1, tk_meta_timer(off)), 1);
	tk_stop(off, tk_start(off));
	close(fd);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 2);
	cr_assert_eq(b->records[0].timer, tk_meta_timer(on));
	cr_assert_eq(b->records[1].timer, tk_meta_timer(off));
}

static void *record_one_of_each(void *two)
{
	const tk_timer_t *timers = two;

	for (unsigned i = 0; i < 2; i++) {
		tk_mark(timers[i]);
		tk_stop(timers[i], tk_start(timers[i]));
	}
	return NULL;
}

/* Nor does a thread's first record, at which it has no lane yet, and so knows of no flags. */
Test(library, a_disabled_timer_records_nothing_of_a_new_thread)
{
	tk_timer_t timers[2];
	struct read_back *b;
	pthread_t thread;
	int fd;

	open_small();
	timers[0] = tk_timer("off");
	timers[1] = tk_timer("on");
	fd = open_control();
	cr_assert_eq(pwrite(fd, "\1", 1, tk_meta_timer(timers[0])), 1);
	close(fd);
	for (unsigned i = 0; i < 50; i++) {
		pthread_create(&thread, NULL, record_one_of_each, timers);
		pthread_join(thread, NULL);
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n, 100);
	cr_assert_eq(b->counted, 100);
	cr_assert_eq(b->head.refused_records, 0);
	for (uint32_t i = 0; i < b->n; i++)
		cr_assert_eq(b->records[i].timer, tk_meta_timer(timers[1]));
}

/* ---- threads ---- */

static tk_timer_t shared;

static void *record_ten(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++)
		tk_stop(shared, tk_start(shared));
	return NULL;
}

Test(library, a_lane_goes_from_thread_to_thread)
{
	struct read_back *b;

	open_small();
	shared = tk_timer("shared");
	for (int i = 0; i < 1000; i++) {
		pthread_t thread;

		cr_assert_eq(pthread_create(&thread, NULL, record_ten, NULL), 0);
		pthread_join(thread, NULL);
	}
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 1, "short threads leak lanes");
	cr_assert_eq(b->lanes[0].n_owners, 1000);
	cr_assert_eq(b->lanes[0].published, 4096 + 10000, "a number was used twice or left out");
	cr_assert_eq(b->delivered + b->lost, lane_holds(4096), "readable is what the lane holds");
	cr_assert_eq(b->lanes[0].dropped, IS_QUEUE ? 10000 - 4095 : 0);
	cr_assert_eq(b->counted, 10000);
	cr_assert_eq(b->lanes[0].owners[999 % TK_LANE_OWNERS].first, 4096 + 9990);
}

static pthread_barrier_t barrier;

static void *record_together(void *unused)
{
	pthread_barrier_wait(&barrier);
	record_ten(unused);
	pthread_barrier_wait(&barrier);
	return NULL;
}

Test(library, threads_beyond_the_lanes_are_counted)
{
	pthread_t thread[6];
	struct read_back *b;

	open_small(); /* 4 lanes */
	shared = tk_timer("shared");
	pthread_barrier_init(&barrier, NULL, 6);
	for (int i = 0; i < 6; i++)
		pthread_create(&thread[i], NULL, record_together, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->n_lanes, 4);
	cr_assert_eq(b->delivered, 40);
	cr_assert_eq(b->head.refused_records, 20);
	cr_assert_not_null(strstr(tk_why(), "tk_options.lanes"));
}

Test(library, records_before_the_segment_are_counted)
{
	struct read_back *b;

	shared = tk_timer("shared");
	record_ten(NULL);
	open_small();
	record_ten(NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->head.refused_records, 10);
}

Test(library, names_pins_and_sizes_a_thread)
{
	struct tk_thread o = { .name = "a-name-too-long-for-it", .pin = true, .slots = 1024 };
	struct tk_thread bad_cpu = { .pin = true, .cpu = 4000 };
	struct read_back *b;

	open_small();
	cr_assert_eq(tk_join(&o), 0, "%s", tk_why());
	b = read_back(getpid(), place);
	cr_assert_eq(b->lanes[0].slots, 1024);
	cr_assert_str_eq(b->lanes[0].owners[0].name, "a-name-too-long");
	tk_leave();
	cr_assert_eq(tk_join(&bad_cpu), -EINVAL);
	cr_assert_not_null(strstr(tk_why(), "4000"));
	cr_assert_not_null(tk_self.lane, "a thread that cannot be pinned still gets its lane");
}

/* ---- fork, close, fail ---- */

Test(library, a_forked_child_has_a_segment_of_its_own)
{
	struct read_back *b;
	int status;
	pid_t pid;

	open_small();
	shared = tk_timer("shared");
	record_ten(NULL);
	pid = fork();
	if (pid == 0) {
		record_ten(NULL);
		record_ten(NULL);
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	record_ten(NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 20);
	cr_assert_eq(b->owner, TK_OWNER_ALIVE);
	b = read_back(pid, place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 20);
	cr_assert_eq(b->owner, TK_OWNER_DEAD);
	cr_assert_str_eq(b->timers[tk_meta_timer(shared)].name, "shared");
}

Test(library, recording_after_close_harms_nobody)
{
	open_small();
	shared = tk_timer("shared");
	record_ten(NULL);
	tk_close();
	record_ten(NULL);
	cr_assert_eq(read_back(getpid(), place)->segments, 0, "files were left behind");
	tk_close();
	cr_assert_eq(tk_join(NULL), -ENOTCONN);
}

Test(library, can_be_opened_again)
{
	struct read_back *b;

	open_small();
	shared = tk_timer("shared");
	record_ten(NULL);
	tk_close();
	open_small();
	record_ten(NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 10);
	cr_assert_str_eq(b->timers[tk_meta_timer(shared)].name, "shared");
}

static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned n = 0;
	int c;

	while ((c = fgetc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

Test(library, opening_and_closing_for_years)
{
	unsigned before = 0;

	for (unsigned i = 0; i < 20; i++) {
		/* Flags that disable take a page, or three. */
		struct tk_options o = { .slots = 256,
					.timers = i % 2 ? 64 : 10000,
					.lanes = 4,
					.discipline = DISCIPLINE };

		cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
		record_ten(NULL);
		tk_close();
		if (i == 3)
			before = mappings();
	}
	cr_assert_eq(mappings(), before);
}

Test(library, keep_leaves_the_files)
{
	struct tk_options o = { .slots = 256, .keep = true, .discipline = DISCIPLINE };
	struct read_back *b;

	cr_assert_eq(tk_open("kept", &o), 0);
	shared = tk_timer("shared");
	record_ten(NULL);
	tk_close();
	b = read_back(getpid(), place);
	cr_assert_eq(b->segments, 1);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->owner, TK_OWNER_CLOSED);
}

/* The user who starts a program may want its files, too; 1 alone says so. */
Test(library, the_environment_keeps_the_files)
{
	static const char *const values[] = { "0", "", "yes", "11", "1" };
	struct tk_options o = { .slots = 256, .discipline = DISCIPLINE };
	struct read_back *b = NULL;

	for (int i = 0; i < 5; i++) {
		setenv("TIMEKEEPER_KEEP", values[i], 1);
		cr_assert_eq(tk_open("kept", &o), 0);
		shared = tk_timer("shared");
		record_ten(NULL);
		tk_close();
		b = read_back(getpid(), place);
		cr_assert_eq(b->segments, i == 4, "TIMEKEEPER_KEEP=%s", values[i]);
	}
	cr_assert_eq(b->delivered, 10); /* a queue is read only once */
	cr_assert_eq(b->owner, TK_OWNER_CLOSED);
}

/* The program goes on, and the reason can be asked for. */
static void goes_on(int error, const char *reason)
{
	int ret = tk_open("test", NULL);

	cr_assert_eq(ret, -error, "%s instead of %s", strerror(-ret), strerror(error));
	cr_assert_not_null(strstr(tk_why(), reason), "%s", tk_why());
	shared = tk_timer("shared");
	record_ten(NULL);
	cr_assert_not_null(strstr(tk_why(), reason), "after a record: %s", tk_why());
	cr_assert_eq(tk_timer(""), 0);
	cr_assert_eq(tk_join(NULL), -ENOTCONN);
	record_ten(NULL);
	cr_assert_not_null(strstr(tk_why(), reason), "after a join: %s", tk_why());
}

Test(library, no_directory)
{
	setenv("TIMEKEEPER_DIR", "/proc/nowhere", 1);
	goes_on(ENOENT, "/proc/nowhere");
}

Test(library, others_may_write_into_the_directory)
{
	cr_assert_eq(chmod(place, 0777), 0);
	goes_on(EPERM, "TIMEKEEPER_DIR");
	cr_assert_eq(chmod(place, 0700), 0);
}

Test(library, a_file_size_limit_does_not_kill)
{
	struct rlimit limit = { .rlim_cur = 1024, .rlim_max = RLIM_INFINITY };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	goes_on(EFBIG, "ulimit -f");
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
}

Test(library, no_descriptors)
{
	struct rlimit limit = { .rlim_cur = 3, .rlim_max = 3 };
	struct rlimit old;

	getrlimit(RLIMIT_NOFILE, &old);
	limit.rlim_max = old.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	goes_on(EMFILE, "open");
	setrlimit(RLIMIT_NOFILE, &old);
}

/* What keeps a thread from its lane is told apart from a directory that is gone. */
static void *join_in_vain(void *errors)
{
	*(int *)errors = tk_join(NULL);
	return NULL;
}

static void joining_fails(int error, const char *reason)
{
	pthread_t thread;
	int got = 0;

	pthread_create(&thread, NULL, join_in_vain, &got);
	pthread_join(thread, NULL);
	cr_expect_eq(got, -error, "%s for %s", strerror(-got), strerror(error));
	cr_expect_not_null(strstr(tk_why(), reason), "%s", tk_why());
	cr_expect_eq(error == ESTALE, strstr(tk_why(), "is gone") != NULL, "%s", tk_why());
}

Test(library, why_a_thread_gets_no_lane)
{
	struct rlimit few = { 0, 256 }, many;
	char away[80];

	open_small();
	getrlimit(RLIMIT_NOFILE, &many);
	for (rlim_t left = 0; left < 3; left++) {
		few.rlim_cur = (rlim_t)dup(0) + left;
		close((int)(few.rlim_cur - left));
		setrlimit(RLIMIT_NOFILE, &few);
		joining_fails(EMFILE, "raise `ulimit -n`");
		few.rlim_cur = 256;
		setrlimit(RLIMIT_NOFILE, &few);
	}
	if (geteuid() == 0) {
		cr_assert_eq(seteuid(65534), 0);
		joining_fails(EACCES, "gives up privileges");
		cr_assert_eq(seteuid(0), 0);
	}
	snprintf(away, sizeof(away), "%s.away", place);
	cr_assert_eq(rename(place, away), 0);
	joining_fails(ESTALE, "is gone");
	cr_assert_eq(rename(away, place), 0);
	cr_assert_eq(tk_join(NULL), 0, "%s", tk_why());
}

/* More cpus than cpu_set_t holds: the kernel is asked, which says that there is none such here. */
Test(library, a_cpu_beyond_1024)
{
	struct tk_thread thread = { .pin = true };

	open_small();
	for (thread.cpu = 1 << 10; thread.cpu <= 1 << 16; thread.cpu *= 2) {
		cr_expect_eq(tk_join(&thread), -EINVAL);
		cr_expect_not_null(strstr(tk_why(), "cannot pin"), "%s", tk_why());
	}
}

static void group_reads(gid_t group)
{
	char path[512];
	struct stat st;
	FILE *f;

	cr_assert_eq(stat(place, &st), 0);
	cr_expect_eq(st.st_gid, group);
	cr_expect_eq(st.st_mode & 0777, 0750);
	snprintf(path, sizeof(path), "echo %s/test.%d.*/head", place, getpid());
	f = popen(path, "r");
	cr_assert_not_null(fgets(path, sizeof(path), f));
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_gid, group);
	cr_expect_eq(st.st_mode & 0777, 0640);
}

/* The directory is there already, 0700, and another group's. */
Test(library, a_group_that_is_let_in)
{
	struct tk_options o = { .group = true, .slots = 256, .discipline = DISCIPLINE };
	bool root = geteuid() == 0;

	if (root)
		cr_assert_eq(chown(place, (uid_t)-1, 12345), 0);
	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	group_reads(getegid());
	tk_close();
	if (!root)
		return;
	/* With the setgid bit the directory's group is the one that was meant. */
	cr_assert_eq(chown(place, (uid_t)-1, 12345) | chmod(place, 02700), 0);
	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	group_reads(12345);
	cr_expect_eq(access(place, R_OK), 0);
}

Test(library, a_counter_that_may_not_be_read)
{
	if (system_clock())
		cr_skip("the counter is not invariant here");
#ifdef __SANITIZE_ADDRESS__
	tear_down(); /* a skipped test has none */
	cr_skip("the sanitizer's allocator reads the clock");
#endif
	cr_assert_eq(prctl(PR_SET_TSC, PR_TSC_SIGSEGV), 0);
	goes_on(ENOTSUP, "TIMEKEEPER_CLOCK=monotonic");
	cr_assert_eq(tk_now(), 0);
	prctl(PR_SET_TSC, PR_TSC_ENABLE);
}

Test(library, the_systems_clock_when_asked)
{
	struct tk_options o = { .timebase = TK_TIMEBASE_SYSTEM,
				.slots = 256,
				.discipline = DISCIPLINE };
	struct read_back *b;

	cr_assert_eq(tk_open("test", &o), 0, "%s", tk_why());
	shared = tk_timer("shared");
	record_ten(NULL);
	b = read_back(getpid(), place);
	cr_assert_eq(b->head.clock, TK_CLOCK_MONOTONIC);
	cr_assert_eq(b->delivered, 10);
	cr_assert_eq(b->records[0].kind, TK_STAMP_HAND);
	cr_assert_eq(tk_ns(12345), 12345);
}

Test(library, the_clock_cannot_change_under_timers)
{
	struct tk_options o = { .timebase = TK_TIMEBASE_SYSTEM };

	if (system_clock())
		cr_skip("the counter is not invariant here");
	shared = tk_timer("shared");
	cr_assert_eq(tk_open("test", &o), -EBUSY);
}

Test(library, options_out_of_range)
{
	struct tk_options o = { .slots = 1000 };

	cr_assert_eq(tk_open("test", &o), -EINVAL);
	o.slots = 128;
	cr_assert_eq(tk_open("test", &o), -EINVAL);
	o = (struct tk_options){ .lanes = 100000 };
	cr_assert_eq(tk_open("test", &o), -EINVAL);
	cr_assert_eq(tk_open("a\nb", NULL), -EINVAL);
	cr_assert_eq(tk_open(NULL, NULL), -EINVAL);
}

/* A host that closes every descriptor, as daemons do, loses nothing; and no number that now means
 * something else is closed. */
static int close_descriptors_and_record(void)
{
	int mine;

	open_small();
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	mine = open("/dev/null", O_RDONLY);
	while (dup(mine) < 60)
		;
	record_ten(NULL);
	if (fork() == 0) {
		struct read_back *b = read_back(getppid(), place);

		_exit(b->owner != TK_OWNER_ALIVE || b->delivered != 10);
	}
	if (wait(&mine) < 0 || mine)
		return 1;
	tk_close();
	for (int fd = 3; fd < 60; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			return 2; /* the host's own was closed */
	return 0;
}

Test(library, a_host_that_closes_descriptors)
{
	int status;

	shared = tk_timer("shared");
	if (fork() == 0) /* Criterion needs its descriptors */
		_exit(close_descriptors_and_record());
	wait(&status);
	cr_assert_eq(status, 0);
}
