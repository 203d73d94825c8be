/* SPDX-License-Identifier: MIT */
/* timekeeper.h, from outside: opening, forking and closing, and what happens to the program when
 * nothing can be had. Criterion gives each test a process of its own. */
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
#include "tests/producer/shared_timer.h"

TestSuite(opening, .init = set_up, .fini = tear_down, .timeout = 60);

Test(opening, a_forked_child_has_a_segment_of_its_own)
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

Test(opening, recording_after_close_harms_nobody)
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

Test(opening, can_be_opened_again)
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

Test(opening, opening_and_closing_for_years)
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

Test(opening, keep_leaves_the_files)
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
Test(opening, the_environment_keeps_the_files)
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

Test(opening, no_directory)
{
	setenv("TIMEKEEPER_DIR", "/proc/nowhere", 1);
	goes_on(ENOENT, "/proc/nowhere");
}

Test(opening, others_may_write_into_the_directory)
{
	cr_assert_eq(chmod(place, 0777), 0);
	goes_on(EPERM, "TIMEKEEPER_DIR");
	cr_assert_eq(chmod(place, 0700), 0);
}

Test(opening, a_file_size_limit_does_not_kill)
{
	struct rlimit limit = { .rlim_cur = 1024, .rlim_max = RLIM_INFINITY };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	goes_on(EFBIG, "ulimit -f");
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
}

Test(opening, no_descriptors)
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

Test(opening, why_a_thread_gets_no_lane)
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
Test(opening, a_cpu_beyond_1024)
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
Test(opening, a_group_that_is_let_in)
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

Test(opening, a_counter_that_may_not_be_read)
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

Test(opening, the_systems_clock_when_asked)
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

Test(opening, the_clock_cannot_change_under_timers)
{
	struct tk_options o = { .timebase = TK_TIMEBASE_SYSTEM };

	if (system_clock())
		cr_skip("the counter is not invariant here");
	shared = tk_timer("shared");
	cr_assert_eq(tk_open("test", &o), -EBUSY);
}

Test(opening, options_out_of_range)
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

Test(opening, a_host_that_closes_descriptors)
{
	int status;

	shared = tk_timer("shared");
	if (fork() == 0) /* Criterion needs its descriptors */
		_exit(close_descriptors_and_record());
	wait(&status);
	cr_assert_eq(status, 0);
}
